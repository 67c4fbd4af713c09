//! Why the program ends, in words and as an exit code.

use akkoord_authenticator::{CallError, EnrolError, EnrolmentEnd, PhoneError, RequestState, VaultError};
use akkoord_protocols::phone::{
    link::LinkError,
    pin::PinError,
    problem::{Code, Problem},
};

use super::{moment::day, texts::Texts};

/// A failure.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A text with values, and the exit code.
    Told { exit: u8, key: &'static str, values: Vec<(&'static str, String)> },
    /// A text whose values are texts themselves.
    Removed { day: String, by: &'static str },
    /// A request that is settled.
    Settled { state: RequestState },
    /// Ctrl-C, or the end of the input.
    Interrupted,
}

/// Something else failed.
const OTHER: u8 = 1;
/// The arguments don't fit what there is.
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 3;
const REFUSED: u8 = 4;
const VAULT: u8 = 5;
const PIN: u8 = 6;
const STOPPED: u8 = 7;
const NOT_APPROVED: u8 = 8;

impl Failure {
    pub(crate) fn told(exit: u8, key: &'static str) -> Self {
        Self::Told { exit, key, values: Vec::new() }
    }

    fn with(exit: u8, key: &'static str, name: &'static str, value: impl ToString) -> Self {
        Self::Told { exit, key, values: vec![(name, value.to_string())] }
    }

    pub(crate) fn usage(key: &'static str) -> Self {
        Self::told(USAGE, key)
    }

    pub(crate) fn unknown_account(account: &str) -> Self {
        Self::with(USAGE, "error.account_unknown", "account", account)
    }

    pub(crate) fn defect(error: impl ToString) -> Self {
        Self::with(OTHER, "error.defect", "detail", error)
    }

    pub(crate) fn file(file: &str, error: &std::io::Error) -> Self {
        let values = vec![("file", file.to_owned()), ("detail", error.to_string())];
        Self::Told { exit: OTHER, key: "error.file", values }
    }

    pub(crate) fn no_request() -> Self {
        Self::told(NOT_APPROVED, "watch.none")
    }

    pub(crate) fn weak_pin(digits: u8) -> Self {
        Self::with(PIN, "enrol.weak_pin", "digits", digits)
    }

    pub(crate) fn pins_differ() -> Self {
        Self::told(PIN, "enrol.pins_differ")
    }

    pub(crate) fn refused(key: &'static str) -> Self {
        Self::told(REFUSED, key)
    }

    pub(crate) fn removed(at: i64, by: &str) -> Self {
        let by = match by {
            "self" => "who.self",
            "user" => "who.user",
            _ => "who.administrator",
        };
        Self::Removed { day: day(at), by }
    }

    /// Whether the server was not reached.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.exit() == UNREACHABLE
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> u8 {
        match self {
            Self::Told { exit, .. } => *exit,
            Self::Removed { .. } => REFUSED,
            Self::Settled { .. } => NOT_APPROVED,
            Self::Interrupted => 130,
        }
    }

    /// What is said.
    pub(crate) fn text(&self, texts: &Texts) -> String {
        match self {
            Self::Told { key, values, .. } => {
                let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
                texts.with(key, &values)
            }
            Self::Removed { day, by } => texts.with("error.removed", &[("day", day), ("who", &texts.text(by))]),
            Self::Settled { state } => {
                texts.with("error.already_settled", &[("state", &texts.text(state_key(*state)))])
            }
            Self::Interrupted => String::new(),
        }
    }

