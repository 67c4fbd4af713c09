//! Signing a browser in: the attempt, its request, and the end of it.
//!
//! Steps record what they proved in the attempt and return to the dispatcher in `akkoord_core::sign_in`.

mod finish;
mod key;
mod pass;
mod recovery;
mod start;
mod steps;

use akkoord_core::{
    Ctx, Timestamp,
    approval::State,
    audit::Event,
    ids::{AccountId, ApprovalId},
    secret::{Token, TokenHash},
    sign_in::{self, Method, Proof, Proved, SecondStep, SignIn, Step, TwoStep},
};
use akkoord_store::{AccountRow, ApprovalRow, Ended, SignInRow, StoreError, Tx};
use serde_json::json;

pub use self::{
    finish::{Finished, finish},
    key::{Answer, KeyTried, ask_for_passkey, ask_for_security_key, try_passkey, try_security_key},
    pass::{PassTried, try_access_pass},
    recovery::{RecoveryTried, try_recovery_code},
    start::{Aim, First, start, start_without_request},
    steps::{Signed, StepTried, choose_method, choose_password, try_code, try_password},
};
use super::{account, approval, audit};
use crate::{app::App, wake::Topic};

/// The purpose of an attempt for a session that changes how its account is protected: no browser is spared a step of it.
pub const FRESH_PROOF: &str = "fresh-proof";

/// An attempt with its request.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The row.
    pub row: SignInRow,
    /// The request to the phone.
    pub request: Option<ApprovalRow>,
    /// Its state as of now.
    pub request_state: Option<State>,
    /// What was proved so far.
    pub proved: Proved,
    /// What the account has for the second step; nothing before its password was right.
    pub second: SecondStep,
}

impl Attempt {
    /// What comes next.
    pub fn next_step(&self, ctx: &Ctx) -> Step {
        sign_in::next_step(Some(&SignIn {
            proved: self.proved.clone(),
            chosen: self.row.chosen.as_deref().and_then(|word| word.parse::<Method>().ok()),
            request: self.request_state,
            over: self.row.finished_at.is_some() || ctx.now >= self.row.expires_at,
            failures: self.row.pass_failures,
            second: self.second,
        }))
    }
}

/// The attempt of a flow cookie.
pub async fn attempt(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<Attempt>, StoreError> {
    let (now, hash) = (ctx.now, flow.hash());
    app.store.read(move |tx| Box::pin(async move { load(tx, &hash, now).await })).await
}

/// What a browser that has signed this account in before is told besides; nothing to any other.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The names of the phones that are asked.
    pub phone_names: Vec<String>,
    /// Whether phone approval of the account is locked.
    pub locked: bool,
}

/// The same, with what this browser may be told.
pub async fn attempt_with_told(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<(Attempt, Told)>, StoreError> {
    let (now, hash) = (ctx.now, flow.hash());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, now).await? else { return Ok(None) };
                let mut told = Told::default();
                if attempt.row.known_browser_at.is_some() {
                    if let Some(request) = &attempt.request {
                        told.phone_names = tx.names_of_phones_asked(&request.id).await?;
                    }
                    if let Some(id) = &attempt.row.account_id {
                        told.locked = tx.account(id).await?.is_some_and(|row| row.approval_locked_at.is_some());
                    }
                }
                Ok(Some((attempt, told)))
            })
        })
        .await
}

async fn load(tx: &mut Tx, flow: &TokenHash, now: Timestamp) -> Result<Option<Attempt>, StoreError> {
    let Some(row) = tx.sign_in_by_flow(flow).await? else { return Ok(None) };
    let request = match &row.approval_id {
        Some(id) => tx.approval(id).await?,
        None => None,
    };
    let request_state = request.as_ref().map(|request| approval::state(request, now)).transpose()?;
    let proved: Proved = row.proved.parse().map_err(|_| account::corrupt("sign_ins", "proved", row.id.as_str()))?;
    let second = second_step(tx, &row, &proved).await?;
    Ok(Some(Attempt { row, request, request_state, proved, second }))
}

