//! Requests as the phone checks them and decisions as the server does (threats T-REQ-1 to 3), key rolls and rotation.

use akkoord_protocols::{
    bytes::Bytes,
    jose::{JwsError, SigningKey, Typ, sign},
    phone::{
        Evidence,
        call::{Claim, Decide, EvaluatePin, OwnState, Prove},
        decision::{Decision, DecisionError, UnlockedBy, Verdict, evidence_hash},
        keyroll::Keyroll,
        problem::{Code, Problem},
        request::{Number, Operation, Recipient, Request, RequestError},
        rotation::{Rotate, signature},
    },
};
use serde_json::{Value, json};

use crate::vectors::{
    id, jwk, key, public,
    sample::{self, ISS, NOW, check_decision, check_request},
};

/// T-REQ-1: whoever alters a stored or relayed request alters its signature's message.
#[test]
fn each_altered_member_of_a_request_is_noticed() {
    let good = sample::full_request().unwrap().sign(&key("server").unwrap()).unwrap();
    assert!(check_request(&good).is_ok());
    let (input, signature) = good.rsplit_once('.').unwrap();
    let header = input.split('.').next().unwrap();
    let claims = crate::vectors::claims_of(&good).unwrap();
    let mut altered = 0;
    for name in claims.as_object().unwrap().keys() {
        for other in [json!("x"), json!(7), json!(true), json!({}), json!([])] {
            let mut changed = claims.clone();
            changed[name] = other;
            let payload = akkoord_protocols::bytes::encode(changed.to_string().as_bytes());
            let message = format!("{header}.{payload}.{signature}");
            let error = check_request(&message).unwrap_err();
            assert_eq!(error, RequestError::Message(JwsError::Signature), "{name}");
            altered += 1;
        }
    }
    assert_eq!(altered, 14 * 5);
    // The same claims written otherwise are another message: the hash in the decision is of the bytes.
    let payload = akkoord_protocols::bytes::encode(format!("{claims} ").as_bytes());
    assert!(check_request(&format!("{header}.{payload}.{signature}")).is_err());
}

/// T-REQ-1: even the server's own signature does not make a request for somebody else one for this phone.
#[test]
fn a_request_for_somebody_else_is_not_shown() {
    let server = key("server").unwrap();
    let message = sample::request().unwrap().sign(&server).unwrap();
    let keys = [server.public().clone()];
    let phone = sample::phone();
    let me = Recipient { server_keys: &keys, iss: ISS, phone: &phone, account: "acct-ada", now: NOW };
    assert!(me.check(&message).is_ok());
    let refused = |recipient: Recipient<'_>| recipient.check(&message).unwrap_err();
    assert_eq!(refused(Recipient { iss: "https://login.example.net", ..me }), RequestError::Misdirected);
    assert_eq!(refused(Recipient { phone: id("another phone").as_str(), ..me }), RequestError::Misdirected);
    assert_eq!(refused(Recipient { account: "acct-bob", ..me }), RequestError::Misdirected);
    assert_eq!(refused(Recipient { account: "ACCT-ADA", ..me }), RequestError::Misdirected);
    assert_eq!(refused(Recipient { server_keys: &[], ..me }), RequestError::UnknownKey);
    assert_eq!(refused(Recipient { server_keys: &[public("stranger").unwrap()], ..me }), RequestError::UnknownKey);
    assert_eq!(refused(Recipient { now: NOW + 120, ..me }), RequestError::Expired);
    assert!(Recipient { now: NOW + 119, ..me }.check(&message).is_ok());
}

/// While the server's key rolls both pinned keys are good; a retired one is not.
#[test]
fn only_pinned_keys_sign_requests() {
    let message = sample::request().unwrap().sign(&key("server-third").unwrap()).unwrap();
    assert_eq!(check_request(&message).unwrap_err(), RequestError::UnknownKey);
    let message = sample::request().unwrap().sign(&key("server-next").unwrap()).unwrap();
    assert!(check_request(&message).is_ok());
}

