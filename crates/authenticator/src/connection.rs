//! Calls under `/phone/v1`: proof, nonce, the server's time, repeats, and answers of bounded size.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use akkoord_protocols::{
    jose::{JwsError, SigningKey},
    json,
    phone::{
        call::Empty,
        link::{LinkError, check_api},
        problem::{Code, Problem},
        proof::Call,
    },
    text::Id,
};
use reqwest::{Method, header::HeaderMap};
use serde::{Serialize, de::DeserializeOwned};

use crate::{clock::ServerClock, network::Network, random::SystemRandom};

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 256 * 1024;

/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Waits before a call is repeated after a network failure.
const REPEAT_AFTER: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];

/// Why a call brought no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server was not reached, or the answer broke off.
    #[error("the server can't be reached")]
    Network(#[from] reqwest::Error),
    /// The server took too long.
    #[error("the server took too long")]
    TimedOut,
    /// The server refused.
    #[error("the server refused: {}", .0.problem.code.as_str())]
    Refused(Box<Refusal>),
    /// The answer is not one of this protocol.
    #[error("the server's answer can't be read: {0}")]
    Unreadable(String),
    /// A message of our own could not be written.
    #[error("a message can't be signed: it {0}")]
    Signing(#[from] JwsError),
}

/// A refusal and how long to wait before another try.
#[derive(Debug)]
pub struct Refusal {
    /// The problem.
    pub problem: Problem,
    /// `Retry-After`, with `too_many` and `busy`.
    pub retry_after: Option<Duration>,
}

impl CallError {
    /// The stable code of a refusal.
    pub fn code(&self) -> Option<Code> {
        self.problem().map(|problem| problem.code)
    }

    /// The refusal.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(refusal) => Some(&refusal.problem),
            _ => None,
        }
    }

    /// Whether the server may have done what was asked all the same, because the answer was lost.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Network(_) | Self::TimedOut | Self::Unreadable(_))
    }

    pub(crate) fn unreadable(what: impl std::fmt::Display) -> Self {
        Self::Unreadable(what.to_string())
    }
}

/// Who proves a call.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// `iss` of the offer.
    pub server: &'a str,
    /// The phone's id.
    pub phone: &'a str,
    /// The phone's key.
    pub key: &'a SigningKey,
}

/// Whether a call may be sent again when no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// All calls but one.
    Allowed,
    /// `pin/evaluate`: each evaluation counts.
    Never,
}

/// What a call carries.
pub enum Payload<'a> {
    /// Nothing.
    Empty,
    /// These bytes.
    Bytes(&'a [u8]),
    /// Bytes that depend on the nonce of the proof, because evidence in them covers it.
    OverNonce(&'a (dyn Fn(&str) -> Result<Vec<u8>, CallError> + Send + Sync)),
}

/// One call.
pub struct Outgoing<'a> {
    /// The method.
    pub method: Method,
    /// The path under `/phone/v1/`.
    pub path: &'a str,
    /// What is sent.
    pub payload: Payload<'a>,
    /// Who proves it; without one no proof is sent.
    pub identity: Option<Identity<'a>>,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

/// An answer of the server as it came.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The nonce that came with it.
    pub nonce: Option<String>,
    /// The server's time that came with it.
    pub time: Option<i64>,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The result of a call: what it answered, or why not.
    pub fn result(self) -> Result<Vec<u8>, CallError> {
        if self.status == 200 {
            return Ok(self.body);
        }
        let retry_after = self.retry_after.map(Duration::from_secs);
        match json::parse::<Problem>(&self.body) {
            Ok(problem) if problem.status == self.status => {
                Err(CallError::Refused(Box::new(Refusal { problem, retry_after })))
            }
            _ => Err(CallError::Unreadable(format!("status {}", self.status))),
        }
    }
}

/// A server's `/phone/v1`. Cheap to clone; clones share nonce and clock, which are the server's and not a phone's.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    network: Network,
    api: String,
    nonce: Mutex<Option<String>>,
    clock: ServerClock,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({})", self.0.api)
    }
}

