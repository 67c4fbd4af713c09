//! Messages of each type: what keeps them apart, and each check of a proof (threats T-DEV-1, 2, 4 and 5).

use akkoord_protocols::{
    jose::{JwsError, MAX_MESSAGE, Typ, Unverified, sign, sign_with_key_in_header},
    phone::{
        nonce::NonceKey,
        proof::{Call, MAX_PROOF, ProofError},
    },
};

use crate::vectors::{
    claims_of, id, key, public, raw, read as read_file,
    sample::{self, CALL, NONCE, NOW},
    typ_text,
};

/// T-DEV-5: one key signs all, all name the same key, and still each is taken only for what it is.
#[test]
fn each_type_is_refused_as_each_other_even_under_one_key() {
    for signed in Typ::ALL {
        let message = sample::message(signed, Some("server")).unwrap();
        for read_as in Typ::ALL {
            let read = sample::read(read_as, &message, Some("server"));
            assert_eq!(read, if signed == read_as { Ok(()) } else { Err("type") }, "{signed:?} as {read_as:?}");
        }
    }
}

/// T-DEV-5: claims of one type under the header of another, well signed: the members differ.
#[test]
fn the_claims_of_one_type_are_refused_under_another_header() {
    let server = key("server").unwrap();
    let thumbprint = server.public().thumbprint().to_string();
    for header in Typ::ALL {
        for claims in Typ::ALL {
            let said = claims_of(&sample::message(claims, Some("server")).unwrap()).unwrap();
            let kid = match header {
                Typ::Offer | Typ::Request | Typ::Keyroll => thumbprint.clone(),
                _ => sample::phone(),
            };
            let message = match header {
                Typ::Enrol => sign_with_key_in_header(&server, header, &said),
                _ => sign(&server, header, &kid, &said),
            };
            let read = sample::read(header, &message.unwrap(), Some("server"));
            let expected = if header == claims { Ok(()) } else { Err("claims") };
            assert_eq!(read, expected, "{claims:?} under {header:?}");
        }
    }
}

/// T-DEV-5: tokens that others sign with the same kind of key are none of ours.
#[test]
fn foreign_tokens_are_refused_as_each_type() {
    let phone = key("phone").unwrap();
    let kid = sample::phone();
    for typ in ["JWT", "at+jwt", "dpop+jwt", "logout+jwt", "oauth-authz-req+jwt", "akkoord-decision+JWT"] {
        let header = format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{kid}"}}"#);
        let token = raw(&phone, &header, r#"{"v":1,"iss":"https://login.example.org","aud":"x","iat":1}"#).unwrap();
        for read_as in Typ::ALL {
            assert_eq!(sample::read(read_as, &token, Some("phone")), Err("header"), "{typ} as {read_as:?}");
        }
    }
}

/// T-DEV-4, for every type and not only for proofs: the published list of refused headers, turned to each type.
#[test]
fn refused_headers_are_refused_for_each_type() {
    let stored = read_file("messages.json").unwrap();
    let mut seen = 0;
    for form in stored["refused"].as_array().unwrap() {
        let why = form["why"].as_str().unwrap();
        if !why.starts_with("header: ") {
            continue;
        }
        let message = form["message"].as_str().unwrap();
        let header = akkoord_protocols::bytes::decode(message.split('.').next().unwrap()).unwrap();
        let header = String::from_utf8(header).unwrap();
        for typ in Typ::ALL {
            let (signer, kid) = sample::signer(typ).unwrap();
            let header = header.replace("akkoord-proof+jwt", &typ_text(typ).unwrap());
            let header = header.replace(&sample::phone(), kid.as_deref().unwrap_or("x"));
            let claims = sample::claims(typ).unwrap().to_string();
            let forged = raw(&key(signer).unwrap(), &header, &claims).unwrap();
            // An enrolment whose header holds its key is as it should be.
            if typ == Typ::Enrol && why == "header: a key instead of the kid" {
                assert_eq!(sample::read(typ, &forged, None), Ok(()));
                continue;
            }
            // A thumbprint is how the server's messages name their key.
            if why == "header: kid the thumbprint" && matches!(typ, Typ::Offer | Typ::Request | Typ::Keyroll) {
                continue;
            }
            assert!(sample::read(typ, &forged, None).is_err(), "{why} for {typ:?}");
            seen += 1;
        }
    }
    assert!(seen > 300, "{seen}");
}

/// T-DEV-1 and T-DEV-2: the published list of refused proofs has one for each check.
#[test]
fn every_check_of_a_proof_has_a_vector_that_only_it_refuses() {
    let stored = read_file("proof.json").unwrap();
    let errors: Vec<&str> =
        stored["refused"].as_array().unwrap().iter().map(|form| form["error"].as_str().unwrap()).collect();
    for error in ["audience", "call", "body", "key", "signature", "claims", "version"] {
        assert!(errors.contains(&error), "{error}");
    }
}

/// T-DEV-2: a proof is for one method, one address and one body.
#[test]
fn a_proof_is_good_for_its_own_call_only() {
    let phone = key("phone").unwrap();
    let proof = sample::proof(&phone).unwrap();
    let check = |call: Call<'_>| {
        call.check(Unverified::parse(&proof, Typ::Proof).unwrap(), &sample::phone(), phone.public()).map(|_| ())
    };
    assert_eq!(check(CALL), Ok(()));
    assert_eq!(check(Call { audience: "https://login.example.net", ..CALL }), Err(ProofError::Audience));
    assert_eq!(check(Call { method: "PUT", ..CALL }), Err(ProofError::Call));
    assert_eq!(check(Call { method: "post", ..CALL }), Err(ProofError::Call));
    assert_eq!(check(Call { address: &format!("{}/", CALL.address), ..CALL }), Err(ProofError::Call));
    assert_eq!(check(Call { body: b"", ..CALL }), Err(ProofError::Body));
    assert_eq!(check(Call { body: b"{ }", ..CALL }), Err(ProofError::Body));
}

