//! Times as people read them.

use super::screen::Screen;

/// How long ago, at the server's time `now`.
pub(crate) fn ago(screen: &Screen, at: i64, now: i64) -> String {
    let seconds = now.saturating_sub(at).max(0);
    let (key, count) = match seconds {
        0..5 => ("ago.now", seconds),
        5..120 => ("ago.seconds", seconds),
        120..7_200 => ("ago.minutes", seconds / 60),
        7_200..172_800 => ("ago.hours", seconds / 3_600),
        _ => ("ago.days", seconds / 86_400),
    };
    screen.with(key, &[("count", &count.to_string())])
}

/// Minutes and seconds: `1:58`.
pub(crate) fn clock(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A day of the Gregorian calendar in UTC, `2026-11-23`, from seconds since 1970.
pub(crate) fn day(seconds: i64) -> String {
    // Years are counted from March, so that the leap day is the last of its year.
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Day and time in UTC.
pub(crate) fn day_and_time(seconds: i64) -> String {
    let rest = seconds.rem_euclid(86_400);
    format!("{} {:02}:{:02} UTC", day(seconds), rest / 3_600, rest % 3_600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(day(951_868_800), "2000-03-01");
        assert_eq!(day(1_795_392_000), "2026-11-23");
        assert_eq!(day_and_time(1_795_392_000 + 43_320), "2026-11-23 12:02 UTC");
        assert_eq!(clock(118), "1:58");
    }
}
