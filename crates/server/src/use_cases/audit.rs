//! Writing audit events, in the transaction of the change they tell of.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::{AccountId, EventId},
};
use akkoord_store::{NewAuditEvent, StoreError, Tx};
use serde_json::Value;

/// Writes an event. `detail` holds no secret and no text that an attacker chose.
pub async fn record(
    tx: &mut Tx,
    ctx: &Ctx,
    event: Event,
    account: Option<&AccountId>,
    subject: Option<&str>,
    detail: Value,
) -> Result<(), StoreError> {
    tx.add_audit_event(&NewAuditEvent {
        id: EventId::new_at(ctx.now, &*ctx.random),
        at: ctx.now,
        event: event.as_str().to_owned(),
        actor: ctx.actor.to_text(),
        account_id: account.cloned(),
        subject: subject.map(str::to_owned),
        request_id: ctx.request_id.clone(),
        detail: detail.to_string(),
    })
    .await
}
