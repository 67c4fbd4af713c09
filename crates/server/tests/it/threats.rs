//! Rows of the threat table that need a whole server and have no better place: `docs/threat-tests.md` maps each row to
//! its tests.

use akkoord_authenticator::{
    CallError, Identity, Phone, PhoneError, RequestState, StoredKey, SystemRandom, Unlocking, Waiting,
};
use akkoord_core::{
    ids::{AccountId, ApprovalId, PhoneId},
    secret::Token,
};
use akkoord_protocols::{
    bytes::{decode, encode, sha256},
    jose::{Jwk, Typ, sign_with_key_in_header},
    phone::{
        Evidence, Platform,
        call::{Decide, Empty, EvaluatePin, Pending, PinEvaluated, State},
        decision::{Decision, UnlockedBy, Verdict, evidence_hash},
        pin::{self, Blinding, OprfKey},
        problem::Code,
    },
    text::Id,
};
use akkoord_simulator::{browser::form, steps};
use akkoord_store::{NewApproval, Place, Placed, StoreError};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::support::{TestApp, Unlock, name, pin as right_pin, stretched};

fn code<T: std::fmt::Debug>(result: Result<T, PhoneError>) -> Code {
    match result {
        Err(PhoneError::Call(error)) => error.code().unwrap(),
        other => panic!("not refused: {other:?}"),
    }
}

async fn oldest(phone: &Phone) -> Waiting {
    phone.pending().await.unwrap().waiting.remove(0)
}

fn blinded(x: u8) -> Blinding {
    Blinding::new(&SystemRandom, Zeroizing::new([x; 32])).unwrap()
}

#[tokio::test]
async fn t_pin_1_a_hundred_evaluations_at_once_are_five() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_browser, _) = app.start(&ada).await;
    let request = oldest(&phone).await;
    let mut tries = Vec::new();
    for guess in 0..100 {
        let (phone, request) = (phone.clone(), request.id().clone());
        let body = EvaluatePin { request, blinded: blinded(guess).blinded, new: false };
        tries.push(tokio::spawn(async move { phone.post::<_, PinEvaluated>("pin/evaluate", &body).await }));
    }
    let (mut left, mut locked) = (Vec::new(), 0);
    for tried in tries {
        match tried.await.unwrap() {
            Ok(evaluated) => left.push(evaluated.left),
            refused => {
                assert_eq!(code(refused), Code::Locked);
                locked += 1;
            }
        }
    }
    left.sort_unstable();
    assert_eq!((left, locked), (vec![0, 1, 2, 3, 4], 95));
    let state = phone.own_state().await.unwrap();
    assert_eq!((state.state.as_str(), state.pin_left), ("LOCKED", 0));
}

#[tokio::test]
async fn t_pin_5_nobody_without_the_key_of_the_phone_spends_its_tries() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_browser, _) = app.start(&ada).await;
    let request = oldest(&phone).await;
    let body = EvaluatePin { request: request.id().clone(), blinded: blinded(1).blinded, new: false };
    let body = serde_json::to_vec(&body).unwrap();
    let (connection, account, post) = (phone.connection(), phone.account(), "POST".parse().unwrap());
    let send = async |proof: Option<&str>| {
        let answer = connection.exchange(&post, "pin/evaluate", &body, proof).await.unwrap();
        answer.result().map_err(|error: CallError| error.code().unwrap())
    };
    let other_key = StoredKey::generate().unwrap();
    for _ in 0..10 {
        let nonce = connection.nonce().await.unwrap();
        let foreign = Identity { key: &other_key, ..account.identity() };
        let proof = connection.proof(foreign, &post, "pin/evaluate", &body, &nonce).unwrap();
        assert_eq!(send(Some(&proof)).await.unwrap_err(), Code::BadProof);
        assert_eq!(send(None).await.unwrap_err(), Code::UseNonce);
    }
    assert_eq!(phone.own_state().await.unwrap().pin_left, 5);
    let nonce = connection.nonce().await.unwrap();
    let proof = connection.proof(account.identity(), &post, "pin/evaluate", &body, &nonce).unwrap();
    send(Some(&proof)).await.unwrap();
    for _ in 0..10 {
        assert_eq!(send(Some(&proof)).await.unwrap_err(), Code::BadProof, "caught and sent again");
    }
    assert_eq!(phone.own_state().await.unwrap().pin_left, 4);
}

