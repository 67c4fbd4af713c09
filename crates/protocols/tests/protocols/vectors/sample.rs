//! Messages that are right in every respect, from which the others are made by one change.

use akkoord_protocols::{
    bytes::{Bytes, sha256},
    jose::{KeySet, KeyWithId, PublicKey, SigningKey, Typ},
    phone::{
        Platform, Unlock,
        decision::{self, Decision, UnlockedBy, Verdict},
        enrolment::{Enrol, commitment},
        keyroll::Keyroll,
        offer::{Account, CheckedOffer, Kind, Offer, OfferError, Policy},
        pin::{self, OprfKey},
        proof::Call,
        request::{App, CheckedRequest, Context, Number, Operation, Recipient, Request, RequestError},
        rotation::{self, Rotate},
    },
    text::Text,
    webauthn::RelyingParty,
};
use serde_json::Value;

use super::{Failure, claims_of, drawn, id, jwk, key, public};

pub(crate) const ISS: &str = "https://login.example.org";
pub(crate) const API: &str = "https://phone.example.org";
pub(crate) const NOW: i64 = 1_795_435_200;

pub(crate) fn phone() -> String {
    id("phone").to_string()
}

/// The commitment of the sample's phone.
pub(crate) fn own_commitment() -> Result<Bytes<32>, Failure> {
    Ok(commitment(&drawn("n_d"), public("phone")?.thumbprint(), Some(public("server")?.thumbprint())))
}

pub(crate) fn offer() -> Result<Offer, Failure> {
    Ok(Offer {
        v: 1,
        iss: ISS.to_owned(),
        iat: NOW,
        exp: NOW + 300,
        enr: id("enrolment"),
        c: own_commitment()?,
        phone: id("phone"),
        account: Account {
            id: "acct-ada".parse()?,
            username: "ada".parse()?,
            name: "Ada Lovelace".parse()?,
            organisation: Some("Example".parse()?),
            kind: Kind::Work,
        },
        api: API.to_owned(),
        n_s: Bytes(drawn("n_s")),
        unlock: vec![Unlock::Webauthn, Unlock::Pin],
        webauthn: Some(RelyingParty::creation_options(&drawn("user"), "ada", "Ada Lovelace")),
        keys: KeySet { keys: vec![KeyWithId::of(&public("server")?), KeyWithId::of(&public("server-next")?)] },
        voprf: oprf()?.public()?,
        vapid: Bytes(*public("vapid")?.point()),
        policy: Policy { pin_min: 6, app_pin: false, number_digits: 2, one_work_account_per_phone: false },
    })
}

/// The phone's check of an offer, having scanned the code of `server`.
pub(crate) fn check_offer(message: &str) -> Result<CheckedOffer, OfferError> {
    let (Ok(own), Ok(server)) = (own_commitment(), public("server")) else { return Err(OfferError::Incomplete) };
    Offer::check(message, &own, API, Some(server.thumbprint()))
}

pub(crate) fn oprf() -> Result<OprfKey, Failure> {
    Ok(OprfKey::derive(&drawn("oprf seed"), b"")?)
}

pub(crate) fn enrol(offer: &str) -> Result<Enrol, Failure> {
    Ok(Enrol {
        v: 1,
        iat: NOW + 5,
        enr: id("enrolment"),
        oh: Bytes(sha256(&[offer.as_bytes()])),
        n_d: Bytes(drawn("n_d")),
        name: "Ada's phone".parse()?,
        platform: Platform::Android,
        origin: Some(API.to_owned()),
        pin: Some(jwk("pin")?),
        wa: Some(Bytes(drawn("attestation"))),
    })
}

pub(crate) fn request() -> Result<Request, Failure> {
    Ok(Request {
        v: 1,
        iss: ISS.to_owned(),
        aud: id("phone"),
        jti: id("request"),
        iat: NOW,
        exp: NOW + 120,
        op: Operation::Signin,
        acct: "acct-ada".parse()?,
        app: App { id: "account".parse()?, name: "Account page".parse()? },
        ctx: Context {
            ip: Some("198.51.100.7".parse()?),
            net: Some("Office".parse()?),
            place: Some("near Utrecht".parse()?),
            browser: Some("Firefox on Linux".parse()?),
            known: true,
            at: NOW,
        },
        number: Number::Enter { digits: 2 },
        unlock: vec![Unlock::Webauthn, Unlock::Pin],
        n: Bytes(drawn("n")),
        text: None,
    })
}

/// A request with everything in it that is optional.
pub(crate) fn full_request() -> Result<Request, Failure> {
    let text: Text<500> = "Pay 12.50 euro to the bakery. Zoë – café".parse()?;
    Ok(Request {
        op: Operation::Transaction,
        number: Number::Choose { options: ["17".to_owned(), "42".to_owned(), "90".to_owned()] },
        text: Some(text),
        ..request()?
    })
}

/// The phone's check of a request at [`NOW`].
pub(crate) fn check_request(message: &str) -> Result<CheckedRequest, RequestError> {
    let (Ok(server), Ok(next)) = (public("server"), public("server-next")) else {
        return Err(RequestError::UnknownKey);
    };
    let keys = [server, next];
    Recipient { server_keys: &keys, iss: ISS, phone: &phone(), account: "acct-ada", now: NOW }.check(message)
}

pub(crate) fn decision(request: &str) -> Decision {
    Decision {
        v: 1,
        iss: id("phone"),
        aud: ISS.to_owned(),
        rid: id("request"),
        rh: Bytes(sha256(&[request.as_bytes()])),
        d: Verdict::Approve,
        number: Some("42".to_owned()),
        unlock: UnlockedBy::Pin,
        iat: NOW + 10,
        jti: id("decision"),
    }
}

