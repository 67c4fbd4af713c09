//! Requests and decisions: what waits, yes, no, and what was.

use akkoord_protocols::{
    jose::SigningKey,
    phone::{
        Evidence, Unlock,
        call::{self, Decide, Empty, Expect, History, HistoryBefore, Pending, Reported},
        decision::{Decision, UnlockedBy, Verdict, evidence_hash},
        pin,
        problem::Code,
        request::{CheckedRequest, Number, Recipient, RequestError},
    },
    text::Id,
};

use super::{Phone, PhoneError, PinHolds};
use crate::{connection::CallError, pin_entry::Unlocking, random::SystemRandom};

/// The state of a request, as the server tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestState {
    /// Nobody has answered.
    Pending,
    /// Approved, and the browser has not yet gone on.
    Approved,
    /// Approved, and the browser is signed in.
    Consumed,
    /// Declined by the person.
    Denied,
    /// Declined as somebody else's.
    Reported,
    /// Answered with a wrong number.
    Mismatch,
    /// Given up in the browser.
    Cancelled,
    /// Replaced by a newer request of the same browser.
    Superseded,
    /// Too old.
    Expired,
    /// Taken back by the server.
    Revoked,
    /// A word that this version doesn't know.
    Unknown,
}

impl RequestState {
    /// Reads the word of the protocol.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "PENDING" => Self::Pending,
            "APPROVED" => Self::Approved,
            "CONSUMED" => Self::Consumed,
            "DENIED" => Self::Denied,
            "REPORTED" => Self::Reported,
            "MISMATCH" => Self::Mismatch,
            "CANCELLED" => Self::Cancelled,
            "SUPERSEDED" => Self::Superseded,
            "EXPIRED" => Self::Expired,
            "REVOKED" => Self::Revoked,
            _ => Self::Unknown,
        }
    }
}

/// A request that was checked and may be shown.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The checked claims and the hash that a decision names.
    pub checked: CheckedRequest,
}

impl Waiting {
    /// The request's id.
    pub fn id(&self) -> &Id {
        &self.checked.request.jti
    }

    /// Seconds until it expires, at the server's time `now`.
    pub fn seconds_left(&self, now: i64) -> i64 {
        self.checked.request.exp.saturating_sub(now).max(0)
    }
}

/// What waits for this phone.
#[derive(Debug, Default)]
pub struct Requests {
    /// Checked, oldest first.
    pub waiting: Vec<Waiting>,
    /// Why others are not shown: the person is told that a request could not be read.
    pub unreadable: Vec<RequestError>,
}

/// A decision that is signed and not yet sent. Sending it twice sends the same bytes.
#[derive(Clone, Debug)]
pub struct PreparedDecision {
    /// The request.
    pub request: Id,
    /// What is sent.
    pub body: Decide,
    pin: Option<PinHolds>,
}

impl Phone {
    /// Asks what waits. Key rolls that come with it are followed first, as they may have signed it.
    pub async fn pending(&self) -> Result<Requests, PhoneError> {
        let pending: Pending = self.post("requests/pending", &Empty {}).await?;
        self.follow_keys(&pending.keyroll)?;
        let account = self.account();
        let now = self.now();
        let server_keys = account.server.usable_keys(now);
        let recipient = Recipient {
            server_keys: &server_keys,
            iss: &account.server.iss,
            phone: account.phone.as_str(),
            account: account.owner.id.as_str(),
            now,
        };
        let mut requests = Requests::default();
        for message in &pending.requests {
            match recipient.check(message) {
                Ok(checked) => requests.waiting.push(Waiting { checked }),
                // A request that ran out on its way is nobody's mistake.
                Err(RequestError::Expired) => {}
                Err(error) => requests.unreadable.push(error),
            }
        }
        Ok(requests)
    }

    /// Approves with the number that the person read off the page.
    pub async fn approve(
        &self,
        waiting: &Waiting,
        number: &str,
        unlocking: &Unlocking<'_>,
    ) -> Result<RequestState, PhoneError> {
        let prepared = self.prepare_approval(waiting, number, unlocking).await?;
        self.decide(&prepared).await
    }

    /// "It was me, but don't."
    pub async fn deny(&self, waiting: &Waiting) -> Result<RequestState, PhoneError> {
        self.decide(&self.prepare_refusal(waiting, Verdict::Deny)?).await
    }

    /// "It was not me."
    pub async fn report(&self, waiting: &Waiting) -> Result<RequestState, PhoneError> {
        self.decide(&self.prepare_refusal(waiting, Verdict::Report)?).await
    }

