//! What an organisation asks: how the number is given, which unlock methods count, how long things live.
//!
//! Policy is asked before a person is: nobody does the phone's step only to be told that it was not allowed.

use std::time::Duration;

use akkoord_protocols::phone::{Unlock, offer};
use serde::{Deserialize, Serialize};

/// How the number of the browser's page is given on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberMode {
    /// Typed on a keypad.
    Enter,
    /// One of three is tapped.
    Choose,
}

/// What is asked first, after the user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirstMethod {
    /// The phone.
    Phone,
    /// The password.
    Password,
}

impl FirstMethod {
    /// As a browser keeps it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Password => "password",
        }
    }
}

/// A policy. Absent members take the defaults, so that a policy stored by an older version still reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How the number is given.
    pub number_mode: NumberMode,
    /// Digits of the number: 2, 3 or 6.
    pub number_digits: u8,
    /// Unlock methods, any one of which suffices.
    pub unlock: Vec<Unlock>,
    /// Whether an app PIN is wanted even where there is a platform authenticator.
    pub app_pin: bool,
    /// The least number of digits of the app's PIN, 4 or more.
    pub pin_min: u8,
    /// How long a request waits, in seconds: 60 to 300.
    pub request_seconds: u16,
    /// How long a session lasts, in minutes: 5 minutes to 30 days.
    pub session_minutes: u32,
    /// How long a session may be idle, in minutes.
    pub idle_minutes: u32,
    /// How long a temporary access pass is good, in minutes: 10 minutes to 30 days.
    pub access_pass_minutes: u32,
    /// Whether two-step verification is asked of everybody, also of who has not set it up yet.
    pub two_step_required: bool,
    /// For how many days a browser may be spared the second step: 0 to 365. With 0 nobody is asked.
    pub remember_days: u16,
    /// What is asked first where the browser has not signed in the other way.
    pub first_method: FirstMethod,
    /// Whether the strongest is asked first, whatever the browser did last and the account has as its default.
    pub strongest_first: bool,
    /// For how many days a browser may stay signed in: 0 to 365. With 0 nobody is asked.
    pub stay_days: u16,
    /// Whether people add, change and remove themselves what they sign in with. If not, the organisation does.
    pub security_info: bool,
    /// Whether a phone may hold only one work account.
    pub one_work_account_per_phone: bool,
    /// How often browsers that an account knows may make its phones ring in ten minutes, all of them together: 1 to 20.
    pub known_pushes_10_minutes: u16,
    /// The same in a day, up to 200.
    pub known_pushes_day: u16,
    /// How often all other browsers may, in ten minutes: 0 to 20. With 0 they never ring, and people open the app.
    pub unknown_pushes_10_minutes: u16,
    /// The same in a day, up to 100.
    pub unknown_pushes_day: u16,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            number_mode: NumberMode::Enter,
            number_digits: 2,
            unlock: vec![Unlock::Webauthn, Unlock::Pin],
            app_pin: false,
            pin_min: 6,
            request_seconds: 120,
            session_minutes: 24 * 60,
            idle_minutes: 60,
            access_pass_minutes: 60,
            two_step_required: true,
            remember_days: 30,
            first_method: FirstMethod::Phone,
            strongest_first: false,
            stay_days: 0,
            security_info: true,
            one_work_account_per_phone: false,
            known_pushes_10_minutes: 5,
            known_pushes_day: 30,
            unknown_pushes_10_minutes: 2,
            unknown_pushes_day: 6,
        }
    }
}

/// Why a policy is refused: the member, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member} must be {allowed}")]
pub struct PolicyError {
    /// The member.
    pub member: &'static str,
    /// What it may be.
    pub allowed: &'static str,
}

impl Policy {
    /// What holds for an account of no organisation: two-step verification is its person's choice, and the password comes
    /// first until the browser has signed in by phone.
    pub fn personal() -> Self {
        Self { two_step_required: false, first_method: FirstMethod::Password, stay_days: 30, ..Self::default() }
    }

