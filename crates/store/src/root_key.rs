//! The root key: 32 random bytes in a file of its own, never in the database and never in a backup of it.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use akkoord_protocols::random::{self, Random};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// The key under which everything else is sealed.
pub struct RootKey(Zeroizing<[u8; 32]>);

/// Why the root key could not be used. Each text says what the operator can do.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// There is a database, so a key was made once; a new one would open nothing.
    #[error(
        "the root key file {} is missing, and the database was made with one: put the file back from its own backup \
         (it is not part of a backup of the database)",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file isn't 32 bytes long.
    #[error("the root key file {} has {size} bytes instead of 32: put it back from its own backup", path.display())]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// Others may read the file.
    #[error("the root key file {} can be read by others (mode {mode:o}): run chmod 600 on it", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It could not be read or made.
    #[error("the root key file {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl RootKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads the key from its file. Where there is none and the database is new, it is drawn and kept, whole or not at
    /// all: a key of which a crash left half would cost the database.
    pub fn load_or_create(path: &Path, database_is_new: bool, random: &dyn Random) -> Result<Self, RootKeyError> {
        match Self::load(path) {
            Err(RootKeyError::Missing(_)) if database_is_new => {
                create(path, random).map_err(|source| RootKeyError::Io { path: path.to_owned(), source })?;
                Self::load(path)
            }
            other => other,
        }
    }

    /// Reads the key from its file.
    pub fn load(path: &Path) -> Result<Self, RootKeyError> {
        let failed = |source| RootKeyError::Io { path: path.to_owned(), source };
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RootKeyError::Missing(path.to_owned()));
            }
            Err(error) => return Err(failed(error)),
        };
        let metadata = file.metadata().map_err(failed)?;
        let mode = metadata.mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(RootKeyError::Readable { path: path.to_owned(), mode });
        }
        if metadata.len() != 32 {
            return Err(RootKeyError::WrongSize { path: path.to_owned(), size: metadata.len() });
        }
        let mut key = Zeroizing::new([0; 32]);
        file.read_exact(&mut *key).map_err(failed)?;
        Ok(Self(key))
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Writes the file beside its place and links it there: the link either makes the whole file appear or fails because
/// another process was first, whose key then counts.
fn create(path: &Path, random: &dyn Random) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let draft = folder.join(format!(".root-key-{}", URL_SAFE_NO_PAD.encode(random::bytes::<12>(random))));
    let written = write_draft(&draft, random).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    // The draft may never have come to be; the error that matters is the one above.
    let removed = fs::remove_file(&draft);
    written?;
    removed?;
    fs::File::open(folder)?.sync_all()
}

fn write_draft(draft: &Path, random: &dyn Random) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(draft)?;
    file.write_all(&*Zeroizing::new(random::bytes::<32>(random)))?;
    file.sync_all()
}
