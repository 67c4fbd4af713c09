//! The platform authenticator, with a soft one made by hand (threat T-UV-1).

use akkoord_protocols::{
    bytes::{encode, sha256},
    jose::SigningKey,
    webauthn::{RelyingParty, StoredCredential, WebauthnError},
};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::vectors::{drawn, key};

pub(crate) const ORIGIN: &str = "https://phone.example.org";
const RP_ID: &str = "phone.example.org";
pub(crate) const CHALLENGE: [u8; 32] = [7; 32];
/// User present, user verified.
pub(crate) const UP_UV: u8 = 0b0000_0101;
pub(crate) const UP: u8 = 0b0000_0001;
/// Attested credential data follows.
pub(crate) const AT: u8 = 0b0100_0000;

/// What an authenticator and its browser would say; each test changes one thing.
#[derive(Clone)]
pub(crate) struct Says {
    pub(crate) kind: &'static str,
    pub(crate) challenge: [u8; 32],
    pub(crate) origin: &'static str,
    pub(crate) cross_origin: Value,
    pub(crate) rp_id: &'static str,
    pub(crate) flags: u8,
    pub(crate) counter: u32,
    pub(crate) credential: Vec<u8>,
    pub(crate) handle: Option<&'static [u8]>,
}

pub(crate) fn create() -> Says {
    Says {
        kind: "webauthn.create",
        challenge: CHALLENGE,
        origin: ORIGIN,
        cross_origin: json!(false),
        rp_id: RP_ID,
        flags: UP_UV | AT,
        counter: 0,
        credential: b"a credential id!".to_vec(),
        handle: None,
    }
}

pub(crate) fn get() -> Says {
    Says { kind: "webauthn.get", flags: UP_UV, ..create() }
}

impl Says {
    fn client_data(&self) -> Vec<u8> {
        json!({
            "type": self.kind,
            "challenge": encode(&self.challenge),
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        })
        .to_string()
        .into_bytes()
    }

    fn authenticator_data(&self) -> Vec<u8> {
        [&sha256(&[self.rp_id.as_bytes()])[..], &[self.flags], &self.counter.to_be_bytes()].concat()
    }

    pub(crate) fn registration(&self, cose_key: &[u8]) -> Value {
        let length = u16::try_from(self.credential.len()).unwrap().to_be_bytes();
        let data = [&self.authenticator_data()[..], &[0; 16], &length, &self.credential, cose_key].concat();
        // {"fmt": "none", "attStmt": {}, "authData": bytes} in CBOR.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        object.extend(data);
        json!({
            "id": encode(&self.credential),
            "rawId": encode(&self.credential),
            "type": "public-key",
            "response": { "clientDataJSON": encode(&self.client_data()), "attestationObject": encode(&object) },
            "clientExtensionResults": {},
        })
    }

