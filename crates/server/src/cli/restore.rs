//! `akkoord restore`: puts a backup back.
//!
//! [Note: What a restore must kill] A backup holds a moment that is over. Access passes that were used, sessions that
//! were ended, PIN tries that were spent and phones that were removed since would all come back to life. So a restore
//! ends everything that was open, and does again what the database that was there knows to have been taken back.

mod files;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{AccountId, CredentialId, PhoneId},
};
use akkoord_store::{
    AuditFilter, Database, NewPassword, NewServerKey, PasswordRow, RecoveryCodeRow, RootKey, Seal, Store, StoreError,
    Tx,
};
use clap::Args;
use serde_json::{Value, json};

use self::files::Places;
use super::{
    CliError, Global,
    opened::{Absent, Opened, all_accounts, load_config, operator_ctx, quiet_log},
    output::{instant_or_null, moment},
};
use crate::{app::StartError, serve::DataLock, use_cases::audit};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The backup, made by `akkoord backup`.
    #[arg(value_name = "FILE", required_unless_present = "in_place")]
    file: Option<PathBuf>,
    /// The database was put back already by its own tools, such as pg_restore: only end what a restore must end.
    #[arg(long, conflicts_with = "file")]
    in_place: bool,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    match arguments.file {
        Some(file) => from_file(global, &file).await,
        None => in_place(global).await,
    }
}

async fn in_place(global: &Global) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::RefuseAndUpdate).await?;
    let _lock = crate::serve::lock_data(&opened.config.database, &opened.config.data_dir)?;
    let killed = kill(&opened.store, &opened.ctx, Since::default()).await?;
    opened.store.close().await;
    global.output.result(&killed.document(), &format!("{}\n{CHECK_REMOVED}", killed.text()));
    Ok(())
}

async fn from_file(global: &Global, file: &Path) -> Result<(), CliError> {
    let config = load_config(global)?;
    quiet_log();
    let Database::Sqlite { path } = &config.database else {
        return Err(CliError::usage(
            "a PostgreSQL database is put back by its own tools: stop all servers, use pg_restore, \
             then run `akkoord restore --in-place`",
        ));
    };
    let root = RootKey::load(&config.root_key_path()).map_err(StartError::from)?;
    let _lock = DataLock::take(&config.data_dir)?;
    let ctx = operator_ctx();
    let open = async |path: &Path| {
        let seal = Seal::new(&root, Arc::clone(&ctx.random));
        Store::open(&Database::Sqlite { path: path.to_owned() }, seal, ctx.now).await
    };

    let places = Places::new(path);
    places.copy_in(file)?;
    let draft = open(&places.draft).await.map_err(|error| {
        places.drop_draft();
        CliError::failed(format!("{} cannot be restored: {error}", file.display()))
    })?;
    let made_at = check(&draft, file).await;
    let (since, unread) = match places.has_database() {
        false => (Since::default(), None),
        true => match open(&places.database).await {
            Ok(old) => {
                let since = Since::read(&old).await;
                // Closing also moves its log into its file, so that one file is all of it.
                old.close().await;
                since.map_or_else(|error| (Since::default(), Some(error.to_string())), |since| (since, None))
            }
            Err(error) => (Since::default(), Some(error.to_string())),
        },
    };
    let killed = match made_at {
        Ok(made_at) => kill(&draft, &ctx, since).await.map(|killed| (killed, made_at)).map_err(CliError::from),
        Err(error) => Err(error),
    };
    draft.close().await;
    let (killed, made_at) = killed.and_then(|done| places.draft_is_whole().map(|()| done)).inspect_err(|_| {
        places.drop_draft();
    })?;
    let kept = places.swap()?;
    report(global, file, &killed, made_at, kept.as_deref(), unread.as_deref());
    Ok(())
}

