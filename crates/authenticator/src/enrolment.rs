//! Enrolment, step by step: each step is a type that holds what exists there. A caller may stop between steps, look,
//! or send something else than an honest phone would.

use std::time::Duration;

use akkoord_protocols::{
    bytes::Bytes,
    jose::{Jwk, JwsError, KeyError},
    phone::{
        Platform, Unlock,
        call::{self, Claim, EnrolmentPin, EnrolmentState, Prove, ScannedClaim, TypedClaim},
        code::TypedCode,
        enrolment::{Digits, Enrol, commitment, webauthn_challenge},
        link::{EnrolmentLink, LinkError},
        offer::{CheckedOffer, Offer, OfferError},
        pin::{self, Evaluation, PinError, PinRecord},
    },
    random,
    text::Name,
};
use serde_json::Value;

use crate::{
    account::{Account, Server, StoredKey},
    connection::{CallError, Connection, Identity},
    event_stream::EventStream,
    network::Network,
    pin_entry::{NewPin, Stretched},
    random::SystemRandom,
    soft_webauthn::{SoftAuthenticator, SoftError},
};

/// How often the state is asked for while the digits are typed.
const ASK_EACH: Duration = Duration::from_secs(2);

/// What invites a phone to an account.
#[derive(Clone, Debug)]
pub enum Invitation {
    /// The link of the QR code.
    Link(EnrolmentLink),
    /// The eight-character code, for people who can't scan.
    Code {
        /// The base address of the server's `/phone/v1`.
        api: String,
        /// The user name.
        username: String,
        /// The code.
        code: TypedCode,
    },
}

/// Why an enrolment stopped.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// A call.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The link or the address.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The offer is not what it must be. Somebody may stand between: this is shown in red, and nothing goes on.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The PIN.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// This phone has no unlock method that the offer allows, or not the PIN that policy wants.
    #[error("no unlock method is set up that this account allows")]
    NoUnlock,
    /// The enrolment ended without this phone.
    #[error("the enrolment ended")]
    Ended(EnrolmentEnd),
    /// A key could not be made.
    #[error("a key can't be made")]
    Key,
}

impl From<KeyError> for EnrolError {
    fn from(_: KeyError) -> Self {
        Self::Key
    }
}

impl From<SoftError> for EnrolError {
    fn from(_: SoftError) -> Self {
        Self::Key
    }
}

impl From<JwsError> for EnrolError {
    fn from(error: JwsError) -> Self {
        Self::Call(error.into())
    }
}

/// How an enrolment ended without this phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolmentEnd {
    /// The digits were wrong too often, or the server did not believe the phone.
    Rejected,
    /// It took too long.
    Expired,
    /// It was given up in the browser.
    Cancelled,
}

/// A phone that has made its key and its commitment, and has not spoken yet.
#[derive(Debug)]
pub struct Candidate {
    /// The way to the server.
    pub connection: Connection,
    /// `K_dev`.
    pub key: StoredKey,
    /// What opens the commitment.
    pub n_d: Bytes<32>,
    /// What it was invited by.
    pub invitation: Invitation,
}

impl Candidate {
    /// Makes the key and the nonce.
    pub fn new(network: &Network, invitation: Invitation) -> Result<Self, EnrolError> {
        let api = match &invitation {
            Invitation::Link(link) => &link.api,
            Invitation::Code { api, .. } => api,
        };
        Ok(Self {
            connection: Connection::new(network, api)?,
            key: StoredKey::generate()?,
            n_d: Bytes(random::bytes(&SystemRandom)),
            invitation,
        })
    }

    /// The commitment to the key, made before the offer is seen.
    pub fn commitment(&self) -> Bytes<32> {
        let pinned = match &self.invitation {
            Invitation::Link(link) => Some(link.server_key),
            Invitation::Code { .. } => None,
        };
        commitment(&self.n_d.0, self.key.public().thumbprint(), pinned)
    }

    /// The body of the claim.
    pub fn claim_body(&self) -> Claim {
        let c = self.commitment();
        match &self.invitation {
            Invitation::Link(link) => Claim::Scanned(ScannedClaim { t: link.token, c }),
            Invitation::Code { username, code, .. } => {
                Claim::Typed(TypedClaim { username: username.clone(), code: code.expose().to_owned(), c })
            }
        }
    }

    /// Sends the claim. May be repeated: the same commitment gets the same answer.
    pub async fn send_claim(&self) -> Result<call::Claimed, CallError> {
        self.connection.post("enrolments/claim", &self.claim_body(), None).await
    }

