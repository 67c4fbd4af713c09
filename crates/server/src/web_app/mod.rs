//! The authenticator app that this server hands out: the files that `cargo xtask web` built from `web/`.
//!
//! An optimised build carries them inside it. A development build reads `web/dist` each time it is asked, so that a
//! change of a screen is seen after `npm run build` without compiling the server again, and so that the tests see what
//! was built last; such a build works only where its source is.

mod dist;

use std::{
    io,
    path::{Path, PathBuf},
};

use axum::body::Bytes;

/// Where the app's files come from.
pub struct WebApp {
    folder: Option<PathBuf>,
}

/// A file of the app, to be sent.
pub struct File {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// A hash of its content, with the quotes of an `ETag`.
    pub etag: String,
    /// Whether a browser may keep it for good.
    pub immutable: bool,
    /// Its bytes.
    pub raw: Bytes,
    /// The same, compressed by brotli, where that is smaller.
    pub brotli: Option<Bytes>,
}

/// A file compiled in, as `build.rs` writes it down.
struct Embedded {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    immutable: bool,
    raw: &'static [u8],
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/web_app.rs"));

impl WebApp {
    /// The app that belongs to this program.
    pub fn own() -> Self {
        let source = cfg!(not(embedded_app)).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist"));
        Self { folder: source }
    }

    /// The app that a build left in a folder.
    #[cfg(test)]
    pub fn in_folder(folder: &Path) -> Self {
        Self { folder: Some(folder.to_owned()) }
    }

    /// The file at a path under `/app/`, if there is one.
    pub fn find(&self, path: &str) -> io::Result<Option<File>> {
        match &self.folder {
            Some(folder) => read(folder, path),
            None => Ok(FILES.iter().find(|file| file.path == path).map(Embedded::file)),
        }
    }
}

impl Embedded {
    fn file(&self) -> File {
        File {
            content_type: self.content_type,
            etag: self.etag.to_owned(),
            immutable: self.immutable,
            raw: Bytes::from_static(self.raw),
            brotli: self.brotli.map(Bytes::from_static),
        }
    }
}

fn read(folder: &Path, path: &str) -> io::Result<Option<File>> {
    let Some(built) = dist::file(folder, path)? else { return Ok(None) };
    let full = folder.join(&built.path);
    let brotli = if built.compressed { Some(std::fs::read(dist::with_suffix(&full))?.into()) } else { None };
    Ok(Some(File {
        content_type: built.content_type,
        etag: built.etag,
        immutable: built.immutable,
        raw: std::fs::read(&full)?.into(),
        brotli,
    }))
}
