//! From where a call came: its address, through trusted proxies only, and what its browser is.

use std::net::IpAddr;

use axum::http::{HeaderMap, header};

use crate::config::Config;

/// Where a call came from.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address of the browser or phone.
    pub address: IpAddr,
    /// The browser, from our own list.
    pub browser: Option<&'static str>,
    /// The network's name, from the configuration.
    pub network: Option<String>,
}

impl Client {
    /// Reads it off a request. `X-Forwarded-For` is read from the right, and only past proxies that are trusted:
    /// whatever stands further left, the client may have written itself.
    pub fn of(config: &Config, peer: IpAddr, headers: &HeaderMap) -> Self {
        let trusted = |address: IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
        let mut address = peer.to_canonical();
        let forwarded: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(','))
            .collect();
        for hop in forwarded.iter().rev() {
            if !trusted(address) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(next) => address = next.to_canonical(),
                Err(_) => break,
            }
        }
        let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
        Self { address, browser: crate::browser::name(agent), network: config.network_of(address).map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_writes_itself_is_not_believed() {
        let config =
            Config::load(None, &[("AKKOORD_TRUSTED_PROXIES".to_owned(), "[\"10.0.0.0/8\"]".to_owned())]).unwrap();
        let of = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            Client::of(&config, peer.parse().unwrap(), &headers).address.to_string()
        };
        assert_eq!(of("192.0.2.1", "198.51.100.1"), "192.0.2.1", "no proxy of ours");
        assert_eq!(of("10.0.0.1", "198.51.100.1"), "198.51.100.1");
        assert_eq!(of("10.0.0.1", "203.0.113.9, 198.51.100.1"), "198.51.100.1", "the left one is the client's own");
        assert_eq!(of("10.0.0.1", "198.51.100.1, 10.0.0.2"), "198.51.100.1", "two proxies");
        assert_eq!(of("10.0.0.1", "garbage"), "10.0.0.1");
    }
}
