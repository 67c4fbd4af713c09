//! Ids. Each kind is its own type, so that a phone's id cannot be handed in where a request's is asked.
//!
//! Ids are public: they name a row and prove nothing. What proves something is in [`crate::secret`].

use akkoord_protocols::random::{self, Random};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::Timestamp;

/// The text is not an id: it is empty, too long, or has a character that ids do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct NotAnId;

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Milliseconds as ten characters that are ordered like the numbers (base32hex, RFC 4648 section 7, in small letters).
fn time_text(now: Timestamp) -> String {
    let digit = |index: u32| {
        let five = u8::try_from((now.0 >> (5 * index)) & 31).unwrap_or(0);
        char::from(if five < 10 { b'0' + five } else { b'a' + five - 10 })
    };
    (0..10).rev().map(digit).collect()
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

            /// A new id that begins with the time: 48 bits of it, then 72 random ones. For rows that are added all day
            /// long: their places in an index are beside each other, where random ones would each touch a page of their
            /// own. Not for what phones see: there an id is 16 random bytes (`protocol.md` 1).
            pub fn new_at(now: Timestamp, random: &dyn Random) -> Self {
                Self(format!("{}{}", time_text(now), URL_SAFE_NO_PAD.encode(random::bytes::<9>(random))))
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
    /// Names a browser that is spared the second step.
    RememberedBrowserId;
    /// Names a temporary access pass.
    AccessPassId;
    /// Names a row of the job table.
    JobId;
    /// Names an audit event.
    EventId;
    /// Names a change of a phone's PIN.
    PinChangeId;
    /// Names what makes verification codes and is no phone.
    CodeGeneratorId;
    /// Names a recovery code.
    RecoveryCodeId;
    /// Names a passkey or a security key of an account.
    CredentialId;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ones;

    impl Random for Ones {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(255);
        }
    }

    #[test]
    fn ids_of_one_time_stand_together_in_the_order_of_time() {
        let at = |now| EventId::new_at(Timestamp(now), &Ones);
        assert_eq!(at(1_795_449_600_000).as_str(), "01k84i5e00____________");
        assert!(at(1_795_449_600_000) < at(1_795_449_600_001) && at(31) < at(32) && at(0) < at(1 << 47));
        assert_eq!(at(0).as_str().len(), EventId::new(&Ones).as_str().len());
        assert_eq!(at(5).as_str().parse(), Ok(at(5)));
    }
}