    /// Signs an approval with its evidence. With a PIN this already asks the server once, which costs a try.
    pub async fn prepare_approval(
        &self,
        waiting: &Waiting,
        number: &str,
        unlocking: &Unlocking<'_>,
    ) -> Result<PreparedDecision, PhoneError> {
        let request = &waiting.checked.request;
        let digits = request.number.digits();
        let offered = match &request.number {
            Number::Enter { .. } => true,
            Number::Choose { options } => options.iter().any(|option| option == number),
        };
        if number.len() != digits || !number.bytes().all(|byte| byte.is_ascii_digit()) || !offered {
            return Err(PhoneError::Number { digits });
        }
        let account = self.account();
        match unlocking {
            Unlocking::Platform => {
                let platform = account.platform.as_ref().filter(|_| request.unlock.contains(&Unlock::Webauthn));
                let platform = platform.ok_or(PhoneError::NoUnlock)?;
                let decision = self.sign_decision(waiting, Verdict::Approve, Some(number), UnlockedBy::Webauthn)?;
                let credential = platform.assert(&evidence_hash(&decision))?;
                Ok(prepared(waiting, decision, Some(Evidence::Webauthn { credential }), None))
            }
            Unlocking::Pin(_) | Unlocking::Stretched(_) => {
                if account.pin.is_none() || !request.unlock.contains(&Unlock::Pin) {
                    return Err(PhoneError::NoUnlock);
                }
                let (key, holds) = self.unwrap_pin_key(waiting.id(), unlocking).await?;
                let decision = self.sign_decision(waiting, Verdict::Approve, Some(number), UnlockedBy::Pin)?;
                let evidence = self.pin_evidence(&key, &evidence_hash(&decision))?;
                Ok(prepared(waiting, decision, Some(evidence), Some(holds)))
            }
        }
    }

    /// Signs a refusal. Saying no needs no evidence.
    pub fn prepare_refusal(&self, waiting: &Waiting, verdict: Verdict) -> Result<PreparedDecision, PhoneError> {
        let decision = self.sign_decision(waiting, verdict, None, UnlockedBy::None)?;
        Ok(prepared(waiting, decision, None, None))
    }

    /// Sends a decision. After a lost answer the same bytes may be sent again.
    pub async fn decide(&self, prepared: &PreparedDecision) -> Result<RequestState, PhoneError> {
        let path = format!("requests/{}/decision", prepared.request);
        let answer: Result<call::State, PhoneError> = self.post(&path, &prepared.body).await;
        if let Some(holds) = prepared.pin {
            match &answer {
                Ok(_) => self.settle_pin(holds)?,
                Err(PhoneError::Call(error)) if error.code() == Some(Code::WrongUnlock) => {
                    self.settle_pin(holds.other())?;
                }
                Err(_) => {}
            }
        }
        Ok(RequestState::from_wire(&answer?.state))
    }

    /// "I am signing in now": opens two minutes for one start. Returns until when, in seconds.
    pub async fn expect(&self) -> Result<i64, PhoneError> {
        let Expect { until } = self.post("expect", &Empty {}).await?;
        Ok(until)
    }

    /// The account's requests, newest first; with `before` only those older than that entry.
    pub async fn history(&self, before: Option<Id>) -> Result<History, PhoneError> {
        self.post("history", &HistoryBefore { before }).await
    }

    /// Reports a request of the past. Returns how many sessions were ended.
    pub async fn report_past(&self, request: &Id) -> Result<u64, PhoneError> {
        let Reported { ended_sessions } = self.post(&format!("history/{request}/report"), &Empty {}).await?;
        Ok(ended_sessions)
    }

    /// Evidence by the PIN-protected key.
    pub(super) fn pin_evidence(&self, key: &SigningKey, hash: &[u8; 32]) -> Result<Evidence, CallError> {
        let account = self.account();
        Ok(Evidence::Pin { jws: pin::sign_evidence(key, account.phone.as_str(), hash)? })
    }

    fn sign_decision(
        &self,
        waiting: &Waiting,
        verdict: Verdict,
        number: Option<&str>,
        unlock: UnlockedBy,
    ) -> Result<String, PhoneError> {
        let account = self.account();
        let decision = Decision {
            v: 1,
            iss: account.phone.clone(),
            aud: account.server.iss.clone(),
            rid: waiting.id().clone(),
            rh: waiting.checked.hash,
            d: verdict,
            number: number.map(str::to_owned),
            unlock,
            iat: self.now(),
            jti: Id::new(&SystemRandom),
        };
        Ok(decision.sign(&account.key)?)
    }
}

fn prepared(
    waiting: &Waiting,
    decision: String,
    evidence: Option<Evidence>,
    pin: Option<PinHolds>,
) -> PreparedDecision {
    PreparedDecision { request: waiting.id().clone(), body: Decide { decision, evidence }, pin }
}
