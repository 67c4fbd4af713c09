//! A phone's decision about a request: `protocol.md` 6, one check a line, each with its own answer.

use akkoord_core::{
    Ctx,
    approval::{BAD_EVIDENCE, CLAIM_WINDOW, ShownNumber, State},
    ids::{AccountId, ApprovalId, PhoneId},
    sign_in::Proof,
};
use akkoord_protocols::{
    bytes::{encode, sha256},
    phone::{
        Evidence, Unlock,
        call::{self, Decide},
        decision::{Decision, Expected, UnlockedBy, Verdict, evidence_hash},
        problem::Code,
        request::{Operation, Request},
    },
};
use akkoord_store::{Answered, ApprovalRow, PhoneRow, Place, Refusal, StoreError, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    account::corrupt,
    audit, budget, evidence,
    remembered::{self, Why},
    sign_in,
};
use crate::{app::App, http::error::ApiError, wake::Topic};

/// What is kept of an answer, so that the same decision again gets the same answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    state: Verdicted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unlock: Option<Unlock>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdicted {
    Approved,
    Denied,
    Reported,
    Mismatch,
}

impl From<Verdicted> for State {
    fn from(kept: Verdicted) -> Self {
        match kept {
            Verdicted::Approved => Self::Approved,
            Verdicted::Denied => Self::Denied,
            Verdicted::Reported => Self::Reported,
            Verdicted::Mismatch => Self::Mismatch,
        }
    }
}

/// What an approved request proved.
pub fn proof_of(row: &ApprovalRow) -> Result<Proof, StoreError> {
    let broken = || corrupt("approvals", "answer", row.id.as_str());
    let kept: Kept = serde_json::from_str(row.answer.as_deref().ok_or_else(broken)?).map_err(|_| broken())?;
    kept.unlock.map(Proof::Phone).ok_or_else(broken)
}

fn answer_for(state: Verdicted) -> Result<call::State, ApiError> {
    if state == Verdicted::Mismatch {
        return Err(ApiError::new(Code::WrongNumber, "The number is not the one on the screen.").with_state("MISMATCH"));
    }
    Ok(call::State { state: State::from(state).wire().to_owned() })
}

/// Takes a decision.
pub async fn decide(
    app: &App,
    ctx: &Ctx,
    phone: &PhoneRow,
    id: &ApprovalId,
    body: &Decide,
) -> Result<call::State, ApiError> {
    // The row for this phone: foreign and unknown look the same.
    let (row_id, phone_id) = (id.clone(), phone.id.clone());
    let found = app
        .store
        .read(move |tx| Box::pin(async move { tx.approval_for_phone(&row_id, &phone_id).await }))
        .await
        .map_err(ApiError::from)?;
    let Some((row, message)) = found else { return Err(ApiError::not_found()) };
    let request = stored_request(&row, &message)?;
    // The decision's signature, type and members.
    let key = evidence::public_key(phone, "key", &phone.key)?;
    let expected = Expected {
        phone: phone.id.as_str(),
        server: &app.config.public_url,
        request: id.as_str(),
        iat: request.iat,
        exp: request.exp,
        digits: request.number.digits(),
    };
    let decision = expected.check(&body.decision, &key).map_err(|error| ApiError::invalid(error.to_string()))?;
    if decision.d != Verdict::Approve && body.evidence.is_some() {
        return Err(ApiError::invalid("evidence goes with approve only"));
    }
    // What the phone showed is what is stored.
    if decision.rh.0 != sha256(&[message.as_bytes()]) {
        return Err(ApiError::new(Code::WrongRequest, "The decision is about another request."));
    }
    // The same decision again, after an answer was lost.
    let decision_hash = encode(&sha256(&[body.decision.as_bytes()]));
    if row.decision_hash.as_deref() == Some(&decision_hash) && row.phone_id.as_ref() == Some(&phone.id) {
        let kept = row.answer.as_deref().and_then(|text| serde_json::from_str::<Kept>(text).ok());
        return answer_for(kept.ok_or_else(|| corrupt("approvals", "answer", id.as_str()))?.state);
    }
    let call = Call { app, ctx, phone, row: &row, request: &request, decision_hash, body };
    match decision.d {
        Verdict::Deny => call.refuse(Verdicted::Denied).await,
        Verdict::Report => call.refuse(Verdicted::Reported).await,
        Verdict::Approve => call.approve(&decision).await,
    }
}

fn stored_request(row: &ApprovalRow, message: &str) -> Result<Request, StoreError> {
    // We signed it ourselves and it lies in our database; what it says is read without checking the signature again.
    let broken = || corrupt("approval_messages", "message", row.id.as_str());
    let payload = message.split('.').nth(1).ok_or_else(broken)?;
    let payload = akkoord_protocols::bytes::decode(payload).map_err(|_| broken())?;
    serde_json::from_slice(&payload).map_err(|_| broken())
}