    fn of_problem(problem: &Problem) -> Self {
        match problem.code {
            Code::Invalid => Self::refused("error.invalid"),
            Code::UseNonce | Code::BadProof => Self::refused("error.device"),
            Code::WrongUnlock => Self::told(PIN, "error.wrong_unlock"),
            Code::Locked => Self::told(PIN, "error.locked"),
            Code::NotActive | Code::NotFound => Self::refused("error.not_found"),
            Code::Policy => Self::refused("error.policy"),
            Code::Removed => {
                Self::removed(problem.removed_at.unwrap_or(0), problem.removed_by.as_deref().unwrap_or("administrator"))
            }
            Code::Taken => Self::told(STOPPED, "error.taken"),
            Code::WrongRequest | Code::AlreadySettled => {
                Self::Settled { state: RequestState::from_wire(problem.state.as_deref().unwrap_or("")) }
            }
            Code::WrongNumber => Self::told(NOT_APPROVED, "error.wrong_number"),
            Code::Expired => Self::told(NOT_APPROVED, "error.expired"),
            Code::Gone => Self::refused("error.gone"),
            Code::TooMany => Self::refused("error.too_many"),
            Code::Busy => Self::refused("error.busy"),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Network(_) | CallError::TimedOut => Self::told(UNREACHABLE, "error.network"),
            CallError::Refused(refusal) => Self::of_problem(&refusal.problem),
            CallError::Unreadable(detail) => Self::with(UNREACHABLE, "error.unreadable", "detail", detail),
            CallError::Signing(error) => Self::defect(error),
        }
    }
}

impl From<PhoneError> for Failure {
    fn from(error: PhoneError) -> Self {
        match error {
            PhoneError::Call(error) => error.into(),
            PhoneError::WrongPin { left } => Self::with(PIN, "error.pin_wrong", "left", left),
            PhoneError::Pin(PinError::Weak) => Self::weak_pin(6),
            PhoneError::NoUnlock => Self::refused("error.no_unlock"),
            PhoneError::Number { digits } => Self::with(USAGE, "error.number", "digits", digits),
            error @ (PhoneError::Pin(_) | PhoneError::Keyroll(_)) => {
                Self::with(UNREACHABLE, "error.unreadable", "detail", error)
            }
            error @ (PhoneError::Key | PhoneError::Kept(_)) => Self::defect(error),
        }
    }
}

impl From<LinkError> for Failure {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Form => Self::usage("error.link"),
            LinkError::Version => Self::refused("error.newer"),
            LinkError::Insecure => Self::told(STOPPED, "error.insecure"),
        }
    }
}

impl From<EnrolError> for Failure {
    fn from(error: EnrolError) -> Self {
        match error {
            EnrolError::Call(error) => error.into(),
            EnrolError::Link(error) => error.into(),
            EnrolError::Offer(error) => Self::with(STOPPED, "error.offer", "detail", error),
            EnrolError::Pin(PinError::Weak) => Self::weak_pin(6),
            EnrolError::Pin(error) => Self::with(STOPPED, "error.offer", "detail", error),
            EnrolError::NoUnlock => Self::refused("error.no_unlock"),
            EnrolError::Ended(EnrolmentEnd::Rejected) => Self::told(STOPPED, "enrol.end.rejected"),
            EnrolError::Ended(EnrolmentEnd::Expired) => Self::refused("enrol.end.expired"),
            EnrolError::Ended(EnrolmentEnd::Cancelled) => Self::refused("enrol.end.cancelled"),
            EnrolError::Key => Self::defect(error),
        }
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let of_file = |key, file: String| Self::with(VAULT, key, "file", file);
        match error {
            VaultError::File { path, error } => {
                let values = vec![("file", path), ("detail", error.to_string())];
                Self::Told { exit: VAULT, key: "error.file", values }
            }
            VaultError::Readable(file) => of_file("vault.readable", file),
            VaultError::Broken(file) => of_file("vault.broken", file),
            VaultError::Newer(file) => of_file("vault.newer", file),
            VaultError::KeyMissing(file) => of_file("vault.key_missing", file),
            VaultError::Locked(file) => of_file("vault.locked", file),
            VaultError::PassphraseNeeded => Self::told(VAULT, "vault.passphrase_needed"),
            VaultError::WrongPassphrase => Self::told(VAULT, "vault.wrong_passphrase"),
        }
    }
}

/// The text of a state.
pub(crate) fn state_key(state: RequestState) -> &'static str {
    match state {
        RequestState::Pending => "state.pending",
        RequestState::Approved => "state.approved",
        RequestState::Consumed => "state.consumed",
        RequestState::Denied => "state.denied",
        RequestState::Reported => "state.reported",
        RequestState::Mismatch => "state.mismatch",
        RequestState::Cancelled => "state.cancelled",
        RequestState::Superseded => "state.superseded",
        RequestState::Expired => "state.expired",
        RequestState::Revoked => "state.revoked",
        RequestState::Unknown => "state.unknown",
    }
}
