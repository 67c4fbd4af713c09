//! A folder that goes when the program is done with it.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use akkoord_authenticator::SystemRandom;
use akkoord_protocols::{bytes::encode, random};

/// A temporary folder that only its owner may enter; removed when dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one where the system keeps such folders.
    pub fn new(purpose: &str) -> std::io::Result<Self> {
        Self::under(&std::env::temp_dir(), purpose)
    }

    /// Makes one in a folder.
    pub fn under(parent: &Path, purpose: &str) -> std::io::Result<Self> {
        let name = encode(&random::bytes::<9>(&SystemRandom));
        let path = parent.join(format!("akkoord-{purpose}-{name}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A name in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
