//! Whether a start may ring, and what wrong numbers and reports lead to. The rules stand in `akkoord_core::budget`; here
//! they are asked in the transaction that places the request or settles it.

use akkoord_core::{
    Ctx,
    audit::Event,
    budget::{self, Holds, Limits, Marks, Past, Start, Verdict, WRONG_NUMBERS_LOCK},
    ids::{AccountId, ApprovalId},
};
use akkoord_protocols::phone::request::Operation;
use akkoord_store::{AccountRow, ApprovalRow, PhoneRow, StoreError, Tx};
use serde_json::{Value, json};

use super::{account, audit, notice, sign_in};
use crate::app::App;

/// Decides what becomes of a start. The account is held until the request stands, so that of two starts at one moment the
/// second counts the first. An announcement of the phone is used up by the first start after it, also where it would have
/// rung anyway: it is for one. For a name that nobody has the same is asked of an id that no account has.
pub async fn decide(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountId,
    known_browser: bool,
    limits: &Limits,
) -> Result<(Start, Verdict), StoreError> {
    let marks = tx.hold_account(account).await?.unwrap_or_default();
    let start = Start::of(known_browser, tx.use_expectation(account, ctx.now).await?);
    let past = tx.past_requests(account, ctx.now - budget::LOOK_BACK).await?;
    Ok((start, budget::decide(start, &marks, &past, limits, ctx.now)))
}

/// What holds an account back, for operators.
pub fn holds(ctx: &Ctx, account: &AccountRow, phones: &[PhoneRow], past: &[Past]) -> Holds {
    let marks = Marks {
        locked_at: account.approval_locked_at,
        unlocked_at: account.approval_unlocked_at,
        reported_at: account.reported_at,
        unknown_browsers_at: phones.iter().filter_map(|phone| phone.unknown_browsers_at).max(),
    };
    Holds::of(&marks, past, ctx.now)
}

/// Counts a wrong number, in the transaction that settles its request. The one that locks phone approval also ends what waits, for each of those could be guessed once
/// more, and its person is told. Returns the requests that it ended.
pub async fn wrong_number(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountId,
    request: &ApprovalRow,
) -> Result<Vec<ApprovalId>, StoreError> {
    if is_practice(request) || !tx.count_wrong_number(account, WRONG_NUMBERS_LOCK, ctx.now).await? {
        return Ok(Vec::new());
    }
    let ended = tx.revoke_approvals_of_account(account, ctx.now).await?;
    sign_in::all_settled(tx, ctx, &ended).await?;
    let detail = json!({ "requests": ended.len() });
    audit::record(tx, ctx, Event::ApprovalLocked, Some(account), Some(account.as_str()), detail).await?;
    if let Some(row) = tx.account(account).await? {
        let home = account::home(tx, &row, &app.config.name).await?;
        notice::approval_locked(app, tx, ctx, &row, &home).await?;
    }
    Ok(ended.into_iter().map(|request| request.id).collect())
}

/// A right number came: those before it were slips.
pub async fn right_number(tx: &mut Tx, account: &AccountId, request: &ApprovalRow) -> Result<(), StoreError> {
    if !is_practice(request) {
        tx.forget_wrong_numbers(account).await?;
    }
    Ok(())
}

/// Ends the lock and the pause after wrong numbers; whether there was a lock.
pub async fn unlock(tx: &mut Tx, ctx: &Ctx, account: &AccountId) -> Result<bool, StoreError> {
    let was_locked = tx.unlock_approval(account, ctx.now).await?;
    if was_locked {
        audit::record(tx, ctx, Event::ApprovalUnlocked, Some(account), Some(account.as_str()), json!({})).await?;
    }
    Ok(was_locked)
}

/// One of the account's phones said "It wasn't me" of a request, which the same transaction settled: unknown browsers stop
/// ringing, and the administrators are told.
pub async fn reported(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountId,
    request: &ApprovalRow,
    detail: Value,
) -> Result<(), StoreError> {
    audit::record(tx, ctx, Event::RequestReported, Some(account), Some(request.id.as_str()), detail).await?;
    if is_practice(request) {
        return Ok(());
    }
    tx.note_report(account, ctx.now).await?;
    let Some(row) = tx.account(account).await? else { return Ok(()) };
    notice::request_reported(app, tx, ctx, &row, request).await
}

/// Practice signs nobody in: whoever tries its buttons has seen nothing of a stranger.
fn is_practice(request: &ApprovalRow) -> bool {
    request.operation == Operation::Practice.as_str()
}
