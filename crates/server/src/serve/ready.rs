//! The ready file: tells whoever started the server that it listens, and where.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Writes the file whole or not at all, readable for its owner only: a demo's file holds access passes.
pub fn write_ready_file(path: &Path, content: &serde_json::Value) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(draft);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| writeln!(file, "{content}"))
        .and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The draft may never have come to be; the error that matters is the one above.
        fs::remove_file(&draft).ok();
    }
    written
}
