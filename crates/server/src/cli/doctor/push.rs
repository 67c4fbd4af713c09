//! Pushes: how many phones can be rung, and what became of those that were not.

use std::time::Duration;

use akkoord_core::Timestamp;
use akkoord_store::{Lane, Store, StoreError};

use super::Findings;
use crate::config::Config;

const WHAT: &str = "pushes";
const DAY: Duration = Duration::from_secs(24 * 3600);

pub(super) async fn look(
    config: &Config,
    store: &Store,
    now: Timestamp,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    if !config.push.enabled {
        findings.ok(WHAT, "switched off (push.enabled): people open the app");
        return Ok(());
    }
    let (phones, (failed, why)) = store
        .read(move |tx| {
            Box::pin(async move {
                Ok::<_, StoreError>((
                    tx.count_push_subscriptions().await?,
                    tx.abandoned_jobs(Lane::Push, now - DAY).await?,
                ))
            })
        })
        .await?;
    match why {
        None => findings.ok(WHAT, format!("{phones} phones can be rung, none was missed in the last day")),
        Some(why) => {
            let remedy = "this server must be able to call the push services of the browsers, out, by https";
            findings.warn(WHAT, format!("{failed} were given up in the last day, the last because: {why}"), remedy);
        }
    }
    Ok(())
}
