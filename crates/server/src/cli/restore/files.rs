//! The files of a restore: the backup is prepared beside the database and then takes its place in one step, so that a
//! power cut leaves the old or the new database whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::CliError;

/// Where the files lie.
pub(super) struct Places {
    /// The database.
    pub(super) database: PathBuf,
    /// The backup while it is prepared.
    pub(super) draft: PathBuf,
}

impl Places {
    pub(super) fn new(database: &Path) -> Self {
        Self { database: database.to_owned(), draft: with_suffix(database, ".restoring") }
    }

    /// Whether there is a database to keep.
    pub(super) fn has_database(&self) -> bool {
        fs::metadata(&self.database).is_ok_and(|metadata| metadata.len() > 0)
    }

    /// Copies a backup beside the database, readable for us alone.
    pub(super) fn copy_in(&self, file: &Path) -> Result<(), CliError> {
        let unreadable = |error: io::Error| CliError::failed(format!("cannot read {}: {error}", file.display()));
        let mut source = File::open(file).map_err(unreadable)?;
        let mut head = [0; HEAD.len()];
        let is_database = source.read_exact(&mut head).is_ok() && head == *HEAD;
        if !is_database {
            return Err(CliError::failed(format!("{} is not a backup made by `akkoord backup`", file.display())));
        }
        let mut source = File::open(file).map_err(unreadable)?;
        self.drop_draft();
        let copied = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.draft)
            .and_then(|mut draft| io::copy(&mut source, &mut draft).and_then(|_| draft.sync_all()));
        copied.map_err(|error| {
            self.drop_draft();
            CliError::failed(format!("cannot copy the backup to {}: {error}", self.draft.display()))
        })
    }

    /// Whether the draft is one file: what still lay in its log would be lost.
    pub(super) fn draft_is_whole(&self) -> Result<(), CliError> {
        let log = with_suffix(&self.draft, "-wal");
        match fs::metadata(&log) {
            Ok(metadata) if metadata.len() > 0 => {
                Err(CliError::failed(format!("{} could not be moved into its database", log.display())))
            }
            _ => {
                remove_if_there(&log);
                remove_if_there(&with_suffix(&self.draft, "-shm"));
                Ok(())
            }
        }
    }

    /// Puts the draft in the database's place and returns what the old one is called now.
    pub(super) fn swap(&self) -> Result<Option<PathBuf>, CliError> {
        let failed = |error: io::Error| {
            CliError::failed(format!("cannot put the backup in the place of {}: {error}", self.database.display()))
        };
        let kept = if self.has_database() {
            let kept = self.free_name();
            // A second name, so that there is never a moment without a database.
            fs::hard_link(&self.database, &kept).map_err(failed)?;
            // A log that the old database still has belongs to it; beside the new one it would be played into that.
            for side in ["-wal", "-shm"] {
                match fs::rename(with_suffix(&self.database, side), with_suffix(&kept, side)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                    _ => {}
                }
            }
            Some(kept)
        } else {
            None
        };
        fs::rename(&self.draft, &self.database).map_err(failed)?;
        let folder = self.database.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(kept)
    }

    pub(super) fn drop_draft(&self) {
        for side in ["", "-wal", "-shm"] {
            remove_if_there(&with_suffix(&self.draft, side));
        }
    }

    fn free_name(&self) -> PathBuf {
        let first = with_suffix(&self.database, ".before-restore");
        let numbered = (2..).map(|n: u32| with_suffix(&self.database, &format!(".before-restore-{n}")));
        std::iter::once(first).chain(numbered).find(|path| !path.exists()).unwrap_or_default()
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove_if_there(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!("a leftover file could not be removed: {error}");
    }
}

/// How each SQLite database begins.
const HEAD: &[u8; 16] = b"SQLite format 3\0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_database_keeps_its_log_and_its_earlier_copies() {
        let folder = std::env::temp_dir().join(format!("akkoord-restore-files-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let places = Places::new(&folder.join("akkoord.db"));
        let backup = folder.join("backup");
        fs::write(&backup, [HEAD.as_slice(), b"new"].concat()).unwrap();
        fs::write(&places.database, "old").unwrap();
        fs::write(folder.join("akkoord.db-wal"), "log").unwrap();
        fs::write(folder.join("akkoord.db.before-restore"), "older").unwrap();
        places.copy_in(&backup).unwrap();
        let kept = places.swap().unwrap().unwrap();
        assert_eq!(kept, folder.join("akkoord.db.before-restore-2"));
        assert_eq!(fs::read(&kept).unwrap(), b"old");
        assert_eq!(fs::read(with_suffix(&kept, "-wal")).unwrap(), b"log");
        assert!(fs::read(&places.database).unwrap().ends_with(b"new"));
        assert!(!folder.join("akkoord.db-wal").exists() && !places.draft.exists());
        assert_eq!(fs::read(folder.join("akkoord.db.before-restore")).unwrap(), b"older");
        fs::write(&backup, "no database").unwrap();
        assert!(places.copy_in(&backup).unwrap_err().to_string().contains("not a backup"));
        fs::remove_dir_all(folder).unwrap();
    }
}
