//! `akkoord account`: accounts, and switching one off.

use akkoord_core::{
    Ctx,
    account::{Role, Username},
    audit::Event,
    ids::AccountId,
};
use akkoord_store::{Constraint, StoreError, Tx};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    CliError, Global, access_pass, held_back,
    opened::{Absent, Opened, all_accounts, find_organisation, organisation_name, parse_username},
    output::{instant, instant_or_null, moment, table},
    password,
    setup::{parse_email, parse_name},
};
use crate::use_cases::{
    account, audit, budget,
    remembered::{self, Why},
    sign_in,
};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Add an account and print its access pass.
    Add {
        /// Its user name, often a mail address.
        username: String,
        /// The person's name.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Where the person gets notices.
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Its organisation, by name or id. Not needed where there is one.
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
        /// member, administrator or owner.
        #[arg(long, value_name = "ROLE", default_value = "member")]
        role: String,
        /// Make it a personal account, which belongs to no organisation.
        #[arg(long, conflicts_with_all = ["organisation", "role"])]
        personal: bool,
    },
    /// List accounts.
    List {
        /// Only those of this organisation, by name or id.
        #[arg(long, value_name = "NAME")]
        organisation: Option<String>,
    },
    /// Disable an account: signs it out everywhere and ends what waits for it. Its phones stay, and can approve nothing.
    Disable {
        /// Its user name.
        username: String,
    },
    /// Enable a disabled account again.
    Enable {
        /// Its user name.
        username: String,
    },
    /// Unlock phone sign-in of an account that wrong numbers locked or paused. Ask first who entered them.
    Unlock {
        /// Its user name.
        username: String,
    },
    /// Set the password of an account: typed when asked, or from standard input. Its person is to choose another.
    SetPassword {
        /// Its user name.
        username: String,
    },
    /// Remove the password of an account.
    RemovePassword {
        /// Its user name.
        username: String,
    },
}

pub(super) async fn run(global: &Global, action: Action) -> Result<(), CliError> {
    match action {
        Action::Add { username, name, email, organisation, role, personal } => {
            let belongs = if personal { Belongs::ToNobody } else { Belongs::To(organisation) };
            let role = role
                .parse()
                .map_err(|_| CliError::usage(format!("--role {role:?}: a role is member, administrator or owner")))?;
            let new = account::New {
                organisation: None,
                username: parse_username(&username)?,
                name: parse_name("--name", &name)?,
                email: email.as_deref().map(parse_email).transpose()?,
                role: if personal { Role::Member } else { role },
            };
            add(global, new, belongs).await
        }
        Action::List { organisation } => list(global, organisation).await,
        Action::Disable { username } => switch(global, &username, Switch::Off).await,
        Action::Enable { username } => switch(global, &username, Switch::On).await,
        Action::Unlock { username } => unlock(global, &username).await,
        Action::SetPassword { username } => password::ask_and_set(global, &username).await,
        Action::RemovePassword { username } => password::remove(global, &username).await,
    }
}

enum Belongs {
    ToNobody,
    To(Option<String>),
}

async fn add(global: &Global, new: account::New, belongs: Belongs) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let (ctx, service, username) = (opened.ctx.clone(), opened.config.name.clone(), new.username.clone());
    let drawn = access_pass::draw(&ctx)?;
    let issued = opened
        .store
        .write(move |tx| {
            Box::pin(async move {
                let organisation = match belongs {
                    Belongs::ToNobody => None,
                    Belongs::To(name) => Some(find_organisation(tx, name.as_deref()).await?.id),
                };
                let id = account::add(tx, &ctx, account::New { organisation, ..new }).await?;
                let row = tx.account(&id).await?.ok_or_else(|| CliError::failed("the account was not kept"))?;
                access_pass::issue(tx, &ctx, &row, &service, drawn).await
            })
        })
        .await
        .map_err(|error| taken(error, &username))?;
    opened.store.close().await;
    let text = format!("Added {username}.\n\n{}", issued.text(&opened.config));
    global.output.result(&issued.document(), &text);
    Ok(())
}

fn taken(error: CliError, username: &Username) -> CliError {
    match error {
        CliError::Store(StoreError::Conflict(Constraint::Username)) => CliError::failed(format!(
            "there is an account {username} already; `akkoord access-pass {username}` lets it in again"
        )),
        other => other,
    }
}

