//! The phone's whole story against a small fake of the server that uses the protocol's own checks.

use std::sync::{Arc, Mutex};

use akkoord_protocols::{
    bytes::Bytes,
    jose::{KeySet, KeyWithId, PublicKey, SigningKey},
    phone::{
        Platform, Unlock,
        call::{self, Claim, Empty},
        decision::{self, Expected, Verdict},
        enrolment::{Digits, Enrol, commitment, webauthn_challenge},
        link::EnrolmentLink,
        offer::{self, Kind, Offer, Policy},
        pin::{self, OprfKey},
        problem::Code,
        proof::Call,
        request::{App, Context, Number, Operation, Request},
        rotation::Rotate,
    },
    text::Id,
    webauthn::{RelyingParty, StoredCredential},
};
use serde_json::json;

use super::*;
use crate::fake_server::{Asked, FakeServer, Reply, ok, problem};

const ISS: &str = "https://login.example";
const PIN: Stretching = Stretching;

/// Stands for a PIN without its stretching, which takes a second in a debug build.
struct Stretching;

impl Stretching {
    fn right(&self) -> Stretched {
        Stretched::precomputed([7; 32])
    }
    fn wrong(&self) -> Stretched {
        Stretched::precomputed([8; 32])
    }
}

/// What the fake knows.
struct World {
    key: SigningKey,
    oprf: OprfKey,
    ids: [Id; 4],
    link_token: Bytes<32>,
    offer: Option<(Offer, String)>,
    phone_key: Option<PublicKey>,
    pin_key: Option<PublicKey>,
    credential: Option<StoredCredential>,
    digits: Option<Digits>,
    state: &'static str,
    left: u32,
    /// The answer to the next rotation is lost after it was done.
    lose_rotation: bool,
    spoil_offer: fn(&mut Offer),
}

impl World {
    fn new() -> Self {
        let ids = [0; 4].map(|_| Id::new(&SystemRandom));
        Self {
            key: SigningKey::generate().unwrap(),
            oprf: OprfKey::new(&SystemRandom).unwrap(),
            ids,
            link_token: Bytes([9; 32]),
            offer: None,
            phone_key: None,
            pin_key: None,
            credential: None,
            digits: None,
            state: "CREATED",
            left: 5,
            lose_rotation: false,
            spoil_offer: |_| {},
        }
    }

    fn answer(&mut self, api: &str, asked: &Asked) -> Reply {
        if asked.path == "nonce" {
            return ok(&Empty {});
        }
        let body = || serde_json::from_slice::<serde_json::Value>(&asked.body).unwrap();
        if asked.path == "enrolments/claim" {
            return self.claim(api, &serde_json::from_value(body()).unwrap());
        }
        if asked.path == "enrolments/pin" {
            let body: call::EnrolmentPin = serde_json::from_value(body()).unwrap();
            return ok(&self.oprf.evaluate(&SystemRandom, &body.blinded).unwrap());
        }
        let phone = self.ids[1].clone();
        if asked.path == "enrolments/prove" {
            let prove: call::Prove = serde_json::from_value(body()).unwrap();
            let (key, enrol) = Enrol::read(&prove.enrol).unwrap();
            return self.prove(&prove, &key, &enrol, api, asked);
        }
        let Some(key) = self.phone_key.clone() else { return problem(Code::BadProof, "n") };
        if check_proof(api, asked, &phone, &key).is_err() {
            return problem(Code::BadProof, "n");
        }
        match asked.path.as_str() {
            "events" => Reply::Events("event: enrolled\ndata: {\"state\":\"ACTIVE\"}\n\n".to_owned()),
            "enrolments/state" => self.enrolment_state(),
            "requests/pending" => ok(&call::Pending { requests: vec![self.request()], keyroll: Vec::new() }),
            "pin/evaluate" => {
                let body: call::EvaluatePin = serde_json::from_value(body()).unwrap();
                if self.left == 0 {
                    return problem(Code::Locked, "n");
                }
                self.left -= u32::from(!body.new);
                let evaluation = self.oprf.evaluate(&SystemRandom, &body.blinded).unwrap();
                let (evaluated, proof) = (evaluation.evaluated, evaluation.proof);
                ok(&call::PinEvaluated { evaluated, proof, left: self.left })
            }
            "pin/change/start" => ok(&call::PinChangeStarted { change: self.ids[3].clone(), exp: 9_999 }),
            "pin/change/finish" => {
                let body: call::PinChangeFinish = serde_json::from_value(body()).unwrap();
                let new = body.new.key().unwrap();
                let hash = pin::change_hash(body.change.as_str(), &new);
                self.check_evidence(&body.evidence, &hash);
                self.pin_key = Some(new);
                ok(&Empty {})
            }
            "rotate" => {
                let body: call::RotateKey = serde_json::from_value(body()).unwrap();
                self.phone_key = Some(Rotate::check(&body.rotate, phone.as_str(), ISS, &key).unwrap());
                if std::mem::take(&mut self.lose_rotation) { Reply::Cut } else { ok(&Empty {}) }
            }
            "self" => ok(&self.own_state()),
            path if path.ends_with("/decision") => self.decide(&serde_json::from_value(body()).unwrap()),
            other => panic!("{other}"),
        }
    }