/// A refusal because of the state that a request is in.
fn settled(state: State) -> ApiError {
    let code = if state == State::Expired { Code::Expired } else { Code::AlreadySettled };
    ApiError::new(code, "The request is settled.").with_state(state.wire())
}

struct Call<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    phone: &'a PhoneRow,
    row: &'a ApprovalRow,
    request: &'a Request,
    decision_hash: String,
    body: &'a Decide,
}

impl Call<'_> {
    /// The account, which is held before its requests change: their counts stand on it.
    fn account(&self) -> AccountId {
        self.phone.account_id.clone()
    }

    fn answered(&self, kept: &Kept) -> Result<Answered, StoreError> {
        let broken = |_| corrupt("approvals", "answer", self.row.id.as_str());
        let stored = json!({ "decision": self.body.decision, "evidence": self.body.evidence }).to_string();
        let seal = self.app.store.seal();
        Ok(Answered {
            id: self.row.id.clone(),
            phone_id: self.phone.id.clone(),
            decision_hash: self.decision_hash.clone(),
            answer: serde_json::to_string(kept).map_err(broken)?,
            evidence: Some(seal.seal(Place::ApprovalEvidence, self.row.id.as_str(), stored.as_bytes())),
        })
    }

    /// Refuses a decision that comes too late; a request whose time is over is marked so.
    async fn check_state(&self, also_approved: bool) -> Result<(), ApiError> {
        let state = super::approval::state(self.row, self.ctx.now)?;
        match state {
            State::Pending => Ok(()),
            State::Approved if also_approved => Ok(()),
            State::Expired => {
                let (ctx, row) = (self.ctx.clone(), self.row.clone());
                self.app.store.write(move |tx| Box::pin(async move { expire(tx, &ctx, &row).await })).await?;
                Err(settled(state))
            }
            state => Err(settled(state)),
        }
    }

    /// Deny and report: no evidence, and until the browser has come back also after an approval. No wins.
    async fn refuse(&self, verdict: Verdicted) -> Result<call::State, ApiError> {
        self.check_state(true).await?;
        let answered = self.answered(&Kept { state: verdict, unlock: None })?;
        let refusal = if verdict == Verdicted::Reported { Refusal::Reported } else { Refusal::Denied };
        let (ctx, row, app, account) = (self.ctx.clone(), self.row.clone(), self.app.clone(), self.account());
        let practice = self.request.op == Operation::Practice;
        let was_known = self.request.ctx.known && !practice;
        let (faster, asked) = self
            .app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    tx.hold_account(&account).await?;
                    let faster = if tx.deny_approval(&answered, refusal, ctx.now).await? {
                        sign_in::settled(tx, &ctx, &row, verdict.into()).await?;
                        if refusal == Refusal::Reported {
                            if was_known {
                                // It is somebody else's by now, and we can't tell which of them it is.
                                tx.forget_browsers_of(&account, ctx.now).await?;
                                remembered::forget(tx, &ctx, &account, Why::Reported).await?;
                            }
                            let detail = json!({ "ended_sessions": 0, "first": true });
                            budget::reported(&app, tx, &ctx, &account, &row, detail).await?;
                        }
                        None
                    } else {
                        lost(tx, &ctx, &row, &answered).await?
                    };
                    Ok::<_, StoreError>((faster, tx.phones_asked(&row.id).await?))
                })
            })
            .await?;
        self.wake(asked);
        faster.map_or_else(|| answer_for(verdict), |state| Err(settled(state)))
    }

    async fn approve(&self, decision: &Decision) -> Result<call::State, ApiError> {
        self.check_state(false).await?;
        if let Some(state) = self.approve_by(self.phone, decision).await? {
            return Ok(state);
        }
        // Another answer of this phone was faster, and its keys or its counter are no more those that were read: what
        // counts are those of now. Of two answers that a copied authenticator gives at once, one is not taken so.
        let known = super::phone::find(self.app, &self.phone.id).await?.ok_or_else(ApiError::not_found)?;
        let state = self.approve_by(&known.row, decision).await?;
        state.ok_or_else(|| StoreError::Lost.into())
    }

    /// The approval by evidence of this phone; `None` where its keys changed in the meantime.
    async fn approve_by(&self, phone: &PhoneRow, decision: &Decision) -> Result<Option<call::State>, ApiError> {
        let evidence = self.body.evidence.as_ref();
        let evidence = evidence.ok_or_else(|| ApiError::invalid("approve needs evidence"))?;
        // A locked phone approves nothing. Evidence by the PIN is still looked at: the fifth try may have been right.
        if phone.pin_left == 0 && matches!(evidence, Evidence::Webauthn { .. }) {
            return Err(ApiError::new(Code::Locked, "This phone is locked after too many wrong PINs."));
        }
        let hash = evidence_hash(&self.body.decision);
        let checked = evidence::check(self.app, phone, &self.request.unlock, evidence, &hash)?;
        let named = matches!(
            (decision.unlock, evidence),
            (UnlockedBy::Webauthn, Evidence::Webauthn { .. }) | (UnlockedBy::Pin, Evidence::Pin { .. })
        );
        let good = match checked {
            Ok(good) if named => good,
            Ok(_) => return Err(self.bad_evidence("the decision names another unlock method").await?),
            Err(evidence::BadEvidence(why)) => return Err(self.bad_evidence(&why).await?),
        };
        let sent = decision.number.as_deref().unwrap_or("");
        let right = ShownNumber::from_stored(self.row.number.clone()).matches(sent);
        let verdict = if right { Verdicted::Approved } else { Verdicted::Mismatch };
        let answered = self.answered(&Kept { state: verdict, unlock: Some(good.unlock) })?;
        let (ctx, row, phone) = (self.ctx.clone(), self.row.clone(), phone.clone());
        let (app, account) = (self.app.clone(), self.account());
        let done = self
            .app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    tx.hold_account(&account).await?;
                    let asked = tx.phones_asked(&row.id).await?;
                    let done = match verdict {
                        Verdicted::Mismatch => tx.mismatch_approval(&answered, ctx.now).await?,
                        _ => tx.approve_approval(&answered, ctx.now, ctx.now + CLAIM_WINDOW).await?,
                    };
                    if !done {
                        return Ok::<_, StoreError>((lost(tx, &ctx, &row, &answered).await?, asked, Vec::new()));
                    }
                    let ended = if verdict == Verdicted::Mismatch {
                        budget::wrong_number(&app, tx, &ctx, &account, &row).await?
                    } else {
                        budget::right_number(tx, &account, &row).await?;
                        Vec::new()
                    };
                    let phone = good.keep(tx, phone).await?;
                    tx.touch_phone(&phone.id, ctx.now).await?;
                    sign_in::settled(tx, &ctx, &row, verdict.into()).await?;
                    Ok((None, asked, ended))
                })
            })
            .await;
        let (faster, asked, ended) = match done {
            Err(StoreError::Lost) => return Ok(None),
            done => done?,
        };
        for id in ended {
            self.app.wake.tell(&Topic::Approval(id.to_string()));
        }
        self.wake(asked);
        faster.map_or_else(|| answer_for(verdict).map(Some), |state| Err(settled(state)))
    }

    async fn bad_evidence(&self, why: &str) -> Result<ApiError, StoreError> {
        let (ctx, row, why) = (self.ctx.clone(), self.row.clone(), why.to_owned());
        let (count, asked) = self
            .app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let count = tx.count_bad_evidence(&row.id, BAD_EVIDENCE, ctx.now).await?;
                    let (account, id) = (row.account_id.as_ref(), Some(row.id.as_str()));
                    let detail = json!({ "why": why, "count": count });
                    audit::record(tx, &ctx, akkoord_core::audit::Event::RequestBadEvidence, account, id, detail)
                        .await?;
                    if count.is_some_and(|count| count >= BAD_EVIDENCE) {
                        sign_in::settled(tx, &ctx, &row, State::Revoked).await?;
                    }
                    Ok::<_, StoreError>((count, tx.phones_asked(&row.id).await?))
                })
            })
            .await?;
        self.wake(asked);
        let mut error = ApiError::new(Code::WrongUnlock, "The evidence is not good for this decision.");
        let left = BAD_EVIDENCE.saturating_sub(count.unwrap_or(BAD_EVIDENCE));
        error.problem.left = Some(u32::try_from(left).unwrap_or(0));
        Ok(error)
    }

    /// Wakes the browser, and every phone that was asked: the others take the request off their screens.
    fn wake(&self, asked: Vec<PhoneId>) {
        self.app.wake.tell(&Topic::Approval(self.row.id.to_string()));
        for phone in asked {
            self.app.wake.tell(&Topic::Phone(phone.to_string()));
        }
    }
}

/// Somebody was faster: the state that the request is in now. `None` where that was this very decision, which the phone
/// sent again while the first was still under way: both have one answer.
async fn lost(tx: &mut Tx, ctx: &Ctx, row: &ApprovalRow, answered: &Answered) -> Result<Option<State>, StoreError> {
    expire(tx, ctx, row).await?;
    let row = tx.approval(&row.id).await?.ok_or_else(|| corrupt("approvals", "id", row.id.as_str()))?;
    let same_decision = row.decision_hash.as_ref() == Some(&answered.decision_hash);
    if same_decision && row.phone_id.as_ref() == Some(&answered.phone_id) {
        return Ok(None);
    }
    super::approval::state(&row, ctx.now).map(Some)
}

/// Marks a request whose time is over.
async fn expire(tx: &mut Tx, ctx: &Ctx, row: &ApprovalRow) -> Result<(), StoreError> {
    if tx.expire_approval(&row.id, ctx.now).await? {
        sign_in::settled(tx, ctx, row, State::Expired).await?;
    }
    Ok(())
}