#[test]
fn a_proof_is_refused_under_another_key_or_name() {
    let phone = key("phone").unwrap();
    let proof = sample::proof(&phone).unwrap();
    let check = |name: &str, key: &str| {
        CALL.check(Unverified::parse(&proof, Typ::Proof).unwrap(), name, &public(key).unwrap()).map(|_| ())
    };
    assert_eq!(check(&sample::phone(), "phone"), Ok(()));
    assert_eq!(check(&sample::phone(), "stranger"), Err(ProofError::Message(JwsError::Signature)));
    assert_eq!(check(id("another phone").as_str(), "phone"), Err(ProofError::Message(JwsError::WrongKey)));
}

/// The caller parses before it looks the phone up, so the check itself asks again what was parsed.
#[test]
fn a_parsed_message_of_another_type_is_no_proof() {
    let phone = key("phone").unwrap();
    let message = sign(&phone, Typ::Decision, &sample::phone(), &sample::claims(Typ::Proof).unwrap()).unwrap();
    let parsed = Unverified::parse(&message, Typ::Decision).unwrap();
    let read = CALL.check(parsed, &sample::phone(), phone.public());
    assert_eq!(read.map(|_| ()), Err(ProofError::Message(JwsError::WrongType)));
}

/// The phone's clock may be off by hours: the nonce tells the time, not `iat`.
#[test]
fn the_time_in_a_proof_is_not_compared() {
    let phone = key("phone").unwrap();
    for now in [0, NOW - 86_400, NOW + 86_400, -1, (1 << 53) - 1] {
        let proof = CALL.prove(&sample::phone(), &phone, id("proof"), NONCE, now).unwrap();
        let parsed = Unverified::parse(&proof, Typ::Proof).unwrap();
        assert!(CALL.check(parsed, &sample::phone(), phone.public()).is_ok(), "{now}");
    }
}

#[test]
fn a_proof_is_small_and_a_message_has_a_limit() {
    let phone = key("phone").unwrap();
    let nonce = NonceKey::new(&[7; 32]).make(NOW);
    let address = format!("https://{}.example.org/phone/v1/requests/{}/decision", "a".repeat(63), id("request"));
    let call = Call { audience: "https://login.example.org", method: "DELETE", address: &address, body: b"" };
    let proof = call.prove(&sample::phone(), &phone, id("proof"), &nonce, NOW).unwrap();
    assert!(proof.len() < MAX_PROOF / 2, "{}", proof.len());
    let long = "x".repeat(MAX_MESSAGE);
    let too_long = Call { audience: &long, ..call }.prove(&sample::phone(), &phone, id("proof"), &nonce, NOW);
    assert_eq!(too_long, Err(JwsError::Form), "what no reader would take is not sent");
    assert!(sample::message(Typ::Offer, None).unwrap().len() < MAX_MESSAGE / 2);
}

/// A phone that meets a later version says "update the app"; it must be able to tell, also when members were added.
#[test]
fn another_version_is_told_apart_from_a_broken_message() {
    for typ in Typ::ALL {
        let (signer, kid) = sample::signer(typ).unwrap();
        let signer = key(signer).unwrap();
        for (version, expected) in [
            ("2", "version"),
            ("0", "version"),
            ("9007199254740991", "version"),
            ("\"1\"", "claims"),
            ("-1", "claims"),
            ("1.5", "claims"),
            ("null", "claims"),
            ("[1]", "claims"),
        ] {
            let mut claims = sample::claims(typ).unwrap();
            claims["v"] = serde_json::from_str(version).unwrap();
            claims["later"] = true.into();
            let message = match kid.as_deref() {
                Some(kid) => sign(&signer, typ, kid, &claims),
                None => sign_with_key_in_header(&signer, typ, &claims),
            };
            assert_eq!(sample::read(typ, &message.unwrap(), None), Err(expected), "{typ:?} version {version}");
        }
    }
}

