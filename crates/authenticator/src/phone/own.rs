//! The phone itself: its name and settings, its keys, its removal, and another phone that it brings in.

use akkoord_protocols::{
    bytes::Bytes,
    phone::{
        Evidence,
        call::{
            Empty, EnrolmentStart, EnrolmentStarted, OwnChange, OwnState, PinChangeStarted, RotateKey, State,
            TypedDigits,
        },
        pin,
        problem::Code,
        rotation::{self, Rotate},
    },
    text::{Id, Name},
    webpush::Subscription,
};
use reqwest::Method;

use super::{Phone, PhoneError};
use crate::{
    account::StoredKey,
    connection::{CallError, Outgoing, Payload, Repeat, to_bytes},
    pin_entry::Unlocking,
    random::SystemRandom,
};

/// A setting whose switching on needs evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Sign-in without a password.
    PhoneSignIn,
    /// Pushes for sign-ins of browsers that this account does not know.
    UnknownBrowsers,
}

impl Setting {
    /// The member's name, which the evidence covers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneSignIn => "phone_sign_in",
            Self::UnknownBrowsers => "unknown_browsers",
        }
    }

    fn change(self, on: bool, evidence: Option<Evidence>) -> OwnChange {
        match self {
            Self::PhoneSignIn => OwnChange { phone_sign_in: Some(on), evidence, ..OwnChange::default() },
            Self::UnknownBrowsers => OwnChange { unknown_browsers: Some(on), evidence, ..OwnChange::default() },
        }
    }
}

/// Who will sign evidence over a nonce that is not known yet.
enum Signer {
    Platform,
    Pin(Box<akkoord_protocols::jose::SigningKey>),
}

impl Phone {
    /// What the server knows of this phone. Name, account and policy are taken over.
    pub async fn own_state(&self) -> Result<OwnState, PhoneError> {
        let state: OwnState = self.send(Method::GET, "self", Payload::Empty, Repeat::Allowed).await?;
        self.take_over(&state)?;
        Ok(state)
    }

    /// Gives this phone another name.
    pub async fn rename(&self, name: Name) -> Result<OwnState, PhoneError> {
        self.change_own(&OwnChange { name: Some(name), ..OwnChange::default() }).await
    }

    /// Changes what needs no evidence.
    pub async fn change_own(&self, change: &OwnChange) -> Result<OwnState, PhoneError> {
        let body = to_bytes(change)?;
        let state = self.send(Method::PATCH, "self", Payload::Bytes(&body), Repeat::Allowed).await?;
        self.take_over(&state)?;
        Ok(state)
    }

    /// Switches a setting on, with evidence over the nonce of the call's proof.
    pub async fn switch_on(&self, setting: Setting, unlocking: &Unlocking<'_>) -> Result<OwnState, PhoneError> {
        let signer = self.signer(unlocking).await?;
        let phone = self.account().phone.clone();
        let make = |nonce: &str| {
            let hash = pin::setting_hash(setting.as_str(), phone.as_str(), nonce);
            to_bytes(&setting.change(true, Some(self.evidence(&signer, &hash)?)))
        };
        let state = self.send(Method::PATCH, "self", Payload::OverNonce(&make), Repeat::Allowed).await?;
        self.take_over(&state)?;
        Ok(state)
    }

    /// Switches a setting off, which needs nothing.
    pub async fn switch_off(&self, setting: Setting) -> Result<OwnState, PhoneError> {
        self.change_own(&setting.change(false, None)).await
    }

    /// Tells the server where this phone is rung.
    pub async fn set_push(&self, subscription: &Subscription) -> Result<(), PhoneError> {
        let body = to_bytes(subscription)?;
        self.send::<Empty>(Method::PUT, "push", Payload::Bytes(&body), Repeat::Allowed).await.map(drop)
    }

    /// Starts the enrolment of another phone for this account.
    pub async fn authorise_phone(&self, unlocking: &Unlocking<'_>) -> Result<EnrolmentStarted, PhoneError> {
        let signer = self.signer(unlocking).await?;
        let phone = self.account().phone.clone();
        let make = |nonce: &str| {
            let hash = pin::enrol_start_hash(phone.as_str(), nonce);
            to_bytes(&EnrolmentStart { evidence: self.evidence(&signer, &hash)? })
        };
        self.send(Method::POST, "enrolments/start", Payload::OverNonce(&make), Repeat::Allowed).await
    }

    /// The new phone's six digits, typed on this one.
    pub async fn type_digits(&self, enrolment: &Id, digits: &str) -> Result<String, PhoneError> {
        let body = TypedDigits { digits: digits.to_owned() };
        let State { state } = self.post(&format!("enrolments/{enrolment}/digits"), &body).await?;
        Ok(state)
    }

