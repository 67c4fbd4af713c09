//! `akkoord access-pass`, and the passes that other commands print.

use akkoord_core::{Ctx, Timestamp};
use akkoord_store::{AccountRow, Tx};
use clap::Args;
use serde_json::{Value, json};

use super::{
    CliError, Global,
    opened::{Absent, Opened},
    output::{instant, moment},
};
use crate::{
    config::Config,
    use_cases::{
        access_pass::{self, NewPass},
        account,
    },
    views::texts::{Language, Texts},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The account's user name.
    username: String,
}

/// A pass as it is printed, once.
pub(super) struct Issued {
    pub(super) username: String,
    pub(super) pass: String,
    pub(super) expires_at: Timestamp,
}

impl Issued {
    /// For programs.
    pub(super) fn document(&self) -> Value {
        json!({ "username": self.username, "access_pass": self.pass, "expires_at": instant(self.expires_at) })
    }

    /// For people, with what to do with it.
    pub(super) fn text(&self, config: &Config) -> String {
        format!(
            "Access pass for {}: {}\n\
             It works once, until {}. Hand it over in person or by telephone, never by mail.\n\
             To use it: open {}{}.",
            self.username,
            self.pass,
            moment(self.expires_at),
            config.public_url,
            clicks(),
        )
    }
}

/// The way to the field of the pass, in the words of the pages.
pub(super) fn clicks() -> String {
    let labels = Texts::load().ok();
    let label = |key| labels.as_ref().map(|all| all.texts(Language::En).get(key).into_owned()).unwrap_or_default();
    format!(", choose \"{}\", then \"{}\"", label("sign_in.other"), label("other.access_pass"))
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let row = opened.account(&arguments.username).await?;
    let (ctx, service) = (opened.ctx.clone(), opened.config.name.clone());
    let drawn = draw(&ctx)?;
    let write = opened.store.write(move |tx| Box::pin(async move { issue(tx, &ctx, &row, &service, drawn).await }));
    let issued = write.await?;
    opened.store.close().await;
    global.output.result(&issued.document(), &issued.text(&opened.config));
    Ok(())
}

pub(super) use crate::use_cases::access_pass::draw;

/// Makes a pass. Those from before stop working: whoever asks for a new one has lost the old one.
pub(super) async fn issue(
    tx: &mut Tx,
    ctx: &Ctx,
    row: &AccountRow,
    service: &str,
    drawn: NewPass,
) -> Result<Issued, CliError> {
    if row.disabled_at.is_some() {
        return Err(CliError::failed(format!(
            "the account {0} is disabled: run `akkoord account enable {0}` first",
            row.username
        )));
    }
    let home = account::home(tx, row, service).await?;
    tx.revoke_access_passes_of(&row.id, ctx.now).await?;
    let (pass, expires_at) = access_pass::add(tx, ctx, &row.id, &home.policy, drawn).await?;
    Ok(Issued { username: row.username.clone(), pass, expires_at })
}
