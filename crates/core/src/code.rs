//! Verification codes (RFC 6238): six digits that change every thirty seconds.

use akkoord_protocols::otp::{self, Algorithm};

use crate::Timestamp;

/// Seconds between two codes.
pub const PERIOD: u64 = 30;
/// Digits of a code.
pub const DIGITS: u32 = 6;
/// Bytes of a secret: 160 bits (RFC 4226 section 4, R6).
pub const SECRET: usize = 20;
/// A code may be one step early or late: people type slowly, and clocks differ (RFC 6238 section 5.2).
const WINDOW: i64 = 1;
/// So many steps before and after are looked at to tell a wrong clock from a wrong code: a quarter of an hour. What is found
/// there is never accepted.
const RECOGNISED: i64 = 30;

/// What was typed is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACode {
    /// Nothing was typed.
    #[error("there is no code")]
    Empty,
    /// Something else than six digits.
    #[error("a code has {DIGITS} digits")]
    Malformed,
}

/// The digits of what was typed: apps show them in groups, so blanks and hyphens don't count.
pub fn typed(text: &str) -> Result<String, NotACode> {
    let kept: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(DIGITS as usize + 1).collect();
    match kept.len() {
        0 => Err(NotACode::Empty),
        _ if kept.len() == DIGITS as usize && kept.bytes().all(|byte| byte.is_ascii_digit()) => Ok(kept),
        _ => Err(NotACode::Malformed),
    }
}

/// Which step's code it is, seen from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Of this step, which is now or next to it.
    InTime(i64),
    /// Of a step so many before (less than none) or after: the clock of what made it is off.
    Off(i64),
}

impl Found {
    /// Whole minutes that the clock is off, at least one.
    pub fn minutes_off(steps: i64) -> u32 {
        let seconds = steps.unsigned_abs() * PERIOD;
        u32::try_from(seconds.div_ceil(60)).unwrap_or(u32::MAX).max(1)
    }
}

/// The step at an instant.
pub fn step_at(now: Timestamp) -> i64 {
    now.0.div_euclid(1000) / PERIOD.cast_signed()
}

/// Looks for a typed code among those of a secret around now. The work is the same whether it is found or not.
pub fn find(secret: &[u8], typed: &str, now: Timestamp) -> Option<Found> {
    let here = step_at(now);
    let around = |most: i64| {
        let steps = (-most..=most).filter_map(move |off| u64::try_from(here + off).ok());
        otp::matching_step(secret, typed, steps, Algorithm::Sha1, DIGITS).ok().flatten().map(u64::cast_signed)
    };
    match (around(WINDOW), around(RECOGNISED)) {
        (Some(step), _) => Some(Found::InTime(step)),
        (None, Some(step)) => Some(Found::Off(step - here)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn code(step: u64) -> String {
        otp::hotp(SECRET, step, Algorithm::Sha1, DIGITS).unwrap()
    }

    #[test]
    fn t_otp_a_code_is_good_for_its_step_and_one_on_each_side() {
        let now = Timestamp(59_999);
        assert_eq!(step_at(now), 1);
        assert_eq!(find(SECRET, &code(1), now), Some(Found::InTime(1)));
        assert_eq!(find(SECRET, &code(0), now), Some(Found::InTime(0)));
        assert_eq!(find(SECRET, &code(2), now), Some(Found::InTime(2)));
        assert_eq!(find(SECRET, "000000", now), None);
        assert_eq!(find(b"another", &code(1), now), None);
    }

    #[test]
    fn a_wrong_clock_is_told_from_a_wrong_code_and_nothing_of_it_is_accepted() {
        let now = Timestamp(1_800_000_000_000);
        let here = step_at(now).cast_unsigned();
        for (step, off) in [(here - 2, -2), (here + 2, 2), (here - 30, -30), (here + 30, 30)] {
            assert_eq!(find(SECRET, &code(step), now), Some(Found::Off(off)));
        }
        assert_eq!(find(SECRET, &code(here - 31), now), None);
        assert_eq!([2, -3, 30].map(Found::minutes_off), [1, 2, 15]);
    }

    #[test]
    fn what_people_type_is_read_kindly_and_no_further() {
        for good in ["123456", " 123 456 ", "123-456", "1 2 3 4 5 6"] {
            assert_eq!(typed(good).as_deref(), Ok("123456"), "{good}");
        }
        assert_eq!(typed("  "), Err(NotACode::Empty));
        for bad in ["12345", "1234567", "12345a", "１２３４５６", "123456789012345678901234567890"] {
            assert_eq!(typed(bad), Err(NotACode::Malformed), "{bad}");
        }
    }
}
