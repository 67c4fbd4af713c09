//! The steps that a person types: the password, and a verification code after it. Each records what it proved and returns to
//! the dispatcher.

use akkoord_core::{
    Ctx,
    approval::State,
    ids::PhoneId,
    secret::{Token, TokenHash},
    session::Assurance,
    sign_in::{self, Method, Proof, Step},
};
use akkoord_store::{ApprovalRow, StoreError, Tx};

use super::{Attempt, FRESH_PROOF, attempt, load, settled};
use crate::{
    app::App,
    http::client::Client,
    use_cases::{
        account, budget,
        code::{self, Tried},
        password::{self, Checked},
        remembered::{self, Remembering},
        session::{self, CurrentSession, Started},
    },
    wake::Topic,
};

/// Who signs in, as far as a new session needs it.
pub struct Signed<'a> {
    /// From where.
    pub client: &'a Client,
    /// The known-browser cookie that the browser sent.
    pub browser: Option<Token>,
    /// The session that the browser has.
    pub old: Option<CurrentSession>,
    /// Whether the browser is spared the second step, or asks to be.
    pub remembering: Remembering,
}

/// What came of a step.
pub enum StepTried {
    /// It was enough: the browser is signed in.
    SignedIn(Started, Option<String>),
    /// It was right, or was not asked: the dispatcher says what comes next.
    Next,
    /// It was wrong: a password, for whichever reason.
    WrongPassword,
    /// It was no code that is accepted.
    NotAccepted(Tried),
}

/// The person wants to give the password. The phone need not answer any more.
pub async fn choose_password(app: &App, ctx: &Ctx, flow: &Token) -> Result<(), StoreError> {
    let (hash, inner) = (flow.hash(), ctx.clone());
    let cancelled = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, inner.now).await? else { return Ok::<_, StoreError>(Vec::new()) };
                let method = Some(Method::Password.as_str());
                if !tx.set_sign_in_method(&attempt.row.id, method, inner.now).await? {
                    return Ok(Vec::new());
                }
                end_waiting(tx, &inner, &hash).await
            })
        })
        .await?;
    for phone in cancelled {
        app.wake.tell(&Topic::Phone(phone.to_string()));
    }
    Ok(())
}

/// The person wants another second step than the first that is offered.
pub async fn choose_method(app: &App, ctx: &Ctx, flow: &Token, method: Method) -> Result<(), StoreError> {
    let (hash, now) = (flow.hash(), ctx.now);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if let Some(attempt) = load(tx, &hash, now).await? {
                    tx.set_sign_in_method(&attempt.row.id, Some(method.as_str()), now).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Tries a password. The same is done for each name, known or not.
pub async fn try_password(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    typed: &str,
    signed: Signed<'_>,
) -> Result<StepTried, StoreError> {
    let Some(attempt) = attempt(app, ctx, flow).await? else { return Ok(StepTried::Next) };
    if attempt.next_step(ctx) != Step::AskPassword {
        return Ok(StepTried::Next);
    }
    let id = attempt.row.id.clone();
    if password::check(app, ctx, attempt.row.account_id.as_ref(), typed).await? == Checked::Wrong {
        app.store.write(move |tx| Box::pin(async move { tx.count_pass_failure(&id).await })).await?;
        return Ok(StepTried::WrongPassword);
    }
    let (ctx, hash, service) = (ctx.clone(), flow.hash(), app.config.name.clone());
    let (client, browser, old, remembering) = (signed.client.clone(), signed.browser, signed.old, signed.remembering);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, ctx.now).await? else { return Ok(StepTried::Next) };
                let signed = Signed { client: &client, browser, old, remembering };
                proceed(tx, &ctx, attempt, Proof::Password, signed, &service).await
            })
        })
        .await
}

/// Tries a verification code.
pub async fn try_code(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    typed: &str,
    signed: Signed<'_>,
) -> Result<StepTried, StoreError> {
    let (ctx, hash, typed, app_too) = (ctx.clone(), flow.hash(), typed.to_owned(), app.clone());
    let (client, browser, old, remembering) = (signed.client.clone(), signed.browser, signed.old, signed.remembering);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, ctx.now).await? else { return Ok(StepTried::Next) };
                let (Step::AskCode, Some(account)) = (attempt.next_step(&ctx), attempt.row.account_id.clone()) else {
                    return Ok(StepTried::Next);
                };
                match code::try_code(tx, app_too.store.seal(), &ctx, &account, &typed).await? {
                    Tried::Right => {
                        let signed = Signed { client: &client, browser, old, remembering };
                        proceed(tx, &ctx, attempt, Proof::Code, signed, &app_too.config.name).await
                    }
                    not @ Tried::Not(_) => Ok(StepTried::NotAccepted(not)),
                    other => {
                        tx.count_pass_failure(&attempt.row.id).await?;
                        Ok(StepTried::NotAccepted(other))
                    }
                }
            })
        })
        .await
}

