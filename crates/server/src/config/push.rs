//! `[push]`: whether and whom this server asks to ring phones.

use std::collections::BTreeMap;

use akkoord_protocols::phone::link::is_loopback;
use serde::Deserialize;
use url::Url;

use super::ConfigError;

/// `[push]`, as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PushSection {
    enabled: bool,
    contact: Option<String>,
    services: Vec<String>,
    test_origins: BTreeMap<String, String>,
}

impl Default for PushSection {
    fn default() -> Self {
        Self { enabled: true, contact: None, services: Vec::new(), test_origins: BTreeMap::new() }
    }
}

/// Push as this server does it.
#[derive(Clone, Debug)]
pub struct PushConfig {
    /// Whether pushes are sent at all.
    pub enabled: bool,
    /// `mailto:` or `https:`: whom a push service may want to reach (RFC 8292 section 2.1).
    pub contact: String,
    /// Hosts of push services that may be asked; `*.` before a name stands for all names under it.
    services: Vec<String>,
    /// Origins of push services that are played on this machine: for tests of real browsers.
    test_origins: Vec<(String, String)>,
}

const NOBODY: &str = "mailto:nobody@localhost";
/// The push services of the large browsers.
const SERVICES: [&str; 6] = [
    "fcm.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];

impl PushSection {
    /// Turns the section into runtime values, for a server at this address.
    pub(super) fn check(self, public_url: &Url) -> Result<PushConfig, ConfigError> {
        if let Some(contact) = &self.contact
            && !contact.strip_prefix("mailto:").is_some_and(|address| address.contains('@'))
            && !contact.starts_with("https://")
        {
            let why = format!("{contact:?} must begin with mailto: or https://");
            return Err(ConfigError::value("push.contact", why));
        }
        for service in &self.services {
            check_service(service)?;
        }
        if !self.test_origins.is_empty() && !is_loopback(public_url) {
            // It would let whoever writes the configuration of a real server read who is rung, and when.
            let why = "only for tests: a server that others reach sends to the real push services";
            return Err(ConfigError::value("push.test_origins", why));
        }
        let own = match public_url.scheme() {
            "https" => public_url.origin().ascii_serialization(),
            // Some push services take no push without a contact; behind a loopback name there is nobody to reach.
            _ => NOBODY.to_owned(),
        };
        Ok(PushConfig {
            enabled: self.enabled,
            contact: self.contact.unwrap_or(own),
            services: SERVICES.iter().map(|&name| name.to_owned()).chain(self.services).collect(),
            test_origins: self.test_origins.into_iter().collect(),
        })
    }
}

fn check_service(service: &str) -> Result<(), ConfigError> {
    let name = service.strip_prefix("*.").unwrap_or(service);
    let is_name = url::Host::parse(name).is_ok_and(|host| host.to_string() == name) && name.contains('.');
    if is_name {
        return Ok(());
    }
    let why = format!("{service:?} is not the name of a host such as push.example.org or *.push.example.org");
    Err(ConfigError::value("push.services", why))
}

impl PushConfig {
    /// Whether this host is one of the push services that may be asked.
    pub fn is_service(&self, host: &str) -> bool {
        self.services.iter().any(|service| match service.strip_prefix("*.") {
            Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.')),
            None => host == service,
        })
    }

    /// Where a push to this endpoint really goes.
    pub fn destination(&self, endpoint: &Url) -> Url {
        let origin = endpoint.origin().ascii_serialization();
        let played = self.test_origins.iter().find(|(real, _)| *real == origin);
        let moved = played.and_then(|(_, here)| Url::parse(here).ok()).map(|mut here| {
            here.set_path(endpoint.path());
            here.set_query(endpoint.query());
            here
        });
        moved.unwrap_or_else(|| endpoint.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, public_url: &str) -> Result<PushConfig, ConfigError> {
        let section: PushSection = toml::from_str(text).unwrap();
        section.check(&Url::parse(public_url).unwrap())
    }

    #[test]
    fn known_services_and_named_ones_may_be_asked() {
        let push =
            checked(r#"services = ["*.push.example.org", "up.example.net"]"#, "https://login.example.org").unwrap();
        for (host, may) in [
            ("fcm.googleapis.com", true),
            ("web.push.apple.com", true),
            ("push.apple.com", false),
            ("evilpush.apple.com", false),
            ("a.push.example.org", true),
            ("push.example.org", false),
            ("up.example.net", true),
            ("fcm.googleapis.com.example.org", false),
            ("localhost", false),
        ] {
            assert_eq!(push.is_service(host), may, "{host}");
        }
        assert_eq!(push.contact, "https://login.example.org");
        assert!(push.enabled);
    }

    #[test]
    fn wrong_values_are_named() {
        for (text, key) in [
            (r#"contact = "admin@example.org""#, "push.contact"),
            (r#"services = ["https://push.example.org"]"#, "push.services"),
            (r#"services = ["*.org"]"#, "push.services"),
            (r#"test_origins = { "https://a.example" = "http://localhost:1" }"#, "push.test_origins"),
        ] {
            let error = checked(text, "https://login.example.org").unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }

    #[test]
    fn only_an_origin_that_is_played_here_is_moved() {
        let text = r#"test_origins = { "https://push.example.net" = "http://localhost:9" }"#;
        let push = checked(text, "http://login.localhost:8080").unwrap();
        let to = |endpoint: &str| push.destination(&Url::parse(endpoint).unwrap()).to_string();
        assert_eq!(to("https://push.example.net/a/b?c=d"), "http://localhost:9/a/b?c=d");
        assert_eq!(to("https://push.example.net:444/a"), "https://push.example.net:444/a");
        assert_eq!(push.contact, NOBODY);
    }
}