/// What a thief who has the whole phone, but not its server, can put in the place of the server's half `y`.
#[tokio::test]
async fn t_pin_3_what_lies_on_the_phone_tells_no_pin_from_another() {
    const RIGHT: u8 = 7;
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let account = phone.account();
    let (record, id) = (account.pin.clone().unwrap(), account.phone.as_str());
    let storage = serde_json::to_string(&*account).unwrap();
    assert!(!storage.contains(&encode(&[RIGHT; 32])), "the stretched PIN is kept");
    let wrapped = decode(&record.wrapped).unwrap();
    let opens = |y: &[u8; 32]| {
        let key = pin::wrapping_key(y, &record.local.0, id).unwrap();
        pin::unwrap(&key, &record.iv, id, &wrapped).is_ok()
    };
    let y_of = |server: &OprfKey, x: u8| {
        let blinding = blinded(x);
        let evaluation = server.evaluate(&SystemRandom, &blinding.blinded).unwrap();
        *blinding.finish(&evaluation, &server.public().unwrap()).unwrap()
    };
    for guess in 0..=255 {
        let x = [guess; 32];
        let thiefs = [
            [0; 32],
            x,
            record.local.0,
            sha256(&[&x]),
            sha256(&[&x, &record.local.0]),
            sha256(&[&x, &record.salt.0]),
            sha256(&[&x, &account.voprf.0]),
        ];
        assert!(!thiefs.iter().any(opens), "guess {guess}");
    }
    // A server of the thief's own: the right PIN looks as wrong as any other.
    let own = OprfKey::new(&SystemRandom).unwrap();
    for guess in [RIGHT, RIGHT + 1] {
        assert!(!opens(&y_of(&own, guess)));
    }
    // With the server's key it is the PIN that counts: so it is this key that a thief lacks, and nothing else.
    let (wanted, place) = (PhoneId::try_from(id.to_owned()).unwrap(), Place::PhoneOprfKey);
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.phone(&wanted).await })).await;
    let sealed = row.map_err(|error: StoreError| error).unwrap().unwrap().oprf_key.unwrap();
    let scalar = app.app.store.seal().open(place, id, &sealed).unwrap();
    let server = OprfKey::from_bytes(scalar.as_slice().try_into().unwrap()).unwrap();
    assert!(opens(&y_of(&server, RIGHT)) && !opens(&y_of(&server, RIGHT + 1)));
}

