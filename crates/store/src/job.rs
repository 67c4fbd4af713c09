//! Jobs: what has to be done soon, queued in the transaction that wants it. A job is claimed for a while; a node that
//! dies with one leaves it to the next.

use akkoord_core::{Timestamp, ids::JobId};

use crate::{
    error::StoreError,
    params,
    row::{Row, words},
    seal::Sealed,
    tx::Tx,
};

words! {
    /// Which worker does a job: what is slow doesn't hold up what somebody waits for.
    Lane {
        /// Pushes: a person waits.
        Push = "push",
        /// All else.
        Rest = "rest",
    }
}

/// A job to queue.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What is to be done, a word.
    pub kind: String,
    /// Who does it.
    pub lane: Lane,
    /// The id of what it is about, to find it by: see [`Tx::hasten_jobs`].
    pub subject: Option<String>,
    /// With what, sealed for [`Place::JobPayload`](crate::Place::JobPayload).
    pub payload: Sealed,
    /// Not before.
    pub run_at: Timestamp,
    /// When it is queued.
    pub created_at: Timestamp,
}

/// A claimed job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its id.
    pub id: JobId,
    /// What is to be done, a word.
    pub kind: String,
    /// With what, sealed.
    pub payload: Sealed,
    /// Not before.
    pub run_at: Timestamp,
    /// How often it was claimed, this time included.
    pub attempts: i64,
    /// Until when this claim holds, which also says whose claim it is.
    pub claimed_until: Timestamp,
    /// How it failed the last time.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
}

impl Tx {
    /// Queues a job.
    pub async fn add_job(&mut self, new: &NewJob) -> Result<(), StoreError> {
        let sql = "INSERT INTO jobs (id, kind, lane, subject, payload, run_at, attempts, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, 0, $7)";
        let NewJob { id, kind, lane, subject, payload, run_at, created_at } = new;
        let params = params![id, kind, *lane, subject.as_ref(), payload, *run_at, *created_at];
        self.execute(sql, params).await.map(drop)
    }

    /// Lets the jobs about something run now that were to wait a while.
    pub async fn hasten_jobs(&mut self, subject: &str, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE jobs SET run_at = $2 \
                   WHERE subject = $1 AND run_at > $2 AND attempts = 0 AND done_at IS NULL";
        self.execute(sql, params![subject, now]).await
    }

    /// When the next job of a lane is due, one that is claimed when its claim runs out; `None` where there is none.
    pub async fn next_job(&mut self, lane: Lane) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT MIN(CASE WHEN claimed_until > run_at THEN claimed_until ELSE run_at END) FROM jobs \
                   WHERE lane = $1 AND done_at IS NULL";
        self.query_opt(sql, params![lane]).await?.map_or(Ok(None), |row| row.get(0))
    }

    /// Claims jobs of a lane that are due until `until`, at most `limit`, the longest due first.
    pub async fn claim_jobs(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        lane: Lane,
        limit: i64,
    ) -> Result<Vec<JobRow>, StoreError> {
        let rows = self.claim_due_jobs(now, until, lane, limit).await?;
        let mut jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
        jobs.sort_by(|a, b| (a.run_at, &a.id).cmp(&(b.run_at, &b.id)));
        Ok(jobs)
    }

    /// Ends a job and forgets what was in it; `false` where the claim ran out and another has it.
    pub async fn finish_job(&mut self, job: &JobRow, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE jobs SET done_at = $3, payload = $4, claimed_until = NULL, last_error = NULL \
                   WHERE id = $1 AND claimed_until = $2 AND done_at IS NULL";
        self.changed(sql, params![&job.id, job.claimed_until, now, Vec::new()]).await
    }

    /// Puts a job that failed back until `run_at`; `false` where the claim ran out and another has it.
    pub async fn retry_job(&mut self, job: &JobRow, error: &str, run_at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE jobs SET run_at = $4, last_error = $3, claimed_until = NULL \
                   WHERE id = $1 AND claimed_until = $2 AND done_at IS NULL";
        self.changed(sql, params![&job.id, job.claimed_until, error, run_at]).await
    }

    /// Gives a job up and forgets what was in it; its row stays with the error until housekeeping.
    pub async fn abandon_job(&mut self, job: &JobRow, error: &str, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE jobs SET done_at = $4, last_error = $3, payload = $5, claimed_until = NULL \
                   WHERE id = $1 AND claimed_until = $2 AND done_at IS NULL";
        self.changed(sql, params![&job.id, job.claimed_until, error, now, Vec::new()]).await
    }

    /// How many jobs of a lane were given up since then, and why the last one was.
    pub async fn abandoned_jobs(&mut self, lane: Lane, since: Timestamp) -> Result<(i64, Option<String>), StoreError> {
        let sql = "SELECT last_error FROM jobs WHERE lane = $1 AND done_at >= $2 AND last_error IS NOT NULL \
                   ORDER BY done_at DESC";
        let rows = self.query_all(sql, params![lane, since]).await?;
        let last = rows.first().map(|row| row.get(0)).transpose()?;
        Ok((i64::try_from(rows.len()).unwrap_or(i64::MAX), last))
    }

    /// How many jobs wait or are being done.
    pub async fn count_open_jobs(&mut self) -> Result<i64, StoreError> {
        let row = self.query_opt("SELECT COUNT(*) FROM jobs WHERE done_at IS NULL", &[]).await?;
        row.map_or(Ok(0), |row| row.get(0))
    }
}

fn job(row: &Row) -> Result<JobRow, StoreError> {
    Ok(JobRow {
        id: row.get(0)?,
        kind: row.get(1)?,
        payload: row.get(2)?,
        run_at: row.get(3)?,
        attempts: row.get(4)?,
        claimed_until: row.get(5)?,
        last_error: row.get(6)?,
        created_at: row.get(7)?,
    })
}
