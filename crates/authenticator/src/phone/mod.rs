//! An enrolled phone: one account and the calls it makes. The calls on requests stand in `requests`, those on the
//! phone itself in `own`, those on the PIN in `pin_change`.

mod own;
mod pin_change;
mod requests;

use std::sync::{Arc, Mutex, PoisonError};

use akkoord_protocols::{
    jose::{JwsError, KeyError, SigningKey},
    phone::{
        call::{EvaluatePin, PinEvaluated},
        pin::{Evaluation, PinError, PinRecord},
    },
    text::Id,
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};

pub use own::Setting;
use pin_change::PinHolds;
pub use requests::{PreparedDecision, RequestState, Requests, Waiting};

use crate::{
    account::Account,
    connection::{CallError, Connection, Identity, Outgoing, Payload, Repeat, from_bytes, to_bytes},
    event_stream::EventStream,
    pin_entry::{self, Unlocking},
    soft_webauthn::SoftError,
};

/// Why something on the phone did not work.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// The call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The PIN is wrong; so many tries are left.
    #[error("the PIN is wrong, {left} tries left")]
    WrongPin {
        /// Tries left.
        left: u32,
    },
    /// Something else about the PIN.
    #[error(transparent)]
    Pin(PinError),
    /// No unlock method that this phone has is allowed here.
    #[error("this phone has no unlock method that is allowed here")]
    NoUnlock,
    /// The number has the wrong count of digits, or is none of those offered.
    #[error("the number must have {digits} digits")]
    Number {
        /// How many it must have.
        digits: usize,
    },
    /// The server's key roll does not follow from the pinned key.
    #[error("the server's key roll {0}")]
    Keyroll(JwsError),
    /// A key of this phone does not work.
    #[error("a key of this phone does not work")]
    Key,
    /// The changed account could not be stored.
    #[error(transparent)]
    Kept(#[from] KeepError),
}

impl From<KeyError> for PhoneError {
    fn from(_: KeyError) -> Self {
        Self::Key
    }
}

impl From<SoftError> for PhoneError {
    fn from(_: SoftError) -> Self {
        Self::Key
    }
}

impl From<JwsError> for PhoneError {
    fn from(error: JwsError) -> Self {
        Self::Call(error.into())
    }
}

impl From<PinError> for PhoneError {
    fn from(error: PinError) -> Self {
        Self::Pin(error)
    }
}

/// A changed account could not be stored.
#[derive(Debug, thiserror::Error)]
#[error("the change can't be stored: {0}")]
pub struct KeepError(pub Box<dyn std::error::Error + Send + Sync>);

/// Stores an account whenever it changes. A new key is stored before it is sent, because the answer may be lost.
pub trait Keep: Send + Sync {
    /// Stores the account in place of the one with the same phone id.
    fn keep(&self, account: &Account) -> Result<(), KeepError>;
}

/// One account on this phone, ready for calls. Cheap to clone; clones share the account.
#[derive(Clone)]
pub struct Phone(Arc<Inner>);

struct Inner {
    connection: Connection,
    account: Mutex<Arc<Account>>,
    keep: Option<Arc<dyn Keep>>,
}

impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Phone({})", self.account().phone)
    }
}

impl Phone {
    /// A phone that keeps its account in memory only.
    pub fn new(connection: Connection, account: Account) -> Self {
        Self::with(connection, account, None)
    }

    /// A phone that stores each change of its account.
    pub fn kept_by(connection: Connection, account: Account, keep: Arc<dyn Keep>) -> Self {
        Self::with(connection, account, Some(keep))
    }

    fn with(connection: Connection, account: Account, keep: Option<Arc<dyn Keep>>) -> Self {
        Self(Arc::new(Inner { connection, account: Mutex::new(Arc::new(account)), keep }))
    }

    /// The account as it is now.
    pub fn account(&self) -> Arc<Account> {
        Arc::clone(&self.0.account.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The way to the server.
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// The server's time in seconds, as its last answer told it.
    pub fn now(&self) -> i64 {
        self.0.connection.now_or_start()
    }

    /// Changes the account: first in its store, then here.
    fn update(&self, change: impl FnOnce(&mut Account)) -> Result<(), PhoneError> {
        let mut current = self.0.account.lock().unwrap_or_else(PoisonError::into_inner);
        let mut account = Account::clone(&current);
        change(&mut account);
        if let Some(keep) = &self.0.keep {
            keep.keep(&account)?;
        }
        *current = Arc::new(account);
        Ok(())
    }

    /// Opens the stream of events; [`crate::Watch`] also reconnects.
    pub async fn events(&self) -> Result<EventStream, PhoneError> {
        self.settle_rotation().await?;
        let account = self.account();
        Ok(EventStream::open(&self.0.connection, account.identity()).await?)
    }

    /// Posts with a proof.
    pub async fn post<B: Serialize + Sync, A: DeserializeOwned>(&self, path: &str, body: &B) -> Result<A, PhoneError> {
        let body = to_bytes(body)?;
        self.send(Method::POST, path, Payload::Bytes(&body), Repeat::Allowed).await
    }

    /// Sends with a proof.
    pub(crate) async fn send<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        payload: Payload<'_>,
        repeat: Repeat,
    ) -> Result<A, PhoneError> {
        self.settle_rotation().await?;
        let account = self.account();
        let outgoing = Outgoing { method, path, payload, identity: Some(account.identity()), repeat };
        Ok(from_bytes(&self.0.connection.call(&outgoing).await?)?)
    }

    /// Evaluates a PIN with the server and unwraps the PIN-protected key. `purpose` is a waiting request or an open
    /// change. Costs one try, or two after a change of PIN whose answer was lost.
    async fn unwrap_pin_key(
        &self,
        purpose: &Id,
        unlocking: &Unlocking<'_>,
    ) -> Result<(SigningKey, PinHolds), PhoneError> {
        let account = self.account();
        // After a change whose answer was lost either record may be the one; the new one is likelier.
        let new = account.next_pin.iter().map(|record| (record, PinHolds::New));
        let records: Vec<(&PinRecord, PinHolds)> =
            new.chain(account.pin.iter().map(|record| (record, PinHolds::Old))).collect();
        let mut failed = PhoneError::NoUnlock;
        for (record, holds) in records {
            let stretched = unlocking.stretched(record.salt).await?.ok_or(PhoneError::NoUnlock)?;
            let blinding = stretched.blind()?;
            let body = EvaluatePin { request: purpose.clone(), blinded: blinding.blinded, new: false };
            let answer = self.evaluate_pin(&body).await?;
            let evaluation = Evaluation { evaluated: answer.evaluated, proof: answer.proof };
            let phone = account.phone.as_str();
            match pin_entry::unwrap(record, blinding, &evaluation, &account.voprf, phone) {
                Ok(key) => return Ok((key, holds)),
                Err(PinError::Wrong) => failed = PhoneError::WrongPin { left: answer.left },
                Err(error) => return Err(error.into()),
            }
        }
        Err(failed)
    }

    /// The one call that is never repeated: each evaluation counts.
    async fn evaluate_pin(&self, body: &EvaluatePin) -> Result<PinEvaluated, PhoneError> {
        let body = to_bytes(body)?;
        self.send(Method::POST, "pin/evaluate", Payload::Bytes(&body), Repeat::Never).await
    }
}

impl Account {
    /// Who proves this account's calls.
    pub fn identity(&self) -> Identity<'_> {
        Identity { server: &self.server.iss, phone: self.phone.as_str(), key: &self.key }
    }
}
