//! The enrolment link: what the QR code holds.

use crate::{bytes::Bytes, jose::Thumbprint};

/// `https://phone.<zone>/app/e#1.<token>.<thumbprint>`. The token stands in the fragment, so that no log and no
/// referrer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentLink {
    /// The base of the phone's calls: everything before `/app/e`.
    pub api: String,
    /// The token, spent by the claim.
    pub token: Bytes<32>,
    /// The server key that must have signed the offer.
    pub server_key: Thumbprint,
}

/// Why a text is not an enrolment link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Not an address of an authenticator.
    #[error("this is not an enrolment link")]
    Form,
    /// The link is of a later version of the protocol.
    #[error("this link needs a newer app")]
    Version,
    /// Plain http to a name that is not this machine.
    #[error("this link is not protected by TLS")]
    Insecure,
}

impl std::fmt::Display for EnrolmentLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/app/e#1.{}.{}", self.api, self.token.to_text(), self.server_key)
    }
}

impl std::str::FromStr for EnrolmentLink {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Self, LinkError> {
        let (address, fragment) = text.trim().split_once('#').ok_or(LinkError::Form)?;
        let api = address.strip_suffix("/app/e").ok_or(LinkError::Form)?;
        check_api(api)?;
        let mut parts = fragment.split('.');
        match parts.next() {
            Some("1") => {}
            Some(version) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()) => {
                return Err(LinkError::Version);
            }
            _ => return Err(LinkError::Form),
        }
        let (Some(token), Some(key), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(LinkError::Form);
        };
        Ok(Self {
            api: api.to_owned(),
            token: token.parse().map_err(|_| LinkError::Form)?,
            server_key: Thumbprint(key.parse().map_err(|_| LinkError::Form)?),
        })
    }
}

/// Whether an address may be the base of the phone's calls: https, or http on a loopback name (RFC 6761 section 6.3).
pub fn check_api(api: &str) -> Result<(), LinkError> {
    let url = url::Url::parse(api).map_err(|_| LinkError::Form)?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(LinkError::Form);
    }
    // The server compares addresses as text, so one address has one spelling: no trailing slash, lower-case host.
    if api.ends_with('/') || url.as_str().trim_end_matches('/') != api {
        return Err(LinkError::Form);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(&url) => Ok(()),
        "http" => Err(LinkError::Insecure),
        _ => Err(LinkError::Form),
    }
}

/// Whether an address names this machine: `localhost`, a name under it, or a loopback address.
pub fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
