use akkoord_core::{
    audit::Event,
    ids::{AccountId, PhoneId},
};
use akkoord_store::{AuditFilter, Database, NewPhone, Place, RootKey, Seal, Store, StoreError, Tx};

use super::*;
use crate::serve::DataLock;

mod credentials;
mod passwords;
mod recovery_codes;

/// Runs a command line and returns its exit code as a number.
fn code(arguments: &[&str]) -> u8 {
    let arguments = std::iter::once("akkoord").chain(arguments.iter().copied()).map(OsString::from);
    // An exit code shows its number in no other way.
    let shown = format!("{:?}", run(arguments));
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("akkoord-cli-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&path).ok();
        std::fs::create_dir_all(&path).unwrap();
        let config = format!("data_dir = {:?}\n", path.join("data"));
        std::fs::write(path.join("akkoord.toml"), config).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn code(&self, arguments: &[&str]) -> u8 {
        let config = self.file("akkoord.toml");
        code(&[&["--config", &config], arguments].concat())
    }

    fn set_up(&self) {
        let setup = ["setup", "--organisation", "Example School", "--username", "ada@example.org", "--name", "Ada"];
        assert_eq!(self.code(&setup), 0);
    }

    async fn store(&self) -> Store {
        let path = PathBuf::from(self.file("data/akkoord.db"));
        let root = RootKey::load(&self.0.join("data/root.key")).unwrap();
        let ctx = opened::operator_ctx();
        Store::open(&Database::Sqlite { path }, Seal::new(&root, ctx.random), ctx.now).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn the_command_line_is_consistent() {
    use clap::CommandFactory;
    CommandLine::command().debug_assert();
}

#[test]
fn no_argument_takes_a_secret() {
    use clap::CommandFactory;
    fn walk(command: &clap::Command) {
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            assert!(!["password", "pass", "secret", "pin", "token"].contains(&name), "{name}");
        }
        command.get_subcommands().for_each(walk);
    }
    walk(&CommandLine::command());
}

#[test]
fn exit_codes_tell_what_was_not_understood_from_what_failed() {
    let folder = Folder::new("codes");
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["frobnicate"]), 2);
    assert_eq!(folder.code(&["key", "roll", "--in", "soon"]), 2);
    assert_eq!(folder.code(&["account", "list"]), 1, "there is nothing yet");
    assert!(!folder.0.join("data").exists(), "asking makes nothing");
    assert_eq!(code(&["--config", "absent/akkoord.toml", "account", "list"]), 1);
}

#[test]
fn a_first_owner_is_set_up_once() {
    let folder = Folder::new("setup");
    folder.set_up();
    let again = ["setup", "--organisation", "Other", "--username", "eve", "--name", "Eve"];
    assert_eq!(folder.code(&again), 1);
    assert_eq!(folder.code(&["setup", "--organisation", "", "--username", "eve", "--name", "Eve"]), 2);
    assert_eq!(folder.code(&["account", "list"]), 0);
    assert_eq!(folder.code(&["access-pass", "Ada@Example.org"]), 0, "one name has one spelling");
    assert_eq!(folder.code(&["access-pass", "eve"]), 1);
}

#[test]
fn accounts_are_added_to_the_organisation_that_is_meant() {
    let folder = Folder::new("accounts");
    folder.set_up();
    let add = |more: &[&str]| folder.code(&[&["account", "add"], more].concat());
    assert_eq!(add(&["ben", "--name", "Ben"]), 0);
    assert_eq!(add(&["ben", "--name", "Ben"]), 1, "the name is taken");
    assert_eq!(add(&["cat", "--name", "Cat", "--email", "no address"]), 2);
    assert_eq!(add(&["cat", "--name", "Cat", "--role", "king"]), 2);
    assert_eq!(add(&["cat dog", "--name", "Cat"]), 2);
    assert_eq!(folder.code(&["organisation", "add", "Club", "--policy", "number_digits=3", "unlock=pin"]), 0);
    assert_eq!(folder.code(&["organisation", "add", "Club"]), 1);
    assert_eq!(add(&["cat", "--name", "Cat"]), 2, "there are two now");
    assert_eq!(add(&["cat", "--name", "Cat", "--organisation", "Club"]), 0);
    assert_eq!(add(&["dan", "--name", "Dan", "--personal"]), 0);
    assert_eq!(folder.code(&["organisation", "policy", "Club", "request_seconds=30"]), 2);
    assert_eq!(folder.code(&["organisation", "policy", "Club", "request_seconds=90"]), 0);
    assert_eq!(folder.code(&["organisation", "policy", "Nobody"]), 1);
    assert_eq!(folder.code(&["--json", "organisation", "list"]), 0);
}

