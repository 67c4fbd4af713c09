//! The configuration file as written, and its checks.

use std::{net::SocketAddr, path::PathBuf};

use akkoord_protocols::phone::link::{LinkError, check_api, is_loopback};
use serde::Deserialize;
use url::Url;

use super::{Config, ConfigError, Network};

/// The file. Every key has a default or is asked for by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    name: Option<String>,
    public_url: Option<String>,
    phone_url: Option<String>,
    app_origins: Vec<String>,
    listen: Option<String>,
    data_dir: Option<PathBuf>,
    trusted_proxies: Vec<String>,
    networks: std::collections::BTreeMap<String, Vec<String>>,
    database: DatabaseSection,
    tls: Option<TlsSection>,
    mail: Option<MailSection>,
    push: super::PushSection,
    log: LogSection,
}

/// `[database]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseSection {
    /// `postgres://...`; without it, SQLite in the data folder.
    pub url: Option<String>,
}

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSection {
    /// PEM file of the certificate and its chain.
    pub certificate: PathBuf,
    /// PEM file of the private key.
    pub key: PathBuf,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSection {
    /// `smtps://user:password@host:465`, `smtp://host:587?tls=required`.
    pub url: String,
    /// The sender.
    pub from: String,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// `text` or `json`.
    pub format: LogFormat,
    /// A filter such as `info` or `akkoord_server=debug`.
    pub level: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs, a JSON object a line.
    Json,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

fn networks(key: &'static str, list: &[String]) -> Result<Vec<Network>, ConfigError> {
    list.iter()
        .map(|text| text.parse().map_err(|error: super::NetworkError| ConfigError::value(key, error.to_string())))
        .collect()
}

fn address(key: &'static str, text: &str) -> Result<Url, ConfigError> {
    let shown = "write it as https://login.example.org, without path or trailing slash";
    match check_api(text) {
        Ok(()) => {}
        Err(LinkError::Insecure) => {
            let why = "plain http is allowed only for this machine's own names (localhost, *.localhost, 127.0.0.1); use https";
            return Err(ConfigError::value(key, why));
        }
        Err(_) => return Err(ConfigError::value(key, format!("{text:?} is not an address: {shown}"))),
    }
    let url = Url::parse(text).map_err(|error| ConfigError::value(key, error.to_string()))?;
    if url.path() != "/" {
        return Err(ConfigError::value(key, format!("{text:?} has a path: {shown}")));
    }
    Ok(url)
}

impl File {
    /// Turns the file into runtime values.
    pub fn check(self) -> Result<Config, ConfigError> {
        let listen: SocketAddr = match self.listen.as_deref() {
            None => SocketAddr::from(([127, 0, 0, 1], 8080)),
            Some(text) => text.parse().map_err(|_| {
                ConfigError::value("listen", format!("{text:?} is not an address and port such as 127.0.0.1:8080"))
            })?,
        };
        let public_url = self.public_url.unwrap_or_else(|| format!("http://login.localhost:{}", listen.port()));
        let login = address("public_url", &public_url)?;
        let phone_url = match self.phone_url {
            Some(url) => url,
            // On one machine two names cost nothing; elsewhere a second name needs DNS, so one name is the default.
            None if login.host_str() == Some("login.localhost") => public_url.replacen("login.", "phone.", 1),
            None => public_url.clone(),
        };
        let phone = address("phone_url", &phone_url)?;
        let (login_host, phone_host) = (login.host_str().unwrap_or(""), phone.host_str().unwrap_or(""));
        if login_host.ends_with(&format!(".{phone_host}")) || phone_host.ends_with(&format!(".{login_host}")) {
            let why = "the names of pages and phones must be siblings, such as login.example.org and phone.example.org: \
                       a parent's cookies reach its children";
            return Err(ConfigError::value("phone_url", why));
        }
        let mut app_origins = Vec::new();
        for origin in &self.app_origins {
            app_origins.push(address("app_origins", origin)?);
        }
        if app_origins.is_empty() {
            app_origins.push(phone.clone());
        }
        if self.tls.is_none() && !listen.ip().is_loopback() && is_loopback(&login) {
            let why =
                "listening beyond this machine without TLS needs a public_url with https (a proxy in front) or [tls]";
            return Err(ConfigError::value("listen", why));
        }
        let data_dir = self.data_dir.unwrap_or_else(|| PathBuf::from("akkoord-data"));
        let database = match self.database.url {
            None => akkoord_store::Database::Sqlite { path: data_dir.join("akkoord.db") },
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                akkoord_store::Database::Postgres { url }
            }
            Some(_) => {
                return Err(ConfigError::value("database.url", "must start with postgres://; leave it out for SQLite"));
            }
        };
        let name = self.name.unwrap_or_else(|| "Akkoord".to_owned());
        akkoord_protocols::text::check(&name, 64).map_err(|error| ConfigError::value("name", error.to_string()))?;
        let mut named = Vec::new();
        for (name, ranges) in &self.networks {
            akkoord_protocols::text::check(name, 64)
                .map_err(|error| ConfigError::value("networks", error.to_string()))?;
            named.extend(networks("networks", ranges)?.into_iter().map(|network| (name.clone(), network)));
        }
        if let Some(mail) = &self.mail {
            crate::outbound::mail::check(mail).map_err(|message| ConfigError::value("mail", message))?;
        }
        Ok(Config {
            name,
            login_authority: Config::authority(&login).unwrap_or_default(),
            phone_authority: Config::authority(&phone).unwrap_or_default(),
            public_url,
            phone_url,
            app_origins,
            listen,
            data_dir,
            database,
            tls: self.tls,
            trusted_proxies: networks("trusted_proxies", &self.trusted_proxies)?,
            networks: named,
            mail: self.mail,
            push: self.push.check(&login)?,
            log: self.log,
        })
    }
}
