//! One function per parser of foreign bytes. None may panic; what is accepted is written again as it was read. The
//! stable tests run them over `tests/corpus` and some mutations, `fuzz/` runs them for as long as one likes.

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    jose::{Jwk, SigningKey, Typ, Unverified},
    json,
    phone::{
        Evidence, call,
        code::TypedCode,
        decision::Decision,
        enrolment::Enrol,
        keyroll::Keyroll,
        link::EnrolmentLink,
        nonce::NonceKey,
        offer::Offer,
        pin::{Blinding, Evaluation, OprfKey},
        problem::Problem,
        proof::Proof,
        request::Request,
        rotation::Rotate,
    },
    text::{Handle, Id, Name, Text},
    webauthn::RelyingParty,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::vectors::{Fixed, key, sample};

/// A fuzz function.
pub(crate) type Parser = fn(&[u8]);

/// All of them, with the name of their corpus and how many mutations the stable test runs.
pub(crate) const PARSERS: [(&str, Parser, u32); 12] = [
    ("jws", jws, 8000),
    ("header", header, 500),
    ("claims", claims, 400),
    ("json", checked_json, 20_000),
    ("link", link, 20_000),
    ("code", code, 20_000),
    ("text", text, 20_000),
    ("jwk", jwk, 5000),
    ("nonce", nonce, 5000),
    ("pin", pin, 30),
    ("bodies", bodies, 4000),
    ("webauthn", webauthn, 3000),
];

/// A message in compact form.
pub(crate) fn jws(data: &[u8]) {
    let Ok(message) = std::str::from_utf8(data) else { return };
    for typ in Typ::ALL {
        let Ok(parsed) = Unverified::parse(message, typ) else { continue };
        assert_eq!((parsed.message(), parsed.typ()), (message, typ));
        let parts: Vec<String> = message.split('.').map(|part| encode(&decode(part).unwrap())).collect();
        assert_eq!(parts.join("."), message);
        let _unverified = parsed.unverified_claims::<Value>();
        let _verified = sample::read(typ, message, None);
    }
}

/// A header, well signed.
pub(crate) fn header(data: &[u8]) {
    for (typ, signer) in [(Typ::Proof, "phone"), (Typ::Enrol, "phone"), (Typ::Offer, "server")] {
        let message = signed(&key(signer).unwrap(), data, &sample_claims(typ));
        let Ok(parsed) = Unverified::parse(&message, typ) else { continue };
        let said: Value = serde_json::from_slice(data).unwrap();
        let count = said.as_object().unwrap().len();
        assert!(count == 3 && said["alg"] == "ES256" && (said.get("kid").is_some() != said.get("jwk").is_some()));
        drop(parsed);
        let _read = sample::read(typ, &message, None);
    }
}

/// Claims, well signed.
pub(crate) fn claims(data: &[u8]) {
    for typ in Typ::ALL {
        let (signer, kid) = sample::signer(typ).unwrap();
        let signer = key(signer).unwrap();
        let typ_text = crate::vectors::typ_text(typ).unwrap();
        let header = match kid {
            Some(kid) => format!(r#"{{"alg":"ES256","typ":"{typ_text}","kid":"{kid}"}}"#),
            None => {
                let jwk = serde_json::to_string(&signer.public().jwk()).unwrap();
                format!(r#"{{"alg":"ES256","typ":"{typ_text}","jwk":{jwk}}}"#)
            }
        };
        let message = signed(&signer, header.as_bytes(), data);
        match typ {
            Typ::Offer => said_again::<Offer>(&message, typ, &signer),
            Typ::Enrol => said_again::<Enrol>(&message, typ, &signer),
            Typ::Request => said_again::<Request>(&message, typ, &signer),
            Typ::Decision => said_again::<Decision>(&message, typ, &signer),
            Typ::Proof => said_again::<Proof>(&message, typ, &signer),
            Typ::Rotate => said_again::<Rotate>(&message, typ, &signer),
            Typ::Keyroll => said_again::<Keyroll>(&message, typ, &signer),
            Typ::Pin => {}
        }
        let _read = sample::read(typ, &message, None);
    }
}

fn said_again<T: DeserializeOwned + Serialize>(message: &str, typ: Typ, signer: &SigningKey) {
    let Ok(parsed) = Unverified::parse(message, typ) else { return };
    let verified = match parsed.header().clone() {
        akkoord_protocols::jose::Header::Kid(kid) => parsed.verify(&kid, signer.public()).unwrap(),
        akkoord_protocols::jose::Header::Jwk(_) => parsed.verify_with_key_in_header().unwrap().1,
    };
    let Ok(read) = verified.claims::<T>() else { return };
    let said = crate::vectors::claims_of(message).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), said);
}

fn sample_claims(typ: Typ) -> Vec<u8> {
    sample::claims(typ).unwrap().to_string().into_bytes()
}

fn signed(key: &SigningKey, header: &[u8], payload: &[u8]) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.sign(input.as_bytes()).unwrap();
    format!("{input}.{}", signature.to_text())
}

/// JSON of any kind.
pub(crate) fn checked_json(data: &[u8]) {
    if json::check(data).is_ok() {
        let value: Value = serde_json::from_slice(data).unwrap();
        let again = value.to_string();
        assert!(json::check(again.as_bytes()).is_ok());
        assert_eq!(json::parse::<Value>(again.as_bytes()).is_ok(), value.is_object());
    }
}