#[test]
fn a_disabled_account_gets_no_pass() {
    let folder = Folder::new("disable");
    folder.set_up();
    assert_eq!(folder.code(&["account", "disable", "ada@example.org"]), 0);
    assert_eq!(folder.code(&["access-pass", "ada@example.org"]), 1);
    assert_eq!(folder.code(&["account", "enable", "ada@example.org"]), 0);
    assert_eq!(folder.code(&["access-pass", "ada@example.org"]), 0);
    assert_eq!(folder.code(&["audit", "--account", "ada@example.org", "--limit", "5"]), 0);
    assert_eq!(folder.code(&["phone", "list", "ada@example.org"]), 0);
    assert_eq!(folder.code(&["phone", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"]), 1);
}

/// Locks phone approval as ten wrong numbers do.
async fn lock(folder: &Folder, username: &'static str) {
    let store = folder.store().await;
    let now = opened::operator_ctx().now;
    let locked = store.write(move |tx| {
        Box::pin(async move {
            let account = tx.account_by_username(username).await?.unwrap();
            for count in 1..=10 {
                assert_eq!(tx.count_wrong_number(&account.id, 10, now).await?, count == 10);
            }
            Ok::<_, StoreError>(())
        })
    });
    locked.await.unwrap();
    store.close().await;
}

#[test]
fn an_operator_unlocks_phone_sign_in() {
    let folder = Folder::new("unlock");
    folder.set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lock(&folder, "ada@example.org"));
    assert_eq!(folder.code(&["account", "list"]), 0);
    assert_eq!(folder.code(&["doctor"]), 0, "it is told, and the server works");
    assert_eq!(folder.code(&["account", "unlock", "nobody@example.org"]), 1);
    assert_eq!(folder.code(&["account", "unlock", "Ada@Example.org"]), 0);
    assert_eq!(folder.code(&["account", "unlock", "ada@example.org"]), 0, "there is nothing to unlock any more");
    runtime.block_on(async {
        let store = folder.store().await;
        let (row, events) = store
            .read(|tx| {
                Box::pin(async move {
                    let row = tx.account_by_username("ada@example.org").await?.unwrap();
                    Ok::<_, StoreError>((row, tx.audit_events(&AuditFilter::default(), 10).await?))
                })
            })
            .await
            .unwrap();
        assert!(row.approval_locked_at.is_none() && row.approval_unlocked_at.is_some());
        let unlocked = events.iter().filter(|event| event.event == Event::ApprovalUnlocked.as_str());
        assert_eq!(unlocked.map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["operator"]);
        store.close().await;
    });
}

#[test]
fn a_backup_restores_and_what_was_open_is_ended() {
    let folder = Folder::new("restore");
    folder.set_up();
    assert_eq!(folder.code(&["account", "add", "ben", "--name", "Ben"]), 0);
    let backup = folder.file("backup.db");
    assert_eq!(folder.code(&["backup", &backup]), 0);
    assert_eq!(folder.code(&["backup", &backup]), 1, "nothing is overwritten");
    assert_eq!(folder.code(&["account", "disable", "ben"]), 0);
    assert_eq!(folder.code(&["account", "add", "cat", "--name", "Cat"]), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lock(&folder, "ada@example.org"));
    assert_eq!(folder.code(&["restore", &backup]), 0);
    assert!(folder.0.join("data/akkoord.db.before-restore").exists());
    runtime.block_on(async {
        let store = folder.store().await;
        let now = opened::operator_ctx().now;
        let checked = store.read(move |tx| {
            Box::pin(async move {
                assert!(tx.account_by_username("cat").await?.is_none(), "added after the backup");
                let ben = tx.account_by_username("ben").await?.unwrap();
                assert!(ben.disabled_at.is_some(), "disabled after the backup, and again by the restore");
                let ada = tx.account_by_username("ada@example.org").await?.unwrap();
                assert!(tx.usable_access_passes(&ada.id, now).await?.is_empty(), "passes end");
                assert!(ada.approval_locked_at.is_some(), "locked after the backup, and again by the restore");
                let newest = tx.audit_events(&AuditFilter::default(), 1).await?.remove(0);
                assert_eq!(newest.event, Event::Restored.as_str());
                Ok::<_, StoreError>(())
            })
        });
        checked.await.unwrap();
        store.close().await;
    });
}

#[test]
fn a_phone_that_was_removed_after_the_backup_stays_removed() {
    let folder = Folder::new("phones");
    folder.set_up();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (lost, kept) = runtime.block_on(async {
        let store = folder.store().await;
        let added = store.write(|tx| {
            Box::pin(async move {
                let ada = tx.account_by_username("ada@example.org").await?.unwrap();
                let (lost, kept) = (new_phone(tx, &ada.id), new_phone(tx, &ada.id));
                tx.add_phone(&lost).await?;
                tx.add_phone(&kept).await?;
                Ok::<_, StoreError>((lost.id, kept.id))
            })
        });
        let added = added.await.unwrap();
        store.close().await;
        added
    });
    let backup = folder.file("backup.db");
    assert_eq!(folder.code(&["backup", &backup]), 0);
    assert_eq!(folder.code(&["phone", "revoke", lost.as_str()]), 0);
    assert_eq!(folder.code(&["phone", "revoke", lost.as_str()]), 1, "it is removed already");
    assert_eq!(folder.code(&["phone", "revoke", "-6fhXq3XKZwyb9O5RVnfzK"]), 1, "one in 64 ids begins with a hyphen");
    assert_eq!(folder.code(&["phone", "list", "ada@example.org", "--removed"]), 0);
    assert_eq!(folder.code(&["restore", &backup]), 0);
    runtime.block_on(async {
        let store = folder.store().await;
        let read = store.read(move |tx| {
            Box::pin(
                async move { Ok::<_, StoreError>((tx.phone(&lost).await?.unwrap(), tx.phone(&kept).await?.unwrap())) },
            )
        });
        let (lost, kept) = read.await.unwrap();
        assert_eq!(lost.revoked_by.as_deref(), Some("administrator"));
        assert!(lost.oprf_key.is_none(), "its part of the PIN's key is gone again");
        assert_eq!((kept.revoked_at, kept.pin_left), (None, 2));
        store.close().await;
    });
}

fn new_phone(tx: &Tx, account: &AccountId) -> NewPhone {
    let ctx = opened::operator_ctx();
    let id = PhoneId::new(&*ctx.random);
    NewPhone {
        account_id: account.clone(),
        name: "Phone".to_owned(),
        platform: "terminal".to_owned(),
        key: format!("key of {id}"),
        webauthn: None,
        pin_key: None,
        oprf_key: tx.seal().seal(Place::PhoneOprfKey, id.as_str(), b"oprf"),
        voprf: "voprf".to_owned(),
        pin_left: 5,
        app_pin_at: None,
        phone_sign_in_at: Some(ctx.now),
        code_secret: None,
        created_at: ctx.now,
        id,
    }
}

#[test]
fn what_is_no_backup_of_this_installation_changes_nothing() {
    let (folder, other) = (Folder::new("foreign"), Folder::new("stranger"));
    folder.set_up();
    other.set_up();
    let before = std::fs::read(folder.file("data/akkoord.db")).unwrap();
    let foreign = other.file("backup.db");
    assert_eq!(other.code(&["backup", &foreign]), 0);
    let text = folder.file("text");
    std::fs::write(&text, "not a database").unwrap();
    for file in [&foreign, &text, &folder.file("absent")] {
        assert_eq!(folder.code(&["restore", file]), 1, "{file}");
    }
    let lock = DataLock::take(&folder.0.join("data")).unwrap();
    let own = folder.file("own.db");
    assert_eq!(folder.code(&["backup", &own]), 0, "a backup works while the server runs");
    assert_eq!(folder.code(&["restore", &own]), 1, "a restore doesn't");
    drop(lock);
    let names = std::fs::read_dir(folder.0.join("data")).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.filter(|name| name.to_string_lossy().contains("restor")).collect();
    assert!(names.is_empty(), "{names:?}");
    assert_eq!(std::fs::read(folder.file("data/akkoord.db")).unwrap(), before);
}

#[test]
fn a_missing_or_foreign_root_key_stops_every_command() {
    let (folder, other) = (Folder::new("key"), Folder::new("other-key"));
    folder.set_up();
    other.set_up();
    let key = folder.0.join("data/root.key");
    let own = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    assert_eq!(folder.code(&["account", "list"]), 1);
    assert!(!key.exists(), "no new key is made over an old database");
    std::fs::copy(other.0.join("data/root.key"), &key).unwrap();
    assert_eq!(folder.code(&["account", "list"]), 1);
    assert_eq!(folder.code(&["doctor"]), 1);
    std::fs::write(&key, own).unwrap();
    assert_eq!(folder.code(&["account", "list"]), 0);
    assert_eq!(folder.code(&["doctor"]), 0);
}

#[test]
fn a_key_is_rolled_once_at_a_time() {
    let folder = Folder::new("roll");
    folder.set_up();
    // The server makes the first key; a command that needs the whole application does so too.
    assert_eq!(folder.code(&["phone", "revoke", "AAAAAAAAAAAAAAAAAAAAAA"]), 1);
    assert_eq!(folder.code(&["key", "roll", "--in", "1m"]), 2);
    assert_eq!(folder.code(&["key", "roll", "--in", "1h"]), 0);
    assert_eq!(folder.code(&["key", "roll"]), 1, "one is under way");
}
