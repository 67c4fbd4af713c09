//! Proofs of calls.

use akkoord_protocols::jose::Typ;
use akkoord_protocols::{
    bytes::{Bytes, sha256},
    jose::Unverified,
    phone::proof::{Call, Proof, ProofError},
};
use serde::{Deserialize, Serialize};

use super::{
    Failure, Message, Refused, all_refused, id, key, public, raw, refused, same, same_bytes,
    sample::{self, CALL, ISS, NONCE, NOW},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proofs {
    audience: String,
    phone: String,
    proofs: Vec<Stored>,
    /// As proofs of the first call.
    refused: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    method: String,
    address: String,
    body: String,
    bh: Bytes<32>,
    proof: Message,
}

fn read(call: &Call<'_>, message: &str) -> Result<Proof, ProofError> {
    let Ok(key) = public("phone") else { return Err(ProofError::Call) };
    call.check(Unverified::parse(message, Typ::Proof)?, &sample::phone(), &key)
}

fn all_refused_proofs() -> Result<Vec<Refused>, Failure> {
    let phone = key("phone")?;
    let mut list = Vec::new();
    let mut add = |why: &str, message: String| -> Result<(), Failure> {
        let read = read(&CALL, &message);
        list.push(refused(why, message, read)?);
        Ok(())
    };
    let other = |call: Call<'_>| call.prove(&sample::phone(), &phone, id("proof"), NONCE, NOW);
    add("for another server", other(Call { audience: "https://login.example.net", ..CALL })?)?;
    for method in ["GET", "post", "POST ", ""] {
        add(&format!("method {method:?}"), other(Call { method, ..CALL })?)?;
    }
    for (why, address) in [
        ("another path", "https://phone.example.org/phone/v1/history"),
        ("a slash at the end", "https://phone.example.org/phone/v1/requests/pending/"),
        ("a query", "https://phone.example.org/phone/v1/requests/pending?x=1"),
        ("a fragment", "https://phone.example.org/phone/v1/requests/pending#x"),
        ("another case of the host", "https://PHONE.example.org/phone/v1/requests/pending"),
        ("another case of the path", "https://phone.example.org/phone/v1/Requests/pending"),
        ("the port told", "https://phone.example.org:443/phone/v1/requests/pending"),
        ("another scheme", "http://phone.example.org/phone/v1/requests/pending"),
        ("another host", "https://phone.example.net/phone/v1/requests/pending"),
        ("only the path", "/phone/v1/requests/pending"),
        ("percent signs", "https://phone.example.org/phone/v1/requests/pendin%67"),
    ] {
        add(why, other(Call { address, ..CALL })?)?;
    }
    for body in ["", "{} ", r#"{"a":1}"#] {
        add(&format!("body {body:?}"), other(Call { body: body.as_bytes(), ..CALL })?)?;
    }
    add("another phone's kid", CALL.prove(id("another phone").as_str(), &phone, id("proof"), NONCE, NOW)?)?;
    add("another phone's key", sample::proof(&key("stranger")?)?)?;
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-proof+jwt","kid":"{}"}}"#, sample::phone());
    let good = serde_json::to_string(&super::claims_of(&sample::proof(&phone)?)?)?;
    let with = |from: &str, to: &str| raw(&phone, &header, &good.replacen(from, to, 1));
    add("no version", with(r#","v":1"#, "")?)?;
    add("version 2", with(r#""v":1"#, r#""v":2"#)?)?;
    add("no jti", with(r#""jti""#, r#""jit""#)?)?;
    add("a jti of another form", with(id("proof").as_str(), "1")?)?;
    add("no nonce", with(&format!(r#","nonce":"{NONCE}""#), "")?)?;
    add("no body hash", with(&format!(r#""bh":"{}","#, Bytes(sha256(&[b"{}"])).to_text()), "")?)?;
    add("an unknown member", with(r#""v":1"#, r#""v":1,"ath":"x""#)?)?;
    add("a member twice", with(r#""v":1"#, r#""v":1,"htm":"POST""#)?)?;
    add("null", with(r#""v":1"#, r#""v":1,"x":null"#)?)?;
    add("not an object", raw(&phone, &header, "[]")?)?;
    add("an array in the order of the members", {
        let call = CALL;
        let bh = Bytes(sha256(&[call.body])).to_text();
        let proof = [ISS, call.method, call.address];
        let [aud, htm, htu] = proof;
        let text = format!(r#"[1,"{aud}","{htm}","{htu}",{NOW},"{}","{NONCE}","{bh}"]"#, id("proof"));
        raw(&phone, &header, &text)?
    })?;
    add("something after the object", raw(&phone, &header, &format!("{good}{good}"))?)?;
    add("not UTF-8", {
        let mut bytes = good.clone().into_bytes();
        bytes.splice(2..2, [0xff]);
        let header = akkoord_protocols::bytes::encode(header.as_bytes());
        let input = format!("{header}.{}", akkoord_protocols::bytes::encode(&bytes));
        format!("{input}.{}", phone.sign(input.as_bytes())?.to_text())
    })?;
    Ok(list)
}

pub(crate) fn make() -> Result<Proofs, Failure> {
    let base = "https://phone.example.org/phone/v1";
    let decision = format!("{base}/requests/{}/decision", id("request"));
    let events = format!("{base}/events");
    let mut proofs = Vec::new();
    for (method, address, body) in [
        ("POST", CALL.address, "{}"),
        ("GET", events.as_str(), ""),
        ("POST", decision.as_str(), r#"{"decision": "é"}"#),
        ("DELETE", "http://phone.localhost:8080/phone/v1/self", ""),
    ] {
        let call = Call { audience: ISS, method, address, body: body.as_bytes() };
        let proof = call.prove(&sample::phone(), &key("phone")?, id(address), NONCE, NOW)?;
        proofs.push(Stored {
            method: method.to_owned(),
            address: address.to_owned(),
            body: body.to_owned(),
            bh: Bytes(sha256(&[body.as_bytes()])),
            proof: Message::of("phone", proof)?,
        });
    }
    Ok(Proofs { audience: ISS.to_owned(), phone: sample::phone(), proofs, refused: all_refused_proofs()? })
}

pub(crate) fn check(file: &Proofs) -> Result<(), Failure> {
    for stored in &file.proofs {
        stored.proof.check()?;
        let body = stored.body.as_bytes();
        let call = Call { audience: &file.audience, method: &stored.method, address: &stored.address, body };
        let proof = read(&call, &stored.proof.message)?;
        same_bytes("body hash", &sha256(&[body]), &stored.bh.0)?;
        same("proof again", &serde_json::to_value(&proof)?, &stored.proof.claims)?;
    }
    let first = file.proofs.first().ok_or("no proof")?;
    let call =
        Call { audience: &file.audience, method: &first.method, address: &first.address, body: first.body.as_bytes() };
    all_refused(&file.refused, |message| read(&call, message))
}
