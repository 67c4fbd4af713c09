//! Asks push services to ring browsers (RFC 8030). Only services that the configuration knows, only public addresses,
//! no redirects: whoever enrols a phone chooses the address, and must not make us call into our own network (CWE-918).

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use akkoord_core::Timestamp;
use akkoord_protocols::{
    jose::SigningKey,
    phone::link::is_loopback,
    webpush::{self, Subscription, is_public},
};
use reqwest::{
    StatusCode,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};
use url::Url;

use crate::config::PushConfig;

/// A push to send: what the service sees besides the endpoint.
pub struct Push {
    /// Where it goes, checked when the phone told it.
    pub endpoint: String,
    /// The encrypted message.
    pub body: Vec<u8>,
    /// How long it is worth delivering.
    pub ttl: Duration,
    /// A newer one of the same topic takes the place of one that was not delivered yet: 32 characters at most.
    pub topic: String,
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The service took it.
    Taken,
    /// The service knows the subscription no more.
    Gone,
    /// Another try may succeed, not before this time has passed.
    Later(Duration, String),
    /// It will never be taken.
    Refused(String),
}

/// Sends pushes.
pub struct PushClient {
    config: PushConfig,
    key: SigningKey,
    /// Whether this server is itself on this machine only; then so may push services be.
    on_this_machine: bool,
    /// Made at the first push: reading the machine's certificates takes longer than the rest of the start.
    http: OnceLock<Result<reqwest::Client, String>>,
    /// The signature for each origin, made anew when it is about to expire.
    signed: Mutex<HashMap<String, (Timestamp, String)>>,
    /// Origins that asked for a pause, or that don't answer, and until when they are left alone.
    resting: Mutex<HashMap<String, Rest>>,
}

#[derive(Clone, Copy, Default)]
struct Rest {
    until: Option<Timestamp>,
    silent: u32,
}

impl PushClient {
    /// A client that signs with this key. Nothing is connected yet.
    pub fn new(config: &PushConfig, key: SigningKey, public_url: &str) -> Self {
        Self {
            config: config.clone(),
            key,
            on_this_machine: Url::parse(public_url).is_ok_and(|url| is_loopback(&url)),
            http: OnceLock::new(),
            signed: Mutex::default(),
            resting: Mutex::default(),
        }
    }

    /// Whether pushes to this endpoint would be sent, as far as it can be told without asking anybody; else why not.
    /// The reason never repeats the endpoint.
    pub fn check(&self, subscription: &Subscription) -> Result<(), String> {
        subscription.check(self.on_this_machine).map_err(|error| error.to_string())?;
        let url = Url::parse(&subscription.endpoint).map_err(|_| "endpoint: not an address".to_owned())?;
        let local = self.on_this_machine && is_loopback(&url);
        if local || url.host_str().is_some_and(|host| self.config.is_service(host)) {
            return Ok(());
        }
        Err("endpoint: not a push service that this server may ask; its operator can allow it (push.services)"
            .to_owned())
    }

    /// Sends a push and returns once the service has answered.
    pub async fn send(&self, now: Timestamp, push: Push) -> Sent {
        let Ok(endpoint) = Url::parse(&push.endpoint) else { return Sent::Refused("not an address".to_owned()) };
        let origin = endpoint.origin().ascii_serialization();
        if let Some(pause) = self.rest_of(&origin, now) {
            return Sent::Later(pause, "its push service asked for a pause, or does not answer".to_owned());
        }
        let client = match self.http.get_or_init(|| client(self.on_this_machine)) {
            Ok(client) => client,
            Err(error) => return Sent::Later(UNANSWERED, error.clone()),
        };
        let authorization = match self.authorization(&origin, now) {
            Ok(value) => value,
            Err(error) => return Sent::Refused(error.to_string()),
        };
        let answer = client
            .post(self.config.destination(&endpoint))
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header(CONTENT_ENCODING, "aes128gcm")
            .header("ttl", push.ttl.as_secs())
            .header("urgency", "high")
            .header("topic", push.topic)
            .body(push.body)
            .send()
            .await;
        match answer {
            // The rest of the answer is nothing to us: it is not read, however long it is.
            Ok(answer) => self.note(&origin, now, answer.status(), answer.headers()),
            Err(error) => self.unanswered(&origin, now, &error.without_url()),
        }
    }