async fn list(global: &Global, organisation: Option<String>) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let ctx = opened.ctx.clone();
    let (organisations, accounts) = opened
        .store
        .read(move |tx| {
            Box::pin(async move {
                let organisations = tx.organisations().await?;
                let only = match &organisation {
                    Some(name) => Some(find_organisation(tx, Some(name)).await?.id),
                    None => None,
                };
                let mut accounts = Vec::new();
                for row in all_accounts(tx, only.as_ref()).await? {
                    let phones = tx.phones_of(&row.id).await?;
                    let holds = held_back::of_account(tx, &ctx, &row, &phones).await?;
                    accounts.push((row, phones.len(), holds));
                }
                Ok::<_, CliError>((organisations, accounts))
            })
        })
        .await?;
    let (mut documents, mut lines) = (Vec::new(), Vec::new());
    for (row, phones, holds) in accounts {
        let organisation = organisation_name(&organisations, row.organisation_id.as_ref());
        documents.push(json!({
            "id": row.id,
            "username": row.username,
            "name": row.name,
            "kind": row.kind,
            "organisation": row.organisation_id.as_ref().map(|_| organisation),
            "role": row.role,
            "email": row.email,
            "phones": phones,
            "created_at": instant(row.created_at),
            "disabled_at": instant_or_null(row.disabled_at),
            "held_back": held_back::document(&holds),
        }));
        let disabled = row.disabled_at.map(|at| format!("disabled since {}", moment(at)));
        let state = disabled.or_else(|| held_back::text(&holds)).unwrap_or_default();
        let organisation = if row.organisation_id.is_some() { organisation } else { "(personal)" };
        lines.push(vec![row.username, row.name, organisation.to_owned(), row.role, phones.to_string(), state]);
    }
    let names = ["username", "name", "organisation", "role", "phones", ""];
    global.output.result(&Value::Array(documents), &table(&names, &lines));
    Ok(())
}

#[derive(Clone, Copy)]
enum Switch {
    On,
    Off,
}

async fn switch(global: &Global, username: &str, to: Switch) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let row = opened.account(username).await?;
    let (ctx, id) = (opened.ctx.clone(), row.id.clone());
    let changed = opened
        .store
        .write(move |tx| {
            Box::pin(async move {
                match to {
                    Switch::Off => disable(tx, &ctx, &id).await,
                    Switch::On => enable(tx, &ctx, &id).await,
                }
            })
        })
        .await?;
    opened.store.close().await;
    let name = &row.username;
    let (state, text) = match (to, changed) {
        (Switch::Off, true) => {
            ("disabled", format!("{name} is disabled, signed out everywhere, and its open requests are ended."))
        }
        (Switch::Off, false) => ("disabled", format!("{name} was disabled already.")),
        (Switch::On, true) => {
            ("enabled", format!("{name} is enabled. Its phones work again; access passes from before don't."))
        }
        (Switch::On, false) => ("enabled", format!("{name} was enabled already.")),
    };
    global.output.result(&json!({ "username": name, "state": state, "changed": changed }), &text);
    Ok(())
}

async fn unlock(global: &Global, username: &str) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let row = opened.account(username).await?;
    let (ctx, id) = (opened.ctx.clone(), row.id.clone());
    let unlocked = opened.store.write(move |tx| Box::pin(async move { unlock_all(tx, &ctx, &id).await }));
    let Unlocked { phones: was_locked, waited } = unlocked.await?;
    opened.store.close().await;
    let name = &row.username;
    let text = if was_locked {
        format!("Phone sign-in of {name} works again, and wrong numbers are counted anew.")
    } else {
        format!("Phone sign-in of {name} was not locked. Its wrong numbers are forgiven, and are counted anew.")
    };
    let more = if waited { " The wait after wrong passwords or codes is over." } else { "" };
    let told = json!({ "username": name, "was_locked": was_locked, "waited": waited });
    global.output.result(&told, &format!("{text}{more}"));
    Ok(())
}

/// What an account was kept from.
struct Unlocked {
    /// Whether phone approval was locked.
    phones: bool,
    /// Whether its password or its codes waited.
    waited: bool,
}

async fn unlock_all(tx: &mut Tx, ctx: &Ctx, id: &AccountId) -> Result<Unlocked, StoreError> {
    let phones = budget::unlock(tx, ctx, id).await?;
    let codes = tx.code_tries(id).await?.wait_until > ctx.now;
    tx.forget_code_tries(id).await?;
    let password = tx.forgive_password_tries(id, ctx.now).await?;
    if codes || password {
        let detail = json!({ "codes": codes, "password": password });
        audit::record(tx, ctx, Event::WaitsEnded, Some(id), Some(id.as_str()), detail).await?;
    }
    Ok(Unlocked { phones, waited: codes || password })
}

/// Disables an account. What is open ends in this order, so that nothing new can begin between two steps.
async fn disable(tx: &mut Tx, ctx: &Ctx, id: &AccountId) -> Result<bool, StoreError> {
    if !tx.disable_account(id, ctx.now).await? {
        return Ok(false);
    }
    let requests = tx.revoke_approvals_of_account(id, ctx.now).await?;
    sign_in::all_settled(tx, ctx, &requests).await?;
    let sessions = tx.end_sessions_of_account(id, None, ctx.now).await?;
    let enrolments = tx.end_open_enrolments(id, ctx.now).await?;
    let passes = tx.revoke_access_passes_of(id, ctx.now).await?;
    remembered::forget(tx, ctx, id, Why::Disabled).await?;
    let detail =
        json!({ "requests": requests.len(), "sessions": sessions, "enrolments": enrolments, "access_passes": passes });
    audit::record(tx, ctx, Event::AccountDisabled, Some(id), Some(id.as_str()), detail).await?;
    Ok(true)
}

async fn enable(tx: &mut Tx, ctx: &Ctx, id: &AccountId) -> Result<bool, StoreError> {
    if !tx.enable_account(id).await? {
        return Ok(false);
    }
    audit::record(tx, ctx, Event::AccountEnabled, Some(id), Some(id.as_str()), json!({})).await?;
    Ok(true)
}
