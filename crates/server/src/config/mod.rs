//! The configuration: one TOML file and environment variables, turned into runtime values once at the start.
//!
//! Nothing else reads the file or the environment. A wrong value stops the start and names the key.

mod network;
mod push;
mod sections;

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

pub use network::{Network, NetworkError};
pub use push::{PushConfig, PushSection};
pub use sections::{DatabaseSection, File, LogFormat, LogSection, MailSection, TlsSection};
use url::Url;

/// The configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of the service, as its pages show it.
    pub name: String,
    /// The origin of the pages, without a trailing slash; also `iss` of the phone protocol.
    pub public_url: String,
    /// The base of the phone's calls, without a trailing slash.
    pub phone_url: String,
    /// `host[:port]` of the pages.
    pub login_authority: String,
    /// `host[:port]` of the phone's calls.
    pub phone_authority: String,
    /// Origins of the authenticator app that may enrol with a platform authenticator.
    pub app_origins: Vec<Url>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where data lies.
    pub data_dir: PathBuf,
    /// The database.
    pub database: akkoord_store::Database,
    /// Certificate and key files.
    pub tls: Option<TlsSection>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    /// Networks that people know by name.
    pub networks: Vec<(String, Network)>,
    /// Where mail goes.
    pub mail: Option<MailSection>,
    /// How phones are rung.
    pub push: PushConfig,
    /// How to log.
    pub log: LogSection,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is not TOML, or has a key that does not exist.
    #[error("{place}: {message}")]
    Syntax {
        /// The file or the variable.
        place: String,
        /// What is wrong, with its line.
        message: String,
    },
    /// A value is wrong.
    #[error("configuration key {key}: {message}")]
    Value {
        /// The key's path.
        key: &'static str,
        /// What is wrong, and what to do.
        message: String,
    },
}

impl ConfigError {
    pub(crate) fn value(key: &'static str, message: impl Into<String>) -> Self {
        Self::Value { key, message: message.into() }
    }
}

/// What the environment may set: each key of the file, `AKKOORD_` before it, `__` between section and key.
const PREFIX: &str = "AKKOORD_";
/// Variables of that prefix which are not configuration.
const OTHER_VARIABLES: [&str; 6] =
    ["AKKOORD_CONFIG", "AKKOORD_LONG", "AKKOORD_PICTURES", "AKKOORD_REQUIRE_APP", "AKKOORD_VAULT", "AKKOORD_LOG"];

/// The variables of this process that start with our prefix.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the environment")]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect()
}

impl Config {
    /// The name by which people know the network of an address.
    pub fn network_of(&self, address: IpAddr) -> Option<&str> {
        self.networks.iter().find(|(_, network)| network.contains(address)).map(|(name, _)| name.as_str())
    }

    /// Reads the file, if there is one, then the environment over it.
    pub fn load(path: Option<&Path>, environment: &[(String, String)]) -> Result<Self, ConfigError> {
        let mut table = toml::Table::new();
        if let Some(path) = path {
            let text = std::fs::read_to_string(path)
                .map_err(|cause| ConfigError::Unreadable { path: path.to_owned(), cause })?;
            let syntax = |error: toml::de::Error| ConfigError::Syntax {
                place: path.display().to_string(),
                message: error.to_string(),
            };
            // Read once as the typed file, because only that reading knows the line of a wrong key.
            toml::from_str::<File>(&text).map_err(syntax)?;
            table = toml::from_str(&text).map_err(syntax)?;
        }
        for (name, value) in environment {
            overlay(&mut table, name, value)?;
        }
        let file: File = table.try_into().map_err(|error: toml::de::Error| ConfigError::Syntax {
            place: "environment".to_owned(),
            message: error.to_string(),
        })?;
        file.check()
    }

    /// The `host[:port]` that the link in a browser has, for an address without path.
    fn authority(url: &Url) -> Option<String> {
        let host = url.host_str()?;
        Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    /// Whether pages and phone share one name: works, and is weaker, as a hole in one reaches the other.
    pub fn is_single_name(&self) -> bool {
        self.login_authority == self.phone_authority
    }

    /// The path of the root key file.
    pub fn root_key_path(&self) -> PathBuf {
        self.data_dir.join("root.key")
    }
}

fn overlay(table: &mut toml::Table, name: &str, value: &str) -> Result<(), ConfigError> {
    let Some(key) = name.strip_prefix(PREFIX).filter(|_| !OTHER_VARIABLES.contains(&name)) else { return Ok(()) };
    let parsed = if value.starts_with(['[', '{']) {
        let document: toml::Table = toml::from_str(&format!("value = {value}"))
            .map_err(|error| ConfigError::Syntax { place: name.to_owned(), message: error.to_string() })?;
        document.get("value").cloned().unwrap_or_else(|| toml::Value::String(value.to_owned()))
    } else {
        toml::Value::String(value.to_owned())
    };
    let lower = key.to_ascii_lowercase();
    match lower.split_once("__") {
        None => {
            table.insert(lower, parsed);
        }
        Some((section, key)) => {
            let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            let section = entry.as_table_mut().ok_or_else(|| ConfigError::Syntax {
                place: name.to_owned(),
                message: format!("{section} is not a section"),
            })?;
            section.insert(key.to_owned(), parsed);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
