//! The addresses that push services give out, as far as senders have to know them.

/// An endpoint, cut into what VAPID names and what the request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) origin: String,
    pub(crate) target: String,
}

/// The service that a subscription without a browser pretends to be of, which decides the form of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// This one, by its own address on loopback: `http://127.0.0.1:PORT/push/TOKEN`.
    Own,
    /// Chrome's and Chromium's: `https://fcm.googleapis.com/fcm/send/TOKEN`.
    Google,
    /// Firefox's: `https://updates.push.services.mozilla.com/wpush/v2/TOKEN`.
    Mozilla,
    /// Safari's: `https://web.push.apple.com/TOKEN`.
    Apple,
    /// A distributor of UnifiedPush on Android: `https://ntfy.sh/upTOKEN?up=1`.
    UnifiedPush,
}

const GOOGLE: &str = "https://fcm.googleapis.com";
/// What a Chromium that is no release of Chrome's puts into its endpoints.
const GOOGLE_STAGING: &str = "https://jmt17.google.com";
const MOZILLA: &str = "https://updates.push.services.mozilla.com";
const APPLE: &str = "https://web.push.apple.com";
const NTFY: &str = "https://ntfy.sh";

/// The origins that stand in for this service in endpoints.
pub(crate) const PUBLIC: [&str; 5] = [GOOGLE, GOOGLE_STAGING, MOZILLA, APPLE, NTFY];

impl Service {
    pub(crate) fn endpoint(self, own: &str, token: &str) -> Endpoint {
        let (origin, target) = match self {
            Self::Own => (own, format!("/push/{token}")),
            Self::Google => (GOOGLE, format!("/fcm/send/{token}")),
            Self::Mozilla => (MOZILLA, format!("/wpush/v2/{token}")),
            Self::Apple => (APPLE, format!("/{token}")),
            Self::UnifiedPush => (NTFY, format!("/{token}?up=1")),
        };
        Endpoint { origin: origin.to_owned(), target }
    }

    /// Tokens have the beginning by which ntfy knows what was made for UnifiedPush.
    pub(crate) fn token(self, random: &str) -> String {
        match self {
            Self::UnifiedPush => format!("up{random}"),
            Self::Own | Self::Google | Self::Mozilla | Self::Apple => random.to_owned(),
        }
    }
}

/// The addresses that a Chromium may make of its token; which, it doesn't tell the service.
pub(crate) fn of_chromium(token: &str) -> Vec<Endpoint> {
    let forms = [(GOOGLE, "/fcm/send/"), (GOOGLE_STAGING, "/fcm/send/"), (GOOGLE, "/wp/"), (GOOGLE, "/preprod/wp/")];
    forms.map(|(origin, path)| Endpoint { origin: origin.to_owned(), target: format!("{path}{token}") }).into()
}

impl Endpoint {
    pub(crate) fn url(&self) -> String {
        format!("{}{}", self.origin, self.target)
    }
}

/// The token in an endpoint or in the target of a request: what follows the last slash, without its query.
pub(crate) fn token_of(address: &str) -> &str {
    let path = address.split_once('?').map_or(address, |(path, _)| path);
    path.rsplit_once('/').map_or(path, |(_, token)| token)
}
