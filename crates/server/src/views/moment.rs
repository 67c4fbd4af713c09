//! Points in time as people read them. All of it is UTC and says so: the server doesn't know where the person is.

use super::texts::Texts;

/// A point in time: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub i64);

impl Moment {
    /// For the `datetime` attribute: `2026-11-23T11:40:00Z`.
    pub fn machine(self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// In full: `23 November 2026, 11:40 UTC`.
    pub fn full(self, texts: &Texts) -> String {
        let Civil { year, month, day, hour, minute, .. } = self.civil();
        let month = texts.get(MONTHS.get(month.saturating_sub(1)).copied().unwrap_or(MONTHS[0]));
        texts.fill(
            "time.full",
            &[("day", &day), ("month", &month), ("year", &year), ("clock", &format!("{hour:02}:{minute:02}"))],
        )
    }

    /// How long ago it was, up to a day; before that, and for a time that is yet to come, in full.
    pub fn ago(self, texts: &Texts, now: Self) -> String {
        let seconds = now.0.saturating_sub(self.0) / 1000;
        match u64::try_from(seconds) {
            Ok(0..60) => texts.get("time.just_now").into_owned(),
            Ok(seconds @ 60..3600) => texts.count("time.minute_ago", "time.minutes_ago", seconds / 60),
            Ok(seconds @ 3600..86400) => texts.count("time.hour_ago", "time.hours_ago", seconds / 3600),
            _ => self.full(texts),
        }
    }

    /// The civil date by counting in eras of 400 years that begin on 1 March, so that the leap day comes last.
    fn civil(self) -> Civil {
        let seconds = self.0.div_euclid(1000);
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let from_era_zero = days + 719_468;
        let (era, day_of_era) = (from_era_zero.div_euclid(146_097), from_era_zero.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Civil {
            year: era * 400 + year_of_era + i64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }
}

struct Civil {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

const MONTHS: [&str; 12] = [
    "month.january",
    "month.february",
    "month.march",
    "month.april",
    "month.may",
    "month.june",
    "month.july",
    "month.august",
    "month.september",
    "month.october",
    "month.november",
    "month.december",
];