#[test]
fn numbers_are_of_the_kinds_that_the_protocol_knows() {
    let choose = |a: &str, b: &str, c: &str| Number::Choose { options: [a, b, c].map(str::to_owned) };
    for digits in 0..=u8::MAX {
        assert_eq!(Number::Enter { digits }.makes_sense(), [2, 3, 6].contains(&digits), "{digits}");
    }
    assert!(choose("17", "42", "90").makes_sense() && choose("000001", "000002", "000003").makes_sense());
    for number in [
        choose("17", "17", "90"),
        choose("17", "90", "17"),
        choose("90", "17", "17"),
        choose("1", "2", "3"),
        choose("17", "42", "090"),
        choose("1 ", "42", "90"),
        choose("", "42", "90"),
        choose("-1", "42", "90"),
        choose("１７", "42", "90"),
    ] {
        assert!(!number.makes_sense(), "{number:?}");
    }
    assert_eq!((choose("170", "420", "900").digits(), Number::Enter { digits: 6 }.digits()), (3, 6));
}

/// T-REQ-3: a text belongs to three operations only.
#[test]
fn a_text_stands_only_where_something_is_agreed_to() {
    let all = ["signin", "second-step", "step-up", "factor", "recovery", "computer", "transaction", "practice"];
    for name in all {
        let op: Operation = serde_json::from_value(json!(name)).unwrap();
        assert_eq!(op.as_str(), name);
        let request = Request { op, ..sample::full_request().unwrap() };
        let read = check_request(&request.sign(&key("server").unwrap()).unwrap());
        assert_eq!(read.is_ok(), ["transaction", "step-up", "factor"].contains(&name), "{name}");
    }
}

/// T-REQ-2: the decision names the hash of the message that was shown, so it fits no other.
#[test]
fn a_decision_is_about_one_request_message() {
    let server = key("server").unwrap();
    let first = sample::request().unwrap().sign(&server).unwrap();
    let again = Request { n: Bytes([9; 16]), ..sample::request().unwrap() }.sign(&server).unwrap();
    let (first, again) = (check_request(&first).unwrap(), check_request(&again).unwrap());
    assert_ne!(first.hash, again.hash);
}

#[test]
fn saying_no_needs_nothing_and_saying_yes_needs_number_and_unlocking() {
    let phone = key("phone").unwrap();
    for d in [Verdict::Approve, Verdict::Deny, Verdict::Report] {
        for number in [None, Some("42".to_owned())] {
            for unlock in [UnlockedBy::Webauthn, UnlockedBy::Pin, UnlockedBy::None] {
                let decision = Decision { d, number: number.clone(), unlock, ..sample::decision("a request") };
                let read = check_decision(&decision.sign(&phone).unwrap(), phone.public());
                let good = match d {
                    Verdict::Approve => number.is_some() && unlock != UnlockedBy::None,
                    Verdict::Deny | Verdict::Report => number.is_none() && unlock == UnlockedBy::None,
                };
                let expected = if good { Ok(decision) } else { Err(DecisionError::Senseless) };
                assert_eq!(read, expected, "{d:?} {number:?} {unlock:?}");
            }
        }
    }
}

#[test]
fn a_decision_has_its_time_its_phone_and_its_count_of_digits() {
    let phone = key("phone").unwrap();
    let read = |decision: Decision| {
        let message = sign(&phone, Typ::Decision, &sample::phone(), &decision).unwrap();
        check_decision(&message, phone.public()).map(|_| ())
    };
    let good = || sample::decision("a request");
    for (iat, fits) in [(-61, false), (-60, true), (0, true), (180, true), (181, false)] {
        let expected = if fits { Ok(()) } else { Err(DecisionError::Time) };
        assert_eq!(read(Decision { iat: NOW + iat, ..good() }), expected, "{iat}");
    }
    assert_eq!(read(Decision { iat: i64::MAX >> 11, ..good() }), Err(DecisionError::Time));
    for number in ["", "4", "423", "4 ", "+4", "-4", "4x", "٤", "0x", "42\n"] {
        let decision = Decision { number: Some(number.to_owned()), ..good() };
        assert_eq!(read(decision), Err(DecisionError::Digits(2)), "{number:?}");
    }
    assert_eq!(read(Decision { number: Some("07".to_owned()), ..good() }), Ok(()));
    assert_eq!(read(Decision { iss: id("another phone"), ..good() }), Err(DecisionError::Misdirected));
    assert_eq!(read(Decision { aud: format!("{ISS}/"), ..good() }), Err(DecisionError::Misdirected));
    assert_eq!(read(Decision { rid: id("another request"), ..good() }), Err(DecisionError::Misdirected));
}

