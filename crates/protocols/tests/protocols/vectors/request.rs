//! Requests, their hashes, decisions and the evidence over them.

use akkoord_protocols::{
    bytes::Bytes,
    phone::{
        Unlock,
        decision::{Decision, UnlockedBy, Verdict, evidence_hash},
        pin,
        request::{Number, Operation, Recipient, Request},
    },
    text::Id,
};
use serde::{Deserialize, Serialize};

use super::{
    Failure, Message, Refused, all_refused, drawn, id, key, public, raw, refused, same, same_bytes,
    sample::{self, ISS, NOW},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requests {
    /// What the phone knows of itself.
    iss: String,
    phone: Id,
    account: String,
    server_keys: Vec<String>,
    now: i64,
    requests: Vec<Stored>,
    refused_requests: Vec<Refused>,
    /// Decisions about the first request.
    decisions: Vec<StoredDecision>,
    refused_decisions: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    request: Message,
    /// The hash that a decision names.
    rh: Bytes<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDecision {
    decision: Message,
    /// The challenge of the platform authenticator, and `dh` of the PIN-protected key.
    evidence_hash: Bytes<32>,
    /// With approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pin_evidence: Option<Message>,
}

fn numbers(a: &str, b: &str, c: &str) -> Number {
    Number::Choose { options: [a, b, c].map(str::to_owned) }
}

fn refused_requests() -> Result<Vec<Refused>, Failure> {
    let server = key("server")?;
    let good = sample::request()?;
    let full = sample::full_request()?;
    let mut list = Vec::new();
    let mut add = |why: &str, message: String| -> Result<(), Failure> {
        let read = sample::check_request(&message);
        list.push(refused(why, message, read)?);
        Ok(())
    };
    add("signed by a key that is not pinned", good.sign(&key("stranger")?)?)?;
    add("from another server", Request { iss: format!("{ISS}/"), ..good.clone() }.sign(&server)?)?;
    add("for another phone", Request { aud: id("another phone"), ..good.clone() }.sign(&server)?)?;
    add("for another account", Request { acct: "acct-bob".parse()?, ..good.clone() }.sign(&server)?)?;
    add("expired", Request { exp: NOW, ..good.clone() }.sign(&server)?)?;
    for digits in [0, 1, 4, 5, 7] {
        let number = Number::Enter { digits };
        add(&format!("{digits} digits"), Request { number, ..good.clone() }.sign(&server)?)?;
    }
    for (why, number) in [
        ("one option twice", numbers("17", "17", "90")),
        ("options of different lengths", numbers("17", "042", "90")),
        ("an option of one digit", numbers("1", "2", "3")),
        ("options of seven digits", numbers("1234567", "2345678", "3456789")),
        ("an option that is no number", numbers("17", "4x", "90")),
        ("digits of another script", numbers("١٧", "٤٢", "٩٠")),
    ] {
        add(why, Request { number, ..good.clone() }.sign(&server)?)?;
    }
    add("no unlock method", Request { unlock: vec![], ..good.clone() }.sign(&server)?)?;
    for op in [Operation::Signin, Operation::SecondStep, Operation::Recovery, Operation::Computer, Operation::Practice]
    {
        let why = format!("a text with {}", op.as_str());
        add(&why, Request { op, ..full.clone() }.sign(&server)?)?;
    }
    let kid = server.public().thumbprint();
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-request+jwt","kid":"{kid}"}}"#);
    let claims = serde_json::to_string(&full)?;
    let mut with = |why: &str, from: &str, to: &str| -> Result<(), Failure> {
        add(why, raw(&server, &header, &claims.replacen(from, to, 1))?)
    };
    with("version 2", r#""v":1"#, r#""v":2"#)?;
    with("version 1 as text", r#""v":1"#, r#""v":"1""#)?;
    with("an unknown member", r#""v":1"#, r#""v":1,"extra":1"#)?;
    with("an unknown member of the context", r#""known""#, r#""extra":1,"known""#)?;
    with("an unknown member of the app", r#""app":{"#, r#""app":{"extra":1,"#)?;
    with("an unknown member of the number", r#""mode""#, r#""digits":2,"mode""#)?;
    with("an unknown operation", r#""transaction""#, r#""payment""#)?;
    with("an unknown mode", r#""choose""#, r#""any""#)?;
    with("an unknown unlock method", r#""webauthn""#, r#""nothing""#)?;
    with("four options", r#""17","#, r#""17","18","#)?;
    with("no number", r#""number":"#, r#""numbr":"#)?;
    with("null for an absent member", r#""net":"Office""#, r#""net":null"#)?;
    with("a member twice", r#""known":true"#, r#""known":false,"known":true"#)?;
    with("an app as an array", r#"{"id":"account","name":"Account page"}"#, r#"["account","Account page"]"#)?;
    with("a time that is not whole", &format!(r#""at":{NOW}"#), &format!(r#""at":{NOW}.5"#))?;
    with("a time of 2^53", &format!(r#""at":{NOW}"#), r#""at":9007199254740992"#)?;
    with("a text with a new line", "the bakery", r"the\nbakery")?;
    with("a text that turns the reading direction", "the bakery", "\u{202E}yrekab")?;
    with("a text that is not normalised", "café", "cafe\u{301}")?;
    with("a text of 501 characters", "the bakery", &"x".repeat(501))?;
    with("a name with a zero-width character", "Account page", "Account\u{200B} page")?;
    with("an empty name", "Account page", "")?;
    with("a name of 65 characters", "Account page", &"x".repeat(65))?;
    with("an account id with a blank", "acct-ada", "acct ada")?;
    with("an id with unused bits", id("request").as_str(), "AAAAAAAAAAAAAAAAAAAAAB")?;
    Ok(list)
}

fn refused_decisions(request: &str) -> Result<Vec<Refused>, Failure> {
    let phone = key("phone")?;
    let good = sample::decision(request);
    let mut list = Vec::new();
    let mut add = |why: &str, message: String| -> Result<(), Failure> {
        let read = sample::check_decision(&message, phone.public());
        list.push(refused(why, message, read)?);
        Ok(())
    };
    let deny = Decision { d: Verdict::Deny, number: None, unlock: UnlockedBy::None, ..good.clone() };
    for (why, decision) in [
        ("from another phone", Decision { iss: id("another phone"), ..good.clone() }),
        ("for another server", Decision { aud: "https://login.example.net".to_owned(), ..good.clone() }),
        ("for another request", Decision { rid: id("another request"), ..good.clone() }),
        ("61 s before the request", Decision { iat: NOW - 61, ..good.clone() }),
        ("61 s after its end", Decision { iat: NOW + 181, ..good.clone() }),
        ("approve without a number", Decision { number: None, ..good.clone() }),
        ("approve without unlocking", Decision { unlock: UnlockedBy::None, ..good.clone() }),
        ("one digit", Decision { number: Some("4".to_owned()), ..good.clone() }),
        ("three digits", Decision { number: Some("042".to_owned()), ..good.clone() }),
        ("a blank in the number", Decision { number: Some("4 ".to_owned()), ..good.clone() }),
        ("a sign in the number", Decision { number: Some("+4".to_owned()), ..good.clone() }),
        ("digits of another script", Decision { number: Some("٤".to_owned()), ..good.clone() }),
        ("deny with a number", Decision { number: Some("42".to_owned()), ..deny.clone() }),
        ("deny with unlocking", Decision { unlock: UnlockedBy::Pin, ..deny.clone() }),
        ("report with a number", Decision { d: Verdict::Report, number: Some("42".to_owned()), ..deny.clone() }),
        ("report with unlocking", Decision { d: Verdict::Report, unlock: UnlockedBy::Webauthn, ..deny.clone() }),
    ] {
        // A message from another phone in this phone's name.
        let kid = id("phone");
        let header = format!(r#"{{"alg":"ES256","typ":"akkoord-decision+jwt","kid":"{kid}"}}"#);
        add(why, raw(&phone, &header, &serde_json::to_string(&decision)?)?)?;
    }
    add("signed by another key", good.sign(&key("stranger")?)?)?;
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-decision+jwt","kid":"{}"}}"#, id("phone"));
    let claims = serde_json::to_string(&good)?;
    let mut with = |why: &str, from: &str, to: &str| -> Result<(), Failure> {
        add(why, raw(&phone, &header, &claims.replacen(from, to, 1))?)
    };
    with("version 2", r#""v":1"#, r#""v":2"#)?;
    with("an unknown member", r#""v":1"#, r#""v":1,"extra":1"#)?;
    with("an unknown verdict", r#""approve""#, r#""yes""#)?;
    with("a number that is no text", r#""number":"42""#, r#""number":42"#)?;
    with("null for an absent number", r#""number":"42""#, r#""number":null"#)?;
    with("a hash of 31 bytes", &good.rh.to_text(), &akkoord_protocols::bytes::encode(&drawn::<31>("short")))?;
    Ok(list)
}

pub(crate) fn make() -> Result<Requests, Failure> {
    let server = key("server")?;
    let good = sample::request()?;
    let bare = Request {
        op: Operation::SecondStep,
        ctx: akkoord_protocols::phone::request::Context {
            ip: None,
            net: None,
            place: None,
            browser: None,
            known: false,
            at: NOW,
        },
        number: Number::Enter { digits: 6 },
        unlock: vec![Unlock::Webauthn],
        ..good.clone()
    };
    let mut all = vec![good.clone(), sample::full_request()?, bare];
    for op in [Operation::StepUp, Operation::Factor] {
        all.push(Request { op, number: Number::Enter { digits: 3 }, ..sample::full_request()? });
    }
    for op in [Operation::Recovery, Operation::Computer, Operation::Practice] {
        all.push(Request { op, unlock: vec![Unlock::Pin], ..good.clone() });
    }
    let mut requests = Vec::new();
    for request in all {
        let message = request.sign(&server)?;
        let rh = sample::check_request(&message)?.hash;
        requests.push(Stored { request: Message::of("server", message)?, rh });
    }
    // The roll is under way: the next key signs too.
    let by_next = good.sign(&key("server-next")?)?;
    let rh = sample::check_request(&by_next)?.hash;
    requests.push(Stored { request: Message::of("server-next", by_next)?, rh });

    let first = requests.first().map(|stored| stored.request.message.clone()).ok_or("no request")?;
    let approve = sample::decision(&first);
    let by_touch = Decision { unlock: UnlockedBy::Webauthn, number: Some("07".to_owned()), ..approve.clone() };
    let deny = Decision { d: Verdict::Deny, number: None, unlock: UnlockedBy::None, ..approve.clone() };
    let report = Decision { d: Verdict::Report, iat: NOW - 60, ..deny.clone() };
    let late = Decision { iat: NOW + 180, ..deny.clone() };
    let mut decisions = Vec::new();
    for decision in [approve, by_touch, deny, report, late] {
        let message = decision.sign(&key("phone")?)?;
        let hash = evidence_hash(&message);
        let pin_evidence = match decision.unlock {
            UnlockedBy::Pin => Some(Message::of("pin", pin::sign_evidence(&key("pin")?, &sample::phone(), &hash)?)?),
            _ => None,
        };
        decisions.push(StoredDecision {
            decision: Message::of("phone", message)?,
            evidence_hash: Bytes(hash),
            pin_evidence,
        });
    }
    Ok(Requests {
        iss: ISS.to_owned(),
        phone: id("phone"),
        account: "acct-ada".to_owned(),
        server_keys: vec!["server".to_owned(), "server-next".to_owned()],
        now: NOW,
        requests,
        refused_requests: refused_requests()?,
        refused_decisions: refused_decisions(&first)?,
        decisions,
    })
}

pub(crate) fn check(file: &Requests) -> Result<(), Failure> {
    let server_keys = file.server_keys.iter().map(|name| public(name)).collect::<Result<Vec<_>, _>>()?;
    let phone = file.phone.as_str();
    let recipient =
        Recipient { server_keys: &server_keys, iss: &file.iss, phone, account: &file.account, now: file.now };
    for stored in &file.requests {
        stored.request.check()?;
        let checked = recipient.check(&stored.request.message)?;
        same_bytes("hash of the request", &checked.hash.0, &stored.rh.0)?;
        same("request again", &serde_json::to_value(&checked.request)?, &stored.request.claims)?;
    }
    all_refused(&file.refused_requests, |message| recipient.check(message))?;
    let first = file.requests.first().ok_or("no request")?;
    for stored in &file.decisions {
        stored.decision.check()?;
        let decision = sample::check_decision(&stored.decision.message, &public(&stored.decision.signed_by)?)?;
        same_bytes("hash in the decision", &decision.rh.0, &first.rh.0)?;
        same("decision again", &serde_json::to_value(&decision)?, &stored.decision.claims)?;
        same_bytes("evidence hash", &evidence_hash(&stored.decision.message), &stored.evidence_hash.0)?;
        if let Some(evidence) = &stored.pin_evidence {
            evidence.check()?;
            let key = public(&evidence.signed_by)?;
            pin::check_evidence(&evidence.message, &key, phone, &stored.evidence_hash.0)?;
        }
    }
    let key = public("phone")?;
    all_refused(&file.refused_decisions, |message| sample::check_decision(message, &key))
}
