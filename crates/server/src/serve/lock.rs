//! One server per data folder: a second one would sign with keys and caches of its own beside the first.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The lock, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Why the folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("the data folder {} is in use by a running akkoord{}: stop it first", path.display(), with_id(*process))]
    Held {
        /// The folder.
        path: PathBuf,
        /// The process that holds it, if it said so.
        process: Option<u32>,
    },
    /// The lock file could not be used.
    #[error("cannot use {}: {cause}; set data_dir to a folder that this account may write", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

fn with_id(process: Option<u32>) -> String {
    process.map(|id| format!(" (process {id})")).unwrap_or_default()
}

impl DataLock {
    /// Takes the lock, or says who has it. Makes the folder: the lock comes before anything that is kept in it.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(NAME);
        let failed = |cause| LockError::Io { path: path.clone(), cause };
        // The folder holds keys and personal data: nobody else on this machine has business in it.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = opened.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let process = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(LockError::Held { path: folder.to_owned(), process });
            }
            Err(TryLockError::Error(cause)) => return Err(failed(cause)),
        }
        let written = file.set_len(0).and_then(|()| file.rewind());
        written.and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

const NAME: &str = "akkoord.lock";
