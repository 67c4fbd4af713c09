//! `akkoord audit`: what happened.

use std::collections::BTreeMap;

use akkoord_core::ids::AccountId;
use akkoord_store::AuditFilter;
use clap::Args;
use serde_json::{Value, json};

use super::{
    CliError, Global,
    opened::{Absent, Opened, username_of},
    output::{instant, moment, table},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only what is about this account, by user name.
    #[arg(long, value_name = "USERNAME")]
    account: Option<String>,
    /// Only this kind of event, such as session.started.
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
    /// How many events.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    limit: u16,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let account_id = match &arguments.account {
        Some(username) => Some(opened.account(username).await?.id),
        None => None,
    };
    let filter = AuditFilter { account_id, event: arguments.event, ..AuditFilter::default() };
    let (rows, usernames) = opened
        .store
        .read(move |tx| {
            Box::pin(async move {
                let rows = tx.audit_events(&filter, arguments.limit.into()).await?;
                let mut usernames: BTreeMap<AccountId, String> = BTreeMap::new();
                for id in rows.iter().filter_map(|row| row.account_id.as_ref()) {
                    if !usernames.contains_key(id) {
                        usernames.insert(id.clone(), username_of(tx, id).await?);
                    }
                }
                Ok::<_, CliError>((rows, usernames))
            })
        })
        .await?;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for row in rows {
        let username = row.account_id.as_ref().and_then(|id| usernames.get(id)).cloned();
        let detail: Value = serde_json::from_str(&row.detail).unwrap_or(Value::Null);
        let known = detail.as_object().is_some_and(|members| !members.is_empty());
        lines.push(vec![
            moment(row.at),
            row.event.clone(),
            username.clone().unwrap_or_default(),
            row.actor.clone(),
            row.subject.clone().unwrap_or_default(),
            if known { detail.to_string() } else { String::new() },
        ]);
        documents.push(json!({
            "id": row.id,
            "at": instant(row.at),
            "event": row.event,
            "actor": row.actor,
            "account": username,
            "account_id": row.account_id,
            "subject": row.subject,
            "request_id": row.request_id,
            "detail": detail,
        }));
    }
    let names = ["at", "event", "account", "actor", "subject", "detail"];
    global.output.result(&Value::Array(documents), &table(&names, &lines));
    Ok(())
}