/// Ends the request that the attempt of this flow waits for; the phones that were asked.
pub(super) async fn end_waiting(tx: &mut Tx, ctx: &Ctx, flow: &TokenHash) -> Result<Vec<PhoneId>, StoreError> {
    let request = load(tx, flow, ctx.now).await?.and_then(|attempt| attempt.request);
    match request {
        Some(request) if end_request(tx, ctx, flow, Some(&request)).await? => tx.phones_asked(&request.id).await,
        _ => Ok(Vec::new()),
    }
}

/// Ends the request of a browser that goes another way; whether it was open.
pub(super) async fn end_request(
    tx: &mut Tx,
    ctx: &Ctx,
    flow: &TokenHash,
    request: Option<&ApprovalRow>,
) -> Result<bool, StoreError> {
    let Some(request) = request else { return Ok(false) };
    let ended = tx.cancel_approval(&request.id, flow, ctx.now).await?;
    if ended {
        settled(tx, ctx, request, State::Cancelled).await?;
    }
    Ok(ended)
}

/// Records what a step proved, and signs in if that is enough.
pub(super) async fn proceed(
    tx: &mut Tx,
    ctx: &Ctx,
    attempt: Attempt,
    proof: Proof,
    signed: Signed<'_>,
    service: &str,
) -> Result<StepTried, StoreError> {
    let (row, first) = (attempt.row, attempt.proved.is_empty());
    let mut proved = attempt.proved.and(proof);
    let account = match &row.account_id {
        Some(id) => {
            // Whoever disables it waits until the session stands, and ends it then (T-SES-5).
            tx.hold_account(id).await?;
            tx.account(id).await?.filter(|account| account.disabled_at.is_none())
        }
        None => None,
    };
    // Before anything was proved nothing of the account was looked at.
    let second = if first { super::second_step(tx, &row, &proved).await? } else { attempt.second };
    let home = match &account {
        Some(account) => Some(account::home(tx, account, service).await?),
        None => None,
    };
    if let (Proof::Password, Some(account), Some(home)) = (proof, &account, &home)
        && row.purpose != FRESH_PROOF
        && remembered::is_remembered(tx, ctx, &home.policy, &account.id, signed.remembering.cookie.as_ref()).await?
    {
        proved = proved.and(Proof::RememberedBrowser);
    }
    let (Some(assurance), Some(account), Some(home)) = (sign_in::enough(&proved, &second), account, home) else {
        tx.record_proved(&row.id, &row.proved, &proved.to_string(), ctx.now).await?;
        return Ok(StepTried::Next);
    };
    // Of two steps at once one finishes the attempt; the other finds it finished.
    if !tx.finish_sign_in(&row.id, &proved.to_string(), ctx.now).await? {
        return Ok(StepTried::Next);
    }
    if proved.has(Proof::RecoveryCode) {
        // Whoever has another method is not locked out of this one.
        budget::unlock(tx, ctx, &account.id).await?;
    }
    // What is for setting up lasts as long as a pass for it would.
    let not_after = (assurance == Assurance::Bootstrap).then(|| ctx.now + home.policy.access_pass_lifetime());
    let start = session::Start {
        account: &account,
        policy: &home.policy,
        proved,
        assurance,
        approval: None,
        phone: None,
        client: signed.client,
        browser: signed.browser,
        not_after,
    };
    let mut started = session::start(tx, ctx, start).await?;
    if signed.remembering.asked && proof == Proof::Code {
        let cookie = signed.remembering.cookie.as_ref();
        started.remembered = remembered::remember(tx, ctx, &home.policy, &account.id, cookie, signed.client).await?;
    }
    session::replace(tx, ctx, signed.old.as_ref()).await?;
    Ok(StepTried::SignedIn(started, row.return_to))
}