    /// Removes this phone from the account. The caller then forgets the keys.
    pub async fn unregister(&self) -> Result<(), PhoneError> {
        let answer: Result<Empty, PhoneError> =
            self.send(Method::DELETE, "self", Payload::Empty, Repeat::Allowed).await;
        match answer {
            Ok(Empty {}) => Ok(()),
            // Removed before, or by a first try whose answer was lost: what was wanted holds.
            Err(PhoneError::Call(error)) if error.code() == Some(Code::Removed) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Replaces the phone's key. The new one is stored before it is sent; if the answer is lost, both are kept, and
    /// the next call finds out which one holds.
    pub async fn rotate(&self) -> Result<(), PhoneError> {
        self.settle_rotation().await?;
        let account = self.account();
        let new = StoredKey::generate()?;
        self.update(|account| account.next_key = Some(new.clone()))?;
        let rotate = Rotate {
            v: 1,
            iss: account.phone.clone(),
            aud: account.server.iss.clone(),
            iat: self.now(),
            jti: Id::new(&SystemRandom),
            jwk: new.public().jwk(),
            sig: rotation::signature(&new, account.phone.as_str(), account.key.public().thumbprint())?,
        };
        let body = to_bytes(&RotateKey { rotate: rotate.sign(&account.key)? })?;
        let outgoing = Outgoing {
            method: Method::POST,
            path: "rotate",
            payload: Payload::Bytes(&body),
            identity: Some(account.identity()),
            repeat: Repeat::Allowed,
        };
        match self.connection().call(&outgoing).await {
            Ok(_) => self.confirm_rotation(),
            // A repeat under the old key is refused where the first try was done and its answer lost.
            Err(error) if error.is_lost() || error.code() == Some(Code::BadProof) => self.settle_rotation().await,
            Err(error) => {
                self.update(|account| account.next_key = None)?;
                Err(error.into())
            }
        }
    }

    /// After a rotation whose answer was lost: tries the new key, then the old.
    pub async fn settle_rotation(&self) -> Result<(), PhoneError> {
        let account = self.account();
        let Some(next) = &account.next_key else { return Ok(()) };
        let with_next = crate::connection::Identity { key: next, ..account.identity() };
        match self.ask_self(with_next).await {
            Ok(()) => self.confirm_rotation(),
            Err(error) if error.code() == Some(Code::BadProof) => {
                self.ask_self(account.identity()).await?;
                self.update(|account| account.next_key = None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn ask_self(&self, identity: crate::connection::Identity<'_>) -> Result<(), CallError> {
        let payload = Payload::Empty;
        let outgoing =
            Outgoing { method: Method::GET, path: "self", payload, identity: Some(identity), repeat: Repeat::Allowed };
        self.connection().call(&outgoing).await.map(drop)
    }

    fn confirm_rotation(&self) -> Result<(), PhoneError> {
        self.update(|account| {
            if let Some(next) = account.next_key.take() {
                account.key = next;
            }
        })
    }

    /// Follows the server's key rolls.
    pub(super) fn follow_keys(&self, chain: &[String]) -> Result<(), PhoneError> {
        let mut server = self.account().server.clone();
        // Without rolls there may still be an old key to drop, which can wait for the next roll or start.
        if chain.is_empty() && server.keys.len() < 2 {
            return Ok(());
        }
        if server.follow(chain, self.now()).map_err(PhoneError::Keyroll)? {
            self.update(|account| account.server = server)?;
        }
        Ok(())
    }

    fn take_over(&self, state: &OwnState) -> Result<(), PhoneError> {
        self.follow_keys(&state.keyroll)?;
        let account = self.account();
        let same = account.name == state.name && account.owner == state.account && account.policy == state.policy;
        // The account's id is what requests are checked against: it was fixed at the enrolment and stays.
        if same || account.owner.id != state.account.id {
            return Ok(());
        }
        self.update(|account| {
            account.name = state.name.clone();
            account.owner = state.account.clone();
            account.policy = state.policy;
        })
    }

    /// Gets ready to sign evidence for something that is not a request. With a PIN that takes an open change, because
    /// an evaluation needs one or a waiting request; the change is then left to run out.
    async fn signer(&self, unlocking: &Unlocking<'_>) -> Result<Signer, PhoneError> {
        match unlocking {
            Unlocking::Platform if self.account().platform.is_some() => Ok(Signer::Platform),
            Unlocking::Platform => Err(PhoneError::NoUnlock),
            Unlocking::Pin(_) | Unlocking::Stretched(_) => {
                let PinChangeStarted { change, .. } = self.post("pin/change/start", &Empty {}).await?;
                let (key, _) = self.unwrap_pin_key(&change, unlocking).await?;
                Ok(Signer::Pin(Box::new(key)))
            }
        }
    }

    fn evidence(&self, signer: &Signer, hash: &[u8; 32]) -> Result<Evidence, CallError> {
        match signer {
            Signer::Pin(key) => self.pin_evidence(key, hash),
            Signer::Platform => self.platform_evidence(hash),
        }
    }

    pub(super) fn platform_evidence(&self, hash: &[u8; 32]) -> Result<Evidence, CallError> {
        let account = self.account();
        let platform = account.platform.as_ref();
        let credential = platform.and_then(|platform| platform.assert(hash).ok());
        let credential = credential.ok_or_else(|| CallError::unreadable("no platform authenticator"))?;
        Ok(Evidence::Webauthn { credential })
    }

    /// The origin that this phone's platform credential belongs to.
    pub fn origin(&self) -> Option<String> {
        self.account().platform.as_ref().map(|platform| platform.origin().to_owned())
    }

    /// The current verification code and the seconds it still holds, by the given time.
    pub fn code_at(&self, seconds: i64) -> Option<(String, u64)> {
        self.account().code_at(seconds)
    }
}

impl crate::account::Account {
    /// The current verification code and the seconds it still holds, by the given time.
    pub fn code_at(&self, seconds: i64) -> Option<(String, u64)> {
        let codes = self.codes.as_ref()?;
        let seconds = u64::try_from(seconds).ok()?;
        let Bytes(secret) = &codes.secret;
        let code = akkoord_protocols::otp::totp(secret, seconds, codes.period, codes.algorithm, codes.digits).ok()?;
        Some((code, codes.period.checked_sub(seconds.checked_rem(codes.period)?)?))
    }
}
