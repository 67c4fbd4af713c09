//! `akkoord setup`: the first organisation and its owner.

use akkoord_core::{account::Role, policy::Policy};
use akkoord_protocols::text::{self, Name};
use clap::Args;
use serde_json::json;

use super::{
    CliError, Global, access_pass,
    opened::{Absent, Opened, parse_username},
};
use crate::use_cases::account;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The organisation's name, as its people know it.
    #[arg(long, value_name = "NAME")]
    organisation: String,
    /// The owner's user name.
    #[arg(long, value_name = "USERNAME")]
    username: String,
    /// The owner's name.
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where the owner gets notices.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let organisation = parse_name("--organisation", &arguments.organisation)?;
    let new = account::New {
        organisation: None,
        username: parse_username(&arguments.username)?,
        name: parse_name("--name", &arguments.name)?,
        email: arguments.email.as_deref().map(parse_email).transpose()?,
        role: Role::Owner,
    };
    let opened = Opened::open(global, Absent::Make).await?;
    let (ctx, service) = (opened.ctx.clone(), opened.config.name.clone());
    let shown = organisation.clone();
    let drawn = access_pass::draw(&ctx)?;
    let issued = opened
        .store
        .write(move |tx| {
            Box::pin(async move {
                // The setting decides between two who set up at once; the organisations are what people understand.
                let is_first = tx.organisations().await?.is_empty();
                if !is_first || !tx.add_setting(DONE, &ctx.now.0.to_string()).await? {
                    return Err(CliError::failed(
                        "this installation is set up already; add accounts with `akkoord account add`, \
                         and let its owner in again with `akkoord access-pass USERNAME`",
                    ));
                }
                let id = account::add_organisation(tx, &ctx, &organisation, None, &Policy::default()).await?;
                let id = account::add(tx, &ctx, account::New { organisation: Some(id), ..new }).await?;
                let row = tx.account(&id).await?.ok_or_else(|| CliError::failed("the account was not kept"))?;
                access_pass::issue(tx, &ctx, &row, &service, drawn).await
            })
        })
        .await?;
    opened.store.close().await;
    let mut document = issued.document();
    if let Some(members) = document.as_object_mut() {
        members.insert("organisation".to_owned(), json!(shown.as_str()));
    }
    let text = format!(
        "{} is set up, and {} owns it.\n\n{}\n\nStart the server with `akkoord serve`, and check it with `akkoord doctor`.",
        shown.as_str(),
        issued.username,
        issued.text(&opened.config),
    );
    global.output.result(&document, &text);
    Ok(())
}

/// Reads a name as it was typed.
pub(super) fn parse_name(what: &str, typed: &str) -> Result<Name, CliError> {
    text::compose(typed)
        .parse()
        .map_err(|error| CliError::usage(format!("{what} {typed:?} {error}: use 1 to 64 characters that can be shown")))
}

/// Reads a mail address as it was typed.
pub(super) fn parse_email(typed: &str) -> Result<String, CliError> {
    match typed.parse::<lettre::Address>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(CliError::usage(format!("{typed:?} is not a mail address such as ada@example.org"))),
    }
}

const DONE: &str = "set_up_at";