    /// Checks the members against each other and their ranges.
    pub fn check(&self) -> Result<(), PolicyError> {
        let rules = [
            (matches!(self.number_digits, 2 | 3 | 6), "number_digits", "2, 3 or 6"),
            (!self.unlock.is_empty(), "unlock", "webauthn, pin or both"),
            (!self.app_pin || self.unlock.contains(&Unlock::Pin), "app_pin", "off where unlock leaves pin out"),
            ((4..=12).contains(&self.pin_min), "pin_min", "4 to 12"),
            ((60..=300).contains(&self.request_seconds), "request_seconds", "60 to 300"),
            ((5..=43_200).contains(&self.session_minutes), "session_minutes", "5 to 43200"),
            ((1..=self.session_minutes).contains(&self.idle_minutes), "idle_minutes", "1 to session_minutes"),
            ((10..=43_200).contains(&self.access_pass_minutes), "access_pass_minutes", "10 to 43200"),
            ((0..=365).contains(&self.remember_days), "remember_days", "0 to 365"),
            ((0..=365).contains(&self.stay_days), "stay_days", "0 to 365"),
            ((1..=20).contains(&self.known_pushes_10_minutes), "known_pushes_10_minutes", "1 to 20"),
            (
                (self.known_pushes_10_minutes..=200).contains(&self.known_pushes_day),
                "known_pushes_day",
                "known_pushes_10_minutes to 200",
            ),
            ((0..=20).contains(&self.unknown_pushes_10_minutes), "unknown_pushes_10_minutes", "0 to 20"),
            (
                (self.unknown_pushes_10_minutes..=100).contains(&self.unknown_pushes_day),
                "unknown_pushes_day",
                "unknown_pushes_10_minutes to 100",
            ),
        ];
        match rules.into_iter().find(|(holds, ..)| !holds) {
            Some((_, member, allowed)) => Err(PolicyError { member, allowed }),
            None => Ok(()),
        }
    }

    /// How long a request waits.
    pub fn request_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.request_seconds))
    }

    /// How long a session lasts.
    pub fn session_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_minutes) * 60)
    }

    /// How long a session may be idle.
    pub fn session_idle(&self) -> Duration {
        Duration::from_secs(u64::from(self.idle_minutes) * 60)
    }

    /// How long a temporary access pass is good.
    pub fn access_pass_lifetime(&self) -> Duration {
        Duration::from_secs(u64::from(self.access_pass_minutes) * 60)
    }

    /// How long a browser is spared the second step; nothing where it never is.
    pub fn remembers_for(&self) -> Option<Duration> {
        (self.remember_days > 0).then(|| Duration::from_secs(u64::from(self.remember_days) * 24 * 3600))
    }

    /// How long a browser may stay signed in; nothing where none may.
    pub fn stays_for(&self) -> Option<Duration> {
        (self.stay_days > 0).then(|| Duration::from_secs(u64::from(self.stay_days) * 24 * 3600))
    }

    /// What the phone is told of it.
    pub fn for_phone(&self) -> offer::Policy {
        offer::Policy {
            pin_min: self.pin_min,
            app_pin: self.app_pin,
            number_digits: self.number_digits,
            one_work_account_per_phone: self.one_work_account_per_phone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_when_it_is_broken() {
        assert_eq!(Policy::default().check(), Ok(()));
        let broken: [(Policy, &str); 11] = [
            (Policy { number_digits: 4, ..Policy::default() }, "number_digits"),
            (Policy { unlock: vec![], ..Policy::default() }, "unlock"),
            (Policy { app_pin: true, unlock: vec![Unlock::Webauthn], ..Policy::default() }, "app_pin"),
            (Policy { request_seconds: 301, ..Policy::default() }, "request_seconds"),
            (Policy { remember_days: 366, ..Policy::default() }, "remember_days"),
            (Policy { stay_days: 366, ..Policy::default() }, "stay_days"),
            (Policy { idle_minutes: 2000, ..Policy::default() }, "idle_minutes"),
            (Policy { known_pushes_10_minutes: 0, ..Policy::default() }, "known_pushes_10_minutes"),
            (Policy { known_pushes_day: 4, ..Policy::default() }, "known_pushes_day"),
            (Policy { unknown_pushes_10_minutes: 21, ..Policy::default() }, "unknown_pushes_10_minutes"),
            (Policy { unknown_pushes_day: 101, ..Policy::default() }, "unknown_pushes_day"),
        ];
        for (policy, member) in broken {
            assert_eq!(policy.check().unwrap_err().member, member);
        }
    }
}