#[tokio::test]
async fn t_uv_1_evidence_of_others_of_the_wrong_kind_or_none_approves_nothing() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (_ben, bens, _) = app.account_with("ben", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = oldest(&phone).await;
    let platform = Unlocking::Platform;
    let mut decision = phone.prepare_approval(&request, &number, &platform).await.unwrap();
    let hash = evidence_hash(&decision.body.decision);
    let good = decision.body.evidence.take();
    assert_eq!(code(phone.decide(&decision).await), Code::Invalid, "none");
    // The right challenge, signed by another person's platform authenticator.
    let credential = bens.account().platform.as_ref().unwrap().assert(&hash).unwrap();
    decision.body.evidence = Some(Evidence::Webauthn { credential });
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock, "another's");
    // The phone's own key, which is there without anybody being verified.
    let account = phone.account();
    let jws = pin::sign_evidence(&account.key, account.phone.as_str(), &hash).unwrap();
    decision.body.evidence = Some(Evidence::Pin { jws });
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock, "by the key of the phone");
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 1, "nothing is settled");
    decision.body.evidence = good;
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_dev_4_no_header_of_a_proof_chooses_its_algorithm_or_key() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let (connection, account, post) = (phone.connection(), phone.account(), "POST".parse().unwrap());
    let nonce = connection.nonce().await.unwrap();
    let proof = connection.proof(account.identity(), &post, "requests/pending", b"{}", &nonce).unwrap();
    let [_, claims, signature] = proof.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let (id, typ) = (account.phone.as_str(), "akkoord-proof+jwt");
    let thief = StoredKey::generate().unwrap();
    let by_thief = |header: &Value| {
        let signed = format!("{}.{claims}", encode(header.to_string().as_bytes()));
        format!("{signed}.{}", encode(&thief.sign(signed.as_bytes()).unwrap().0))
    };
    let by_public_key = |header: &Value| {
        let signed = format!("{}.{claims}", encode(header.to_string().as_bytes()));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, account.key.public().point());
        format!("{signed}.{}", encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()).as_ref()))
    };
    let unsigned =
        |header: &Value, signature: &str| format!("{}.{claims}.{signature}", encode(header.to_string().as_bytes()));
    let claims_value: Value = serde_json::from_slice(&decode(claims).unwrap()).unwrap();
    let forged = [
        unsigned(&json!({ "alg": "none", "typ": typ, "kid": id }), ""),
        unsigned(&json!({ "alg": "none", "typ": typ, "kid": id }), signature),
        by_public_key(&json!({ "alg": "HS256", "typ": typ, "kid": id })),
        by_public_key(&json!({ "alg": "ES256", "typ": typ, "kid": id })),
        by_thief(&json!({ "alg": "ES384", "typ": typ, "kid": id })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": id })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": id, "jwk": thief.public().jwk() })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": id, "jku": "https://evil.example/keys" })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": "../../root.key" })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": "' OR '1'='1" })),
        by_thief(&json!({ "alg": "ES256", "typ": typ, "kid": id, "crit": [] })),
        by_thief(&json!({ "alg": "ES256", "typ": "akkoord-decision+jwt", "kid": id })),
        sign_with_key_in_header(&thief, Typ::Proof, &claims_value).unwrap(),
    ];
    for proof in &forged {
        let answer = connection.exchange(&post, "requests/pending", b"{}", Some(proof)).await.unwrap();
        let header = String::from_utf8(decode(proof.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(answer.result().unwrap_err().code(), Some(Code::BadProof), "{header}");
    }
    let answer = connection.exchange(&post, "requests/pending", b"{}", Some(&proof)).await.unwrap();
    answer.result().unwrap();
}

/// Somebody who can write the database puts another text before the phone's owner.
#[tokio::test]
async fn t_req_1_a_request_that_was_changed_in_the_database_is_not_shown() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, _) = app.start(&ada).await;
    let pending: Pending = phone.post("requests/pending", &Empty {}).await.unwrap();
    let parts: Vec<&str> = pending.requests[0].split('.').collect();
    let claims: Value = serde_json::from_slice(&decode(parts[1]).unwrap()).unwrap();
    browser.submit("/signin/cancel", &[]).await.unwrap();
    let changes: [fn(&mut Value); 6] = [
        |claims| claims["app"]["name"] = "Your bank".into(),
        |claims| claims["ctx"]["ip"] = "192.0.2.1".into(),
        |claims| claims["ctx"]["known"] = true.into(),
        |claims| claims["op"] = "practice".into(),
        |claims| claims["number"] = json!({ "mode": "choose", "options": ["10", "11", "12"] }),
        |claims| claims["exp"] = (claims["exp"].as_i64().unwrap() + 3600).into(),
    ];
    for change in changes {
        let mut changed = claims.clone();
        change(&mut changed);
        let message = format!("{}.{}.{}", parts[0], encode(changed.to_string().as_bytes()), parts[2]);
        let flow = place(&app, &ada.id, &phone, message).await;
        let shown = phone.pending().await.unwrap();
        assert_eq!((shown.waiting.len(), shown.unreadable.len()), (0, 1), "{changed}");
        let (id, now) = (flow.0, app.app.clock.now());
        let ended = app.app.store.write(move |tx| Box::pin(async move { tx.cancel_approval(&id, &flow.1, now).await }));
        assert!(ended.await.map_err(|error: StoreError| error).unwrap());
    }
}

