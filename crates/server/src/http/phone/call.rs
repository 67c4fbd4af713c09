//! A call of a phone: its body, its proof, and who that makes the caller.

use akkoord_core::{
    Actor, Ctx,
    enrolment::State,
    ids::{AccountId, PhoneId},
    phone::{REMOVED_KEPT_DAYS, RemovedBy},
};
use akkoord_protocols::{
    jose::{Header, Jwk, PublicKey, Typ, Unverified},
    json,
    phone::{
        problem::Code,
        proof::{self, MAX_PROOF, Proof},
    },
};
use akkoord_store::EnrolmentRow;
use axum::{
    body::Bytes,
    extract::{ConnectInfo, FromRequest, Request},
    http::{HeaderMap, header},
};
use serde::de::DeserializeOwned;

use crate::{
    app::App,
    http::{client::Client, error::ApiError, page::RequestId},
    use_cases::{
        enrolment, evidence,
        phone::{self, Known},
    },
};

/// The largest body in bytes.
const MAX_BODY: usize = 64 * 1024;

/// A call as received.
pub struct Call {
    /// The application.
    pub app: App,
    /// From where.
    pub client: Client,
    /// One request, one instant.
    pub ctx: Ctx,
    /// The body's bytes.
    pub body: Bytes,
    method: String,
    path: String,
    headers: HeaderMap,
}

impl FromRequest<App> for Call {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0.ip());
        let peer = peer.unwrap_or(std::net::IpAddr::from([0, 0, 0, 0]));
        let read = tokio::time::timeout(crate::http::BODY_TIME, axum::body::to_bytes(body, MAX_BODY)).await;
        let body = read.map_err(|_| ApiError::invalid("body: did not come in time"))?;
        let body = body.map_err(|_| ApiError::invalid("body: larger than 64 KiB, or cut off"))?;
        // The path as the client wrote it: nesting has cut the prefix off `parts.uri`.
        let original = parts.extensions.get::<axum::extract::OriginalUri>().map(|uri| uri.0.clone());
        let uri = original.unwrap_or_else(|| parts.uri.clone());
        Ok(Self {
            client: Client::of(&app.config, peer, &parts.headers),
            ctx: Ctx {
                now: app.clock.now(),
                actor: Actor::Anonymous,
                request_id: parts.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone()),
                random: app.random.clone(),
            },
            method: parts.method.as_str().to_owned(),
            path: uri.path().to_owned(),
            headers: parts.headers,
            body,
            app: app.clone(),
        })
    }
}

/// Whom a good proof belongs to.
pub enum Caller {
    /// An enrolled phone.
    Active(Box<Known>),
    /// A phone that has proved its keys and waits for its digits.
    Proved(Box<EnrolmentRow>),
}

/// A call with a good proof.
pub struct Signed {
    /// The call.
    pub call: Call,
    /// Who made it.
    pub caller: Caller,
    /// The nonce of the proof.
    pub nonce: String,
    /// The proof as sent.
    pub proof: String,
}

/// A call with a good proof of an enrolled phone.
pub struct SignedPhone {
    /// The call.
    pub call: Call,
    /// The phone.
    pub phone: Known,
    /// The nonce of the proof.
    pub nonce: String,
    /// The proof as sent.
    pub proof: String,
}

impl Call {
    /// The body as its type, under the protocol's rules for JSON.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let is_json = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json =
            is_json.is_some_and(|kind| kind.split(';').next().is_some_and(|kind| kind.trim() == "application/json"));
        if !is_json {
            return Err(ApiError::invalid("content-type: application/json is expected"));
        }
        json::parse(&self.body).map_err(|error| ApiError::invalid(format!("body: {error}")))
    }

    /// Counts a call without proof against its neighbourhood. Networks that the configuration names are free: a whole
    /// school may stand behind one address.
    pub fn count_unproved(&self) -> Result<(), ApiError> {
        if self.client.network.is_some() || self.app.unproved_calls.allows(self.ctx.now, self.client.address) {
            return Ok(());
        }
        let mut error = ApiError::new(Code::TooMany, "Too many calls from this network.");
        error.retry_after = Some(600);
        Err(error)
    }

    /// The text of the proof header.
    pub fn proof_text(&self) -> Result<&str, ApiError> {
        let missing = || ApiError::new(Code::UseNonce, "A proof is needed.");
        let text = self.headers.get("phone-proof").ok_or_else(missing)?;
        if text.len() > MAX_PROOF {
            return Err(bad_proof());
        }
        text.to_str().map_err(|_| bad_proof())
    }

    /// Checks the proof with a phone's key, then its nonce, then that it is new.
    pub fn check_proof(&self, text: &str, phone: &str, key: &PublicKey) -> Result<Proof, ApiError> {
        let address = format!("{}{}", self.app.config.phone_url, self.path);
        let expected = proof::Call {
            audience: &self.app.config.public_url,
            method: &self.method,
            address: &address,
            body: &self.body,
        };
        let parsed = Unverified::parse(text, Typ::Proof).map_err(|_| bad_proof())?;
        let proof = expected.check(parsed, phone, key).map_err(|error| {
            let mut problem = bad_proof();
            problem.problem.detail = Some(error.to_string());
            problem
        })?;
        if !self.app.nonce_key.check(&proof.nonce, self.ctx.now.seconds()) {
            return Err(ApiError::new(Code::UseNonce, "The nonce is too old."));
        }
        if !self.app.seen_proofs.is_new(self.ctx.now, phone, proof.jti.as_str()) {
            return Err(bad_proof());
        }
        Ok(proof)
    }
}