    pub(crate) fn assertion(&self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Value {
        let client_data = self.client_data();
        let data = self.authenticator_data();
        let signature = sign(&[&data[..], &sha256(&[&client_data])].concat());
        json!({
            "id": encode(&self.credential),
            "rawId": encode(&self.credential),
            "type": "public-key",
            "response": {
                "clientDataJSON": encode(&client_data),
                "authenticatorData": encode(&data),
                "signature": encode(&signature),
                "userHandle": self.handle.map(encode),
            },
            "clientExtensionResults": {},
        })
    }
}

/// {1: 2, 3: -7, -1: 1, -2: x, -3: y}: an EC2 key for ES256 on P-256.
pub(crate) fn es256(key: &SigningKey) -> Vec<u8> {
    let point = key.public().point();
    [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", &point[1..33], b"\x22\x58\x20", &point[33..]].concat()
}

/// `r || s` as the DER that authenticators send.
pub(crate) fn der(key: &SigningKey) -> impl Fn(&[u8]) -> Vec<u8> {
    |message| {
        let signature = key.sign(message).unwrap().0;
        let integer = |half: &[u8]| {
            let start = half.iter().position(|byte| *byte != 0).unwrap_or(31);
            let half = &half[start..];
            let zero: &[u8] = if half[0] >= 0x80 { &[0] } else { &[] };
            [&[2, (half.len() + zero.len()) as u8], zero, half].concat()
        };
        let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
        [&[0x30, both.len() as u8], &both[..]].concat()
    }
}

fn party() -> RelyingParty {
    RelyingParty::new(&[ORIGIN.parse().unwrap()]).unwrap()
}

fn registered() -> (SigningKey, StoredCredential) {
    let device = key("device").unwrap();
    let stored = party().register(&CHALLENGE, &create().registration(&es256(&device))).unwrap();
    (device, stored)
}

fn refused<T>(result: Result<T, WebauthnError>, reason: &str) {
    match result {
        Err(WebauthnError::Refused(why)) => assert!(why.contains(reason), "{why}, not {reason}"),
        Err(other) => panic!("{other:?}, not {reason}"),
        Ok(_) => panic!("accepted, not {reason}"),
    }
}

#[test]
fn a_credential_is_registered_stored_and_used() {
    let (device, stored) = registered();
    let stored = StoredCredential::from_text(&stored.to_text().unwrap()).unwrap();
    assert!(party().verify(&stored, &CHALLENGE, &get().assertion(der(&device))).is_ok());
}

#[test]
fn a_counter_may_grow_or_stay_at_zero_and_nothing_else() {
    let (device, stored) = registered();
    let says = |counter| Says { counter, ..get() }.assertion(der(&device));
    let verify = |stored: &StoredCredential, counter| party().verify(stored, &CHALLENGE, &says(counter));
    assert!(verify(&stored, 0).unwrap().is_none(), "nothing to store");
    let at_five = verify(&stored, 5).unwrap().unwrap();
    let at_five = StoredCredential::from_text(&at_five.to_text().unwrap()).unwrap();
    for back in [5, 4, 1, 0] {
        assert!(matches!(verify(&at_five, back), Err(WebauthnError::Copied)), "{back}");
    }
    let last = verify(&at_five, u32::MAX).unwrap().unwrap();
    assert!(matches!(verify(&last, u32::MAX), Err(WebauthnError::Copied)));
    assert!(verify(&at_five, 6).unwrap().is_some(), "what was returned before is another one");
    // One that counts when it is made, too.
    let counted = Says { counter: 7, ..create() }.registration(&es256(&device));
    let counted = party().register(&CHALLENGE, &counted).unwrap();
    assert!(matches!(verify(&counted, 7), Err(WebauthnError::Copied)));
    assert!(verify(&counted, 8).unwrap().is_some());
}

/// The library takes the same assertion again and again: single use is the caller's, by its own guarded update.
#[test]
fn a_replayed_assertion_is_accepted_here_so_single_use_is_the_callers() {
    let (device, stored) = registered();
    let assertion = get().assertion(der(&device));
    for _ in 0..3 {
        assert!(party().verify(&stored, &CHALLENGE, &assertion).is_ok());
    }
}

const WRONG_ORIGINS: [&str; 9] = [
    "https://login.example.org",
    "https://example.org",
    "https://a.phone.example.org",
    "https://phone.example.org:8443",
    "http://phone.example.org",
    "https://phone.example.org.example.net",
    "https://notphone.example.org",
    "https://xphone.example.org",
    "http://localhost",
];

#[test]
fn a_registration_with_one_thing_wrong_is_refused() {
    let device = key("device").unwrap();
    let register = |says: Says| party().register(&CHALLENGE, &says.registration(&es256(&device))).map(|_| ());
    assert!(register(create()).is_ok());
    refused(register(Says { challenge: [8; 32], ..create() }), "MismatchedChallenge");
    refused(register(Says { kind: "webauthn.get", ..create() }), "InvalidClientDataType");
    for origin in WRONG_ORIGINS {
        refused(register(Says { origin, ..create() }), "InvalidRPOrigin");
    }
    for rp_id in ["example.org", "login.example.org", ""] {
        refused(register(Says { rp_id, ..create() }), "InvalidRPIDHash");
    }
    refused(register(Says { cross_origin: json!(true), ..create() }), "CredentialCrossOrigin");
    refused(register(Says { flags: UP | AT, ..create() }), "UserNotVerified");
    refused(register(Says { flags: AT, ..create() }), "UserNotPresent");
    refused(register(Says { flags: UP_UV, ..create() }), "");
}

#[test]
fn an_assertion_with_one_thing_wrong_is_refused() {
    let (device, stored) = registered();
    let verify = |says: Says| party().verify(&stored, &CHALLENGE, &says.assertion(der(&device)));
    assert!(verify(get()).is_ok());
    refused(verify(Says { challenge: [8; 32], ..get() }), "MismatchedChallenge");
    refused(verify(Says { kind: "webauthn.create", ..get() }), "InvalidClientDataType");
    for origin in WRONG_ORIGINS {
        refused(verify(Says { origin, ..get() }), "InvalidRPOrigin");
    }
    for rp_id in ["example.org", "login.example.org", ""] {
        refused(verify(Says { rp_id, ..get() }), "InvalidRPIDHash");
    }
    refused(verify(Says { flags: UP, ..get() }), "UserNotVerified");
    refused(verify(Says { flags: 0, ..get() }), "UserNotPresent");
    refused(verify(Says { credential: b"another credential".to_vec(), ..get() }), "CredentialNotFound");
    refused(verify(Says { cross_origin: json!(true), ..get() }), "frame of another origin");
    let another = key("another device").unwrap();
    refused(party().verify(&stored, &CHALLENGE, &get().assertion(der(&another))), "");
    // Evidence over one decision is none over another: the challenge is the hash of it.
    let over_another = Says { challenge: drawn("another decision"), ..get() }.assertion(der(&device));
    refused(party().verify(&stored, &CHALLENGE, &over_another), "MismatchedChallenge");
}

#[test]
fn an_assertion_with_a_bit_changed_is_refused() {
    let (device, stored) = registered();
    let assertion = get().assertion(der(&device));
    let party = party();
    let mut tried = 0;
    for member in ["clientDataJSON", "authenticatorData", "signature"] {
        let bytes = akkoord_protocols::bytes::decode(assertion["response"][member].as_str().unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            let mut other = assertion.clone();
            other["response"][member] = encode(&changed).into();
            assert!(party.verify(&stored, &CHALLENGE, &other).is_err(), "{member} {at}");
            tried += 1;
        }
    }
    assert!(tried > 200);
}

#[test]
fn keys_of_other_algorithms_are_refused() {
    let device = key("device").unwrap();
    let good = es256(&device);
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let point = pair.public_key().as_ref();
    // {1: 2, 3: -35, -1: 2, -2: x, -3: y}: ES384 on P-384.
    let es384 =
        [b"\xa5\x01\x02\x03\x38\x22\x20\x02\x21\x58\x30", &point[1..49], b"\x22\x58\x30", &point[49..]].concat();
    // {1: 1, 3: -8, -1: 6, -2: x}: EdDSA on Ed25519.
    let eddsa = [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", &good[10..42]].concat();
    let off_curve = [&good[..10], &[1; 32], &good[42..]].concat();
    for (name, key) in [
        ("ES384", es384),
        ("EdDSA", eddsa),
        ("a point off the curve", off_curve),
        ("ES384 over P-256", good.iter().take(4).chain(b"\x38\x22").chain(good.iter().skip(5)).copied().collect()),
        ("cut", good[..good.len() - 1].to_vec()),
        ("nothing", vec![]),
    ] {
        assert!(party().register(&CHALLENGE, &create().registration(&key)).is_err(), "{name}");
    }
    let stored = registered().1;
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap();
    #[expect(clippy::disallowed_methods, reason = "signing asks for this type; our own key type has no other curve")]
    let random = aws_lc_rs::rand::SystemRandom::new();
    let by_p384 = get().assertion(|message| pair.sign(&random, message).unwrap().as_ref().to_vec());
    assert!(party().verify(&stored, &CHALLENGE, &by_p384).is_err());
}

#[test]
fn what_is_no_credential_at_all_is_refused() {
    let (_, stored) = registered();
    for value in [json!(null), json!({}), json!([]), json!("x"), json!({ "id": "x", "response": {} })] {
        assert!(matches!(party().register(&CHALLENGE, &value), Err(WebauthnError::Form)));
        assert!(matches!(party().verify(&stored, &CHALLENGE, &value), Err(WebauthnError::Form)));
    }
    assert!(matches!(StoredCredential::from_text("{}"), Err(WebauthnError::Stored)));
    assert!(matches!(RelyingParty::new(&[]), Err(WebauthnError::Origin)));
}

/// Several app origins may be configured; the relying party is the first one's host, and no sub-domain of it counts.
#[test]
fn further_origins_are_taken_exactly() {
    let party = RelyingParty::new(&[
        "http://phone.localhost:8080".parse().unwrap(),
        "http://phone.localhost:9090".parse().unwrap(),
    ]);
    let party = party.unwrap();
    let device = key("device").unwrap();
    let at = |origin| Says { origin, rp_id: "phone.localhost", ..create() }.registration(&es256(&device));
    for origin in ["http://phone.localhost:8080", "http://phone.localhost:9090"] {
        assert!(party.register(&CHALLENGE, &at(origin)).is_ok(), "{origin}");
    }
    for origin in ["http://phone.localhost", "http://login.localhost:8080", "http://a.phone.localhost:8080"] {
        assert!(party.register(&CHALLENGE, &at(origin)).is_err(), "{origin}");
    }
}

/// What the app passes to `create()`: ES256 only, platform, verified, not discoverable, no attestation; it adds the
/// challenge and the relying party's id itself.
#[test]
fn the_options_ask_for_what_is_checked_later() {
    let options = RelyingParty::creation_options(&[1; 16], "ada", "Ada");
    assert!(options.get("challenge").is_none() && options["rp"].get("id").is_none());
    assert_eq!(options["pubKeyCredParams"], json!([{ "type": "public-key", "alg": -7 }]));
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(selection["authenticatorAttachment"], "platform");
    assert_eq!(selection["residentKey"], "discouraged");
    assert_eq!(options["attestation"], "none");
}
