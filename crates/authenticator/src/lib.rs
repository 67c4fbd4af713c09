//! The phone's side of the protocol: what an authenticator does, without a screen. The terminal authenticator, the
//! simulator and the tests drive it.
//!
//! It owns the keys of enrolled accounts, the calls and their proofs, and the checks before anything is shown. It
//! never reads the wall clock: the server's time is taken from its answers (`docs/protocol.md` section 1).

mod account;
mod clock;
mod connection;
mod enrolment;
mod event_stream;
#[cfg(test)]
mod fake_server;
mod network;
mod phone;
mod pin_entry;
mod random;
mod soft_webauthn;
mod vault;
mod watch;

#[cfg(test)]
mod story_tests;

pub use account::{Account, PinnedKey, Server, StoredKey};
pub use clock::ServerClock;
pub use connection::{Answer, CallError, Connection, Identity, MAX_ANSWER, Outgoing, Payload, Refusal, Repeat};
pub use enrolment::{
    Candidate, Claimed, EnrolError, EnrolmentEnd, Invitation, Progress, Proved, needs_app_pin, unlock_methods,
};
pub use event_stream::{Event, EventParser, EventStream, ParserOverflow, RawEvent};
pub use network::{Loopback, Network, NetworkError};
pub use phone::{Keep, KeepError, Phone, PhoneError, PreparedDecision, RequestState, Requests, Setting, Waiting};
pub use pin_entry::{Stretched, Unlocking};
pub use random::SystemRandom;
pub use soft_webauthn::{Gesture, SoftAuthenticator, SoftError};
pub use vault::{Contents, Protection, SealedFile, VaultError};
pub use watch::{Backoff, Happened, Watch};
