//! The end of a sign-in by phone: the request is consumed and the session starts.

use akkoord_core::{
    Ctx,
    secret::Token,
    sign_in::{self, Step},
};
use akkoord_store::{AccountRow, ApprovalRow, StoreError, Tx};

use super::load;
use crate::{
    app::App,
    http::client::Client,
    use_cases::{
        account, decision,
        session::{self, CurrentSession, Started},
    },
    wake::Topic,
};

/// How finishing ended.
pub enum Finished {
    /// The browser is signed in.
    SignedIn(Started, Option<String>),
    /// It was not to be: the dispatcher says what to show.
    NotYet,
}

/// Finishes an attempt whose request was approved: consumes it and starts the session, in one transaction. Of many
/// tries at once one wins; the others find the attempt finished. The attempt is read in that transaction too: on SQLite
/// the writer has its pages at hand, where a reader begins anew after each commit.
pub async fn finish(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    client: &Client,
    browser: Option<Token>,
    old: Option<CurrentSession>,
) -> Result<Finished, StoreError> {
    let (ctx, hash, client, service) = (ctx.clone(), flow.hash(), client.clone(), app.config.name.clone());
    let finished = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, ctx.now).await? else { return Ok(None) };
                let (Step::Finish, Some(request)) = (attempt.next_step(&ctx), &attempt.request) else {
                    return Ok(None);
                };
                if !tx.consume_approval(&request.id, &hash, ctx.now).await? {
                    return Ok(None);
                }
                // The request is consumed only for an account that is there and active; its own row names it.
                let Some(account) = account_of(tx, request).await? else {
                    return Err(account::corrupt("approvals", "account_id", request.id.as_str()));
                };
                let home = account::home(tx, &account, &service).await?;
                // Its answer was read when it was approved already, and doesn't change after that.
                let proof = decision::proof_of(request)?;
                let proved = attempt.proved.and(proof);
                let assurance = sign_in::enough(&proved, &attempt.second).ok_or(StoreError::Lost)?;
                if !tx.finish_sign_in(&attempt.row.id, &proved.to_string(), ctx.now).await? {
                    return Err(StoreError::Lost);
                }
                let start = session::Start {
                    account: &account,
                    policy: &home.policy,
                    proved,
                    assurance,
                    approval: Some(request.id.clone()),
                    phone: request.phone_id.clone(),
                    client: &client,
                    browser,
                    not_after: None,
                };
                let started = session::start(tx, &ctx, start).await?;
                session::replace(tx, &ctx, old.as_ref()).await?;
                Ok::<_, StoreError>(Some((request.id.clone(), started, attempt.row.return_to)))
            })
        })
        .await?;
    let Some((request, started, return_to)) = finished else { return Ok(Finished::NotYet) };
    app.wake.tell(&Topic::Approval(request.to_string()));
    Ok(Finished::SignedIn(started, return_to))
}

async fn account_of(tx: &mut Tx, request: &ApprovalRow) -> Result<Option<AccountRow>, StoreError> {
    match &request.account_id {
        Some(id) => tx.account(id).await,
        None => Ok(None),
    }
}