    /// Checks the offer. A mismatch stops everything.
    pub fn accept(self, answer: call::Claimed) -> Result<Claimed, EnrolError> {
        let pinned = match &self.invitation {
            Invitation::Link(link) => Some(link.server_key),
            Invitation::Code { .. } => None,
        };
        let checked = Offer::check(&answer.offer, &self.commitment(), self.connection.api(), pinned)?;
        let Self { connection, key, n_d, .. } = self;
        Ok(Claimed { connection, key, n_d, checked, token: answer.t, pin: None, platform: None })
    }

    /// Claims and checks the offer.
    pub async fn claim(self) -> Result<Claimed, EnrolError> {
        let answer = self.send_claim().await?;
        self.accept(answer)
    }
}

/// A phone with a checked offer, choosing how it is unlocked.
#[derive(Debug)]
pub struct Claimed {
    /// The way to the server.
    pub connection: Connection,
    /// `K_dev`.
    pub key: StoredKey,
    /// What opens the commitment.
    pub n_d: Bytes<32>,
    /// The offer.
    pub checked: CheckedOffer,
    /// The token of the calls that follow.
    pub token: Bytes<32>,
    pin: Option<(PinRecord, Jwk)>,
    platform: Option<(SoftAuthenticator, Value)>,
}

/// The unlock methods that an offer allows.
pub fn unlock_methods(offer: &Offer) -> &[Unlock] {
    &offer.unlock
}

/// Whether an offer wants an app PIN from a phone that has, or has not, a platform authenticator.
pub fn needs_app_pin(offer: &Offer, has_platform: bool) -> bool {
    offer.policy.app_pin || !(has_platform && offer.unlock.contains(&Unlock::Webauthn))
}

impl Claimed {
    /// The offer's claims.
    pub fn offer(&self) -> &Offer {
        &self.checked.offer
    }

    /// Sets a PIN up: checks that it may be chosen, stretches it and has the server evaluate it. The server allows
    /// two evaluations, so a lost answer is not the end.
    pub async fn set_pin(&mut self, pin: &str) -> Result<(), EnrolError> {
        pin::check_choice(pin, self.offer().policy.pin_min)?;
        let new = NewPin::new()?;
        let stretched = Stretched::of(pin, new.salt()).await?;
        self.wrap_new_pin(new, &stretched).await
    }

    /// The same with a PIN that was stretched before.
    pub async fn set_stretched_pin(&mut self, stretched: &Stretched) -> Result<(), EnrolError> {
        self.wrap_new_pin(NewPin::new()?, stretched).await
    }

    async fn wrap_new_pin(&mut self, new: NewPin, stretched: &Stretched) -> Result<(), EnrolError> {
        let blinding = stretched.blind()?;
        let body = EnrolmentPin { t: self.token, blinded: blinding.blinded };
        let evaluation: Evaluation = self.connection.post("enrolments/pin", &body, None).await?;
        let y = blinding.finish(&evaluation, &self.offer().voprf)?;
        let record = new.wrap(&y, self.offer().phone.as_str())?;
        self.pin = Some((record, new.key.public().jwk()));
        Ok(())
    }

    /// Sets a software platform authenticator up, for the host that serves the app.
    pub fn use_soft_platform(&mut self) -> Result<(), EnrolError> {
        let origin = url::Url::parse(self.connection.api()).map_err(|_| LinkError::Form)?;
        let authenticator = SoftAuthenticator::new(&origin)?;
        let challenge = webauthn_challenge(&self.checked.hash, self.key.public().thumbprint());
        let registration = authenticator.register(&challenge);
        self.platform = Some((authenticator, registration));
        Ok(())
    }

    /// The same with an answer of the caller's own making.
    pub fn use_platform(&mut self, authenticator: SoftAuthenticator, registration: Value) {
        self.platform = Some((authenticator, registration));
    }

    /// The six digits that this phone will show.
    pub fn digits(&self) -> Digits {
        let offer = self.offer();
        let (own, server) = (self.key.public().thumbprint(), self.checked.server_key.thumbprint());
        Digits::derive(&self.n_d.0, &offer.n_s.0, own, server, offer.enr.as_str())
    }

    /// The claims of the phone's answer.
    pub fn enrol_claims(&self, name: Name, platform: Platform) -> Enrol {
        let attestation = self.platform.as_ref().and_then(|(_, json)| attestation_object(json));
        Enrol {
            v: 1,
            iat: self.connection.now_or_start(),
            enr: self.offer().enr.clone(),
            oh: Bytes(self.checked.hash),
            n_d: self.n_d,
            name,
            platform,
            origin: self.platform.as_ref().map(|(platform, _)| platform.origin().to_owned()),
            pin: self.pin.as_ref().map(|(_, key)| key.clone()),
            wa: attestation.map(|object| Bytes(akkoord_protocols::bytes::sha256(&[&object]))),
        }
    }