/// Puts a request with this message into the database.
async fn place(
    app: &TestApp,
    account: &AccountId,
    phone: &Phone,
    message: String,
) -> (ApprovalId, akkoord_core::secret::TokenHash) {
    let (flow, now) = (Token::new(&SystemRandom).hash(), app.app.clock.now());
    let new = NewApproval {
        id: ApprovalId::new(&SystemRandom),
        account_id: account.clone(),
        decoy: false,
        organisation_id: None,
        flow_hash: flow.clone(),
        operation: "signin".to_owned(),
        client_id: "akkoord".to_owned(),
        client_name: "Example School".to_owned(),
        context: "{}".to_owned(),
        mode: "enter".to_owned(),
        unlock: "any".to_owned(),
        created_at: now,
        known_at: None,
        rings_at: None,
        expires_at: now + std::time::Duration::from_secs(120),
    };
    let id = new.id.clone();
    let phone = PhoneId::try_from(phone.account().phone.to_string()).unwrap();
    let placed = app.app.store.write(move |tx| {
        Box::pin(async move {
            let placed = tx.place_approval(&new, &["42".to_owned()]).await?;
            assert!(matches!(placed, Placed::Placed { .. }));
            tx.add_approval_message(&new.id, &phone, &message).await
        })
    });
    placed.await.map_err(|error: StoreError| error).unwrap();
    (id, flow)
}

#[tokio::test]
async fn t_req_2_a_decision_made_over_another_text_is_refused() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (_one, number) = app.start(&ada).await;
    let (_two, _) = app.start(&ada).await;
    let waiting = phone.pending().await.unwrap().waiting;
    let account = phone.account();
    let decision = Decision {
        v: 1,
        iss: account.phone.clone(),
        aud: account.server.iss.clone(),
        rid: waiting[0].id().clone(),
        rh: waiting[1].checked.hash,
        d: Verdict::Approve,
        number: Some(number),
        unlock: UnlockedBy::Webauthn,
        iat: phone.now(),
        jti: Id::new(&SystemRandom),
    };
    let decision = decision.sign(&account.key).unwrap();
    let credential = account.platform.as_ref().unwrap().assert(&evidence_hash(&decision)).unwrap();
    let body = Decide { decision, evidence: Some(Evidence::Webauthn { credential }) };
    let path = format!("requests/{}/decision", waiting[0].id());
    assert_eq!(code(phone.post::<_, State>(&path, &body).await), Code::WrongRequest);
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 2);
}

#[tokio::test]
async fn t_req_3_nothing_that_a_browser_writes_reaches_the_phone() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let long = format!("TAP APPROVE NOW \" <b> {}", "A".repeat(8000));
    for (agent, forwarded, address) in [
        (long.as_str(), "TAP APPROVE NOW", "127.0.0.1"),
        ("TAP APPROVE NOW Firefox/140.0 (Windows NT 10.0)", "TAP APPROVE NOW, 203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9, not an address", "127.0.0.1"),
    ] {
        let mut browser = app.browser();
        browser.open("/signin").await.unwrap();
        let token = browser.page.form_token("/signin").unwrap();
        let body = form([("csrf", token.as_str()), ("username", ada.username.as_str())]);
        let headers = [("user-agent", agent), ("x-forwarded-for", forwarded)];
        let answer = browser.send("POST".parse().unwrap(), "/signin", Some(body), &headers).await.unwrap();
        assert_eq!(answer.status, 303);
        let shown = phone.pending().await.unwrap();
        assert!(shown.unreadable.is_empty());
        let request = &shown.waiting[0].checked.request;
        assert_eq!(request.ctx.ip.as_ref().unwrap().as_str(), address);
        assert!(!serde_json::to_string(request).unwrap().contains("APPROVE"), "{request:?}");
        phone.deny(&shown.waiting[0]).await.unwrap();
    }
}

