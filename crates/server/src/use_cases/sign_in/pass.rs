//! Signing in with a temporary access pass, to set up a phone.

use akkoord_core::{
    Ctx,
    approval::State,
    audit::Event,
    secret::Token,
    sign_in::{self, Proof, Step},
};
use akkoord_store::StoreError;
use serde_json::json;

use super::{attempt, settled};
use crate::{
    app::App,
    http::client::Client,
    use_cases::{
        access_pass::{self, Hashed},
        account, audit, budget,
        session::{self, CurrentSession, Started},
    },
};

/// How an access pass was taken.
pub enum PassTried {
    /// The browser is signed in, to set up a phone.
    SignedIn(Started, Option<String>),
    /// Wrong, used, too old, or nobody's: the same to the person.
    Refused,
    /// Too many tries.
    TooMany,
    /// No attempt: begin with the user name.
    NoAttempt,
}

/// Tries a temporary access pass. The hash is worked out before the writer is asked, also where there is no account,
/// so that the time tells nothing.
pub async fn try_access_pass(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    typed: &str,
    client: &Client,
    browser: Option<Token>,
    old: Option<CurrentSession>,
) -> Result<PassTried, StoreError> {
    let Some(attempt) = attempt(app, ctx, flow).await? else { return Ok(PassTried::NoAttempt) };
    match attempt.next_step(ctx) {
        Step::AskUserName => return Ok(PassTried::NoAttempt),
        Step::TellTooMany => return Ok(PassTried::TooMany),
        _ if attempt.row.pass_failures >= sign_in::TRIES => return Ok(PassTried::TooMany),
        _ => {}
    }
    let found = access_pass::find(app, ctx, attempt.row.account_id.as_ref(), typed).await?;
    let (ctx, client, service, hash) = (ctx.clone(), client.clone(), app.config.name.clone(), flow.hash());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let used = match found {
                    Some(Hashed { id, expires_at }) if tx.use_access_pass(&id, ctx.now).await? => {
                        Some((id, expires_at))
                    }
                    _ => None,
                };
                let account = match &attempt.row.account_id {
                    Some(id) => tx.account(id).await?.filter(|account| account.disabled_at.is_none()),
                    None => None,
                };
                let (Some((pass, expires_at)), Some(account)) = (used, account) else {
                    tx.count_pass_failure(&attempt.row.id).await?;
                    let account = attempt.row.account_id.as_ref();
                    audit::record(tx, &ctx, Event::AccessPassRefused, account, None, json!({})).await?;
                    return Ok(PassTried::Refused);
                };
                // Whoever has another method is not locked out of this one. The account comes before its requests.
                budget::unlock(tx, &ctx, &account.id).await?;
                if let Some(request) = &attempt.request
                    && tx.cancel_approval(&request.id, &hash, ctx.now).await?
                {
                    // The phone need not answer any more.
                    settled(tx, &ctx, request, State::Cancelled).await?;
                }
                if !tx.finish_sign_in(&attempt.row.id, Proof::AccessPass.as_str(), ctx.now).await? {
                    return Err(StoreError::Lost);
                }
                let detail = json!({ "browser": client.browser, "address": client.address, "network": client.network });
                audit::record(tx, &ctx, Event::AccessPassUsed, Some(&account.id), Some(pass.as_str()), detail).await?;
                let home = account::home(tx, &account, &service).await?;
                let start = session::Start {
                    account: &account,
                    policy: &home.policy,
                    proved: Proof::AccessPass.into(),
                    assurance: akkoord_core::session::Assurance::Bootstrap,
                    approval: None,
                    phone: None,
                    client: &client,
                    browser,
                    not_after: Some(expires_at),
                };
                let started = session::start(tx, &ctx, start).await?;
                session::replace(tx, &ctx, old.as_ref()).await?;
                Ok(PassTried::SignedIn(started, attempt.row.return_to))
            })
        })
        .await
}