/// What the account has for what comes next. Nothing is read before its password or a recovery code was right, so that until
/// then nothing differs for a name that nobody has.
async fn second_step(tx: &mut Tx, row: &SignInRow, proved: &Proved) -> Result<SecondStep, StoreError> {
    let anything = proved.has(Proof::Password) || proved.has(Proof::RecoveryCode);
    let Some(id) = row.account_id.as_ref().filter(|_| anything) else {
        return Ok(SecondStep::default());
    };
    match tx.account(id).await? {
        Some(account) => second_step_of(tx, &account).await,
        None => Ok(SecondStep::default()),
    }
}

/// What an account has for the second step. A phone that has phone sign-in off still makes its verification codes.
pub async fn second_step_of(tx: &mut Tx, account: &AccountRow) -> Result<SecondStep, StoreError> {
    let id = &account.id;
    let policy = account::home(tx, account, "").await?.policy;
    let two_step = TwoStep::of(account.two_step_at, policy.two_step_required);
    let phone = !approval::answering_phones(&tx.phones_of(id).await?, &policy).is_empty();
    let code = !tx.code_secrets_of(id).await?.is_empty();
    let password = tx.password(id).await?.is_some();
    let key = !tx.credentials_of(id).await?.is_empty();
    let default = account.default_step.as_deref().map(str::parse::<Method>).transpose();
    let default = default.map_err(|_| account::corrupt("accounts", "default_step", id.as_str()))?;
    let strongest_first = policy.strongest_first;
    Ok(SecondStep { two_step, phone, code, key, password, default, strongest_first })
}

/// The number of an attempt is on the screen: its phones may ring.
pub async fn note_shown(app: &App, ctx: &Ctx, flow: &Token, request: &ApprovalId) -> Result<(), StoreError> {
    let (now, hash, id) = (ctx.now, flow.hash(), request.clone());
    let hastened = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.note_shown(&id, &hash, now).await?;
                tx.hasten_jobs(id.as_str(), now).await
            })
        })
        .await?;
    if hastened > 0 {
        app.job_queued.notify_one();
    }
    Ok(())
}

/// The browser gives up: its request ends, and the phone stops asking.
pub async fn cancel(app: &App, ctx: &Ctx, flow: &Token) -> Result<(), StoreError> {
    let Some(attempt) = attempt(app, ctx, flow).await? else { return Ok(()) };
    let Some(request) = attempt.request else { return Ok(()) };
    let (inner, hash, id) = (ctx.clone(), flow.hash(), request.id.clone());
    let phones = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.cancel_approval(&id, &hash, inner.now).await? {
                    return Ok(Vec::new());
                }
                settled(tx, &inner, &request, State::Cancelled).await?;
                tx.phones_asked(&id).await
            })
        })
        .await?;
    for phone in phones {
        app.wake.tell(&Topic::Phone(phone.to_string()));
    }
    Ok(())
}

/// Tells the audit how a request ended, or that it was approved.
pub async fn settled(tx: &mut Tx, ctx: &Ctx, request: &ApprovalRow, state: State) -> Result<(), StoreError> {
    tell(tx, ctx, request.account_id.as_ref(), &request.id, &request.operation, state.as_str()).await
}

/// Tells the audit of each request that ended.
pub async fn all_settled(tx: &mut Tx, ctx: &Ctx, all: &[Ended]) -> Result<(), StoreError> {
    for ended in all {
        let Ended { id, account_id, operation, state } = ended;
        tell(tx, ctx, account_id.as_ref(), id, operation, state.as_str()).await?;
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    ctx: &Ctx,
    account: Option<&AccountId>,
    id: &ApprovalId,
    operation: &str,
    state: &str,
) -> Result<(), StoreError> {
    // Also of decoys, which are nobody's: what is done for one must not differ. Housekeeping takes their events soon.
    let detail = json!({ "state": state, "operation": operation });
    audit::record(tx, ctx, Event::RequestSettled, account, Some(id.as_str()), detail).await
}