fn report(
    global: &Global,
    file: &Path,
    killed: &Killed,
    made_at: Option<Timestamp>,
    kept: Option<&Path>,
    unread: Option<&str>,
) {
    let mut document = killed.document();
    if let Some(members) = document.as_object_mut() {
        members.insert("file".to_owned(), json!(file));
        members.insert("last_event_at".to_owned(), instant_or_null(made_at));
        members.insert("before_restore".to_owned(), json!(kept));
        members.insert("old_database_unread".to_owned(), json!(unread));
    }
    let mut text = format!("Restored {}", file.display());
    if let Some(at) = made_at {
        text.push_str(&format!(", whose last event is of {}", moment(at)));
    }
    text.push_str(&format!(".\n{}\n", killed.text()));
    if let Some(kept) = kept {
        text.push_str(&format!("What was there before is kept as {}.\n", kept.display()));
    }
    if let Some(reason) = unread {
        text.push_str(&format!("The database that was there could not be read ({reason}).\n{CHECK_REMOVED}\n"));
    }
    text.push_str("Phones that were added or got a new key after the backup have to be added again.");
    global.output.result(&document, &text);
}

/// Whether the file is a backup of ours, and how old it is. An empty database opens too: it was just made.
async fn check(draft: &Store, file: &Path) -> Result<Option<Timestamp>, CliError> {
    let (is_ours, newest) = draft
        .read(|tx| {
            Box::pin(async move {
                let is_ours = !tx.organisations().await?.is_empty() || !tx.server_keys().await?.is_empty();
                let newest = tx.audit_events(&AuditFilter::default(), 1).await?.into_iter().next();
                Ok::<_, StoreError>((is_ours, newest.map(|event| event.at)))
            })
        })
        .await?;
    if is_ours {
        Ok(newest)
    } else {
        Err(CliError::failed(format!("{} is a database, and not a backup of Akkoord", file.display())))
    }
}

/// What the database that was there knows to have been taken back, or to have been added to the server's keys.
#[derive(Default)]
struct Since {
    removed: Vec<(PhoneId, AccountId, String)>,
    disabled: Vec<AccountId>,
    locked: Vec<(AccountId, Timestamp)>,
    passwords: Vec<(AccountId, Option<PasswordRow>)>,
    recovery_codes: Vec<(AccountId, Vec<RecoveryCodeRow>)>,
    credentials: Vec<(CredentialId, AccountId)>,
    keys: Vec<NewServerKey>,
}

impl Since {
    async fn read(old: &Store) -> Result<Self, StoreError> {
        old.read(|tx| {
            Box::pin(async move {
                let mut since = Self::default();
                for account in all_accounts(tx, None).await? {
                    for phone in tx.removed_phones_of(&account.id, i64::MAX).await? {
                        since.removed.push((phone.id, phone.account_id, phone.revoked_by.unwrap_or_default()));
                    }
                    if let Some(at) = account.approval_locked_at {
                        since.locked.push((account.id.clone(), at));
                    }
                    since.passwords.push((account.id.clone(), tx.password(&account.id).await?));
                    since.recovery_codes.push((account.id.clone(), tx.recovery_codes_of(&account.id).await?));
                    if account.disabled_at.is_some() {
                        since.disabled.push(account.id);
                    }
                }
                since.credentials = tx.removed_credentials().await?;
                since.keys = tx
                    .server_keys()
                    .await?
                    .into_iter()
                    .map(|row| NewServerKey {
                        kid: row.kid,
                        public_key: row.public_key,
                        private_key: row.private_key,
                        roll: row.roll,
                        created_at: row.created_at,
                        current_from: row.current_from,
                    })
                    .collect();
                Ok(since)
            })
        })
        .await
    }

    /// Does it again. Phones have learned of the server's later keys and would not know the earlier ones any more.
    async fn apply(self, tx: &mut Tx, now: Timestamp, killed: &mut Killed) -> Result<(), StoreError> {
        for (phone, account, by) in self.removed {
            tx.delete_push_subscription(&phone).await?;
            killed.phones_removed_again += u64::from(tx.revoke_phone(&phone, &account, now, &by).await?);
        }
        for account in self.disabled {
            killed.accounts_disabled_again += u64::from(tx.disable_account(&account, now).await?);
        }
        for (account, at) in self.locked {
            killed.accounts_locked_again += u64::from(tx.restore_approval_lock(&account, at).await?);
        }
        for (account, password) in self.passwords {
            killed.passwords_changed_again += u64::from(change_again(tx, &account, password).await?);
        }
        for (account, codes) in self.recovery_codes {
            // Used ones would be good again, and those on paper since the backup would not be.
            if tx.account(&account).await?.is_some() && tx.recovery_codes_of(&account).await? != codes {
                tx.replace_recovery_codes(&account, &codes).await?;
                killed.recovery_codes_changed_again += 1;
            }
        }
        for (id, account) in self.credentials {
            killed.credentials_removed_again += u64::from(tx.remove_credential(&id, &account, now).await?);
        }
        let known = tx.server_keys().await?;
        for key in self.keys {
            if known.iter().all(|row| row.kid != key.kid) {
                tx.add_server_key(&key).await?;
                killed.server_keys_kept += 1;
            }
        }
        Ok(())
    }
}

