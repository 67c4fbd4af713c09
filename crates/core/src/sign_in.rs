//! The sign-in dispatcher: what comes next, and when it is enough.
//!
//! Steps never route to each other. Each records what it proved in the stored attempt and returns here; this alone
//! decides. Policy is asked before a person is. What it comes to for every way in stands in `docs/ways-in.md`.

mod proof;

use std::str::FromStr;

pub use self::proof::{Proof, Proved};
use crate::{
    Timestamp,
    account::UnknownWord,
    approval::State,
    policy::{FirstMethod, Policy},
    session::Assurance,
};

/// How long an attempt may take.
pub const LIFETIME: std::time::Duration = std::time::Duration::from_secs(600);
/// Wrong passwords, codes, access passes and keys in one attempt, together.
pub const TRIES: i64 = 5;

/// A way to show who one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The phone: both steps at once.
    Phone,
    /// The password, and what the account has for the second step.
    Password,
    /// A verification code, after the password.
    Code,
    /// A temporary access pass, for the first phone.
    AccessPass,
    /// A security key, after the password.
    SecurityKey,
}

impl Method {
    /// All there are.
    pub const ALL: [Self; 5] = [Self::Phone, Self::Password, Self::Code, Self::AccessPass, Self::SecurityKey];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Password => "password",
            Self::Code => "code",
            Self::AccessPass => "access-pass",
            Self::SecurityKey => "security-key",
        }
    }
}

impl FromStr for Method {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|method| method.as_str() == word).ok_or(UnknownWord)
    }
}

/// Two-step verification of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TwoStep {
    /// Off, and policy leaves it free.
    Off,
    /// Policy wants it, and the account has never set it up.
    #[default]
    Wanted,
    /// On: a password alone is never enough, also where every other method is gone.
    On,
}

impl TwoStep {
    /// What it is for an account that has it since then, if it has, under this policy.
    pub fn of(since: Option<Timestamp>, required: bool) -> Self {
        match since {
            Some(_) => Self::On,
            None if required => Self::Wanted,
            None => Self::Off,
        }
    }
}

/// What an account has for what comes next. Looked at once its password or a recovery code was right, and not before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondStep {
    /// Whether it is asked at all.
    pub two_step: TwoStep,
    /// Whether a phone can approve.
    pub phone: bool,
    /// Whether something makes verification codes for it.
    pub code: bool,
    /// Whether it has a password, which a recovery code does not stand in for.
    pub password: bool,
    /// Whether it has a security key or a passkey.
    pub key: bool,
    /// Which of them its person wants to be asked for first.
    pub default: Option<Method>,
    /// Whether policy wants the strongest first.
    pub strongest_first: bool,
}

impl SecondStep {
    /// What there is after the password, in the order in which it is offered.
    pub fn methods(&self) -> Vec<Method> {
        // Whoever gave the password went past the phone, which may not be at hand: it comes last, where nobody says else.
        let order = if self.strongest_first {
            [Method::SecurityKey, Method::Phone, Method::Code]
        } else {
            [Method::SecurityKey, Method::Code, Method::Phone]
        };
        let mut methods: Vec<Method> = order.into_iter().filter(|method| self.has(*method)).collect();
        if let Some(default) = self.default.filter(|_| !self.strongest_first) {
            // Stable: the others keep their order. One that is gone changes nothing.
            methods.sort_by_key(|method| *method != default);
        }
        methods
    }

    fn has(&self, method: Method) -> bool {
        match method {
            Method::Phone => self.phone,
            Method::Code => self.code,
            Method::SecurityKey => self.key,
            Method::Password | Method::AccessPass => false,
        }
    }
}

