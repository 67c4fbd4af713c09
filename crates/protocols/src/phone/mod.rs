//! The phone protocol, version 1: how an enrolled phone and the server talk. `docs/protocol.md` is its text.

pub mod call;
pub mod code;
pub mod decision;
pub mod enrolment;
pub mod keyroll;
pub mod label;
pub mod link;
pub mod nonce;
pub mod offer;
pub mod pin;
pub mod problem;
pub mod proof;
pub mod request;
pub mod rotation;

use serde::{Deserialize, Serialize};

/// How a phone makes sure that its owner is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unlock {
    /// The platform authenticator: fingerprint, face or the phone's own PIN.
    Webauthn,
    /// The app's PIN, hardened by the server.
    Pin,
}

/// What an authenticator runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Android.
    Android,
    /// iOS and iPadOS.
    Ios,
    /// Windows.
    Windows,
    /// macOS.
    Macos,
    /// Linux.
    Linux,
    /// ChromeOS.
    Chromeos,
    /// The terminal authenticator.
    Terminal,
    /// Anything else.
    Other,
}

impl Platform {
    /// The platform as in the protocol.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Windows => "windows",
            Self::Macos => "macos",
            Self::Linux => "linux",
            Self::Chromeos => "chromeos",
            Self::Terminal => "terminal",
            Self::Other => "other",
        }
    }
}

/// Evidence that the phone's owner was verified for one thing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Evidence {
    /// An assertion of the platform authenticator (AuthenticationResponseJSON).
    Webauthn {
        /// The browser's own JSON.
        credential: serde_json::Value,
    },
    /// A signature by the PIN-protected key.
    Pin {
        /// An `akkoord-pin+jwt`.
        jws: String,
    },
}
