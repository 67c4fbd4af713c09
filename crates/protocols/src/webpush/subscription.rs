//! A phone's push subscription, as the phone tells it (`PushSubscriptionJSON` of the Push API).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::{bytes::Bytes, jose::PublicKey, phone::link::is_loopback};

/// Where pushes to a phone go, and what they are encrypted with (RFC 8291). Whoever knows it can ring the phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// The address at the browser's push service.
    pub endpoint: String,
    /// The browser's half of the encryption.
    pub keys: Keys,
}

/// What the browser gives for the encryption.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Its public key, an uncompressed point.
    pub p256dh: Bytes<65>,
    /// The authentication secret.
    pub auth: Bytes<16>,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscription([redacted])")
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

/// Why a subscription is refused. It never repeats a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// Longer than any push service makes them.
    #[error("endpoint: longer than 1024 characters")]
    TooLong,
    /// Not an address, or one with a user, a password or a fragment.
    #[error("endpoint: not the address of a push service")]
    Form,
    /// Plain http.
    #[error("endpoint: https is expected")]
    Insecure,
    /// This machine, a private network, or no place at all.
    #[error("endpoint: not a public address")]
    NotPublic,
    /// The key is no point of the curve.
    #[error("keys.p256dh: not a point of P-256")]
    Key,
}

/// The longest endpoint: those of the large push services have 200 to 500 characters.
const MAX_ENDPOINT: usize = 1024;

impl Subscription {
    /// Checks what can be checked without asking anybody. A server that is itself on this machine only may be given
    /// endpoints on this machine, plain http included; every other server must not be made to call into its own
    /// network (CWE-918). A name may still lead there, so the sender looks again at what it resolves to.
    pub fn check(&self, on_this_machine: bool) -> Result<(), SubscriptionError> {
        if self.endpoint.len() > MAX_ENDPOINT {
            return Err(SubscriptionError::TooLong);
        }
        let url = Url::parse(&self.endpoint).map_err(|_| SubscriptionError::Form)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !is_plain || self.endpoint.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(SubscriptionError::Form);
        }
        let is_local = is_loopback(&url);
        match url.scheme() {
            "https" => {}
            "http" if is_local && on_this_machine => {}
            "http" => return Err(SubscriptionError::Insecure),
            _ => return Err(SubscriptionError::Form),
        }
        let is_public = match url.host() {
            Some(Host::Domain(name)) => is_public_name(name),
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            None => return Err(SubscriptionError::Form),
        };
        let may_be_called = is_public || (is_local && on_this_machine);
        if !may_be_called {
            return Err(SubscriptionError::NotPublic);
        }
        PublicKey::from_point(self.keys.p256dh.0).map(drop).map_err(|_| SubscriptionError::Key)
    }
}

/// Names with a dot that are no reserved name of one network (RFC 6761, RFC 6762, RFC 8375, RFC 9476).
fn is_public_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or(name);
    let inside = ["localhost", "local", "internal", "invalid", "test", "example", "onion", "alt"];
    name.contains('.') && !inside.contains(&last) && !name.ends_with(".home.arpa")
}

/// Whether an address is one of the internet, as far as its own bits tell (RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    !(first == 0
        || first >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (first == 100 && (64..128).contains(&second))
        || (first == 192 && second == 0 && third == 0)
        || (first == 198 && (18..20).contains(&second)))
}

/// Global unicast (2000::/3) without its ranges for documentation and for tunnels, which lead to another address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let tunnel = first == 0x2002 || (first == 0x2001 && second < 0x0200);
    (0x2000..0x4000).contains(&first) && !tunnel && !(first == 0x2001 && second == 0x0db8) && first != 0x3fff
}

#[cfg(test)]
mod tests;
