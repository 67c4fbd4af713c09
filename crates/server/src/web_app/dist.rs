//! A file that `cargo xtask web` left in `web/dist`. Included by `build.rs` too, so it uses nothing but `std`.

use std::{fs, io, path::Path};

/// A file of the authenticator app, as built.
pub struct Built {
    /// Its path under `/app/`.
    pub path: String,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its `ETag`, a hash of its bytes.
    pub etag: String,
    /// Whether its name holds a hash of its content, so that a browser may keep it for good.
    pub immutable: bool,
    /// Whether its compressed form stands beside it. It is never of another build: each begins with an empty folder.
    pub compressed: bool,
}

/// One file of a folder, by its path with `/`; `None` where there is none, for every path that could
/// leave it, and for compressed forms, which are no files of their own.
pub fn file(folder: &Path, path: &str) -> io::Result<Option<Built>> {
    let plain = |part: &str| {
        let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        letters && !part.is_empty() && !part.starts_with('.')
    };
    let full = folder.join(path);
    if !path.split('/').all(plain) || path.ends_with(COMPRESSED) || !full.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(&full)?;
    Ok(Some(Built {
        path: path.to_owned(),
        content_type: content_type(path),
        etag: format!("\"{:032x}\"", fingerprint(&bytes)),
        immutable: path.starts_with("assets/"),
        compressed: with_suffix(&full).is_file(),
    }))
}

/// Where the compressed form of a file stands.
pub fn with_suffix(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(COMPRESSED);
    name.into()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// FNV-1a of 128 bits: tells one build's file from another's. The files are ours, so nobody gains by a collision.
fn fingerprint(bytes: &[u8]) -> u128 {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    bytes.iter().fold(start, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b))
}

/// What the name of a compressed form ends with.
pub const COMPRESSED: &str = ".br";