/// The server's check of a decision about [`request`].
pub(crate) fn check_decision(message: &str, key: &PublicKey) -> Result<Decision, decision::DecisionError> {
    let (phone, request) = (phone(), id("request").to_string());
    decision::Expected { phone: &phone, server: ISS, request: &request, iat: NOW, exp: NOW + 120, digits: 2 }
        .check(message, key)
}

pub(crate) const ADDRESS: &str = "https://phone.example.org/phone/v1/requests/pending";
pub(crate) const NONCE: &str = "AAAAAGsDh4AAAQIDBAUGBwgJCgsMDQ4P";

/// The call that the sample's proof is for.
pub(crate) const CALL: Call<'static> = Call { audience: ISS, method: "POST", address: ADDRESS, body: b"{}" };

pub(crate) fn proof(key: &SigningKey) -> Result<String, Failure> {
    Ok(CALL.prove(&phone(), key, id("proof"), NONCE, NOW)?)
}

pub(crate) fn rotate(old: &SigningKey, new: &SigningKey) -> Result<Rotate, Failure> {
    Ok(Rotate {
        v: 1,
        iss: id("phone"),
        aud: ISS.to_owned(),
        iat: NOW,
        jti: id("rotation"),
        jwk: new.public().jwk(),
        sig: rotation::signature(new, &phone(), old.public().thumbprint())?,
    })
}

pub(crate) fn keyroll(next: &str, from: i64) -> Result<Keyroll, Failure> {
    Ok(Keyroll { v: 1, iss: ISS.to_owned(), iat: NOW, jwk: jwk(next)?, from })
}

/// What the sample's PIN evidence is over.
pub(crate) fn evidence_hash() -> [u8; 32] {
    decision::evidence_hash("a decision")
}

/// A good message of each type. Where `key_for_all` is given it signs all of them, under the phone's id where a phone
/// signs, so that nothing but the type keeps them apart.
pub(crate) fn message(typ: Typ, key_for_all: Option<&str>) -> Result<String, Failure> {
    let signer = |own: &str| key(key_for_all.unwrap_or(own));
    Ok(match typ {
        Typ::Offer => offer()?.sign(&signer("server")?)?,
        Typ::Enrol => enrol("an offer")?.sign(&signer("phone")?)?,
        Typ::Request => request()?.sign(&signer("server")?)?,
        Typ::Decision => decision("a request").sign(&signer("phone")?)?,
        Typ::Pin => pin::sign_evidence(&signer("pin")?, &phone(), &evidence_hash())?,
        Typ::Proof => proof(&signer("phone")?)?,
        Typ::Rotate => rotate(&signer("phone")?, &key("phone-next")?)?.sign(&signer("phone")?)?,
        Typ::Keyroll => keyroll("server-next", NOW)?.sign(&signer("server")?)?,
    })
}

/// The name of the key that signs a type, and how its header names it.
pub(crate) fn signer(typ: Typ) -> Result<(&'static str, Option<String>), Failure> {
    Ok(match typ {
        Typ::Offer | Typ::Request | Typ::Keyroll => ("server", Some(public("server")?.thumbprint().to_string())),
        Typ::Enrol => ("phone", None),
        Typ::Decision | Typ::Proof | Typ::Rotate => ("phone", Some(phone())),
        Typ::Pin => ("pin", Some(phone())),
    })
}

/// Reads a message as one of a type, with all checks of its reader. The answer is the word for the error.
pub(crate) fn read(typ: Typ, message: &str, key_for_all: Option<&str>) -> Result<(), &'static str> {
    use super::Word;
    use akkoord_protocols::{jose::Unverified, phone::proof::ProofError};
    let reader = |own: &str| public(key_for_all.unwrap_or(own)).map_err(|_| "no key");
    match typ {
        Typ::Offer => {
            let own = own_commitment().map_err(|_| "no key")?;
            let pinned = reader("server")?.thumbprint();
            Offer::check(message, &own, API, Some(pinned)).map(|_| ()).map_err(|error| error.word())
        }
        Typ::Enrol => Enrol::read(message).map(|_| ()).map_err(|error| error.word()),
        Typ::Request => {
            let keys = [reader("server")?];
            Recipient { server_keys: &keys, iss: ISS, phone: &phone(), account: "acct-ada", now: NOW }
                .check(message)
                .map(|_| ())
                .map_err(|error| error.word())
        }
        Typ::Decision => check_decision(message, &reader("phone")?).map(|_| ()).map_err(|error| error.word()),
        Typ::Pin => {
            pin::check_evidence(message, &reader("pin")?, &phone(), &evidence_hash()).map_err(|error| error.word())
        }
        Typ::Proof => {
            let parsed = Unverified::parse(message, Typ::Proof).map_err(|error| ProofError::from(error).word())?;
            CALL.check(parsed, &phone(), &reader("phone")?).map(|_| ()).map_err(|error| error.word())
        }
        Typ::Rotate => {
            Rotate::check(message, &phone(), ISS, &reader("phone")?).map(|_| ()).map_err(|error| error.word())
        }
        Typ::Keyroll => match Keyroll::follow(&[message.to_owned()], &reader("server")?, ISS) {
            Ok(added) if added.is_empty() => Err("key"),
            Ok(_) => Ok(()),
            Err(error) => Err(error.word()),
        },
    }
}

/// The claims of a good message of a type.
pub(crate) fn claims(typ: Typ) -> Result<Value, Failure> {
    claims_of(&message(typ, None)?)
}
