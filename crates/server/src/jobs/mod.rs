//! Jobs: what has to be done soon and outlives the request that wanted it. One file per kind.
//!
//! A job is a row, written in the transaction that wants its effect. Whoever claims it has it for a while; if that
//! process dies, another takes it, so each kind must bear being done twice. Nothing here decides for people: a job
//! that is late, lost or done twice never lets anybody in.

pub mod clock_check;
pub mod housekeeping;
mod send_mail;
mod tell_lock;

use std::{panic::AssertUnwindSafe, time::Duration};

use akkoord_core::{Actor, Ctx, ids::PhoneId};
use akkoord_store::{JobRow, StoreError, Tx};
use futures_util::{FutureExt, future};

use crate::app::App;

/// Works until the application stops.
pub async fn run(app: App) {
    future::join(work(&app), housekeeping::run(&app)).await;
}

/// Queues a mail, in the transaction of what it tells of.
pub async fn queue_mail(tx: &mut Tx, ctx: &Ctx, to: &str, subject: String, body: String) -> Result<(), StoreError> {
    send_mail::queue(tx, ctx, to, subject, body).await
}

/// Tells a phone's owner later that it is locked, unless the last PIN try was right. Queued with that try.
pub async fn queue_lock_notice(tx: &mut Tx, ctx: &Ctx, phone: &PhoneId) -> Result<(), StoreError> {
    tell_lock::queue(tx, ctx, phone).await
}

/// Does what is due now and returns how many jobs that were. [`run`] calls it again and again; tests call it once.
pub async fn run_due(app: &App) -> Result<usize, StoreError> {
    let mut done = 0;
    loop {
        let batch = run_batch(app).await?;
        done += batch;
        if batch < BATCH {
            return Ok(done);
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is done.
    Done,
    /// It failed and may succeed later.
    Later(String),
    /// It failed for good.
    GivenUp(String),
}

async fn work(app: &App) {
    let mut stopping = app.stopping.subscribe();
    while !*stopping.borrow_and_update() {
        let round = AssertUnwindSafe(run_due(app)).catch_unwind().await;
        let pause = match round {
            Ok(Ok(_)) => IDLE,
            Ok(Err(error)) => {
                tracing::warn!(error.cause = %error, "jobs could not be read; trying again");
                AFTER_FAILURE
            }
            Err(_) => {
                tracing::error!("a job stopped by a defect; going on with the others");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.changed() => {}
        }
    }
}

async fn run_batch(app: &App) -> Result<usize, StoreError> {
    // Claiming is a write, so an idle server asks first: one count over the index of open jobs.
    if app.store.read(|tx| Box::pin(async move { tx.count_open_jobs().await })).await? == 0 {
        return Ok(0);
    }
    let now = app.clock.now();
    let jobs =
        app.store.write(move |tx| Box::pin(async move { tx.claim_jobs(now, now + CLAIM, BATCH_ROWS).await })).await?;
    let count = jobs.len();
    let ended = future::join_all(jobs.into_iter().map(|job| run_one(app, job))).await;
    ended.into_iter().collect::<Result<(), _>>()?;
    Ok(count)
}

async fn run_one(app: &App, job: JobRow) -> Result<(), StoreError> {
    // Beyond the last try only a job that ends its process comes back: it was claimed and never answered for.
    let outcome = if job.attempts > TRIES {
        Outcome::GivenUp("every try ended without an answer".to_owned())
    } else {
        match job.kind.as_str() {
            send_mail::KIND => send_mail::run(app, &job).await,
            tell_lock::KIND => tell_lock::run(app, &job).await,
            // A newer server queued it while the two run side by side: it will take it.
            _ => Outcome::Later("this version does not know this kind of job".to_owned()),
        }
    };
    record(app, job, outcome).await
}

async fn record(app: &App, job: JobRow, outcome: Outcome) -> Result<(), StoreError> {
    let ctx = app.own_ctx(Actor::System);
    let pause = usize::try_from(job.attempts - 1).ok().and_then(|tried| PAUSES.get(tried)).copied();
    let (id, kind) = (job.id.to_string(), job.kind.clone());
    let kept = match (outcome, pause) {
        (Outcome::Done, _) => {
            app.store.write(move |tx| Box::pin(async move { tx.finish_job(&job, ctx.now).await })).await?
        }
        (Outcome::Later(error), Some(pause)) => {
            let minutes = pause.as_secs() / 60;
            tracing::warn!(job.id = %id, job.kind = %kind, error.cause = %error, minutes, "a job failed and is tried again");
            let run_at = ctx.now + pause;
            app.store.write(move |tx| Box::pin(async move { tx.retry_job(&job, &error, run_at).await })).await?
        }
        (Outcome::Later(error), None) | (Outcome::GivenUp(error), _) => {
            tracing::error!(job.id = %id, job.kind = %kind, error.cause = %error, "a job failed and is given up");
            app.store.write(move |tx| Box::pin(async move { tx.abandon_job(&job, &error, ctx.now).await })).await?
        }
    };
    if !kept {
        tracing::warn!(job.id = %id, job.kind = %kind, "a job took longer than its claim, so it may have been done twice");
    }
    Ok(())
}

/// How long a claim lasts: longer than any kind takes.
const CLAIM: Duration = Duration::from_secs(30);
/// Jobs that are done side by side.
const BATCH: usize = 4;
const BATCH_ROWS: i64 = 4;
/// How soon a job is found.
const IDLE: Duration = Duration::from_secs(1);
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// The pause after each try. With them a mail server may be away for half a day.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3600),
    Duration::from_secs(3 * 3600),
    Duration::from_secs(6 * 3600),
];
const TRIES: i64 = 8;

#[cfg(test)]
mod tests;
