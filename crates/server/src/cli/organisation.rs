//! `akkoord organisation`: organisations and their policy.

use akkoord_core::policy::Policy;
use akkoord_protocols::text;
use akkoord_store::StoreError;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{
    CliError, Global,
    opened::{Absent, Opened, find_organisation},
    output::{instant, table},
    setup::parse_name,
};
use crate::use_cases::account;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Add an organisation.
    Add {
        /// Its name, as its people know it.
        name: String,
        /// Whom its people ask for help, such as a telephone number.
        #[arg(long, value_name = "TEXT")]
        help_contact: Option<String>,
        /// Members of its policy that differ from the default.
        #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
        policy: Vec<String>,
    },
    /// List organisations.
    List,
    /// Show an organisation's policy, or change members of it. Takes effect at once.
    Policy {
        /// The organisation's name or id.
        name: String,
        /// Members to change, such as number_digits=3 or unlock=webauthn,pin.
        #[arg(value_name = "KEY=VALUE")]
        changes: Vec<String>,
    },
}

pub(super) async fn run(global: &Global, action: Action) -> Result<(), CliError> {
    match action {
        Action::Add { name, help_contact, policy } => add(global, &name, help_contact, &policy).await,
        Action::List => list(global).await,
        Action::Policy { name, changes } => change_policy(global, name, changes).await,
    }
}

async fn add(global: &Global, name: &str, help_contact: Option<String>, changes: &[String]) -> Result<(), CliError> {
    let name = parse_name("the name", name)?;
    if let Some(contact) = &help_contact {
        text::check(contact, 200).map_err(|error| CliError::usage(format!("--help-contact {error}")))?;
    }
    let policy = changed(&Policy::default(), changes)?;
    let opened = Opened::open(global, Absent::Refuse).await?;
    let (ctx, kept) = (opened.ctx.clone(), name.clone());
    let id = opened
        .store
        .write(move |tx| {
            Box::pin(async move {
                if tx.organisations().await?.iter().any(|row| row.name == kept.as_str()) {
                    return Err(CliError::failed(format!("there is an organisation {:?} already", kept.as_str())));
                }
                Ok(account::add_organisation(tx, &ctx, &kept, help_contact, &policy).await?)
            })
        })
        .await?;
    opened.store.close().await;
    let text = format!("Added {}. Add its people with `akkoord account add --organisation`.", name.as_str());
    global.output.result(&json!({ "id": id, "name": name }), &text);
    Ok(())
}

async fn list(global: &Global) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let rows = opened.store.read(|tx| Box::pin(async move { tx.organisations().await })).await?;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for row in rows {
        let contact = row.help_contact.clone();
        let found = account::organisation(row.clone())?;
        documents.push(json!({
            "id": row.id,
            "name": row.name,
            "help_contact": contact,
            "policy": policy_document(&found.policy)?,
            "created_at": instant(row.created_at),
        }));
        lines.push(vec![row.name, row.id.to_string(), contact.unwrap_or_default()]);
    }
    global.output.result(&Value::Array(documents), &table(&["name", "id", "help contact"], &lines));
    Ok(())
}

async fn change_policy(global: &Global, name: String, changes: Vec<String>) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let (policy, was) = opened
        .store
        .write(move |tx| {
            Box::pin(async move {
                let row = find_organisation(tx, Some(&name)).await?;
                let was = account::organisation(row.clone())?.policy;
                let policy = changed(&was, &changes)?;
                let text = serde_json::to_string(&policy).map_err(|error| CliError::failed(error.to_string()))?;
                if policy != was && !tx.set_organisation_policy(&row.id, &row.policy, &text).await? {
                    return Err(CliError::from(StoreError::Lost));
                }
                Ok((policy, was))
            })
        })
        .await?;
    opened.store.close().await;
    let document = policy_document(&policy)?;
    let before = policy_document(&was)?;
    let mut lines = Vec::new();
    for (key, value) in document.as_object().into_iter().flatten() {
        let old = before.get(key).filter(|old| *old != value);
        lines.push(vec![key.clone(), shown(value), old.map(|old| format!("was {}", shown(old))).unwrap_or_default()]);
    }
    global.output.result(&document, &table(&["key", "value", ""], &lines));
    Ok(())
}

fn policy_document(policy: &Policy) -> Result<Value, CliError> {
    serde_json::to_value(policy).map_err(|error| CliError::failed(error.to_string()))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A policy with some members changed. Each member's own type decides how its text is read.
fn changed(policy: &Policy, changes: &[String]) -> Result<Policy, CliError> {
    let mut members: Map<String, Value> = match policy_document(policy)? {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for change in changes {
        let Some((key, text)) = change.split_once('=') else {
            return Err(CliError::usage(format!("{change:?} is not KEY=VALUE, such as number_digits=3")));
        };
        let Some(member) = members.get_mut(key) else {
            let known: Vec<&str> = members.keys().map(String::as_str).collect();
            return Err(CliError::usage(format!("a policy has no {key:?}; it has {}", known.join(", "))));
        };
        let wrong = |wanted: &str| CliError::usage(format!("{key}={text}: {key} must be {wanted}"));
        *member = match member {
            Value::Bool(_) => Value::Bool(text.parse().map_err(|_| wrong("true or false"))?),
            Value::Number(_) => Value::from(text.parse::<u32>().map_err(|_| wrong("a number"))?),
            Value::Array(_) => text.split(',').map(|word| Value::String(word.trim().to_owned())).collect(),
            _ => Value::String(text.to_owned()),
        };
        // Read after each change, so that the message names the member that is wrong.
        serde_json::from_value::<Policy>(Value::Object(members.clone()))
            .map_err(|error| CliError::usage(format!("{change}: {error}")))?;
    }
    let policy: Policy =
        serde_json::from_value(Value::Object(members)).map_err(|error| CliError::usage(error.to_string()))?;
    policy.check().map_err(|error| CliError::usage(format!("policy: {error}")))?;
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[&str]) -> Result<Policy, String> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        changed(&Policy::default(), &changes).map_err(|error| error.to_string())
    }

    #[test]
    fn members_are_read_as_their_type() {
        let policy =
            with(&["number_digits=3", "number_mode=choose", "unlock=pin", "app_pin=true", "security_info=false"]);
        let policy = policy.unwrap();
        assert_eq!(policy.number_digits, 3);
        assert!(policy.app_pin && policy.unlock.len() == 1 && !policy.security_info);
        assert_eq!(with(&[]).unwrap(), Policy::default());
    }

    #[test]
    fn a_wrong_member_is_named() {
        for (change, expected) in [
            ("number_digits", "is not KEY=VALUE"),
            ("digits=3", "it has"),
            ("number_digits=three", "number_digits must be a number"),
            ("number_digits=4", "number_digits must be 2, 3 or 6"),
            ("app_pin=yes", "app_pin must be true or false"),
            ("number_mode=guess", "number_mode=guess"),
            ("unlock=face", "unlock=face"),
        ] {
            let error = with(&[change]).unwrap_err();
            assert!(error.contains(expected), "{change}: {error}");
        }
    }
}
