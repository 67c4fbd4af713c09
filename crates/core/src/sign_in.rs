//! The sign-in dispatcher: what comes next, and when it is enough.
//!
//! Steps never route to each other. Each records what it proved in the stored attempt and returns here; this alone
//! decides. Policy is asked before a person is.

use std::str::FromStr;

use akkoord_protocols::phone::Unlock;

use crate::{account::UnknownWord, approval::State, session::Assurance};

/// How long an attempt may take.
pub const LIFETIME: std::time::Duration = std::time::Duration::from_secs(600);
/// Wrong access passes in one attempt.
pub const PASS_TRIES: i64 = 5;

/// A way to show who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The phone: both steps at once.
    Phone,
    /// A temporary access pass, for the first phone.
    AccessPass,
}

impl Method {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::AccessPass => "access-pass",
        }
    }
}

impl FromStr for Method {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Phone, Self::AccessPass].into_iter().find(|method| method.as_str() == word).ok_or(UnknownWord)
    }
}

/// What an attempt has proved so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A phone approved, its owner verified in this way.
    Phone(Unlock),
    /// A temporary access pass was used.
    AccessPass,
}

impl Proof {
    /// As stored with the attempt and the session.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone(Unlock::Webauthn) => "phone-webauthn",
            Self::Phone(Unlock::Pin) => "phone-pin",
            Self::AccessPass => "access-pass",
        }
    }

    /// Authentication method references (RFC 8176) of this proof.
    pub fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Phone(Unlock::Webauthn) => &["pop", "mca", "user", "mfa"],
            Self::Phone(Unlock::Pin) => &["swk", "pin", "mca", "mfa"],
            Self::AccessPass => &["otp"],
        }
    }
}

impl FromStr for Proof {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Phone(Unlock::Webauthn), Self::Phone(Unlock::Pin), Self::AccessPass]
            .into_iter()
            .find(|proof| proof.as_str() == word)
            .ok_or(UnknownWord)
    }
}

/// What the dispatcher knows of an attempt.
#[derive(Clone, Copy, Debug)]
pub struct SignIn {
    /// What was proved.
    pub proved: Option<Proof>,
    /// The way the person chose, if not the first.
    pub chosen: Option<Method>,
    /// The state of the request to the phone, if one was made.
    pub request: Option<State>,
    /// Whether the attempt's time is over or it was finished.
    pub over: bool,
    /// Wrong access passes so far.
    pub pass_failures: i64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for the user name: there is no attempt, or its time is over.
    AskUserName,
    /// Make a request to the phone.
    StartRequest,
    /// Show the number and wait for the phone.
    AwaitPhone,
    /// The phone agreed: finish.
    Finish,
    /// The request ended without a yes: say how.
    TellOutcome(State),
    /// Ask for the access pass.
    AskAccessPass,
    /// Too many wrong passes: say so.
    TellTooMany,
    /// It is enough: sign in with this strength.
    Enough(Assurance),
}

/// Decides what comes next. The same for every name, known or not: nothing here looks at the account, so that the
/// page after the user name tells a stranger nothing.
pub fn next_step(attempt: Option<&SignIn>) -> Step {
    let Some(attempt) = attempt else { return Step::AskUserName };
    if attempt.over {
        return Step::AskUserName;
    }
    match attempt.proved {
        Some(Proof::Phone(_)) => return Step::Enough(Assurance::TwoFactor),
        Some(Proof::AccessPass) => return Step::Enough(Assurance::Bootstrap),
        None => {}
    }
    match (attempt.chosen.unwrap_or(Method::Phone), attempt.request) {
        (Method::AccessPass, _) if attempt.pass_failures >= PASS_TRIES => Step::TellTooMany,
        (Method::AccessPass, _) => Step::AskAccessPass,
        (Method::Phone, None) => Step::StartRequest,
        (Method::Phone, Some(State::Pending)) => Step::AwaitPhone,
        (Method::Phone, Some(State::Approved)) => Step::Finish,
        (Method::Phone, Some(state)) => Step::TellOutcome(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt() -> SignIn {
        SignIn { proved: None, chosen: None, request: None, over: false, pass_failures: 0 }
    }

    #[test]
    fn the_phone_comes_first_and_counts_as_both_steps() {
        assert_eq!(next_step(None), Step::AskUserName);
        assert_eq!(next_step(Some(&attempt())), Step::StartRequest);
        let waiting = SignIn { request: Some(State::Pending), ..attempt() };
        assert_eq!(next_step(Some(&waiting)), Step::AwaitPhone);
        let proved = SignIn { proved: Some(Proof::Phone(Unlock::Pin)), ..waiting };
        assert_eq!(next_step(Some(&proved)), Step::Enough(Assurance::TwoFactor));
    }

    #[test]
    fn an_access_pass_is_never_enough_for_more_than_setting_up() {
        let proved = SignIn { proved: Some(Proof::AccessPass), ..attempt() };
        assert_eq!(next_step(Some(&proved)), Step::Enough(Assurance::Bootstrap));
        assert!(Assurance::Bootstrap < Assurance::TwoFactor);
    }

    #[test]
    fn nothing_but_a_proof_is_enough() {
        for state in State::ALL {
            for chosen in [None, Some(Method::Phone), Some(Method::AccessPass)] {
                let attempt = SignIn { request: Some(state), chosen, ..attempt() };
                assert!(!matches!(next_step(Some(&attempt)), Step::Enough(_)), "{state:?} {chosen:?}");
            }
        }
    }

    #[test]
    fn an_attempt_that_is_over_starts_again_whatever_it_proved() {
        let over = SignIn { over: true, proved: Some(Proof::AccessPass), ..attempt() };
        assert_eq!(next_step(Some(&over)), Step::AskUserName);
    }

    #[test]
    fn wrong_passes_are_counted() {
        let attempt = SignIn { chosen: Some(Method::AccessPass), pass_failures: PASS_TRIES, ..attempt() };
        assert_eq!(next_step(Some(&attempt)), Step::TellTooMany);
    }
}