    fn claim(&mut self, api: &str, claim: &Claim) -> Reply {
        let c = match claim {
            Claim::Scanned(claim) if claim.t == self.link_token => claim.c,
            Claim::Typed(claim) if claim.code == "ABCD2345" && claim.username == "ada" => claim.c,
            _ => return problem(Code::NotFound, "n"),
        };
        let name = || "Ada".parse().unwrap();
        let mut offer = Offer {
            v: 1,
            iss: ISS.to_owned(),
            iat: 1_000,
            exp: 1_300,
            enr: self.ids[0].clone(),
            c,
            phone: self.ids[1].clone(),
            account: offer::Account {
                id: "ada".parse().unwrap(),
                username: name(),
                name: name(),
                organisation: None,
                kind: Kind::Work,
            },
            api: api.to_owned(),
            n_s: Bytes([5; 32]),
            unlock: vec![Unlock::Webauthn, Unlock::Pin],
            webauthn: Some(RelyingParty::creation_options(&[1; 16], "ada", "Ada")),
            keys: KeySet { keys: vec![KeyWithId::of(self.key.public())] },
            voprf: self.oprf.public().unwrap(),
            vapid: Bytes([4; 65]),
            policy: Policy { pin_min: 6, app_pin: false, number_digits: 2, one_work_account_per_phone: false },
        };
        (self.spoil_offer)(&mut offer);
        let message = offer.sign(&self.key).unwrap();
        self.offer = Some((offer, message.clone()));
        self.state = "CLAIMED";
        ok(&call::Claimed { offer: message, t: Bytes([6; 32]) })
    }

    fn prove(&mut self, prove: &call::Prove, key: &PublicKey, enrol: &Enrol, api: &str, asked: &Asked) -> Reply {
        let (offer, message) = self.offer.as_ref().unwrap();
        check_proof(api, asked, &offer.phone, key).unwrap();
        let hash = akkoord_protocols::bytes::sha256(&[message.as_bytes()]);
        let (own, server) = (key.thumbprint(), self.key.public().thumbprint());
        let opens = [Some(server), None].iter().any(|pinned| commitment(&enrol.n_d.0, own, *pinned) == offer.c);
        assert!(opens && enrol.oh.0 == hash && enrol.enr == offer.enr);
        if let Some(credential) = &prove.webauthn {
            let party = RelyingParty::new(&[url::Url::parse(api).unwrap()]).unwrap();
            self.credential = Some(party.register(&webauthn_challenge(&hash, own), credential).unwrap());
            assert!(enrol.wa.is_some() && enrol.origin.as_deref() == Some(api));
        }
        self.pin_key = enrol.pin.as_ref().map(|jwk| jwk.key().unwrap());
        self.digits = Some(Digits::derive(&enrol.n_d.0, &offer.n_s.0, own, server, offer.enr.as_str()));
        self.phone_key = Some(key.clone());
        self.state = "PROVED";
        ok(&call::State { state: self.state.to_owned() })
    }

