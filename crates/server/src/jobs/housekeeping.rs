//! Housekeeping: ends what is overdue, deletes what nobody needs any more, and takes up keys that were added elsewhere.
//!
//! It is tidiness, never correctness: each reader checks the times of the row it reads, so a server whose housekeeping
//! never ran would be bigger and no less safe.

use std::{panic::AssertUnwindSafe, time::Duration};

use akkoord_core::{Actor, Ctx, Timestamp};
use akkoord_store::{Store, StoreError, Tx};
use futures_util::{FutureExt, future::BoxFuture};

use crate::{
    app::App,
    use_cases::{server_key, sign_in},
    wake::Topic,
};

/// Sweeps once a minute until the application stops.
pub async fn run(app: &App) {
    let mut stopping = app.stopping.subscribe();
    while !*stopping.borrow_and_update() {
        match AssertUnwindSafe(sweep(app)).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error.cause = %error, "housekeeping failed; trying again in a minute"),
            Err(_) => tracing::error!("housekeeping stopped by a defect; trying again in a minute"),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            _ = stopping.changed() => {}
        }
    }
}

/// Does all of it once.
pub async fn sweep(app: &App) -> Result<(), StoreError> {
    app.replace_server_keys(server_key::load(&app.store).await?);
    let now = app.clock.now();
    expire(app, now).await?;
    for (delete, kept) in RULES {
        while delete_bite(&app.store, *delete, now - *kept).await? >= u64::from(BITE) {}
    }
    Ok(())
}

async fn expire(app: &App, now: Timestamp) -> Result<(), StoreError> {
    loop {
        let ctx = Ctx { now, ..app.own_ctx(Actor::System) };
        let write = app.store.write(move |tx| {
            Box::pin(async move {
                let ended = tx.expire_overdue_approvals(ctx.now, BITE.into()).await?;
                sign_in::all_settled(tx, &ctx, &ended).await?;
                Ok::<_, StoreError>(ended)
            })
        });
        let ended = write.await?;
        for request in &ended {
            app.wake.tell(&Topic::Approval(request.id.to_string()));
        }
        if ended.len() < usize::from(BITE) {
            break;
        }
    }
    loop {
        let ended = app
            .store
            .write(move |tx| Box::pin(async move { tx.expire_overdue_enrolments(now, BITE.into()).await }))
            .await?;
        for id in &ended {
            app.wake.tell(&Topic::Enrolment(id.to_string()));
        }
        if ended.len() < usize::from(BITE) {
            return Ok(());
        }
    }
}

type Delete = for<'t> fn(&'t mut Tx, Timestamp) -> BoxFuture<'t, Result<u64, StoreError>>;

/// Each bite is a write of its own, so that no sweep holds a sign-in up.
async fn delete_bite(store: &Store, delete: Delete, before: Timestamp) -> Result<u64, StoreError> {
    store.write(move |tx| delete(tx, before)).await
}

/// Rows per bite.
const BITE: u16 = 500;
const INTERVAL: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is deleted, and how long after its end it is kept. An account's phones stay, also
/// removed ones.
const RULES: &[(Delete, Duration)] = &[
    // Anybody can begin a sign-in or make us place a decoy, so these are the rows that an attack can pile up.
    (|tx, before| Box::pin(tx.delete_sign_ins(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_decoy_messages(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_decoys(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_events_of_decoys(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_pin_changes(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_answered_challenges(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_done_jobs(before, BITE.into())), DAY.saturating_mul(7)),
    (|tx, before| Box::pin(tx.delete_sessions(before, BITE.into())), DAY.saturating_mul(30)),
    (|tx, before| Box::pin(tx.delete_enrolments(before, BITE.into())), DAY.saturating_mul(30)),
    (|tx, before| Box::pin(tx.delete_notice_links(before, BITE.into())), DAY.saturating_mul(30)),
    // With signatures and addresses: what an inquiry needs. The messages stand on the requests and go first.
    (|tx, before| Box::pin(tx.delete_approval_messages(before, BITE.into())), DAY.saturating_mul(90)),
    (|tx, before| Box::pin(tx.delete_approvals(before, BITE.into())), DAY.saturating_mul(90)),
    // A browser that was away for a year is a new one again.
    (|tx, before| Box::pin(tx.delete_browsers(before, BITE.into())), DAY.saturating_mul(400)),
    (|tx, before| Box::pin(tx.delete_remembered_browsers(before, BITE.into())), DAY),
    (|tx, before| Box::pin(tx.delete_audit_events(before, BITE.into())), DAY.saturating_mul(730)),
];