/// What the dispatcher knows of an attempt.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// What was proved.
    pub proved: Proved,
    /// The way the person chose, if not the first.
    pub chosen: Option<Method>,
    /// The state of the request to the phone, if one was made.
    pub request: Option<State>,
    /// Whether the attempt's time is over or it was finished.
    pub over: bool,
    /// Wrong passwords, codes, passes and keys so far.
    pub failures: i64,
    /// What there is for the second step.
    pub second: SecondStep,
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
    /// Ask for the password.
    AskPassword,
    /// Ask for a verification code.
    AskCode,
    /// Ask for a security key.
    AskKey,
    /// Ask for the access pass.
    AskAccessPass,
    /// Too many wrong ones: say so.
    TellTooMany,
    /// The password was right, and the second step can't be made: say whom to ask.
    TellNoSecondStep,
    /// It is enough: sign in with this strength.
    Enough(Assurance),
}

/// How strong what was proved is, where it is enough.
pub fn enough(proved: &Proved, second: &SecondStep) -> Option<Assurance> {
    let password = proved.has(Proof::Password);
    // Nothing was ever set up, so that there is nothing that the password could get around.
    let nothing_set_up = second.two_step == TwoStep::Wanted && !second.phone && !second.code && !second.key;
    let remembered = second.two_step == TwoStep::On && proved.has(Proof::RememberedBrowser);
    if proved.has(Proof::Passkey) || (password && proved.has(Proof::SecurityKey)) {
        Some(Assurance::PhishingResistant)
    } else if proved.has_phone() || (password && proved.has(Proof::Code)) {
        Some(Assurance::TwoFactor)
    } else if password && (second.two_step == TwoStep::Off || remembered) {
        // Remembering spares a step and proves nothing: what asks for two factors asks for the second again.
        Some(Assurance::OneFactor)
    } else if proved.has(Proof::AccessPass) || (password && nothing_set_up) {
        Some(Assurance::Bootstrap)
    } else if proved.has(Proof::RecoveryCode) && (password || !second.password) {
        // Paper that was found lets nobody in where there is a password (SP 800-63B-4 section 4.2).
        Some(Assurance::Bootstrap)
    } else {
        None
    }
}

/// What is asked first after the user name, in a browser that last signed in this way. It looks at nothing of the account:
/// `policy` is the one that a name which nobody has is asked by.
pub fn first_method(policy: &Policy, last: Option<FirstMethod>) -> FirstMethod {
    if policy.strongest_first { FirstMethod::Phone } else { last.unwrap_or(policy.first_method) }
}

/// Which way a browser that proved this is offered first the next time; nothing where it was neither.
pub fn way_of(proved: &Proved) -> Option<FirstMethod> {
    if proved.has(Proof::Password) {
        Some(FirstMethod::Password)
    } else if proved.has_phone() {
        Some(FirstMethod::Phone)
    } else {
        None
    }
}

/// Decides what comes next. The same for every name, known or not, until a password was right: nothing here looks at the
/// account before, so that the page after the user name tells a stranger nothing.
pub fn next_step(attempt: Option<&SignIn>) -> Step {
    let Some(attempt) = attempt.filter(|attempt| !attempt.over) else { return Step::AskUserName };
    if let Some(assurance) = enough(&attempt.proved, &attempt.second) {
        return Step::Enough(assurance);
    }
    let chosen = attempt.chosen.unwrap_or(Method::Phone);
    if chosen == Method::Phone {
        return match attempt.request {
            None => Step::StartRequest,
            Some(State::Pending) => Step::AwaitPhone,
            Some(State::Approved) => Step::Finish,
            Some(state) => Step::TellOutcome(state),
        };
    }
    if attempt.failures >= TRIES {
        return Step::TellTooMany;
    }
    match chosen {
        Method::AccessPass => Step::AskAccessPass,
        _ if !attempt.proved.has(Proof::Password) => Step::AskPassword,
        _ => {
            let methods = attempt.second.methods();
            match methods.iter().find(|method| **method == chosen).or(methods.first()) {
                Some(Method::SecurityKey) => Step::AskKey,
                Some(Method::Code) => Step::AskCode,
                Some(_) => Step::StartRequest,
                None => Step::TellNoSecondStep,
            }
        }
    }
}

#[cfg(test)]
mod tests;
