//! Signing in with a recovery code, to set up a phone.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::AccountId,
    secret::Token,
    sign_in::{self, Method, Proof, Step},
};
use akkoord_store::StoreError;
use serde_json::json;

use super::{
    Signed, StepTried, attempt, load,
    steps::{end_request, proceed},
};
use crate::{
    app::App,
    use_cases::{
        audit, recovery_code,
        remembered::Remembering,
        session::{CurrentSession, Started},
    },
};

/// How a recovery code was taken.
pub enum RecoveryTried {
    /// It was enough: the browser is signed in, to set up a phone.
    SignedIn(Started, Option<String>),
    /// It was right, and the dispatcher says what else is asked.
    Next,
    /// Wrong, used, replaced, or nobody's: the same to the person.
    Refused,
    /// Too many tries.
    TooMany,
    /// No attempt: begin with the user name.
    NoAttempt,
}

/// Tries a recovery code. The hash is worked out before the writer is asked, also where there is no account, so that the time
/// tells nothing. The code is used up and what it proved is recorded together, or neither is.
pub async fn try_recovery_code(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    typed: &str,
    signed: Signed<'_>,
) -> Result<RecoveryTried, StoreError> {
    let Some(before) = attempt(app, ctx, flow).await? else { return Ok(RecoveryTried::NoAttempt) };
    match before.next_step(ctx) {
        Step::AskUserName => return Ok(RecoveryTried::NoAttempt),
        _ if before.row.pass_failures >= sign_in::TRIES => return Ok(RecoveryTried::TooMany),
        _ => {}
    }
    let found = recovery_code::find(app, ctx, before.row.account_id.as_ref(), typed).await?;
    let (app_too, ctx, hash) = (app.clone(), ctx.clone(), flow.hash());
    let (client, browser, old): (_, _, Option<CurrentSession>) = (signed.client.clone(), signed.browser, signed.old);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                // For a name that nobody has the same is asked of an id that no account has.
                let id = before.row.account_id.unwrap_or_else(|| AccountId::new(&*ctx.random));
                tx.hold_account(&id).await?;
                let account = tx.account(&id).await?.filter(|account| account.disabled_at.is_none());
                let Some(attempt) = load(tx, &hash, ctx.now).await? else { return Ok(RecoveryTried::NoAttempt) };
                if attempt.next_step(&ctx) == Step::AskUserName {
                    return Ok(RecoveryTried::NoAttempt);
                }
                let id = attempt.row.id.clone();
                let from = json!({ "browser": client.browser, "address": client.address, "network": client.network });
                let used = match (&account, found) {
                    (Some(account), Some(code)) => {
                        recovery_code::use_up(&app_too, tx, &ctx, account, &code, from).await?
                    }
                    _ => false,
                };
                if !used {
                    tx.count_pass_failure(&id).await?;
                    let account = attempt.row.account_id.as_ref();
                    audit::record(tx, &ctx, Event::RecoveryCodeRefused, account, None, json!({})).await?;
                    return Ok(RecoveryTried::Refused);
                }
                // Where the account has a password, that comes next; the phone need not answer any more.
                tx.set_sign_in_method(&id, Some(Method::Password.as_str()), ctx.now).await?;
                end_request(tx, &ctx, &hash, attempt.request.as_ref()).await?;
                let signed = Signed { client: &client, browser, old, remembering: Remembering::default() };
                match proceed(tx, &ctx, attempt, Proof::RecoveryCode, signed, &app_too.config.name).await? {
                    StepTried::SignedIn(started, return_to) => Ok(RecoveryTried::SignedIn(started, return_to)),
                    _ => match load(tx, &hash, ctx.now).await? {
                        Some(attempt) if attempt.proved.has(Proof::RecoveryCode) => Ok(RecoveryTried::Next),
                        // Another step was recorded at the same moment: the code is not lost for that.
                        _ => Err(StoreError::Lost),
                    },
                }
            })
        })
        .await
}
