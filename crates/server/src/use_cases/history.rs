//! Past requests of an account, as its phones and its page see them, and reporting one afterwards.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::{AccountId, ApprovalId},
};
use akkoord_protocols::phone::{call::HistoryEntry, request};
use akkoord_store::{ApprovalRow, PhoneRow, SessionRow, StoreError, Tx};
use serde_json::json;

use super::{
    account::corrupt,
    approval, audit, budget,
    remembered::{self, Why},
};
use crate::{app::App, wake::Topic};

/// Entries of one answer.
pub const PAGE: i64 = 50;

/// Past requests of an account, newest first.
pub async fn of_account(
    app: &App,
    account: &AccountId,
    before: Option<ApprovalId>,
    limit: i64,
) -> Result<(Vec<ApprovalRow>, Vec<PhoneRow>), StoreError> {
    let account = account.clone();
    app.store.read(move |tx| Box::pin(async move { read(tx, &account, before.as_ref(), limit).await })).await
}

async fn read(
    tx: &mut Tx,
    account: &AccountId,
    before: Option<&ApprovalId>,
    limit: i64,
) -> Result<(Vec<ApprovalRow>, Vec<PhoneRow>), StoreError> {
    let rows = tx.history(account, before, limit).await?;
    let mut phones = tx.phones_of(account).await?;
    phones.extend(tx.removed_phones_of(account, 100).await?);
    Ok((rows, phones))
}

/// What the account page shows, as of one moment.
pub struct Recent {
    /// The last requests, newest first.
    pub requests: Vec<ApprovalRow>,
    /// The account's phones, removed ones too.
    pub phones: Vec<PhoneRow>,
    /// The last sessions that no phone let in, newest first.
    pub sessions: Vec<SessionRow>,
}

/// Reads what the account page shows. A sign-in without a phone asks for no request; its session tells of it.
pub async fn recent(app: &App, account: &AccountId, limit: i64) -> Result<Recent, StoreError> {
    let account = account.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let (requests, phones) = read(tx, &account, None, limit).await?;
                let sessions = tx.sessions_without_request(&account, limit).await?;
                Ok(Recent { requests, phones, sessions })
            })
        })
        .await
}

/// A past request as its phones are told.
pub fn entry(ctx: &Ctx, row: &ApprovalRow, phones: &[PhoneRow], own: &PhoneRow) -> Result<HistoryEntry, StoreError> {
    let broken = |column| corrupt("approvals", column, row.id.as_str());
    let state = if row.reported_at.is_some() { "REPORTED" } else { approval::state(row, ctx.now)?.wire() };
    let by = phones.iter().find(|phone| Some(&phone.id) == row.phone_id.as_ref());
    Ok(HistoryEntry {
        id: row.id.as_str().parse().map_err(|_| broken("id"))?,
        at: row.created_at.seconds(),
        op: serde_json::from_value(json!(row.operation)).map_err(|_| broken("operation"))?,
        app: request::App {
            id: row.client_id.parse().map_err(|_| broken("client_id"))?,
            name: row.client_name.parse().map_err(|_| broken("client_name"))?,
        },
        ctx: serde_json::from_str(&row.context).map_err(|_| broken("context"))?,
        state: state.to_owned(),
        phone: by.and_then(|phone| phone.name.parse().ok()),
        mine: row.phone_id.as_ref() == Some(&own.id),
    })
}

/// "It wasn't me", said of a past request: the sessions that it let in end. `None` where it is not this account's.
/// `proof` is kept with the entry, so that later nobody wonders who said so.
pub async fn report(
    app: &App,
    ctx: &Ctx,
    id: &ApprovalId,
    account: &AccountId,
    proof: &str,
) -> Result<Option<u64>, StoreError> {
    let (inner, id, account, proof) = (ctx.clone(), id.clone(), account.clone(), proof.to_owned());
    let app_too = app.clone();
    let topic = Topic::Approval(id.to_string());
    let ended = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&account).await?;
                let row = tx.approval(&id).await?.filter(|row| row.account_id.as_ref() == Some(&account));
                let Some(row) = row else { return Ok(None) };
                // First what is still open, so that a browser that comes back in between finds nothing to finish.
                let open = tx.report_open(&id, &account, inner.now).await?;
                let first = tx.report_consumed(&id, &account, inner.now).await? || open;
                // Whoever was let in is no known browser any more, and we can't tell which of them it was.
                tx.forget_browsers_of(&account, inner.now).await?;
                remembered::forget(tx, &inner, &account, Why::Reported).await?;
                let ended = tx.end_sessions_of_approval(&id, inner.now).await?;
                let detail = json!({ "ended_sessions": ended, "first": first, "proof": proof });
                if first {
                    budget::reported(&app_too, tx, &inner, &account, &row, detail).await?;
                } else {
                    audit::record(tx, &inner, Event::RequestReported, Some(&account), Some(id.as_str()), detail)
                        .await?;
                }
                Ok::<_, StoreError>(Some(ended))
            })
        })
        .await?;
    app.wake.tell(&topic);
    Ok(ended)
}