impl Connection {
    /// Leads to `api`, the base address of `/phone/v1`: https, or http on a loopback name.
    pub fn new(network: &Network, api: &str) -> Result<Self, LinkError> {
        check_api(api)?;
        Ok(Self(Arc::new(Inner {
            network: network.clone(),
            api: api.to_owned(),
            nonce: Mutex::new(None),
            clock: ServerClock::default(),
        })))
    }

    /// The base address.
    pub fn api(&self) -> &str {
        &self.0.api
    }

    /// The network underneath.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// The server's time; `None` before the first answer.
    pub fn now(&self) -> Option<i64> {
        self.0.clock.now()
    }

    /// The server's time; 0 before the first answer, which no server ever compares.
    pub(crate) fn now_or_start(&self) -> i64 {
        self.now().unwrap_or(0)
    }

    /// Posts a body and reads the answer.
    pub async fn post<B: Serialize + Sync, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        identity: Option<Identity<'_>>,
    ) -> Result<A, CallError> {
        let body = to_bytes(body)?;
        let payload = Payload::Bytes(&body);
        let outgoing = Outgoing { method: Method::POST, path, payload, identity, repeat: Repeat::Allowed };
        from_bytes(&self.call(&outgoing).await?)
    }

    /// Makes a call: with a proof if it has an identity, once more with a new proof if the nonce was too old, and
    /// again after a network failure where that is allowed.
    pub async fn call(&self, outgoing: &Outgoing<'_>) -> Result<Vec<u8>, CallError> {
        let mut renewed = false;
        let mut waits = REPEAT_AFTER.into_iter();
        loop {
            let failed = match self.attempt(outgoing).await {
                Ok(body) => return Ok(body),
                Err(error) => error,
            };
            match &failed {
                CallError::Refused(refusal)
                    if refusal.problem.code == Code::UseNonce && outgoing.identity.is_some() && !renewed =>
                {
                    renewed = true;
                    continue;
                }
                CallError::Network(error) if outgoing.repeat == Repeat::Allowed || error.is_connect() => {}
                CallError::TimedOut if outgoing.repeat == Repeat::Allowed => {}
                _ => return Err(failed),
            }
            match waits.next() {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failed),
            }
        }
    }

    async fn attempt(&self, outgoing: &Outgoing<'_>) -> Result<Vec<u8>, CallError> {
        let Some(identity) = outgoing.identity else {
            let body = match &outgoing.payload {
                Payload::Bytes(bytes) => bytes,
                Payload::Empty | Payload::OverNonce(_) => &[][..],
            };
            return self.exchange(&outgoing.method, outgoing.path, body, None).await?.result();
        };
        let nonce = self.nonce().await?;
        let made;
        let body = match &outgoing.payload {
            Payload::Empty => &[][..],
            Payload::Bytes(bytes) => bytes,
            Payload::OverNonce(make) => {
                made = make(&nonce)?;
                &made
            }
        };
        let proof = self.proof(identity, &outgoing.method, outgoing.path, body, &nonce)?;
        let answer = self.exchange(&outgoing.method, outgoing.path, body, Some(&proof)).await?;
        self.forget_refused(&answer, &nonce);
        answer.result()
    }

    /// Makes the proof of a call.
    pub fn proof(
        &self,
        identity: Identity<'_>,
        method: &Method,
        path: &str,
        body: &[u8],
        nonce: &str,
    ) -> Result<String, CallError> {
        let address = self.address(path);
        let call = Call { audience: identity.server, method: method.as_str(), address: &address, body };
        Ok(call.prove(identity.phone, identity.key, Id::new(&SystemRandom), nonce, self.now_or_start())?)
    }

    /// The newest nonce; asks for one where there is none.
    pub async fn nonce(&self) -> Result<String, CallError> {
        if let Some(nonce) = self.lock_nonce().clone() {
            return Ok(nonce);
        }
        let answer = self.exchange(&Method::POST, "nonce", &to_bytes(&Empty {})?, None).await?;
        let nonce = answer.nonce.clone();
        answer.result()?;
        nonce.ok_or_else(|| CallError::unreadable("no Phone-Nonce"))
    }

    /// Sends exactly this and tells exactly what came back. Everything else here goes through it; tests use it to
    /// send what an honest phone would not.
    pub async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
        proof: Option<&str>,
    ) -> Result<Answer, CallError> {
        let request = self.request(method, path, body, proof).timeout(CALL_TIMEOUT);
        let response = request.send().await.map_err(network_failure)?;
        self.read(response).await
    }

    /// Opens a stream of events. The answer is not read, unless it is a refusal.
    pub(crate) async fn open(&self, path: &str, identity: Identity<'_>) -> Result<reqwest::Response, CallError> {
        let mut renewed = false;
        loop {
            let nonce = self.nonce().await?;
            let proof = self.proof(identity, &Method::GET, path, &[], &nonce)?;
            let request = self.request(&Method::GET, path, &[], Some(&proof)).header("accept", "text/event-stream");
            let opened = tokio::time::timeout(CALL_TIMEOUT, request.send()).await;
            let response = opened.map_err(|_| CallError::TimedOut)?.map_err(network_failure)?;
            if response.status() == 200 {
                self.learn(response.headers());
                return Ok(response);
            }
            let answer = self.read(response).await?;
            self.forget_refused(&answer, &nonce);
            match answer.result() {
                Err(error) if error.code() == Some(Code::UseNonce) && !renewed => renewed = true,
                Err(error) => return Err(error),
                Ok(_) => return Err(CallError::unreadable("no stream")),
            }
        }
    }

    fn request(&self, method: &Method, path: &str, body: &[u8], proof: Option<&str>) -> reqwest::RequestBuilder {
        let mut request = self.0.network.client().request(method.clone(), self.address(path));
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body.to_vec());
        }
        if let Some(proof) = proof {
            request = request.header("phone-proof", proof);
        }
        request
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, CallError> {
        let (nonce, time) = self.learn(response.headers());
        let retry_after = header(response.headers(), "retry-after").and_then(|text| text.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(network_failure)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(CallError::unreadable("too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status: response.status().as_u16(), nonce, time, retry_after, body })
    }

    fn learn(&self, headers: &HeaderMap) -> (Option<String>, Option<i64>) {
        let time = header(headers, "phone-time").and_then(|text| text.parse().ok());
        if let Some(seconds) = time {
            self.0.clock.told(seconds);
        }
        let nonce = header(headers, "phone-nonce").filter(|text| !text.is_empty()).map(str::to_owned);
        if nonce.is_some() {
            self.lock_nonce().clone_from(&nonce);
        }
        (nonce, time)
    }

    /// A refused nonce is not offered again, even where the refusal brought no new one.
    fn forget_refused(&self, answer: &Answer, nonce: &str) {
        let mut newest = self.lock_nonce();
        if answer.status == 401 && newest.as_deref() == Some(nonce) {
            *newest = None;
        }
    }

    fn lock_nonce(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.nonce.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn address(&self, path: &str) -> String {
        format!("{}/phone/v1/{path}", self.0.api)
    }
}

/// Writes a body.
pub(crate) fn to_bytes(body: &impl Serialize) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec(body).map_err(|error| CallError::Signing(JwsError::Claims(error.to_string())))
}

/// Reads an answer. Members that this version doesn't know are passed over.
pub(crate) fn from_bytes<A: DeserializeOwned>(body: &[u8]) -> Result<A, CallError> {
    json::parse(body).map_err(CallError::unreadable)
}

fn network_failure(error: reqwest::Error) -> CallError {
    // A connection that never stood is a network failure even if it timed out: nothing was sent.
    if error.is_timeout() && !error.is_connect() { CallError::TimedOut } else { CallError::Network(error) }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