/// The evidence is over the whole decision message, signature included.
#[test]
fn evidence_covers_the_decision_as_sent() {
    let phone = key("phone").unwrap();
    let message = sample::decision("a request").sign(&phone).unwrap();
    let again = sample::decision("a request").sign(&phone).unwrap();
    assert_ne!(message, again, "signatures are randomised");
    assert_ne!(evidence_hash(&message), evidence_hash(&again));
}

/// T-ROLL-1.
#[test]
fn a_forged_missing_or_foreign_link_ends_the_chain() {
    let roll = |from: &str, to: &str, at: i64| sample::keyroll(to, at).unwrap().sign(&key(from).unwrap()).unwrap();
    let first = roll("server", "server-next", NOW);
    let second = roll("server-next", "server-third", NOW + 1);
    let pinned = public("server").unwrap();
    let follow = |chain: &[String], pinned: &str| Keyroll::follow(chain, &public(pinned).unwrap(), ISS);
    let (next, third) = (public("server-next").unwrap(), public("server-third").unwrap());
    let both = [first.clone(), second.clone()];
    assert_eq!(follow(&both, "server"), Ok(vec![(next, NOW), (third.clone(), NOW + 1)]));
    assert_eq!(follow(&both, "server-next"), Ok(vec![(third, NOW + 1)]));
    assert_eq!(follow(&both, "server-third"), Ok(vec![]), "nothing new");
    assert_eq!(follow(&[], "server"), Ok(vec![]));
    assert_eq!(follow(std::slice::from_ref(&second), "server"), Ok(vec![]), "a missing first link adds nothing");
    let stranger = roll("stranger", "stranger", NOW);
    assert_eq!(follow(std::slice::from_ref(&stranger), "server"), Ok(vec![]), "a stranger's link adds nothing");
    assert_eq!(follow(&[first.clone(), stranger], "server"), Err(JwsError::WrongKey));
    assert_eq!(follow(&[second, first.clone(), first.clone()], "server"), Err(JwsError::WrongKey));
    let claims = sample::keyroll("stranger", NOW).unwrap();
    let forged = sign(&key("stranger").unwrap(), Typ::Keyroll, &pinned.thumbprint().to_string(), &claims).unwrap();
    assert_eq!(follow(&[forged], "server"), Err(JwsError::Signature));
    let foreign = Keyroll { iss: "https://login.example.net".to_owned(), ..claims };
    let foreign = foreign.sign(&key("server").unwrap()).unwrap();
    assert!(matches!(follow(&[foreign], "server"), Err(JwsError::Claims(_))));
    assert_eq!(follow(&["x".to_owned()], "server"), Err(JwsError::Form));
}

#[test]
fn a_rotation_needs_both_keys() {
    let (old, new) = (key("phone").unwrap(), key("phone-next").unwrap());
    let good = sample::rotate(&old, &new).unwrap();
    let phone = sample::phone();
    let check = |rotate: &Rotate, signer: &SigningKey| {
        let message = sign(signer, Typ::Rotate, &phone, rotate).unwrap();
        Rotate::check(&message, &phone, ISS, old.public())
    };
    assert_eq!(check(&good, &old).as_ref(), Ok(new.public()));
    assert_eq!(check(&good, &new), Err(JwsError::Signature));
    let stranger = key("stranger").unwrap();
    for rotate in [
        Rotate { jwk: jwk("stranger").unwrap(), ..good.clone() },
        Rotate { sig: signature(&stranger, &phone, old.public().thumbprint()).unwrap(), ..good.clone() },
        Rotate { sig: signature(&new, &phone, stranger.public().thumbprint()).unwrap(), ..good.clone() },
        Rotate { sig: signature(&new, "another", old.public().thumbprint()).unwrap(), ..good.clone() },
        Rotate { sig: Bytes([0; 64]), ..good.clone() },
        Rotate { iss: id("another phone"), ..good.clone() },
        Rotate { aud: "https://login.example.net".to_owned(), ..good.clone() },
    ] {
        assert!(matches!(check(&rotate, &old), Err(JwsError::Claims(_))), "{rotate:?}");
    }
}