    fn enrolment_state(&self) -> Reply {
        if self.state != "ACTIVE" {
            return ok(&json!({ "state": self.state, "a_later_member": 1 }));
        }
        ok(&json!({ "state": "ACTIVE", "codes":
            { "secret": Bytes(*b"12345678901234567890"), "algorithm": "SHA1", "digits": 6, "period": 30 } }))
    }

    fn request(&self) -> String {
        let request = Request {
            v: 1,
            iss: ISS.to_owned(),
            aud: self.ids[1].clone(),
            jti: self.ids[2].clone(),
            iat: 1_000,
            exp: 1_120,
            op: Operation::Signin,
            acct: "ada".parse().unwrap(),
            app: App { id: "akkoord".parse().unwrap(), name: "Akkoord".parse().unwrap() },
            ctx: Context { ip: None, net: None, place: None, browser: None, known: false, at: 1_000 },
            number: Number::Enter { digits: 2 },
            unlock: vec![Unlock::Webauthn, Unlock::Pin],
            n: Bytes([3; 16]),
            text: None,
        };
        request.sign(&self.key).unwrap()
    }

    fn decide(&mut self, decide: &call::Decide) -> Reply {
        let (phone, request) = (self.ids[1].as_str(), self.ids[2].as_str());
        let expected = Expected { phone, server: ISS, request, iat: 1_000, exp: 1_120, digits: 2 };
        let decision = expected.check(&decide.decision, self.phone_key.as_ref().unwrap()).unwrap();
        if decision.d == Verdict::Approve {
            let evidence = decide.evidence.as_ref().unwrap();
            self.check_evidence(evidence, &decision::evidence_hash(&decide.decision));
            self.left = 5;
            if decision.number.as_deref() != Some("47") {
                return problem(Code::WrongNumber, "n");
            }
        }
        let state = if decision.d == Verdict::Approve { "APPROVED" } else { "DENIED" };
        ok(&call::State { state: state.to_owned() })
    }

    fn check_evidence(&self, evidence: &akkoord_protocols::phone::Evidence, hash: &[u8; 32]) {
        use akkoord_protocols::phone::Evidence;
        match evidence {
            Evidence::Pin { jws } => {
                pin::check_evidence(jws, self.pin_key.as_ref().unwrap(), self.ids[1].as_str(), hash).unwrap();
            }
            Evidence::Webauthn { credential } => {
                let api = &self.offer.as_ref().unwrap().0.api;
                let party = RelyingParty::new(&[url::Url::parse(api).unwrap()]).unwrap();
                party.verify(self.credential.as_ref().unwrap(), hash, credential).unwrap();
            }
        }
    }

    fn own_state(&self) -> serde_json::Value {
        let offer = &self.offer.as_ref().unwrap().0;
        json!({ "phone": self.ids[1], "name": "Terminal", "platform": "terminal", "state": "ACTIVE",
            "account": offer.account, "push": false, "phone_sign_in": true, "unlock": ["pin"], "pin_left": self.left,
            "policy": offer.policy, "vapid": offer.vapid })
    }
}

fn check_proof(api: &str, asked: &Asked, phone: &Id, key: &PublicKey) -> Result<(), ()> {
    let address = format!("{api}/phone/v1/{}", asked.path);
    let call = Call { audience: ISS, method: &asked.method, address: &address, body: &asked.body };
    let proof = asked.proof.as_deref().ok_or(())?;
    let proof =
        akkoord_protocols::jose::Unverified::parse(proof, akkoord_protocols::jose::Typ::Proof).map_err(|_| ())?;
    call.check(proof, phone.as_str(), key).map(drop).map_err(|_| ())
}