#[tokio::test]
async fn t_num_4_a_number_on_somebody_elses_request_touches_only_that() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    app.pass(std::time::Duration::from_secs(1));
    let (mut stranger, other_number) = app.start(&ada).await;
    assert_ne!(number, other_number);
    let waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(code(phone.approve(&waiting[1], &number, &right_pin()).await), Code::WrongNumber);
    phone.approve(&waiting[0], &number, &right_pin()).await.unwrap();
    assert!(steps::finish_sign_in(&mut stranger).await.is_err());
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_fat_2_starts_of_strangers_displace_nobodys_request() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    for _ in 0..8 {
        app.pass(std::time::Duration::from_secs(1));
        app.start(&ada).await;
    }
    let waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(waiting.len(), 2, "all that browsers unknown to the account get");
    phone.approve(&waiting[0], &number, &right_pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_ses_3_every_form_refuses_a_foreign_page() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let token = browser.page.form_token("/account/sign-out").unwrap();
    let map = include_str!("../../src/http/pages/mod.rs");
    let routes = map.split(".route(").skip(1).filter(|route| route.split(".route(").next().unwrap().contains("post("));
    let paths: Vec<&str> = routes.map(|route| route.split('"').nth(1).unwrap()).collect();
    assert!(paths.len() > 12 && paths.contains(&"/account/practice"), "{paths:?}");
    for path in paths {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "AAAAAAAAAAAAAAAAAAAAAA" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        // What a foreign page can send at most: our cookies, and even a token that it should not have.
        let fields =
            [("csrf", token.as_str()), ("username", "ada"), ("pass", "x"), ("digits", "123456"), ("name", "x")];
        for headers in [
            [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
            [("origin", "https://evil.example"), ("sec-fetch-site", "")],
            [("origin", "null"), ("sec-fetch-site", "")],
            [("origin", ""), ("sec-fetch-site", "")],
        ] {
            let answer = browser.send("POST".parse().unwrap(), &path, Some(form(fields)), &headers).await.unwrap();
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/account", "nothing has happened");
}

#[tokio::test]
async fn t_enr_7_a_phone_cannot_bring_points_off_the_curve_or_one_key_for_two_things() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let good = claimed.enrol_claims(name("Phone"), Platform::Terminal);
    let mut off_curve = serde_json::to_value(good.pin.clone().unwrap()).unwrap();
    off_curve["y"] = off_curve["x"].clone();
    let wrong: Vec<Jwk> = vec![serde_json::from_value(off_curve).unwrap(), claimed.key.public().jwk()];
    for key in wrong {
        let claims = akkoord_protocols::phone::enrolment::Enrol { pin: Some(key), ..good.clone() };
        let refused = claimed.send_prove(&claimed.prove_body(&claims).unwrap()).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Invalid));
    }
    let body = claimed.prove_body(&good).unwrap();
    assert_eq!(claimed.send_prove(&body).await.unwrap(), "PROVED");
    // A PIN that is blinded to no point of the group.
    let (ben, phone, _) = app.account_with_phone("ben").await;
    app.start(&ben).await;
    let request = oldest(&phone).await.id().clone();
    for first in [0_u8, 2, 4, 5] {
        let mut point = [0xff; 33];
        point[0] = first;
        let body = json!({ "request": request, "blinded": encode(&point) });
        assert_eq!(code(phone.post::<_, PinEvaluated>("pin/evaluate", &body).await), Code::Invalid);
    }
}
