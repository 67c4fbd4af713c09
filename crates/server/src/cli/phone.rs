//! `akkoord phone`: an account's phones.

use akkoord_core::ids::PhoneId;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    CliError, Global,
    opened::{Absent, Opened},
    output::{instant, instant_or_null, moment, table},
};
use crate::use_cases::phone::{self, Removal};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List an account's phones.
    List {
        /// The account's user name.
        username: String,
        /// Also those that were removed.
        #[arg(long)]
        removed: bool,
    },
    /// Remove a phone: ends what waits for it and the sessions it let in. Its owner is told.
    #[command(visible_alias = "remove")]
    Revoke {
        /// The phone's id, from the list.
        // One in 64 begins with a hyphen, and is no option.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

pub(super) async fn run(global: &Global, action: Action) -> Result<(), CliError> {
    match action {
        Action::List { username, removed } => list(global, &username, removed).await,
        Action::Revoke { id } => revoke(global, &id).await,
    }
}

async fn list(global: &Global, username: &str, removed: bool) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let account = opened.account(username).await?;
    let rows = opened
        .store
        .read(move |tx| {
            Box::pin(async move {
                let mut rows = tx.phones_of(&account.id).await?;
                if removed {
                    rows.extend(tx.removed_phones_of(&account.id, REMOVED_SHOWN).await?);
                }
                Ok::<_, CliError>(rows)
            })
        })
        .await?;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for row in rows {
        let state = match (row.revoked_at, row.pin_left) {
            (Some(at), _) => format!("removed {} by {}", moment(at), row.revoked_by.as_deref().unwrap_or("?")),
            (None, 0) => "locked: too many wrong PINs".to_owned(),
            (None, _) if row.phone_sign_in_at.is_none() => "phone sign-in off".to_owned(),
            (None, _) => "ready".to_owned(),
        };
        documents.push(json!({
            "id": row.id,
            "name": row.name,
            "platform": row.platform,
            "phone_sign_in": row.phone_sign_in_at.is_some(),
            "pin_left": row.pin_left,
            "created_at": instant(row.created_at),
            "last_used_at": instant_or_null(row.last_used_at),
            "removed_at": instant_or_null(row.revoked_at),
            "removed_by": row.revoked_by,
        }));
        let used = row.last_used_at.map_or_else(|| "never".to_owned(), moment);
        lines.push(vec![row.id.to_string(), row.name, row.platform, moment(row.created_at), used, state]);
    }
    let names = ["id", "name", "platform", "added", "last used", "state"];
    global.output.result(&Value::Array(documents), &table(&names, &lines));
    Ok(())
}

async fn revoke(global: &Global, id: &str) -> Result<(), CliError> {
    let id: PhoneId = id.parse().map_err(|_| CliError::usage(format!("{id:?} is not a phone's id")))?;
    let opened = Opened::open(global, Absent::Refuse).await?;
    let app = opened.app().await?;
    let removed = phone::remove(&app, &opened.ctx, &id, None, Removal::Administrator).await?;
    opened.store.close().await;
    let Some(phone) = removed else {
        return Err(CliError::failed(format!(
            "there is no phone {id} that could be removed; `akkoord phone list USERNAME` shows them"
        )));
    };
    let text = format!("Removed {}. It can approve nothing any more, and what it let in is signed out.", phone.name);
    global.output.result(&json!({ "id": id, "name": phone.name, "removed": true }), &text);
    Ok(())
}

const REMOVED_SHOWN: i64 = 50;