fn body<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, akkoord_protocols::json::JsonError> {
    akkoord_protocols::json::parse(value.to_string().as_bytes())
}

/// The server refuses unknown members in bodies.
#[test]
fn unknown_members_of_bodies_are_refused() {
    let (t, c) = (Bytes([1; 32]).to_text(), Bytes([2; 32]).to_text());
    assert!(matches!(body::<Claim>(&json!({ "t": t, "c": c })), Ok(Claim::Scanned(_))));
    assert!(matches!(body::<Claim>(&json!({ "username": "ada", "code": "x", "c": c })), Ok(Claim::Typed(_))));
    for claim in [
        json!({ "t": t }),
        json!({ "c": c }),
        json!({ "t": t, "c": c, "x": 1 }),
        json!({ "t": t, "c": c, "username": "ada", "code": "x" }),
        json!({ "username": "ada", "c": c }),
        json!([t, c]),
        json!({ "t": [1], "c": c }),
        json!({ "t": Bytes([1; 31]).to_text(), "c": c }),
    ] {
        assert!(body::<Claim>(&claim).is_err(), "{claim}");
    }
    for (evidence, good) in [
        (json!({ "type": "pin", "jws": "x" }), true),
        (json!({ "type": "webauthn", "credential": { "id": "x", "response": { "userHandle": null } } }), true),
        (json!({ "type": "pin", "jws": "x", "credential": {} }), false),
        (json!({ "type": "webauthn", "credential": {}, "x": 1 }), false),
        (json!({ "type": "webauthn", "credential": null }), false),
        (json!({ "type": "none" }), false),
        (json!({ "type": "PIN", "jws": "x" }), false),
        (json!({ "jws": "x" }), false),
    ] {
        let decide = json!({ "decision": "x", "evidence": evidence });
        assert_eq!(body::<Decide>(&decide).is_ok(), good, "{decide}");
    }
    assert!(body::<Evidence>(&json!(["pin", "x"])).is_err());
    assert!(body::<EvaluatePin>(&json!({ "request": id("x"), "blinded": Bytes([2; 33]), "new": false })).is_ok());
    assert!(body::<EvaluatePin>(&json!({ "request": "x", "blinded": Bytes([2; 33]) })).is_err());
    assert!(body::<Prove>(&json!({ "t": t, "enrol": "x", "webauthn": null })).is_err());
}

/// Phones pass over unknown members of answers, so that a server may say more later.
#[test]
fn unknown_members_of_answers_are_passed_over() {
    let offer = sample::offer().unwrap();
    let mut answer = json!({
        "phone": id("phone"), "name": "Ada's phone", "platform": "android", "state": "ACTIVE",
        "account": offer.account, "push": false, "phone_sign_in": true, "unlock": ["pin"], "pin_left": 5,
        "policy": offer.policy, "vapid": offer.vapid,
    });
    for place in ["", "/account", "/policy"] {
        answer.pointer_mut(place).unwrap()["later"] = json!(1);
    }
    let read: OwnState = body(&answer).unwrap();
    assert!(!read.policy.one_work_account_per_phone && read.keyroll.is_empty());
    let problem = json!({ "code": "wrong_number", "title": "x", "status": 409, "later": 1 });
    assert_eq!(body::<Problem>(&problem).unwrap(), Problem::new(Code::WrongNumber, "x"));
}
