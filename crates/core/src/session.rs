//! Sessions of browsers: how long they last and how fresh their proof is.

use std::time::Duration;

use crate::{
    Timestamp,
    account::UnknownWord,
    policy::Policy,
    sign_in::{Proof, Proved, TwoStep},
};

/// How old a proof may be for a change that matters, such as adding a phone.
pub const FRESH: Duration = Duration::from_secs(300);

/// How strongly a person was recognised, as told to apps in `acr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// By a temporary access pass: enough to set up a phone, and for nothing else.
    Bootstrap,
    /// By a password, where two-step verification is off or the browser is remembered.
    OneFactor,
    /// By two factors.
    TwoFactor,
    /// By two factors, one of which answers this site alone: nobody who shows a person a copy of our pages gets it.
    PhishingResistant,
}

impl Assurance {
    /// The `acr` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bootstrap => "urn:akkoord:acr:bootstrap",
            Self::OneFactor => "urn:akkoord:acr:one-factor",
            Self::TwoFactor => "urn:akkoord:acr:two-factor",
            // OpenID Connect Extended Authentication Profile ACR Values 1.0, section 2.
            Self::PhishingResistant => "phr",
        }
    }

    /// Whether two factors were proved.
    pub fn is_two_factor(self) -> bool {
        self >= Self::TwoFactor
    }
}

impl std::str::FromStr for Assurance {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Bootstrap, Self::OneFactor, Self::TwoFactor, Self::PhishingResistant]
            .into_iter()
            .find(|acr| acr.as_str() == word)
            .ok_or(UnknownWord)
    }
}

/// What a session may do to how its account is protected, if its proof is fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Everything: it was begun by all that the account asks for.
    Full,
    /// Nothing before a second step: a remembered browser spared it.
    SecondStepFirst,
    /// Setting up, and nothing that exists.
    SetUp,
}

impl Standing {
    /// What a session of this strength may do to an account.
    pub fn of(assurance: Assurance, two_step: TwoStep) -> Self {
        match (assurance, two_step) {
            (Assurance::TwoFactor | Assurance::PhishingResistant, _) | (Assurance::OneFactor, TwoStep::Off) => {
                Self::Full
            }
            (Assurance::OneFactor, TwoStep::Wanted | TwoStep::On) => Self::SecondStepFirst,
            (Assurance::Bootstrap, _) => Self::SetUp,
        }
    }
}

/// What somebody wants to change of how their own account is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A phone is added.
    AddPhone,
    /// The password becomes another.
    Password,
    /// Anything else.
    Other,
}

impl Change {
    /// Whether it is left to the person in a session that was begun by what was proved. Where the organisation manages that
    /// itself, people only take into use what they got from it: an access pass or a first password by adding a phone, and a
    /// password that must be changed by changing it.
    pub fn is_left_to_person(
        self,
        policy: &Policy,
        standing: Standing,
        proved: &Proved,
        must_change_password: bool,
    ) -> bool {
        policy.security_info
            || match self {
                Self::AddPhone => standing == Standing::SetUp && !proved.has(Proof::RecoveryCode),
                Self::Password => must_change_password,
                Self::Other => false,
            }
    }
}

/// The times of a session.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// When the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// When the browser was last seen.
    pub last_seen_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
    /// Whether its person said that this browser stays signed in.
    pub stays: bool,
}

impl SessionTimes {
    /// Whether the session is good at `now`. One that stays may be idle; where policy no longer lets any stay, it is one
    /// like all others.
    pub fn is_good(&self, now: Timestamp, policy: &Policy) -> bool {
        let in_time = |limit: Duration| now < self.expires_at.min(self.authenticated_at + limit);
        match policy.stays_for().filter(|_| self.stays) {
            Some(limit) => in_time(limit.max(policy.session_lifetime())),
            None if self.stays => in_time(policy.session_lifetime()) && now < self.last_seen_at + policy.session_idle(),
            None => now < self.expires_at && now < self.last_seen_at + policy.session_idle(),
        }
    }

    /// Whether the proof is fresh enough for a change that matters.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now <= self.authenticated_at + FRESH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_organisation_manages_security_info_people_only_take_into_use_what_it_gave_them() {
        let own = Policy::default();
        let managed = Policy { security_info: false, ..Policy::default() };
        let left = |change: Change, standing, proved: &str, must_change| {
            assert!(change.is_left_to_person(&own, standing, &proved.parse().unwrap(), must_change));
            change.is_left_to_person(&managed, standing, &proved.parse().unwrap(), must_change)
        };
        for (standing, proved, adds_phone) in [
            (Standing::SetUp, "access-pass", true),
            (Standing::SetUp, "password", true),
            (Standing::SetUp, "recovery-code", false),
            (Standing::SetUp, "password recovery-code", false),
            (Standing::SecondStepFirst, "password remembered-browser", false),
            (Standing::Full, "password", false),
            (Standing::Full, "phone-webauthn", false),
        ] {
            assert_eq!(left(Change::AddPhone, standing, proved, false), adds_phone, "{proved}");
            assert_eq!(left(Change::AddPhone, standing, proved, true), adds_phone, "{proved}");
            assert!(left(Change::Password, standing, proved, true) && !left(Change::Password, standing, proved, false));
            assert!(!left(Change::Other, standing, proved, true), "{proved}");
        }
    }

    #[test]
    fn a_session_ends_after_a_day_or_an_idle_hour() {
        let hour = 3_600_000;
        let times = |seen: i64| SessionTimes {
            authenticated_at: Timestamp(0),
            last_seen_at: Timestamp(seen),
            expires_at: Timestamp(24 * hour),
            stays: false,
        };
        let policy = Policy::default();
        for (seen, now, good) in [
            (0, 0, true),
            (0, hour - 1, true),
            (0, hour, false),
            (23 * hour + 1, 24 * hour - 1, true),
            (23 * hour + 1, 24 * hour, false),
        ] {
            assert_eq!(times(seen).is_good(Timestamp(now), &policy), good, "seen {seen}, now {now}");
        }
        let policy = Policy { stay_days: 2, ..Policy::default() };
        let stays = SessionTimes { expires_at: Timestamp(48 * hour), stays: true, ..times(0) };
        assert!(stays.is_good(Timestamp(48 * hour - 1), &policy) && !stays.is_good(Timestamp(48 * hour), &policy));
        let fewer = Policy { stay_days: 1, ..Policy::default() };
        assert!(stays.is_good(Timestamp(24 * hour - 1), &fewer) && !stays.is_good(Timestamp(24 * hour), &fewer));
        for (now, good) in [(hour - 1, true), (hour, false)] {
            assert_eq!(stays.is_good(Timestamp(now), &Policy::default()), good, "policy lets no browser stay any more");
        }
        assert!(times(0).is_fresh(Timestamp(300_000)) && !times(0).is_fresh(Timestamp(300_001)));
    }
}
