//! The sealed file that holds a phone's accounts.
//!
//! It is sealed with a random key. That key lies beside it in a file that only its owner reads, which protects a
//! copied or backed-up vault, or is itself wrapped under a passphrase, which also protects against whoever reads the
//! owner's files. Two programs may use one vault: each change is read, made and written under a lock.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    num::NonZeroU32,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    random,
};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    pbkdf2,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    account::Account,
    phone::{Keep, KeepError},
    random::SystemRandom,
};

/// The version of the format.
const VERSION: u32 = 1;
/// Iterations that stretch a passphrase.
const ITERATIONS: u32 = 600_000;
/// How long a change waits for another program's.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);
/// No vault is larger than this, in bytes.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What a vault holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The accounts, in the order in which they were added.
    pub accounts: Vec<Account>,
}

/// With what the vault's key is protected.
#[derive(Clone)]
pub enum Protection {
    /// It lies in a file beside the vault.
    KeyFile,
    /// It is wrapped under a passphrase.
    Passphrase(Zeroizing<String>),
}

/// Why a vault can't be used. The file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// Others may read it.
    #[error("{0} can be read by others: its mode must be 600")]
    Readable(String),
    /// Not a vault, or damaged.
    #[error("{0} is damaged or not a vault")]
    Broken(String),
    /// Of a later version.
    #[error("{0} was written by a newer version")]
    Newer(String),
    /// The key file is gone.
    #[error("the key file {0} is missing: without it the vault can't be opened")]
    KeyMissing(String),
    /// The vault is sealed with a passphrase and none was given.
    #[error("the vault is sealed with a passphrase")]
    PassphraseNeeded,
    /// The passphrase does not open it.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// Another program holds it.
    #[error("{0} is in use by another program")]
    Locked(String),
}

/// A vault on disk.
pub struct SealedFile {
    path: PathBuf,
    protection: Protection,
    /// The key, once it was unwrapped: stretching a passphrase takes a while.
    key: Mutex<Option<(KeySource, Zeroizing<[u8; 32]>)>>,
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedFile({})", self.path.display())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    akkoord_vault: u32,
    key: KeySource,
    iv: Bytes<12>,
    sealed: String,
}

#[derive(Deserialize)]
struct Version {
    akkoord_vault: u32,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "in", rename_all = "kebab-case", deny_unknown_fields)]
enum KeySource {
    File { id: Bytes<16> },
    Passphrase { salt: Bytes<16>, iterations: u32, iv: Bytes<12>, wrapped: String },
}

impl SealedFile {
    /// The vault at a path. Nothing is read yet.
    pub fn new(path: impl Into<PathBuf>, protection: Protection) -> Self {
        Self { path: path.into(), protection, key: Mutex::new(None) }
    }

