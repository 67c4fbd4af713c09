//! The way to the server: TLS, timeouts, no redirects, and loopback names that never leave this machine.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The HTTP client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the network client can't start: {0}")]
pub struct NetworkError(#[source] reqwest::Error);

/// Connections to servers; many phones may share one.
#[derive(Clone, Debug)]
pub struct Network {
    client: reqwest::Client,
}

impl Network {
    /// Trusts the certificates that this machine trusts.
    pub fn new() -> Result<Self, NetworkError> {
        // A machine without any root certificates can still talk to itself, and to nobody else.
        Self::build(builder()).or_else(|_| Self::loopback())
    }

    /// Trusts no certificate at all: for plain http on loopback names.
    pub fn loopback() -> Result<Self, NetworkError> {
        Self::build(builder().tls_certs_only([]))
    }

    /// Trusts these PEM certificates and no others: for an installation with its own authority, and for tests.
    pub fn trusting(pem: &[u8]) -> Result<Self, NetworkError> {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(NetworkError)?;
        Self::build(builder().tls_certs_only(certificates))
    }

    /// The same, with names that lead to an address whatever the system says: for tests of names that nobody has.
    pub fn trusting_at(pem: &[u8], names: &[&str], address: SocketAddr) -> Result<Self, NetworkError> {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(NetworkError)?;
        let builder = builder().tls_certs_only(certificates);
        Self::build(names.iter().fold(builder, |builder, name| builder.resolve(name, address)))
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, NetworkError> {
        Ok(Self { client: builder.build().map_err(NetworkError)? })
    }

    /// The client.
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("akkoord-authenticator/", env!("CARGO_PKG_VERSION")))
        // A redirect would carry a proof to an address it was not made for.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .dns_resolver(Loopback)
}

/// Resolves `localhost` and the names under it to this machine without asking anybody (RFC 6761 section 6.3); other
/// names go to the system.
#[derive(Clone, Copy, Debug)]
pub struct Loopback;

impl Resolve for Loopback {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_localhost(name.as_str()) {
                let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                return Ok(Box::new(own.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs);
            }
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_under_localhost_stay_here() {
        assert!(is_localhost("localhost") && is_localhost("phone.LOCALHOST.") && is_localhost("a.b.localhost"));
        assert!(!is_localhost("localhost.example.org") && !is_localhost("notlocalhost") && !is_localhost(""));
    }
}