/// Every member of every message is looked at: without it, doubled, with null, as an array, or with a stranger beside
/// it, the message is refused.
#[test]
fn each_member_must_stand_once_and_as_it_is() {
    for typ in Typ::ALL {
        let claims = sample::claims(typ).unwrap();
        let (signer, kid) = sample::signer(typ).unwrap();
        let signer = key(signer).unwrap();
        let header = match kid {
            Some(kid) => format!(r#"{{"alg":"ES256","typ":"{}","kid":"{kid}"}}"#, typ_text(typ).unwrap()),
            None => {
                let jwk = serde_json::to_string(&signer.public().jwk()).unwrap();
                format!(r#"{{"alg":"ES256","typ":"{}","jwk":{jwk}}}"#, typ_text(typ).unwrap())
            }
        };
        let read = |payload: &str| sample::read(typ, &raw(&signer, &header, payload).unwrap(), None);
        let whole = claims.to_string();
        assert_eq!(read(&whole), Ok(()), "{typ:?}");
        let members = claims.as_object().unwrap();
        let optional = ["webauthn", "origin", "pin", "wa", "text"];
        for (name, value) in members {
            let mut without = members.clone();
            without.remove(name);
            let without = serde_json::Value::Object(without).to_string();
            let expected = match name.as_str() {
                name if optional.contains(&name) => Ok(()),
                // A decision without a number is well formed, but no approval.
                "number" if typ == Typ::Decision => Err("senseless"),
                _ => Err("claims"),
            };
            assert_eq!(read(&without), expected, "{typ:?} without {name}");
            let twice = format!(r#"{{"{name}":{value},{}"#, &whole[1..]);
            assert_eq!(read(&twice), Err("claims"), "{typ:?} {name} twice");
            for other in [serde_json::Value::Null, serde_json::json!([value]), serde_json::json!({ "x": value })] {
                let mut changed = members.clone();
                changed.insert(name.clone(), other);
                let changed = serde_json::Value::Object(changed);
                // WebAuthn's own JSON is the browser's: any object may stand there.
                let expected = if name == "webauthn" && !changed[name].is_null() { Ok(()) } else { Err("claims") };
                assert_eq!(read(&changed.to_string()), expected, "{typ:?} {changed}");
            }
        }
        let more = format!(r#"{{"x":1,{}"#, &whole[1..]);
        assert_eq!(read(&more), Err("claims"), "{typ:?} with an unknown member");
        for payload in ["", "null", "1", "[]", "\"x\"", "{}", &whole[..whole.len() - 1], &format!("{whole} x")] {
            assert_eq!(read(payload), Err("claims"), "{typ:?} {payload}");
        }
        let deep = format!(r#"{{"x":{}{},{}"#, "[".repeat(200), "]".repeat(200), &whole[1..]);
        assert_eq!(read(&deep), Err("claims"), "{typ:?} deep");
    }
}

/// Members may stand in any order and with blanks between: order means nothing.
#[test]
fn the_order_of_members_means_nothing() {
    for typ in Typ::ALL {
        let claims = claims_of(&sample::message(typ, None).unwrap()).unwrap();
        let members: Vec<String> =
            claims.as_object().unwrap().iter().rev().map(|(name, value)| format!("\n \"{name}\" : {value} ")).collect();
        let (signer, kid) = sample::signer(typ).unwrap();
        let signer = key(signer).unwrap();
        let names = match kid {
            Some(kid) => format!(r#""kid":"{kid}""#),
            None => format!(r#""jwk":{}"#, serde_json::to_string(&signer.public().jwk()).unwrap()),
        };
        let header = format!(r#"{{ {names} , "typ":"{}", "alg" : "ES256" }}"#, typ_text(typ).unwrap());
        let message = raw(&signer, &header, &format!("{{{}}}", members.join(","))).unwrap();
        assert_eq!(sample::read(typ, &message, None), Ok(()), "{typ:?}");
    }
}

/// T-DEV-2: nonces. The caller checks them, with these functions.
#[test]
fn a_nonce_with_any_bit_changed_is_refused() {
    let nonces = NonceKey::new(&[7; 32]);
    let good = akkoord_protocols::bytes::decode(&nonces.make(NOW)).unwrap();
    assert_eq!(good.len(), 24);
    for bit in 0..good.len() * 8 {
        let mut other = good.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!nonces.check(&akkoord_protocols::bytes::encode(&other), NOW), "bit {bit}");
    }
    for length in 0..good.len() {
        assert!(!nonces.check(&akkoord_protocols::bytes::encode(&good[..length]), NOW));
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(!nonces.check(&akkoord_protocols::bytes::encode(&longer), NOW));
    let good = nonces.make(NOW);
    assert!(nonces.check(&good, NOW - 5) && !nonces.check(&good, NOW - 6), "another node's clock, a little");
    assert!(!nonces.check(&format!("{good}="), NOW));
    for far in [i64::MIN, i64::MAX, 0, -1] {
        assert!(nonces.check(&nonces.make(far), far), "{far}");
        assert!(!nonces.check(&nonces.make(far), NOW), "{far}");
    }
}