fn bad_proof() -> ApiError {
    ApiError::new(Code::BadProof, "The proof is not good for this call.")
}

impl FromRequest<App> for Signed {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let mut call = Call::from_request(request, app).await?;
        let text = call.proof_text()?.to_owned();
        // The id only selects a row; the key is the row's.
        let id = match Unverified::parse(&text, Typ::Proof).map_err(|_| bad_proof())?.header() {
            Header::Kid(kid) => kid.parse::<PhoneId>().map_err(|_| bad_proof())?,
            Header::Jwk(_) => return Err(bad_proof()),
        };
        let (caller, nonce) = match phone::find(app, &id).await? {
            Some(known) => {
                let key = evidence::public_key(&known.row, "key", &known.row.key)?;
                let proof = call.check_proof(&text, id.as_str(), &key)?;
                check_removed(&call.ctx, &known)?;
                (Caller::Active(Box::new(known)), proof.nonce)
            }
            None => {
                let wanted = id.clone();
                let row =
                    app.store.read(move |tx| Box::pin(async move { tx.enrolment_by_phone(&wanted).await })).await?;
                let row = row.ok_or_else(bad_proof)?;
                let key = row.phone_key.as_deref().and_then(|text| serde_json::from_str::<Jwk>(text).ok());
                let key = key.and_then(|jwk| jwk.key().ok()).ok_or_else(bad_proof)?;
                let proof = call.check_proof(&text, id.as_str(), &key)?;
                (Caller::Proved(Box::new(row)), proof.nonce)
            }
        };
        call.ctx.actor = Actor::Phone(id);
        Ok(Self { call, caller, nonce, proof: text })
    }
}

impl FromRequest<App> for SignedPhone {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let Signed { call, caller, nonce, proof } = Signed::from_request(request, app).await?;
        match caller {
            Caller::Active(phone) if phone.account.disabled_at.is_none() => {
                Ok(Self { call, phone: *phone, nonce, proof })
            }
            // An account that is switched off answers as a phone that is not ready: it may come back.
            Caller::Active(_) => Err(ApiError::new(Code::NotActive, "The account is switched off.")),
            Caller::Proved(row) => {
                let state = enrolment::state(&row, &call.ctx)?;
                Err(ApiError::new(Code::NotActive, "The phone is not enrolled yet.").with_state(state.wire()))
            }
        }
    }
}

/// A removed phone is told so for 90 days; then it is unknown.
fn check_removed(ctx: &Ctx, known: &Known) -> Result<(), ApiError> {
    let Some(at) = known.row.revoked_at else { return Ok(()) };
    if ctx.now > at + std::time::Duration::from_secs(REMOVED_KEPT_DAYS * 24 * 3600) {
        return Err(bad_proof());
    }
    let mut error = ApiError::new(Code::Removed, "This phone was removed.");
    error.problem.removed_at = Some(at.seconds());
    let by = known.row.revoked_by.as_deref().and_then(|word| word.parse::<RemovedBy>().ok());
    error.problem.removed_by = by.map(|by| by.as_str().to_owned());
    Err(error)
}

impl SignedPhone {
    /// The account.
    pub fn account(&self) -> &AccountId {
        &self.phone.account.id
    }
}

/// Whether an enrolment that a phone asks after has ended without it.
pub fn is_over(state: State) -> bool {
    matches!(state, State::Rejected | State::Expired | State::Cancelled)
}