    fn note(&self, origin: &str, now: Timestamp, status: StatusCode, headers: &HeaderMap) -> Sent {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).remove(origin);
        let said = format!("the push service answered {status}");
        match status {
            status if status.is_success() => Sent::Taken,
            StatusCode::NOT_FOUND | StatusCode::GONE => Sent::Gone,
            StatusCode::TOO_MANY_REQUESTS => Sent::Later(retry_after(headers).unwrap_or(BUSY), said),
            status if status.is_server_error() => {
                let asked = retry_after(headers);
                if let Some(pause) = asked {
                    self.rest(origin, Rest { until: Some(now + pause), silent: 0 });
                }
                Sent::Later(asked.unwrap_or(UNANSWERED), said)
            }
            // A redirect too: where it leads nobody has checked.
            _ => Sent::Refused(said),
        }
    }

    fn unanswered(&self, origin: &str, now: Timestamp, error: &reqwest::Error) -> Sent {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = resting.entry(origin.to_owned()).or_default();
        rest.silent = rest.silent.saturating_add(1);
        if rest.silent >= MOST_SILENT {
            // Each try takes a place for seconds: phones of other push services would wait behind them.
            rest.until = Some(now + SILENT_PAUSE);
        }
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            said = format!("{said}: {deeper}");
            cause = deeper.source();
        }
        Sent::Later(UNANSWERED, said)
    }

    fn rest(&self, origin: &str, rest: Rest) {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.to_owned(), rest);
    }

    fn rest_of(&self, origin: &str, now: Timestamp) -> Option<Duration> {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        let until = resting.get(origin)?.until?;
        (until > now).then(|| now.until(until))
    }

    fn authorization(&self, origin: &str, now: Timestamp) -> Result<String, webpush::VapidError> {
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((expires, value)) = signed.get(origin)
            && *expires > now + SIGNED_LEAST
        {
            return Ok(value.clone());
        }
        let expires = now + SIGNED;
        let value = webpush::authorization(&self.key, origin, expires.seconds(), &self.config.contact)?;
        if signed.len() >= ORIGINS {
            // There are a handful of push services, unless the configuration allows a whole domain.
            signed.clear();
        }
        signed.insert(origin.to_owned(), (expires, value.clone()));
        Ok(value)
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

fn client(on_this_machine: bool) -> Result<reqwest::Client, String> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(concat!("akkoord/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(CONNECT_PATIENCE)
            .timeout(PATIENCE)
            .dns_resolver(Resolver { on_this_machine })
    };
    // A machine without any root certificates can still ring what is on it.
    let made = builder().build().or_else(|_| builder().tls_certs_only([]).build());
    made.map_err(|error| format!("the push client can't start: {error}"))
}

/// Resolves names, and keeps to public addresses: a name may have been public when the phone told it and lead into our
/// own network now (DNS rebinding). The connection is made to what is resolved here and to nothing else.
#[derive(Clone, Copy)]
struct Resolver {
    on_this_machine: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let on_this_machine = self.on_this_machine;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let may = |address: &SocketAddr| is_public(address.ip()) || (on_this_machine && address.ip().is_loopback());
            let public: Vec<_> = found.filter(may).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long a push service may take for all of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// RFC 8292 section 2 allows 24 hours.
const SIGNED: Duration = Duration::from_secs(12 * 3600);
const SIGNED_LEAST: Duration = Duration::from_secs(3600);
/// A pause after no answer, or one that tells no time: a person waits.
const UNANSWERED: Duration = Duration::from_secs(3);
const BUSY: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// So many tries in a row without an answer, and an origin is left alone for a while.
const MOST_SILENT: u32 = 5;
const SILENT_PAUSE: Duration = Duration::from_secs(10);
const ORIGINS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_into_our_own_network_is_not_called() {
        let resolve = async |on_this_machine| {
            let found = Resolver { on_this_machine }.resolve("localhost".parse().unwrap()).await;
            found.map(Iterator::count).map_err(|error| error.to_string())
        };
        assert_eq!(resolve(false).await, Err("the name leads to no public address".to_owned()));
        assert!(resolve(true).await.unwrap() > 0, "a server for this machine alone");
    }

    #[test]
    fn a_pause_is_read_and_bounded() {
        let after = |value: &'static str| {
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, reqwest::header::HeaderValue::from_static(value))]))
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("99999999999"), Some(LONGEST_PAUSE));
        assert_eq!((after("soon"), after("-1"), after("")), (None, None, None));
    }
}
