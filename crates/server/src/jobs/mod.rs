//! Jobs: what has to be done soon and outlives the request that wanted it. One file per kind.
//!
//! A job is a row, written in the transaction that wants its effect. Whoever claims it has it for a while; if that
//! process dies, another takes it, so each kind must bear being done twice. Nothing here decides for people: a job
//! that is late, lost or done twice never lets anybody in.

pub mod clock_check;
pub mod housekeeping;
mod send_mail;
mod send_push;
mod tell_lock;

use std::{panic::AssertUnwindSafe, time::Duration};

use akkoord_core::{
    Actor, Ctx, Timestamp,
    ids::{ApprovalId, PhoneId},
};
use akkoord_store::{JobRow, Lane, StoreError, Tx};
use futures_util::{FutureExt, StreamExt, future, stream::FuturesUnordered};

use crate::app::App;

/// Works until the application stops.
pub async fn run(app: App) {
    tokio::join!(work(&app, &PUSHES), work(&app, &REST), housekeeping::run(&app));
}

/// Queues a mail, in the transaction of what it tells of.
pub async fn queue_mail(tx: &mut Tx, ctx: &Ctx, to: &str, subject: String, body: String) -> Result<(), StoreError> {
    send_mail::queue(tx, ctx, to, subject, body).await
}

/// Tells a phone's owner later that it is locked, unless the last PIN try was right. Queued with that try.
pub async fn queue_lock_notice(tx: &mut Tx, ctx: &Ctx, phone: &PhoneId) -> Result<(), StoreError> {
    tell_lock::queue(tx, ctx, phone).await
}

/// Rings the phones that a request asks and that want to be rung, not before `run_at`, in the transaction that places
/// it. Returns how many.
pub async fn queue_pushes(
    tx: &mut Tx,
    ctx: &Ctx,
    request: &ApprovalId,
    run_at: Timestamp,
) -> Result<usize, StoreError> {
    send_push::queue(tx, ctx, request, run_at).await
}

/// Sends a phone the push that it asked for.
pub async fn queue_test_push(tx: &mut Tx, ctx: &Ctx, phone: &PhoneId) -> Result<(), StoreError> {
    send_push::queue_test(tx, ctx, phone).await
}

/// Does what is due now and returns how many jobs that were. [`run`] does the same all the time; tests call this once.
pub async fn run_due(app: &App) -> Result<usize, StoreError> {
    let mut done = 0;
    for worker in [&PUSHES, &REST] {
        loop {
            let jobs = claim(app, worker, worker.most).await?;
            if jobs.is_empty() {
                break;
            }
            done += jobs.len();
            let ended = future::join_all(jobs.into_iter().map(|job| run_one(app, job))).await;
            ended.into_iter().collect::<Result<(), _>>()?;
        }
    }
    Ok(done)
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is done.
    Done,
    /// It failed and may succeed after the usual pause.
    Later(String),
    /// It failed and may succeed after this time.
    After(Duration, String),
    /// It failed for good.
    GivenUp(String),
}

/// One lane and how much of it is done at once.
struct Worker {
    lane: Lane,
    most: usize,
}

async fn work(app: &App, worker: &Worker) {
    let mut stopping = app.stopping.subscribe();
    let mut doing = FuturesUnordered::new();
    while !*stopping.borrow_and_update() {
        // Whoever is slow keeps one place; the others are done meanwhile.
        let pause = match claim(app, worker, worker.most - doing.len()).await {
            Ok(jobs) => {
                doing.extend(jobs.into_iter().map(|job| AssertUnwindSafe(run_one(app, job)).catch_unwind()));
                until_next(app, worker, doing.len()).await
            }
            Err(error) => Err(error),
        };
        let pause = pause.unwrap_or_else(|error| {
            tracing::warn!(error.cause = %error, "jobs could not be read; trying again");
            AFTER_FAILURE
        });
        tokio::select! {
            Some(ended) = doing.next(), if !doing.is_empty() => tell_failure(ended),
            () = app.job_queued.notified(), if worker.lane == Lane::Push => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopping.changed() => {}
        }
    }
    while let Some(ended) = doing.next().await {
        tell_failure(ended);
    }
}

fn tell_failure(ended: std::thread::Result<Result<(), StoreError>>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(error.cause = %error, "the end of a job could not be kept; it is tried again"),
        Err(_) => tracing::error!("a job stopped by a defect; going on with the others"),
    }
}

/// How long there is nothing to begin.
async fn until_next(app: &App, worker: &Worker, doing: usize) -> Result<Duration, StoreError> {
    if doing >= worker.most {
        return Ok(IDLE);
    }
    let lane = worker.lane;
    let next = app.store.read(move |tx| Box::pin(async move { tx.next_job(lane).await })).await?;
    Ok(next.map_or(IDLE, |next| app.clock.now().until(next).min(IDLE)))
}

async fn claim(app: &App, worker: &Worker, most: usize) -> Result<Vec<JobRow>, StoreError> {
    let (lane, now) = (worker.lane, app.clock.now());
    if most == 0 {
        return Ok(Vec::new());
    }
    // Claiming is a write, so an idle server asks first.
    let next = app.store.read(move |tx| Box::pin(async move { tx.next_job(lane).await })).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    app.store.write(move |tx| Box::pin(async move { tx.claim_jobs(now, now + CLAIM, lane, most).await })).await
}

async fn run_one(app: &App, job: JobRow) -> Result<(), StoreError> {
    // Beyond the last try only a job that ends its process comes back: it was claimed and never answered for.
    let outcome = if job.attempts > TRIES {
        Outcome::GivenUp("every try ended without an answer".to_owned())
    } else {
        match job.kind.as_str() {
            send_push::KIND => send_push::run(app, &job).await,
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
    let usual = usize::try_from(job.attempts - 1).ok().and_then(|tried| PAUSES.get(tried)).copied();
    let (id, kind) = (job.id.to_string(), job.kind.clone());
    let (error, pause) = match outcome {
        Outcome::Done => (None, None),
        Outcome::Later(error) => (Some(error), usual),
        Outcome::After(pause, error) => (Some(error), usual.map(|_| pause)),
        Outcome::GivenUp(error) => (Some(error), None),
    };
    let kept = match (error, pause) {
        (None, _) => app.store.write(move |tx| Box::pin(async move { tx.finish_job(&job, ctx.now).await })).await?,
        (Some(error), Some(pause)) => {
            let seconds = pause.as_secs();
            tracing::warn!(job.id = %id, job.kind = %kind, error.cause = %error, seconds, "a job failed and is tried again");
            let run_at = ctx.now + pause;
            app.store.write(move |tx| Box::pin(async move { tx.retry_job(&job, &error, run_at).await })).await?
        }
        (Some(error), None) => {
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
/// A push takes a moment, or ten seconds where its service doesn't answer; the others must not wait for that.
const PUSHES: Worker = Worker { lane: Lane::Push, most: 64 };
const REST: Worker = Worker { lane: Lane::Rest, most: 4 };
/// How soon a job is found that nobody told of: one of another node, or one that was put back.
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
