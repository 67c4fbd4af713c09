//! Ids. Each kind is its own type, so that a phone's id cannot be handed in where a request's is asked.
//!
//! Ids are public: they name a row and prove nothing. What proves something is in [`crate::secret`].

use akkoord_protocols::random::{self, Random};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The text is not an id: it is empty, too long, or has a character that ids do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// A new id: 16 random bytes as 22 characters of base64url.
            pub fn new(random: &dyn Random) -> Self {
                Self(URL_SAFE_NO_PAD.encode(random::bytes::<16>(random)))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(NotAnId) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// Names an organisation.
    OrganisationId;
    /// Names an account.
    AccountId;
    /// Names a phone: one installation of an authenticator, enrolled for one account.
    PhoneId;
    /// Names an enrolment.
    EnrolmentId;
    /// Names a request to a phone, and the row that holds its state.
    ApprovalId;
    /// Names one attempt to sign in.
    SignInId;
    /// Names a session in lists and logs; the cookie holds a secret, not this.
    SessionId;
    /// Names a browser that has signed an account in.
    BrowserId;
    /// Names a temporary access pass.
    AccessPassId;
    /// Names a row of the job table.
    JobId;
    /// Names an audit event.
    EventId;
    /// Names a change of a phone's PIN.
    PinChangeId;
}