fn start(world: World) -> (Arc<Mutex<World>>, FakeServer, Network) {
    let world = Arc::new(Mutex::new(world));
    let shared = Arc::clone(&world);
    let api = Arc::new(Mutex::new(String::new()));
    let own_api = Arc::clone(&api);
    let server = FakeServer::start(move |asked| {
        let api = own_api.lock().unwrap().clone();
        shared.lock().unwrap().answer(&api, asked)
    });
    api.lock().unwrap().clone_from(&server.api);
    (world, server, Network::loopback().unwrap())
}

fn link(world: &Arc<Mutex<World>>, server: &FakeServer) -> Invitation {
    let world = world.lock().unwrap();
    let server_key = world.key.public().thumbprint();
    Invitation::Link(EnrolmentLink { api: server.api.clone(), token: world.link_token, server_key })
}

async fn enrolled(world: &Arc<Mutex<World>>, server: &FakeServer, network: &Network) -> Phone {
    let mut claimed = Candidate::new(network, link(world, server)).unwrap().claim().await.unwrap();
    claimed.use_soft_platform().unwrap();
    claimed.set_stretched_pin(&PIN.right()).await.unwrap();
    let proved = claimed.prove("Terminal".parse().unwrap(), Platform::Terminal).await.unwrap();
    assert_eq!(world.lock().unwrap().digits.as_ref(), Some(proved.digits()));
    assert!(matches!(proved.state().await.unwrap(), Progress::Waiting));
    world.lock().unwrap().state = "ACTIVE";
    let connection = proved.connection.clone();
    let account = proved.wait().await.unwrap();
    assert_eq!(account.code_at(59).unwrap(), ("287082".to_owned(), 1));
    Phone::new(connection, account)
}

