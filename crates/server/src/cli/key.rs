//! `akkoord key`: the key that signs offers and requests.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::{
    CliError, Global, duration,
    opened::{Absent, Opened},
    output::{instant, moment},
};
use crate::use_cases::server_key;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Announce a new key to all phones, signed by the present one, and change to it later.
    Roll {
        /// When the new key takes over. Phones learn of it at their next contact, sooner or later.
        #[arg(long = "in", value_name = "SPAN", default_value = "24h", value_parser = duration::parse)]
        after: Duration,
    },
}

pub(super) async fn run(global: &Global, action: Action) -> Result<(), CliError> {
    let Action::Roll { after } = action;
    if after < LEAST {
        return Err(CliError::usage("--in must be 5m or more, so that every server has read the key by then"));
    }
    let opened = Opened::open(global, Absent::Refuse).await?;
    let from = opened.ctx.now + after;
    let kid = server_key::roll(&opened.store, &opened.ctx, &opened.config.public_url, from).await?;
    opened.store.close().await;
    let text = format!(
        "The new key {kid} takes over at {}. Nothing has to be restarted, and phones that are away until then follow \
         by the chain of announcements, for 400 days.",
        moment(from)
    );
    global.output.result(&json!({ "kid": kid, "from": instant(from) }), &text);
    Ok(())
}

/// Servers read the keys once a minute.
const LEAST: Duration = Duration::from_secs(300);