/// Gives an account the password that it had last, or none: one that was given up since, perhaps because somebody else knew
/// it, would be right again.
async fn change_again(tx: &mut Tx, account: &AccountId, last: Option<PasswordRow>) -> Result<bool, StoreError> {
    if tx.account(account).await?.is_none() {
        return Ok(false);
    }
    let restored = tx.password(account).await?;
    let new = last.map(|row| NewPassword {
        account_id: row.account_id,
        hash: row.hash,
        pepper: row.pepper,
        set_at: row.set_at,
        must_change_at: row.must_change_at,
    });
    match (restored, new) {
        (None, None) => Ok(false),
        (None, Some(new)) => tx.add_password(&new).await,
        (Some(_), None) => tx.remove_password(account).await,
        (Some(row), Some(new)) => Ok(row.hash != new.hash && tx.replace_password(&new, &row.hash).await?),
    }
}

/// What was ended, for the audit and the operator.
#[derive(Clone, Debug, Default, serde::Serialize)]
struct Killed {
    sessions: u64,
    sign_ins: u64,
    requests: u64,
    enrolments: u64,
    access_passes: u64,
    pin_changes: u64,
    links: u64,
    browsers: u64,
    remembered_browsers: u64,
    expectations: u64,
    jobs: u64,
    phones_with_fewer_pin_tries: u64,
    phones_removed_again: u64,
    accounts_disabled_again: u64,
    accounts_locked_again: u64,
    passwords_changed_again: u64,
    recovery_codes_changed_again: u64,
    credentials_removed_again: u64,
    server_keys_kept: u64,
}

impl Killed {
    fn document(&self) -> Value {
        json!({ "ended": self })
    }

    fn text(&self) -> String {
        format!(
            "Ended: {} sessions, {} requests, {} enrolments, {} access passes. Phones have {PIN_TRIES} tries for their \
             PIN until the next right one.\nDone again: {} phones removed, {} accounts disabled.",
            self.sessions,
            self.requests,
            self.enrolments,
            self.access_passes,
            self.phones_removed_again,
            self.accounts_disabled_again,
        )
    }
}

/// Ends all that a restore must end, in one transaction with its event.
async fn kill(store: &Store, ctx: &Ctx, since: Since) -> Result<Killed, StoreError> {
    let ctx = ctx.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                let now = ctx.now;
                let mut killed = Killed {
                    requests: tx.revoke_all_approvals(now).await?,
                    sessions: tx.end_all_sessions(now).await?,
                    sign_ins: tx.end_all_sign_ins(now).await?,
                    enrolments: tx.cancel_all_enrolments(now).await?,
                    access_passes: tx.revoke_all_access_passes(now).await?,
                    pin_changes: tx.end_all_pin_changes(now).await?,
                    links: tx.use_all_notice_links(now).await?,
                    browsers: tx.forget_all_browsers(now).await?,
                    remembered_browsers: tx.forget_all_remembered_browsers().await?,
                    expectations: tx.forget_all_expectations().await?,
                    jobs: tx.drop_open_jobs(now).await?,
                    phones_with_fewer_pin_tries: tx.lower_pin_tries(PIN_TRIES).await?,
                    ..Killed::default()
                };
                since.apply(tx, now, &mut killed).await?;
                let detail = serde_json::to_value(&killed).unwrap_or(Value::Null);
                audit::record(tx, &ctx, Event::Restored, None, None, detail).await?;
                Ok(killed)
            })
        })
        .await
}

/// One for a slip of the finger and one for the right PIN.
const PIN_TRIES: i64 = 2;
const CHECK_REMOVED: &str = "Phones that were removed and accounts that were disabled after the backup are active \
                             again: remove and disable them once more (`akkoord phone list`, `akkoord account list`).";
