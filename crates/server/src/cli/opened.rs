//! The configuration and the database, as commands beside a running server use them.

use std::{path::PathBuf, sync::Arc};

use akkoord_core::{
    Actor, Ctx,
    account::Username,
    ids::{AccountId, OrganisationId},
};
use akkoord_protocols::random;
use akkoord_store::{AccountRow, OrganisationRow, Store, Tx};

use super::{CliError, Global};
use crate::{
    app::{self, App, Surroundings},
    clock::{Clock, SystemClock, system_random},
    config::{self, Config, LogFormat, LogSection},
    log,
};

/// An open database and who opened it.
pub(super) struct Opened {
    pub(super) config: Config,
    pub(super) store: Store,
    pub(super) ctx: Ctx,
}

/// Whether a command may make the data that it doesn't find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// It makes the folder, the root key and the database.
    Make,
    /// It refuses: a mistyped folder must not become an empty installation. It refuses an older database too, because the
    /// server beside it may be of that version.
    Refuse,
    /// It refuses, and brings an older database to this version: no server runs beside it.
    RefuseAndUpdate,
}

impl Opened {
    /// Reads the configuration and opens the database.
    pub(super) async fn open(global: &Global, absent: Absent) -> Result<Self, CliError> {
        let config = load_config(global)?;
        quiet_log();
        if absent != Absent::Make && config.database.is_new().await? {
            return Err(CliError::failed(format!(
                "there is nothing in {} yet: run `akkoord setup` first, or name the right configuration with --config",
                place(&config)
            )));
        }
        let store = match absent {
            Absent::Refuse => app::open_store_as_is(&config, &surroundings()).await?,
            Absent::Make | Absent::RefuseAndUpdate => app::open_store(&config, &surroundings()).await?,
        };
        Ok(Self { config, store, ctx: operator_ctx() })
    }

    /// The whole application, for what needs more than the database.
    pub(super) async fn app(&self) -> Result<App, CliError> {
        Ok(App::build(self.config.clone(), self.store.clone(), surroundings()).await?)
    }

    /// The account of a name that was typed.
    pub(super) async fn account(&self, username: &str) -> Result<AccountRow, CliError> {
        let name = parse_username(username)?;
        let wanted = name.clone();
        let found =
            self.store.read(move |tx| Box::pin(async move { tx.account_by_username(wanted.as_str()).await })).await?;
        found.ok_or_else(|| CliError::failed(format!("there is no account {name}; `akkoord account list` shows them")))
    }
}

/// Where the data of a configuration is, without the password of a database.
pub(super) fn place(config: &Config) -> String {
    match &config.database {
        akkoord_store::Database::Sqlite { .. } => config.data_dir.display().to_string(),
        akkoord_store::Database::Postgres { .. } => "the PostgreSQL database".to_owned(),
    }
}

/// The configuration file that counts, if there is one.
pub(super) fn config_file(global: &Global, environment: &[(String, String)]) -> Option<PathBuf> {
    let named = environment.iter().find(|(name, value)| name == "AKKOORD_CONFIG" && !value.is_empty());
    let usual = ["akkoord.toml", "/etc/akkoord/akkoord.toml"].map(PathBuf::from);
    global
        .config
        .clone()
        .or_else(|| named.map(|(_, path)| PathBuf::from(path)))
        .or_else(|| usual.into_iter().find(|path| path.exists()))
}

/// Reads the configuration.
pub(super) fn load_config(global: &Global) -> Result<Config, CliError> {
    let environment = config::environment();
    Ok(Config::load(config_file(global, &environment).as_deref(), &environment)?)
}

/// Commands show what went wrong; the rest is the server's log.
pub(super) fn quiet_log() {
    let section = LogSection { format: LogFormat::Text, level: "error".to_owned() };
    // The level is one.
    log::start(&section).ok();
}

/// The real surroundings, without mail: commands queue, the server sends.
pub(super) fn surroundings() -> Surroundings {
    Surroundings { clock: Arc::new(SystemClock), random: system_random(), mailer: None }
}

/// The context of an operator's command.
pub(super) fn operator_ctx() -> Ctx {
    let random = system_random();
    let request_id = format!("cli-{}", akkoord_protocols::bytes::encode(&random::bytes::<9>(&*random)));
    Ctx { now: SystemClock.now(), actor: Actor::Operator, request_id, random }
}

/// Reads a user name as it was typed.
pub(super) fn parse_username(typed: &str) -> Result<Username, CliError> {
    typed.parse().map_err(|error| {
        CliError::usage(format!("the user name {typed:?} {error}: use 1 to 64 characters without blanks"))
    })
}

/// The organisation with this name; without a name, the only one.
pub(super) async fn find_organisation(tx: &mut Tx, name: Option<&str>) -> Result<OrganisationRow, CliError> {
    let all = tx.organisations().await?;
    let is_meant = |row: &OrganisationRow| name.is_none_or(|name| row.name == name || row.id.as_str() == name);
    let mut found = all.into_iter().filter(is_meant);
    match (found.next(), found.next(), name) {
        (Some(row), None, _) => Ok(row),
        (Some(_), Some(_), Some(name)) => {
            Err(CliError::usage(format!("several organisations are called {name:?}: give the id")))
        }
        (Some(_), Some(_), None) => {
            Err(CliError::usage("there are several organisations: say which one with --organisation NAME"))
        }
        (None, _, Some(name)) => {
            Err(CliError::failed(format!("there is no organisation {name:?}; `akkoord organisation list` shows them")))
        }
        (None, _, None) => Err(CliError::failed("there is no organisation yet: run `akkoord setup`")),
    }
}

/// The name of an account's organisation, for lists.
pub(super) fn organisation_name<'a>(all: &'a [OrganisationRow], id: Option<&OrganisationId>) -> &'a str {
    all.iter().find(|row| Some(&row.id) == id).map_or("", |row| row.name.as_str())
}

/// Everybody, page by page.
pub(super) async fn all_accounts(
    tx: &mut Tx,
    organisation: Option<&OrganisationId>,
) -> Result<Vec<AccountRow>, akkoord_store::StoreError> {
    const PAGE: i64 = 500;
    let mut all: Vec<AccountRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.username.clone()).unwrap_or_default();
        let page = tx.accounts(organisation, &after, PAGE).await?;
        let is_last = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
        all.extend(page);
        if is_last {
            return Ok(all);
        }
    }
}

/// The user name of an account, for lists that know ids.
pub(super) async fn username_of(tx: &mut Tx, id: &AccountId) -> Result<String, akkoord_store::StoreError> {
    Ok(tx.account(id).await?.map(|row| row.username).unwrap_or_default())
}
