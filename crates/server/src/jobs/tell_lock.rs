//! The job that tells a person that their phone is locked: some time after its last PIN try, unless the PIN was right.
//! The server learns that only from the decision that follows, so it waits for one.

use std::time::Duration;

use akkoord_core::{
    Actor, Ctx,
    audit::Event,
    ids::{JobId, PhoneId},
};
use akkoord_store::{JobRow, Lane, NewJob, Place, StoreError, Tx};
use serde_json::json;

use super::Outcome;
use crate::{
    app::App,
    use_cases::{
        audit,
        notice::{self, PhoneNotice},
        phone::{self, Known},
    },
};

/// The kind of job, as stored.
pub(super) const KIND: &str = "tell_lock";

/// How long a decision with the right PIN may take to come.
const PATIENCE: Duration = Duration::from_secs(120);

/// Queues it.
pub(super) async fn queue(tx: &mut Tx, ctx: &Ctx, phone: &PhoneId) -> Result<(), StoreError> {
    let id = JobId::new(&*ctx.random);
    let payload = tx.seal().seal(Place::JobPayload, id.as_str(), phone.as_str().as_bytes());
    let run_at = ctx.now + PATIENCE;
    let (kind, lane, subject) = (KIND.to_owned(), Lane::Rest, None);
    tx.add_job(&NewJob { id, kind, lane, subject, payload, run_at, created_at: ctx.now }).await
}

/// Tells, if the phone is still locked.
pub(super) async fn run(app: &App, job: &JobRow) -> Outcome {
    let opened = app.store.seal().open(Place::JobPayload, job.id.as_str(), &job.payload);
    let id = opened.ok().and_then(|plain| std::str::from_utf8(&plain).ok().and_then(|text| text.parse().ok()));
    let Some(id) = id else { return Outcome::GivenUp("its payload does not read".to_owned()) };
    match tell(app, &id).await {
        Ok(()) => Outcome::Done,
        Err(error) => Outcome::Later(error.to_string()),
    }
}

async fn tell(app: &App, id: &PhoneId) -> Result<(), StoreError> {
    let Some(known) = phone::find(app, id).await? else { return Ok(()) };
    if known.row.pin_left > 0 || known.row.revoked_at.is_some() {
        return Ok(());
    }
    let (ctx, app_too) = (app.own_ctx(Actor::System), app.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let Known { row, account, home } = &known;
                audit::record(tx, &ctx, Event::PhoneLocked, Some(&account.id), Some(row.id.as_str()), json!({}))
                    .await?;
                let told = PhoneNotice { id: row.id.clone(), name: row.name.clone(), platform: row.platform.clone() };
                notice::phone_locked(&app_too, tx, &ctx, account, home, &told).await
            })
        })
        .await
}