    /// The body of `enrolments/prove` for these claims.
    pub fn prove_body(&self, claims: &Enrol) -> Result<Prove, EnrolError> {
        let webauthn = self.platform.as_ref().map(|(_, json)| json.clone());
        Ok(Prove { t: self.token, enrol: claims.sign(&self.key)?, webauthn, push: None })
    }

    /// Sends a body to `enrolments/prove`. The same message may be sent again.
    pub async fn send_prove(&self, body: &Prove) -> Result<String, CallError> {
        let call::State { state } = self.connection.post("enrolments/prove", body, Some(self.identity())).await?;
        Ok(state)
    }

    /// Answers the offer: from here on the server knows the phone's key.
    pub async fn prove(self, name: Name, platform: Platform) -> Result<Proved, EnrolError> {
        if self.pin.is_none() && needs_app_pin(self.offer(), self.platform.is_some()) {
            return Err(EnrolError::NoUnlock);
        }
        let body = self.prove_body(&self.enrol_claims(name.clone(), platform))?;
        self.send_prove(&body).await?;
        Ok(self.proved(name))
    }

    /// Goes on after a prove that the caller sent.
    pub fn proved(self, name: Name) -> Proved {
        let digits = self.digits();
        let offer = &self.checked.offer;
        let account = Account {
            server: Server::of(&self.checked),
            phone: offer.phone.clone(),
            name,
            key: self.key,
            next_key: None,
            pin: self.pin.map(|(record, _)| record),
            next_pin: None,
            platform: self.platform.map(|(authenticator, _)| authenticator),
            voprf: offer.voprf,
            vapid: offer.vapid,
            unlock: offer.unlock.clone(),
            owner: offer.account.clone(),
            policy: offer.policy,
            codes: None,
        };
        Proved { connection: self.connection, digits, account }
    }

    fn identity(&self) -> Identity<'_> {
        let offer = self.offer();
        Identity { server: &offer.iss, phone: offer.phone.as_str(), key: &self.key }
    }
}

fn attestation_object(registration: &Value) -> Option<Vec<u8>> {
    let text = registration.get("response")?.get("attestationObject")?.as_str()?;
    akkoord_protocols::bytes::decode(text).ok()
}

/// Where an enrolment stands.
#[derive(Debug)]
pub enum Progress {
    /// The digits are not typed yet.
    Waiting,
    /// The phone belongs to the account.
    Active(Box<Account>),
    /// It ended without this phone, which forgets its keys.
    Ended(EnrolmentEnd),
}

/// A phone that shows its six digits.
#[derive(Debug)]
pub struct Proved {
    /// The way to the server.
    pub connection: Connection,
    digits: Digits,
    account: Account,
}

impl Proved {
    /// The six digits to show.
    pub fn digits(&self) -> &Digits {
        &self.digits
    }

    /// The account in the making.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Asks for the state.
    pub async fn state(&self) -> Result<Progress, EnrolError> {
        let identity = Some(self.account.identity());
        let answer: EnrolmentState = self.connection.post("enrolments/state", &call::Empty {}, identity).await?;
        Ok(match answer.state.as_str() {
            "ACTIVE" => {
                let mut account = self.account.clone();
                // The account's id was signed in the offer, and stays what it was.
                if let Some(owner) = answer.account.filter(|owner| owner.id == account.owner.id) {
                    account.owner = owner;
                }
                account.codes = answer.codes;
                Progress::Active(Box::new(account))
            }
            "REJECTED" => Progress::Ended(EnrolmentEnd::Rejected),
            "EXPIRED" => Progress::Ended(EnrolmentEnd::Expired),
            "CANCELLED" => Progress::Ended(EnrolmentEnd::Cancelled),
            _ => Progress::Waiting,
        })
    }

    /// Waits until the digits were typed: an event of the stream wakes it, and without a stream it asks each 2 s.
    pub async fn wait(self) -> Result<Account, EnrolError> {
        let mut stream = EventStream::open(&self.connection, self.account.identity()).await.ok();
        loop {
            match self.state().await? {
                Progress::Waiting => {}
                Progress::Active(account) => return Ok(*account),
                Progress::Ended(end) => return Err(EnrolError::Ended(end)),
            }
            let _ = tokio::time::timeout(ASK_EACH, next_hint(&mut stream)).await;
        }
    }
}

/// Returns when there is a reason to ask; never, when the stream is gone.
async fn next_hint(stream: &mut Option<EventStream>) {
    if let Some(open) = stream {
        if let Ok(Some(_)) = open.next().await {
            return;
        }
        *stream = None;
    }
    std::future::pending::<()>().await;
}