/// The text of a QR code.
pub(crate) fn link(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(link) = text.parse::<EnrolmentLink>() {
        assert_eq!(link.to_string(), text.trim());
    }
}

/// A typed code.
pub(crate) fn code(data: &[u8]) {
    let Ok(typed) = std::str::from_utf8(data) else { return };
    if let Ok(code) = typed.parse::<TypedCode>() {
        assert_eq!(code.to_shown().parse::<TypedCode>().unwrap().expose(), code.expose());
    }
}

/// Names, texts, ids and base64url.
pub(crate) fn text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(bytes) = decode(text) {
        assert_eq!(encode(&bytes), text);
    }
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(handle) = text.parse::<Handle>() {
        assert_eq!(handle.as_str(), text);
    }
    if let Ok(name) = text.parse::<Name>() {
        assert_eq!(name.as_str(), text);
        assert!(text.parse::<Text<500>>().is_ok());
    }
}

/// A public key.
pub(crate) fn jwk(data: &[u8]) {
    let Ok(jwk) = json::parse::<Jwk>(data) else { return };
    let said: Value = serde_json::from_slice(data).unwrap();
    assert_eq!(serde_json::to_value(&jwk).unwrap(), said);
    if let Ok(key) = jwk.key() {
        assert_eq!((key.jwk(), key.thumbprint()), (jwk.clone(), jwk.thumbprint()));
    }
}

/// A nonce that comes back.
pub(crate) fn nonce(data: &[u8]) {
    let Ok(nonce) = std::str::from_utf8(data) else { return };
    let key = NonceKey::new(&[7; 32]);
    if key.check(nonce, sample::NOW) {
        let made = decode(nonce).unwrap();
        let seconds = i64::from_be_bytes(*made.first_chunk().unwrap());
        assert_eq!(key.make(seconds), nonce);
    }
}

/// Points and proofs of the VOPRF, on both sides.
pub(crate) fn pin(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(point) = text.trim().parse::<Bytes<33>>() else { return };
    let server = OprfKey::derive(&[1; 32], b"").unwrap();
    if let Ok(answer) = server.evaluate(&Fixed([1; 32]), &point) {
        assert!(server.evaluate(&Fixed([1; 32]), &answer.evaluated).is_ok());
    }
    let blinding = || Blinding::new(&Fixed([1; 32]), zeroize::Zeroizing::new([7; 32])).unwrap();
    let good = server.evaluate(&Fixed([1; 32]), &blinding().blinded).unwrap();
    let pinned = server.public().unwrap();
    let forged = Evaluation { evaluated: point, ..good.clone() };
    assert_eq!(blinding().finish(&forged, &pinned).is_ok(), point == good.evaluated);
    assert_eq!(blinding().finish(&good, &point).is_ok(), point == pinned);
}

/// Bodies and answers of the calls.
pub(crate) fn bodies(data: &[u8]) {
    goes_round::<call::Empty>(data);
    goes_round::<call::Claim>(data);
    goes_round::<call::Claimed>(data);
    goes_round::<call::EnrolmentPin>(data);
    goes_round::<call::Prove>(data);
    goes_round::<call::State>(data);
    goes_round::<call::EnrolmentState>(data);
    goes_round::<call::EnrolmentStart>(data);
    goes_round::<call::EnrolmentStarted>(data);
    goes_round::<call::TypedDigits>(data);
    goes_round::<call::Pending>(data);
    goes_round::<call::Decide>(data);
    goes_round::<call::HistoryBefore>(data);
    goes_round::<call::History>(data);
    goes_round::<call::EvaluatePin>(data);
    goes_round::<call::PinEvaluated>(data);
    goes_round::<call::PinChangeStarted>(data);
    goes_round::<call::PinChangeFinish>(data);
    goes_round::<call::OwnState>(data);
    goes_round::<call::OwnChange>(data);
    goes_round::<call::RotateKey>(data);
    goes_round::<Evidence>(data);
    goes_round::<Problem>(data);
}

fn goes_round<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let Ok(read) = json::parse::<T>(data) else { return };
    let written = serde_json::to_string(&read).unwrap();
    let again: T = json::parse(written.as_bytes()).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), written);
}

/// A browser's WebAuthn JSON, as registration and as assertion.
pub(crate) fn webauthn(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let party = RelyingParty::new(&["https://phone.example.org".parse().unwrap()]).unwrap();
    if let Ok(stored) = party.register(&[7; 32], &value) {
        let text = stored.to_text().unwrap();
        let stored = akkoord_protocols::webauthn::StoredCredential::from_text(&text).unwrap();
        assert_eq!(stored.to_text().unwrap(), text);
        assert!(party.verify(&stored, &[7; 32], &value).is_err(), "a registration is no assertion");
    }
    thread_local! {
        static STORED: Option<akkoord_protocols::webauthn::StoredCredential> = {
            let seed = include_bytes!("../corpus/webauthn/registration");
            let value = serde_json::from_slice(seed).unwrap();
            let party = RelyingParty::new(&["https://phone.example.org".parse().unwrap()]).unwrap();
            party.register(&[7; 32], &value).ok()
        };
    }
    STORED.with(|stored| {
        let _result = party.verify(stored.as_ref().unwrap(), &[7; 32], &value);
    });
}