    /// Whether the vault at a path is there and asks for a passphrase.
    pub fn wants_passphrase(path: &Path) -> Result<bool, VaultError> {
        let vault = Self::new(path, Protection::KeyFile);
        Ok(matches!(vault.envelope()?, Some(Envelope { key: KeySource::Passphrase { .. }, .. })))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it. A vault that is not there is empty.
    pub fn read(&self) -> Result<Contents, VaultError> {
        let Some(envelope) = self.envelope()? else { return Ok(Contents::default()) };
        let key = self.key_of(&envelope.key)?;
        let mut sealed = Zeroizing::new(decode(&envelope.sealed).map_err(|_| self.broken())?);
        let plain = open(&key, envelope.iv, b"accounts", &mut sealed).ok_or_else(|| self.broken())?;
        serde_json::from_slice(plain).map_err(|_| self.broken())
    }

    /// Reads, changes and writes it under the lock. If the change fails, nothing is written.
    pub fn change<T, E: From<VaultError>>(&self, change: impl FnOnce(&mut Contents) -> Result<T, E>) -> Result<T, E> {
        self.make_folder()?;
        let _lock = self.lock()?;
        let mut contents = self.read()?;
        let result = change(&mut contents)?;
        self.write(&contents)?;
        Ok(result)
    }

    fn write(&self, contents: &Contents) -> Result<(), VaultError> {
        let (source, key) = match self.envelope()? {
            Some(envelope) => {
                let key = self.key_of(&envelope.key)?;
                (envelope.key, key)
            }
            None => self.new_key()?,
        };
        let plain = Zeroizing::new(serde_json::to_vec(contents).map_err(|_| self.broken())?);
        let iv = Bytes(random::bytes(&SystemRandom));
        let sealed = encode(&seal(&key, iv, b"accounts", &plain).ok_or_else(|| self.broken())?);
        let envelope = Envelope { akkoord_vault: VERSION, key: source, iv, sealed };
        let text = serde_json::to_vec(&envelope).map_err(|_| self.broken())?;
        replace(&self.path, &text)
    }

    fn envelope(&self) -> Result<Option<Envelope>, VaultError> {
        let Some(bytes) = read_private(&self.path)? else { return Ok(None) };
        match serde_json::from_slice::<Version>(&bytes) {
            Ok(Version { akkoord_vault: VERSION }) => {}
            Ok(Version { akkoord_vault }) if akkoord_vault > VERSION => {
                return Err(VaultError::Newer(self.path.display().to_string()));
            }
            _ => return Err(self.broken()),
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| self.broken())
    }

    fn key_of(&self, source: &KeySource) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let mut cached = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, key)) = cached.as_ref().filter(|(known, _)| known == source) {
            let _ = known;
            return Ok(key.clone());
        }
        let key = match (source, &self.protection) {
            (KeySource::File { id }, _) => self.read_key_file(id)?,
            (KeySource::Passphrase { .. }, Protection::KeyFile) => return Err(VaultError::PassphraseNeeded),
            (KeySource::Passphrase { salt, iterations, iv, wrapped }, Protection::Passphrase(passphrase)) => {
                // A planted file may not make this take forever.
                if *iterations > ITERATIONS * 100 {
                    return Err(self.broken());
                }
                let kek = stretch(passphrase, *salt, *iterations);
                let mut wrapped = Zeroizing::new(decode(wrapped).map_err(|_| self.broken())?);
                let key = open(&kek, *iv, b"key", &mut wrapped).ok_or(VaultError::WrongPassphrase)?;
                Zeroizing::new(<[u8; 32]>::try_from(&*key).map_err(|_| self.broken())?)
            }
        };
        *cached = Some((source.clone(), key.clone()));
        Ok(key)
    }

    fn new_key(&self) -> Result<(KeySource, Zeroizing<[u8; 32]>), VaultError> {
        let key = Zeroizing::new(random::bytes::<32>(&SystemRandom));
        let source = match &self.protection {
            Protection::KeyFile => {
                let id = Bytes(random::bytes(&SystemRandom));
                // Written before the vault: a key without a vault is no loss, a vault without its key is one.
                let text = Zeroizing::new(format!("{} {}\n", id.to_text(), encode(key.as_ref())));
                replace(&self.key_path(), text.as_bytes())?;
                KeySource::File { id }
            }
            Protection::Passphrase(passphrase) => {
                let (salt, iv) = (Bytes(random::bytes(&SystemRandom)), Bytes(random::bytes(&SystemRandom)));
                let kek = stretch(passphrase, salt, ITERATIONS);
                let wrapped = encode(&seal(&kek, iv, b"key", key.as_ref()).ok_or_else(|| self.broken())?);
                KeySource::Passphrase { salt, iterations: ITERATIONS, iv, wrapped }
            }
        };
        Ok((source, key))
    }

    fn read_key_file(&self, id: &Bytes<16>) -> Result<Zeroizing<[u8; 32]>, VaultError> {
        let path = self.key_path();
        let shown = path.display().to_string();
        let text = Zeroizing::new(read_private(&path)?.ok_or_else(|| VaultError::KeyMissing(shown.clone()))?);
        let broken = || VaultError::Broken(shown.clone());
        let text = std::str::from_utf8(&text).map_err(|_| broken())?;
        let (found, key) = text.trim_end().split_once(' ').ok_or_else(broken)?;
        if found != id.to_text() {
            // The key of another vault: say so before the seal only says "damaged".
            return Err(VaultError::KeyMissing(shown));
        }
        let key: Bytes<32> = key.parse().map_err(|_| broken())?;
        Ok(Zeroizing::new(key.0))
    }

    fn lock(&self) -> Result<File, VaultError> {
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = file.map_err(|error| file_error(&path, error))?;
        let deadline = Instant::now() + LOCK_TIMEOUT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(fs::TryLockError::WouldBlock) => {
                    return Err(VaultError::Locked(self.path.display().to_string()));
                }
                Err(fs::TryLockError::Error(error)) => return Err(file_error(&path, error)),
            }
        }
    }

    fn make_folder(&self) -> Result<(), VaultError> {
        let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
            return Ok(());
        };
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| file_error(folder, error))
    }

    fn key_path(&self) -> PathBuf {
        self.path.with_extension("key")
    }

    fn broken(&self) -> VaultError {
        VaultError::Broken(self.path.display().to_string())
    }
}

impl Keep for SealedFile {
    fn keep(&self, account: &Account) -> Result<(), KeepError> {
        let kept = self.change(|contents| {
            match contents.accounts.iter_mut().find(|stored| stored.phone == account.phone) {
                Some(stored) => *stored = account.clone(),
                // Removed by another program in the meantime: it stays removed.
                None => return Err(VaultError::Broken("the account".to_owned())),
            }
            Ok(())
        });
        kept.map_err(|error| KeepError(Box::new(error)))
    }
}

fn stretch(passphrase: &str, salt: Bytes<16>, iterations: u32) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let iterations = NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt.0, passphrase.as_bytes(), key.as_mut());
    key
}

/// The additional data holds what is sealed, so that one part of a vault can't be put in another's place.
fn additional(what: &[u8]) -> Vec<u8> {
    [b"akkoord/vault/v1\0", what].concat()
}

fn seal(key: &[u8; 32], iv: Bytes<12>, what: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut sealed = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(iv.0);
    key.seal_in_place_append_tag(nonce, Aad::from(additional(what)), &mut sealed).ok()?;
    Some(sealed)
}

fn open<'a>(key: &[u8; 32], iv: Bytes<12>, what: &[u8], sealed: &'a mut [u8]) -> Option<&'a mut [u8]> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    key.open_in_place(Nonce::assume_unique_for_key(iv.0), Aad::from(additional(what)), sealed).ok()
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(file_error(path, error)),
    };
    let metadata = file.metadata().map_err(|error| file_error(path, error))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(VaultError::Readable(path.display().to_string()));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| file_error(path, error))?;
    Ok(Some(bytes))
}

/// Writes a file so that after a crash either the old or the new one is there, whole.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let temporary = path.with_extension("new");
    let written = (|| {
        // A left-over of a crash is overwritten; its mode may be anybody's, so it goes first.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => File::open(".")?.sync_all(),
        }
    })();
    written.map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: std::io::Error) -> VaultError {
    VaultError::File { path: path.display().to_string(), error }
}

#[cfg(test)]
mod tests;
