//! The job that sends a mail. Its text lies sealed in its row, and is gone from it once it is sent.

use akkoord_core::{Ctx, ids::JobId};
use akkoord_store::{JobRow, Lane, NewJob, Place, StoreError, Tx};
use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::{
    app::App,
    outbound::mail::{Mail, MailError},
};

/// The kind of job, as stored.
pub(super) const KIND: &str = "send_mail";

#[derive(Serialize, Deserialize)]
struct Payload {
    to: String,
    subject: String,
    body: String,
}

/// Queues a mail.
pub(super) async fn queue(tx: &mut Tx, ctx: &Ctx, to: &str, subject: String, body: String) -> Result<(), StoreError> {
    let id = JobId::new(&*ctx.random);
    let payload = serde_json::to_vec(&Payload { to: to.to_owned(), subject, body })
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let payload = tx.seal().seal(Place::JobPayload, id.as_str(), &payload);
    let (kind, lane, subject) = (KIND.to_owned(), Lane::Rest, None);
    tx.add_job(&NewJob { id, kind, lane, subject, payload, run_at: ctx.now, created_at: ctx.now }).await
}

/// Sends it.
pub(super) async fn run(app: &App, job: &JobRow) -> Outcome {
    let Some(mailer) = &app.mailer else {
        tracing::info!(job.id = %job.id, "no mail server is configured, so a notice was not sent");
        return Outcome::Done;
    };
    let opened = app.store.seal().open(Place::JobPayload, job.id.as_str(), &job.payload);
    let payload: Payload = match opened.map(|plain| serde_json::from_slice(&plain)) {
        Ok(Ok(payload)) => payload,
        Ok(Err(_)) | Err(_) => return Outcome::GivenUp("its payload does not read".to_owned()),
    };
    let Payload { to, subject, body } = payload;
    match mailer.send(Mail { id: job.id.to_string(), to, subject, body }).await {
        Ok(()) => Outcome::Done,
        Err(MailError::Temporary(error)) => Outcome::Later(error),
        Err(MailError::Permanent(error)) => Outcome::GivenUp(error),
    }
}
