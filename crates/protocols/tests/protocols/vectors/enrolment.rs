//! Link, typed code, commitment, offer, answer to the offer, challenge and the six digits.

use akkoord_protocols::{
    bytes::{Bytes, sha256},
    jose::Thumbprint,
    phone::{
        code::TypedCode,
        enrolment::{Digits, Enrol, commitment, webauthn_challenge},
        label,
        link::{EnrolmentLink, LinkError},
        offer::Offer,
    },
    text::Id,
};
use serde::{Deserialize, Serialize};

use super::{
    Failure, Message, Refused, all_refused, drawn, id, key, public, refused, same, same_bytes,
    sample::{self, API},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolment {
    /// `LBL/x` as base64url, so that the zero byte is seen.
    labels: Vec<Label>,
    links: Vec<Link>,
    refused_links: Vec<RefusedLink>,
    typed_codes: Vec<Code>,
    refused_codes: Vec<String>,
    commitments: Vec<Commitment>,
    offer: Message,
    offer_hash: Bytes<32>,
    /// What the phone that receives the offer knows.
    api: String,
    commitment: Bytes<32>,
    pinned: Thumbprint,
    refused_offers: Vec<Refused>,
    challenge: Challenge,
    enrol: Message,
    digits: Vec<SixDigits>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    purpose: String,
    bytes: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    text: String,
    api: String,
    token: Bytes<32>,
    server_key: Thumbprint,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedLink {
    text: String,
    /// `form`, `version` or `insecure`.
    error: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    typed: String,
    code: String,
    shown: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commitment {
    n_d: Bytes<32>,
    phone_key: String,
    /// Absent with a typed code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server_key: Option<String>,
    c: Bytes<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Challenge {
    offer_hash: Bytes<32>,
    phone_key: String,
    challenge: Bytes<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SixDigits {
    n_d: Bytes<32>,
    n_s: Bytes<32>,
    phone_key: String,
    server_key: String,
    enr: Id,
    digits: String,
    shown: String,
}

fn labels() -> Vec<Label> {
    let purposes = [
        ("commit", label::COMMIT),
        ("enrol-start", label::ENROL_START),
        ("enrol-uv", label::ENROL_UV),
        ("pin-change", label::PIN_CHANGE),
        ("pin-kek", label::PIN_KEK),
        ("rotate", label::ROTATE),
        ("sas", label::SAS),
        ("setting", label::SETTING),
        ("uv", label::UV),
    ];
    purposes
        .map(|(purpose, bytes)| Label { purpose: purpose.to_owned(), bytes: akkoord_protocols::bytes::encode(bytes) })
        .into()
}

fn link_error(error: LinkError) -> String {
    match error {
        LinkError::Form => "form",
        LinkError::Version => "version",
        LinkError::Insecure => "insecure",
    }
    .to_owned()
}

/// Draws enrolments until the digits are as wanted.
fn digits(wanted: impl Fn(&str) -> bool) -> Result<SixDigits, Failure> {
    let (n_d, n_s) = (drawn("n_d"), drawn("n_s"));
    let (phone, server) = (public("phone")?.thumbprint(), public("server")?.thumbprint());
    for count in 0..100_000 {
        let enr = id(&format!("enrolment {count}"));
        let digits = Digits::derive(&n_d, &n_s, phone, server, enr.as_str());
        if wanted(digits.expose()) {
            return Ok(SixDigits {
                n_d: Bytes(n_d),
                n_s: Bytes(n_s),
                phone_key: "phone".to_owned(),
                server_key: "server".to_owned(),
                enr,
                shown: digits.to_shown(),
                digits: digits.expose().to_owned(),
            });
        }
    }
    Err("no such digits".into())
}

fn refused_offers() -> Result<Vec<Refused>, Failure> {
    let server = key("server")?;
    let good = sample::offer()?;
    let mut list = Vec::new();
    let mut add = |why: &str, message: String| -> Result<(), Failure> {
        let read = sample::check_offer(&message);
        list.push(refused(why, message, read)?);
        Ok(())
    };
    let mut replaced = good.clone();
    replaced.keys =
        akkoord_protocols::jose::KeySet { keys: vec![akkoord_protocols::jose::KeyWithId::of(&public("stranger")?)] };
    add("signed by a key that is not in the QR code, which it brings along", replaced.sign(&key("stranger")?)?)?;
    add("signed by a stranger", good.sign(&key("stranger")?)?)?;
    let kid = server.public().thumbprint();
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-offer+jwt","kid":"{kid}"}}"#);
    let claims = serde_json::to_string(&good)?;
    add("signed by a stranger in the server's name", super::raw(&key("stranger")?, &header, &claims)?)?;
    add("the key that signed is not in its list", {
        let keys = akkoord_protocols::jose::KeySet {
            keys: vec![akkoord_protocols::jose::KeyWithId::of(&public("server-next")?)],
        };
        Offer { keys, ..good.clone() }.sign(&server)?
    })?;
    add("another commitment", Offer { c: Bytes(drawn("another")), ..good.clone() }.sign(&server)?)?;
    add("another address", Offer { api: "https://phone.example.net".to_owned(), ..good.clone() }.sign(&server)?)?;
    add("another address by a slash", Offer { api: format!("{API}/"), ..good.clone() }.sign(&server)?)?;
    add("no unlock method", Offer { unlock: vec![], ..good.clone() }.sign(&server)?)?;
    let mut three = good.clone();
    three.keys.keys.push(akkoord_protocols::jose::KeyWithId::of(&public("server-third")?));
    add("three server keys", three.sign(&server)?)?;
    let mut twice = good.clone();
    twice.keys.keys = vec![akkoord_protocols::jose::KeyWithId::of(server.public()); 2];
    add("one server key twice", twice.sign(&server)?)?;
    let with = |from: &str, to: &str| super::raw(&server, &header, &claims.replacen(from, to, 1));
    add("a key whose kid is another's", {
        let next = public("server-next")?.thumbprint().to_string();
        with(&next, &public("server-third")?.thumbprint().to_string())?
    })?;
    add("version 2", with(r#""v":1"#, r#""v":2"#)?)?;
    add("no version", with(r#""v":1,"#, "")?)?;
    add("an unknown member", with(r#""v":1"#, r#""v":1,"extra":1"#)?)?;
    add("an unknown member of the account", with(r#""username""#, r#""extra":1,"username""#)?)?;
    add("an unknown member of the policy", with(r#""pin_min""#, r#""extra":1,"pin_min""#)?)?;
    add("null for an absent member", {
        let mut claims = serde_json::to_value(&good)?;
        claims.as_object_mut().ok_or("an object")?.insert("webauthn".to_owned(), serde_json::Value::Null);
        super::raw(&server, &header, &claims.to_string())?
    })?;
    add("a member twice", with(r#""v":1"#, r#""v":1,"v":1"#)?)?;
    add("an account as an array", {
        let account = serde_json::to_string(&good.account)?;
        with(&account, r#"["acct-ada","ada","Ada Lovelace","Example","work"]"#)?
    })?;
    add("a name that turns the reading direction", with("Ada Lovelace", "Ada \u{202E}ecalevoL")?)?;
    Ok(list)
}

pub(crate) fn make() -> Result<Enrolment, Failure> {
    let offer = sample::offer()?.sign(&key("server")?)?;
    let offer_hash = Bytes(sha256(&[offer.as_bytes()]));
    let link = |api: &str| -> Result<Link, Failure> {
        let link = EnrolmentLink {
            api: api.to_owned(),
            token: Bytes(drawn("token")),
            server_key: public("server")?.thumbprint(),
        };
        Ok(Link { text: link.to_string(), api: link.api, token: link.token, server_key: link.server_key })
    };
    let good = link(API)?;
    let refused_links = [
        good.text.replace('#', "?"),
        good.text.replace("https", "http"),
        good.text.replace("https", "ftp"),
        good.text.replace("#1.", "#2."),
        good.text.replace("#1.", "#x."),
        good.text.replace("#1.", "#."),
        good.text.replace("/app/e#", "/app/#"),
        good.text.replace("/app/e#", "/app/e/#"),
        good.text.replace("/app/e#", "/app/e?x=1#"),
        good.text.replace("phone.", "PHONE."),
        good.text.replace("phone.", "ada@phone."),
        good.text.replace(".org/", ".org:443/"),
        good.text.replace(".org/", ".org//"),
        good.text.replace(".org/", ".org/x/../"),
        format!("{}.x", good.text),
        format!("{}=", good.text),
        good.text.chars().take(good.text.len() - 1).collect(),
        String::new(),
    ];
    let refused_links = refused_links
        .into_iter()
        .map(|text| match text.parse::<EnrolmentLink>() {
            Ok(_) => Err(format!("accepted {text}").into()),
            Err(error) => Ok(RefusedLink { text, error: link_error(error) }),
        })
        .collect::<Result<_, Failure>>()?;
    let typed =
        ["7KQ2M4XZ", "7kq2-m4xz", " 7K Q2 - M4 XZ ", "OIL0oil1", "0110-0111", "abcd-efgh", "JKMN-PQRS", "TVWX-YZ00"];
    let typed_codes = typed.map(|typed| -> Result<Code, Failure> {
        let code: TypedCode = typed.parse()?;
        Ok(Code { typed: typed.to_owned(), code: code.expose().to_owned(), shown: code.to_shown() })
    });
    let commitments = [Some("server"), None].map(|server_key| -> Result<Commitment, Failure> {
        let n_d = drawn("n_d");
        let server = server_key.map(public).transpose()?.map(|key| key.thumbprint());
        let c = commitment(&n_d, public("phone")?.thumbprint(), server);
        let server_key = server_key.map(str::to_owned);
        Ok(Commitment { n_d: Bytes(n_d), phone_key: "phone".to_owned(), server_key, c })
    });
    let challenge = webauthn_challenge(&offer_hash.0, public("phone")?.thumbprint());
    Ok(Enrolment {
        labels: labels(),
        links: vec![link(API)?, link("http://phone.localhost:8080")?, link("https://example.org/sign-in")?],
        refused_links,
        typed_codes: typed_codes.into_iter().collect::<Result<_, _>>()?,
        refused_codes: ["UUUU-UUUU", "7KQ2M4X", "7KQ2M4XZ0", "7KQ2_M4XZ", "7KQ2M4X\u{2212}Z", "７KQ2M4XZ", ""]
            .map(str::to_owned)
            .into(),
        commitments: commitments.into_iter().collect::<Result<_, _>>()?,
        enrol: Message::of("phone", sample::enrol(&offer)?.sign(&key("phone")?)?)?,
        offer: Message::of("server", offer)?,
        offer_hash,
        api: API.to_owned(),
        commitment: sample::own_commitment()?,
        pinned: public("server")?.thumbprint(),
        refused_offers: refused_offers()?,
        challenge: Challenge { offer_hash, phone_key: "phone".to_owned(), challenge: Bytes(challenge) },
        digits: vec![digits(|_| true)?, digits(|text| text.starts_with('0'))?, digits(|text| text.starts_with("000"))?],
    })
}

pub(crate) fn check(file: &Enrolment) -> Result<(), Failure> {
    for (stored, ours) in file.labels.iter().zip(labels()) {
        same("label", &(ours.purpose, ours.bytes), &(stored.purpose.clone(), stored.bytes.clone()))?;
    }
    for link in &file.links {
        let read: EnrolmentLink = link.text.parse()?;
        same("api", &read.api, &link.api)?;
        same("token", &read.token.0, &link.token.0)?;
        same("server key", &read.server_key, &link.server_key)?;
        same("link again", &read.to_string(), &link.text)?;
    }
    for link in &file.refused_links {
        let error = link.text.parse::<EnrolmentLink>().err().map(link_error);
        same(&link.text, &error.as_deref(), &Some(link.error.as_str()))?;
    }
    for code in &file.typed_codes {
        let read: TypedCode = code.typed.parse()?;
        same("code", &(read.expose(), read.to_shown()), &(code.code.as_str(), code.shown.clone()))?;
    }
    for text in &file.refused_codes {
        same(text, &text.parse::<TypedCode>().is_err(), &true)?;
    }
    for stored in &file.commitments {
        let server = stored.server_key.as_deref().map(public).transpose()?.map(|key| key.thumbprint());
        let c = commitment(&stored.n_d.0, public(&stored.phone_key)?.thumbprint(), server);
        same_bytes("commitment", &c.0, &stored.c.0)?;
    }
    file.offer.check()?;
    let checked = Offer::check(&file.offer.message, &file.commitment, &file.api, Some(file.pinned))?;
    same_bytes("hash of the offer", &checked.hash, &file.offer_hash.0)?;
    same("offer again", &serde_json::to_value(&checked.offer)?, &file.offer.claims)?;
    all_refused(&file.refused_offers, |message| Offer::check(message, &file.commitment, &file.api, Some(file.pinned)))?;
    let phone = public(&file.challenge.phone_key)?.thumbprint();
    let challenge = webauthn_challenge(&file.challenge.offer_hash.0, phone);
    same_bytes("challenge", &challenge, &file.challenge.challenge.0)?;
    file.enrol.check()?;
    let (signer, enrol) = Enrol::read(&file.enrol.message)?;
    same("signer of the enrolment", &signer, &public(&file.enrol.signed_by)?)?;
    same_bytes("hash in the enrolment", &enrol.oh.0, &file.offer_hash.0)?;
    let opened = commitment(&enrol.n_d.0, signer.thumbprint(), Some(file.pinned));
    same_bytes("opened commitment", &opened.0, &file.commitment.0)?;
    for stored in &file.digits {
        let (phone, server) = (public(&stored.phone_key)?.thumbprint(), public(&stored.server_key)?.thumbprint());
        let digits = Digits::derive(&stored.n_d.0, &stored.n_s.0, phone, server, stored.enr.as_str());
        same("digits", &(digits.expose(), digits.to_shown()), &(stored.digits.as_str(), stored.shown.clone()))?;
    }
    same("a leading zero", &file.digits.iter().any(|stored| stored.digits.starts_with('0')), &true)
}
