//! The files under `/static/`, compiled in.

/// A file that pages load.
#[derive(Debug)]
pub struct Asset {
    /// Its name after `/static/`.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Its bytes.
    pub body: &'static [u8],
}

impl Asset {
    /// The file with this name.
    pub fn find(name: &str) -> Option<&'static Self> {
        ASSETS.iter().find(|asset| asset.name == name)
    }
}

/// Every file.
pub const ASSETS: &[Asset] = &[
    Asset { name: "akkoord.css", content_type: "text/css; charset=utf-8", body: STYLE },
    Asset { name: "waiting.js", content_type: "text/javascript; charset=utf-8", body: WAITING },
    Asset { name: "keys.js", content_type: "text/javascript; charset=utf-8", body: KEYS },
    Asset { name: "mark.svg", content_type: "image/svg+xml", body: MARK },
];

/// Changes when a file changes. Pages ask for `/static/name?v=VERSION`, so a browser may keep the answer for good.
pub const VERSION: u32 = fingerprint(MARK, fingerprint(KEYS, fingerprint(WAITING, fingerprint(STYLE, 0x811c_9dc5))));

/// FNV-1a: enough to tell two builds apart, and nobody gains by a collision.
const fn fingerprint(mut bytes: &[u8], mut hash: u32) -> u32 {
    while let [first, rest @ ..] = bytes {
        hash = (hash ^ *first as u32).wrapping_mul(0x0100_0193);
        bytes = rest;
    }
    hash
}

const STYLE: &[u8] =
    concat!(include_str!("../../static/tokens.css"), include_str!("../../static/akkoord.css")).as_bytes();
const WAITING: &[u8] = include_bytes!("../../static/waiting.js");
const KEYS: &[u8] = include_bytes!("../../static/keys.js");
const MARK: &[u8] = include_bytes!("../../static/mark.svg");
