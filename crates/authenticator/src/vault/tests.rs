//! Sealing, damage, locking and two programs at once.

use akkoord_protocols::phone::offer::{self, Kind, Policy};

use super::*;
use crate::account::{PinnedKey, Server, StoredKey};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = encode(&random::bytes::<12>(&SystemRandom));
        let path = std::env::temp_dir().join(format!("akkoord-vault-{name}"));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn vault(&self, protection: Protection) -> SealedFile {
        SealedFile::new(self.0.join("vault"), protection)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn account(phone: &str) -> Account {
    let name = || "Ada".parse().unwrap();
    let server_key = StoredKey::generate().unwrap().public().clone();
    Account {
        server: Server {
            iss: "https://login.example".to_owned(),
            api: "https://phone.example".to_owned(),
            keys: vec![PinnedKey { key: server_key, from: Some(0) }],
        },
        phone: phone.parse().unwrap(),
        name: name(),
        key: StoredKey::generate().unwrap(),
        next_key: None,
        pin: None,
        next_pin: None,
        platform: None,
        voprf: Bytes([2; 33]),
        vapid: Bytes([4; 65]),
        unlock: Vec::new(),
        owner: offer::Account {
            id: "ada".parse().unwrap(),
            username: name(),
            name: name(),
            organisation: None,
            kind: Kind::Personal,
        },
        policy: Policy { pin_min: 6, app_pin: false, number_digits: 2, one_work_account_per_phone: false },
        codes: None,
    }
}

const A: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "BBBBBBBBBBBBBBBBBBBBBA";

fn add(vault: &SealedFile, phone: &str) -> Result<(), VaultError> {
    vault.change(|contents| {
        contents.accounts.push(account(phone));
        Ok(())
    })
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn accounts_come_back_and_the_files_are_private() {
    let folder = Folder::new();
    let vault = folder.vault(Protection::KeyFile);
    assert!(vault.read().unwrap().accounts.is_empty());
    add(&vault, A).unwrap();
    let back = folder.vault(Protection::KeyFile).read().unwrap();
    assert_eq!(back.accounts[0].phone.as_str(), A);
    assert_eq!((mode(vault.path()), mode(&vault.key_path())), (0o600, 0o600));
    let text = fs::read_to_string(vault.path()).unwrap();
    assert!(!text.contains("login.example") && !text.contains(A), "nothing is in the clear: {text}");
    assert!(!SealedFile::wants_passphrase(vault.path()).unwrap());
}

#[test]
fn a_passphrase_opens_it_and_another_does_not() {
    let folder = Folder::new();
    let with = |text: &str| folder.vault(Protection::Passphrase(Zeroizing::new(text.to_owned())));
    add(&with("correct horse"), A).unwrap();
    assert!(!folder.0.join("vault.key").exists());
    assert_eq!(with("correct horse").read().unwrap().accounts.len(), 1);
    assert!(matches!(with("wrong horse").read(), Err(VaultError::WrongPassphrase)));
    assert!(matches!(folder.vault(Protection::KeyFile).read(), Err(VaultError::PassphraseNeeded)));
    assert!(SealedFile::wants_passphrase(&folder.0.join("vault")).unwrap());
}

#[test]
fn a_damaged_vault_is_told_and_left_alone() {
    let folder = Folder::new();
    let vault = folder.vault(Protection::KeyFile);
    add(&vault, A).unwrap();
    let whole = fs::read(vault.path()).unwrap();
    let mut garbled = whole.clone();
    let middle = garbled.len() / 2;
    garbled[middle] = if garbled[middle] == b'A' { b'B' } else { b'A' };
    for damaged in [&garbled[..], &whole[..whole.len() - 9], b"", b"{}", b"{\"akkoord_vault\":1}"] {
        fs::write(vault.path(), damaged).unwrap();
        for fresh in [&vault, &folder.vault(Protection::KeyFile)] {
            assert!(matches!(fresh.read(), Err(VaultError::Broken(_))));
            assert!(matches!(add(fresh, B), Err(VaultError::Broken(_))));
        }
        assert_eq!(fs::read(vault.path()).unwrap(), damaged, "not a byte was changed");
    }
    fs::write(vault.path(), br#"{"akkoord_vault":2,"new":true}"#).unwrap();
    assert!(matches!(vault.read(), Err(VaultError::Newer(_))));
}

#[test]
fn a_missing_foreign_or_readable_key_file_is_told() {
    let folder = Folder::new();
    add(&folder.vault(Protection::KeyFile), A).unwrap();
    let key = folder.0.join("vault.key");
    let text = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(matches!(folder.vault(Protection::KeyFile).read(), Err(VaultError::KeyMissing(_))));
    let other = Folder::new();
    add(&other.vault(Protection::KeyFile), B).unwrap();
    fs::copy(other.0.join("vault.key"), &key).unwrap();
    assert!(matches!(folder.vault(Protection::KeyFile).read(), Err(VaultError::KeyMissing(_))));
    fs::write(&key, text).unwrap();
    assert_eq!(folder.vault(Protection::KeyFile).read().unwrap().accounts.len(), 1);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(folder.vault(Protection::KeyFile).read(), Err(VaultError::Readable(_))));
}

#[test]
fn two_programs_lose_nothing_of_each_other() {
    let folder = Folder::new();
    let phones: Vec<String> = (0..8_u8).map(|n| Bytes([n; 16]).to_text()).collect();
    std::thread::scope(|scope| {
        for phone in &phones {
            scope.spawn(|| add(&folder.vault(Protection::KeyFile), phone).unwrap());
        }
    });
    let stored = folder.vault(Protection::KeyFile).read().unwrap().accounts;
    assert_eq!(stored.len(), phones.len());
    assert!(phones.iter().all(|phone| stored.iter().any(|account| account.phone.as_str() == phone)));
}

#[test]
fn a_change_that_fails_writes_nothing_and_a_removed_account_stays_removed() {
    let folder = Folder::new();
    let vault = folder.vault(Protection::KeyFile);
    add(&vault, A).unwrap();
    let before = fs::read(vault.path()).unwrap();
    let failed: Result<(), VaultError> = vault.change(|contents| {
        contents.accounts.clear();
        Err(VaultError::PassphraseNeeded)
    });
    assert!(failed.is_err());
    assert_eq!(fs::read(vault.path()).unwrap(), before);

    let mut renamed = account(A);
    renamed.name = "Grace".parse().unwrap();
    vault.keep(&renamed).unwrap();
    assert_eq!(vault.read().unwrap().accounts[0].name.as_str(), "Grace");
    assert!(vault.keep(&account(B)).is_err());
    assert_eq!(vault.read().unwrap().accounts.len(), 1);
}

#[test]
fn a_lock_held_by_another_program_is_told_after_a_while() {
    let folder = Folder::new();
    let vault = folder.vault(Protection::KeyFile);
    add(&vault, A).unwrap();
    let held = vault.lock().unwrap();
    let started = Instant::now();
    assert!(matches!(add(&vault, B), Err(VaultError::Locked(_))));
    assert!(started.elapsed() >= LOCK_TIMEOUT);
    drop(held);
    add(&vault, B).unwrap();
}