#[tokio::test]
async fn a_phone_enrols_and_approves_with_each_unlock_method() {
    let (world, server, network) = start(World::new());
    let phone = enrolled(&world, &server, &network).await;
    let requests = phone.pending().await.unwrap();
    let [waiting] = &requests.waiting[..] else { panic!("{requests:?}") };
    assert!((118..=120).contains(&waiting.seconds_left(phone.now())));

    assert_eq!(phone.approve(waiting, "47", &Unlocking::Platform).await.unwrap(), RequestState::Approved);
    let unlocking = Unlocking::Stretched(PIN.right());
    assert_eq!(phone.approve(waiting, "47", &unlocking).await.unwrap(), RequestState::Approved);
    assert_eq!(phone.deny(waiting).await.unwrap(), RequestState::Denied);

    let short = phone.approve(waiting, "4", &unlocking).await;
    assert!(matches!(short, Err(PhoneError::Number { digits: 2 })));
    match phone.approve(waiting, "48", &unlocking).await {
        Err(PhoneError::Call(error)) => assert_eq!(error.code(), Some(Code::WrongNumber)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_pin_shows_on_the_phone_and_sends_no_decision() {
    let (world, server, network) = start(World::new());
    let phone = enrolled(&world, &server, &network).await;
    let waiting = phone.pending().await.unwrap().waiting.remove(0);
    for left in (0..5).rev() {
        match phone.approve(&waiting, "47", &Unlocking::Stretched(PIN.wrong())).await {
            Err(PhoneError::WrongPin { left: told }) => assert_eq!(told, left),
            other => panic!("{other:?}"),
        }
    }
    match phone.approve(&waiting, "47", &Unlocking::Stretched(PIN.right())).await {
        Err(PhoneError::Call(error)) => assert_eq!(error.code(), Some(Code::Locked)),
        other => panic!("{other:?}"),
    }
    assert!(!server.paths().iter().any(|path| path.ends_with("/decision")));
}

#[tokio::test]
async fn a_request_of_a_stranger_is_not_shown() {
    let (world, server, network) = start(World::new());
    let phone = enrolled(&world, &server, &network).await;
    world.lock().unwrap().key = SigningKey::generate().unwrap();
    let requests = phone.pending().await.unwrap();
    assert!(requests.waiting.is_empty());
    assert_eq!(requests.unreadable, [akkoord_protocols::phone::request::RequestError::UnknownKey]);
}

#[tokio::test]
async fn an_offer_that_does_not_fit_stops_the_enrolment() {
    for spoil in [
        (|offer: &mut Offer| offer.c = Bytes([0; 32])) as fn(&mut Offer),
        |offer| offer.api = "http://other.localhost".to_owned(),
        |offer| offer.unlock.clear(),
        |offer| offer.keys.keys.clear(),
    ] {
        let (world, server, network) = start(World { spoil_offer: spoil, ..World::new() });
        let result = Candidate::new(&network, link(&world, &server)).unwrap().claim().await;
        assert!(matches!(result, Err(EnrolError::Offer(_))), "{result:?}");
    }
    let (_, server, network) = start(World::new());
    let other = Arc::new(Mutex::new(World::new()));
    let result = Candidate::new(&network, link(&other, &server)).unwrap().claim().await;
    assert!(matches!(result, Err(EnrolError::Offer(_))), "another server's key: {result:?}");
}

#[tokio::test]
async fn a_typed_code_enrols_too_and_the_digits_agree() {
    let (world, server, network) = start(World::new());
    let invitation =
        Invitation::Code { api: server.api.clone(), username: "ada".to_owned(), code: "abcd-2345".parse().unwrap() };
    let mut claimed = Candidate::new(&network, invitation).unwrap().claim().await.unwrap();
    let without_unlock = claimed.enrol_claims("T".parse().unwrap(), Platform::Terminal);
    assert!(without_unlock.pin.is_none() && without_unlock.wa.is_none());
    claimed.set_stretched_pin(&PIN.right()).await.unwrap();
    let proved = claimed.prove("T".parse().unwrap(), Platform::Terminal).await.unwrap();
    assert_eq!(world.lock().unwrap().digits.as_ref(), Some(proved.digits()));
}

#[tokio::test]
async fn without_an_unlock_method_nothing_is_proved_and_weak_pins_are_refused() {
    let (world, server, network) = start(World::new());
    let mut claimed = Candidate::new(&network, link(&world, &server)).unwrap().claim().await.unwrap();
    assert!(matches!(claimed.set_pin("123456").await, Err(EnrolError::Pin(pin::PinError::Weak))));
    let result = claimed.prove("T".parse().unwrap(), Platform::Terminal).await;
    assert!(matches!(result, Err(EnrolError::NoUnlock)));
    assert!(!server.paths().iter().any(|path| path.contains("prove") || path.contains("pin")));
}

#[tokio::test]
async fn a_rotation_survives_a_lost_answer() {
    let (world, server, network) = start(World::new());
    let phone = enrolled(&world, &server, &network).await;
    let first = phone.account().key.public().clone();
    phone.rotate().await.unwrap();
    let second = phone.account().key.public().clone();
    assert_ne!(first, second);
    world.lock().unwrap().lose_rotation = true;
    phone.rotate().await.unwrap();
    assert_ne!(phone.account().key.public(), &second);
    assert!(phone.account().next_key.is_none());
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 1);
}

#[tokio::test]
async fn a_new_pin_replaces_the_old_one() {
    let (world, server, network) = start(World::new());
    let phone = enrolled(&world, &server, &network).await;
    let old = Unlocking::Stretched(PIN.right());
    let refused = phone.change_stretched_pin(&Unlocking::Stretched(PIN.wrong()), PIN.wrong()).await;
    assert!(matches!(refused, Err(PhoneError::WrongPin { .. })));
    phone.change_stretched_pin(&old, PIN.wrong()).await.unwrap();
    let waiting = phone.pending().await.unwrap().waiting.remove(0);
    assert!(matches!(phone.approve(&waiting, "47", &old).await, Err(PhoneError::WrongPin { .. })));
    let new = Unlocking::Stretched(PIN.wrong());
    assert_eq!(phone.approve(&waiting, "47", &new).await.unwrap(), RequestState::Approved);
    phone.change_stretched_pin(&Unlocking::Platform, PIN.right()).await.unwrap();
    assert_eq!(phone.approve(&waiting, "47", &old).await.unwrap(), RequestState::Approved);
}
