//! The calls of phones as a hostile client makes them: without a proof, with another's, too large, twice.

use akkoord_authenticator::{Identity, Outgoing, Payload, Repeat};
use akkoord_protocols::phone::problem::Code;
use akkoord_simulator::steps;

use crate::support::{TestApp, pin};

/// Every call of `/phone/v1` that needs a proof: method, path, and a body that is right but for the proof. A route
/// that is added without a row here makes `every_route_of_the_phones_is_listed` fail.
const SIGNED: [(&str, &str, &str); 20] = [
    ("POST", "enrolments/state", "{}"),
    ("POST", "enrolments/start", r#"{"evidence":{"type":"pin","jws":"x"}}"#),
    ("POST", "enrolments/AAAAAAAAAAAAAAAAAAAAAA/digits", r#"{"digits":"123456"}"#),
    ("POST", "requests/pending", "{}"),
    ("POST", "requests/AAAAAAAAAAAAAAAAAAAAAA/decision", r#"{"decision":"x"}"#),
    ("GET", "events", ""),
    ("POST", "expect", "{}"),
    ("POST", "history", "{}"),
    ("POST", "history/AAAAAAAAAAAAAAAAAAAAAA/report", "{}"),
    ("POST", "pin/evaluate", r#"{"request":"AAAAAAAAAAAAAAAAAAAAAA","blinded":"x"}"#),
    ("POST", "pin/change/start", "{}"),
    ("POST", "pin/change/finish", "{}"),
    ("PUT", "push", r#"{"endpoint":"x","keys":{"p256dh":"x","auth":"x"}}"#),
    ("DELETE", "push", ""),
    ("POST", "push/test", "{}"),
    ("GET", "self", ""),
    ("PATCH", "self", "{}"),
    ("DELETE", "self", ""),
    ("POST", "rotate", r#"{"rotate":"x"}"#),
    ("POST", "enrolments/prove", r#"{"t":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","enrol":"x"}"#),
];

/// Calls that need no proof.
const UNSIGNED: [&str; 3] = ["nonce", "enrolments/claim", "enrolments/pin"];

#[test]
fn every_route_of_the_phones_is_listed() {
    let map = include_str!("../../src/http/phone/mod.rs");
    let mut routes = 0;
    for line in map.lines().filter_map(|line| line.trim().strip_prefix(".route(\"/")) {
        let (path, methods) = line.split_once('"').unwrap();
        let calls =
            ["get(", "post(", "put(", "patch(", "delete("].iter().filter(|verb| methods.contains(**verb)).count();
        routes += calls;
        let shape = |path: &str| {
            path.split('/')
                .map(|part| if part.starts_with('{') || part.len() == 22 { "*" } else { part })
                .collect::<Vec<_>>()
                .join("/")
        };
        let listed = SIGNED.iter().filter(|(_, listed, _)| shape(listed) == shape(path)).count()
            + UNSIGNED.iter().filter(|listed| **listed == path).count();
        assert_eq!(listed, calls, "{path}");
    }
    assert_eq!(routes, SIGNED.len() + UNSIGNED.len());
}

#[tokio::test]
async fn t_dev_1_no_call_works_without_a_proof() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let connection = phone.connection();
    for (method, path, body) in SIGNED {
        let method = method.parse().unwrap();
        let missing = connection.exchange(&method, path, body.as_bytes(), None).await.unwrap();
        let refused = missing.result().unwrap_err();
        assert_eq!(refused.code(), Some(Code::UseNonce), "{path}");
        let garbage = connection.exchange(&method, path, body.as_bytes(), Some("a.b.c")).await.unwrap();
        let refused = garbage.result().unwrap_err();
        assert!(matches!(refused.code(), Some(Code::BadProof | Code::NotFound)), "{path} {refused:?}");
    }
}

#[tokio::test]
async fn t_dev_2_a_proof_is_for_one_call_one_body_and_one_time() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let connection = phone.connection();
    let account = phone.account();
    let identity: Identity<'_> = account.identity();
    let post = "POST".parse().unwrap();
    let nonce = connection.nonce().await.unwrap();
    let proof = connection.proof(identity, &post, "requests/pending", b"{}", &nonce).unwrap();
    let send = |path: &'static str, body: &'static [u8], proof: String| {
        let (connection, post) = (connection.clone(), "POST".parse().unwrap());
        async move { connection.exchange(&post, path, body, Some(&proof)).await.unwrap().result().map(drop) }
    };
    assert_eq!(send("history", b"{}", proof.clone()).await.unwrap_err().code(), Some(Code::BadProof), "other path");
    let other_body = send("requests/pending", b"{ }", proof.clone()).await;
    assert_eq!(other_body.unwrap_err().code(), Some(Code::BadProof), "other body");
    send("requests/pending", b"{}", proof.clone()).await.unwrap();
    let replayed = send("requests/pending", b"{}", proof).await;
    assert_eq!(replayed.unwrap_err().code(), Some(Code::BadProof), "replayed");
    let proof = connection.proof(identity, &post, "requests/pending", b"{}", &nonce).unwrap();
    app.pass(std::time::Duration::from_secs(301));
    assert_eq!(send("requests/pending", b"{}", proof).await.unwrap_err().code(), Some(Code::UseNonce), "old nonce");
}

#[tokio::test]
async fn t_dev_3_a_foreign_request_looks_like_none() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_ben, other, _) = app.account_with_phone("ben").await;
    let (_browser, _) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    let foreign = other.prepare_refusal(&request, akkoord_protocols::phone::decision::Verdict::Deny).unwrap();
    let mut unknown = foreign.clone();
    unknown.request = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let refusal = |error: akkoord_authenticator::PhoneError| match error {
        akkoord_authenticator::PhoneError::Call(error) => error.problem().unwrap().clone(),
        other => panic!("{other:?}"),
    };
    let foreign = refusal(other.decide(&foreign).await.unwrap_err());
    assert_eq!(foreign.code, Code::NotFound);
    assert_eq!(foreign, refusal(other.decide(&unknown).await.unwrap_err()));
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 1, "Ada's request still waits");
}

#[tokio::test]
async fn t_req_2_a_decision_about_one_request_does_not_settle_another() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_one, _) = app.start(&ada).await;
    let (_two, number) = app.start(&ada).await;
    let waiting = phone.pending().await.unwrap().waiting;
    let mut swapped = phone.prepare_approval(&waiting[0], &number, &pin()).await.unwrap();
    swapped.request = waiting[1].id().clone();
    let refused = phone.decide(&swapped).await.unwrap_err();
    let akkoord_authenticator::PhoneError::Call(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code(), Some(Code::Invalid));
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 2);
}

#[tokio::test]
async fn t_uv_1_evidence_for_another_decision_is_refused_and_the_third_ends_the_request() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", crate::support::Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    let platform = akkoord_authenticator::Unlocking::Platform;
    let other = phone.prepare_approval(&request, &number, &platform).await.unwrap();
    for left in [2, 1, 0] {
        let mut decision = phone.prepare_approval(&request, &number, &platform).await.unwrap();
        decision.body.evidence = other.body.evidence.clone();
        let refused = phone.decide(&decision).await.unwrap_err();
        let akkoord_authenticator::PhoneError::Call(error) = refused else { panic!("{refused:?}") };
        let problem = error.problem().unwrap();
        assert_eq!((problem.code, problem.left), (Code::WrongUnlock, Some(left)));
    }
    assert!(phone.decide(&other).await.is_err(), "revoked");
    assert!(browser.open("/signin/approve").await.unwrap().number().is_none());
}

#[tokio::test]
async fn bodies_are_read_strictly_and_never_too_large() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let account = phone.account();
    for body in [&b"{\"a\":1}"[..], b"{\"before\":null}", b"[]", b"", b"{\"before\":1,\"before\":2}"] {
        let outgoing = Outgoing {
            method: "POST".parse().unwrap(),
            path: "history",
            payload: Payload::Bytes(body),
            identity: Some(account.identity()),
            repeat: Repeat::Never,
        };
        let refused = phone.connection().call(&outgoing).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Invalid), "{}", String::from_utf8_lossy(body));
    }
    let large = vec![b' '; 65 * 1024];
    let answer = phone.connection().exchange(&"POST".parse().unwrap(), "nonce", &large, None).await.unwrap();
    assert_eq!(answer.result().unwrap_err().code(), Some(Code::Invalid));
}

#[tokio::test]
async fn a_removed_phone_is_told_when_and_by_whom() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    phone.unregister().await.unwrap();
    let refused = phone.pending().await.unwrap_err();
    let akkoord_authenticator::PhoneError::Call(error) = refused else { panic!("{refused:?}") };
    let problem = error.problem().unwrap().clone();
    assert_eq!((problem.code, problem.removed_by.as_deref()), (Code::Removed, Some("self")));
    app.pass(std::time::Duration::from_secs(91 * 24 * 3600));
    let refused = phone.pending().await.unwrap_err();
    let akkoord_authenticator::PhoneError::Call(error) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code(), Some(Code::BadProof), "after 90 days it is unknown");
}

#[tokio::test]
async fn t_roll_1_phones_follow_a_signed_roll_of_the_servers_key() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let ctx = app.app.own_ctx(akkoord_core::Actor::Operator);
    let from = ctx.now + std::time::Duration::from_secs(60);
    let iss = app.app.config.public_url.clone();
    akkoord_server::use_cases::server_key::roll(&app.app.store, &ctx, &iss, from).await.unwrap();
    let keys = akkoord_server::use_cases::server_key::load(&app.app.store).await.unwrap();
    app.app.replace_server_keys(keys);
    app.pass(std::time::Duration::from_secs(120));
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn a_phone_gives_itself_a_new_key_and_the_old_one_is_void() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let before = phone.account();
    phone.rotate().await.unwrap();
    let old = akkoord_authenticator::Phone::new(phone.connection().clone(), (*before).clone());
    let (mut browser, number) = app.start(&ada).await;
    assert!(old.own_state().await.is_err(), "the old key is void");
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn events_tell_of_a_waiting_request_and_of_its_end() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let mut events = phone.events().await.unwrap();
    let (mut browser, _) = app.start(&ada).await;
    let first = tokio::time::timeout(std::time::Duration::from_secs(5), events.next()).await.unwrap().unwrap();
    assert!(matches!(first, Some(akkoord_authenticator::Event::Waiting { .. })), "{first:?}");
    browser.submit("/signin/cancel", &[]).await.unwrap();
    let second = tokio::time::timeout(std::time::Duration::from_secs(5), events.next()).await.unwrap().unwrap();
    assert!(matches!(second, Some(akkoord_authenticator::Event::Settled { .. })), "{second:?}");
}

#[tokio::test]
async fn any_origin_may_call_and_no_cookie_is_set() {
    let app = TestApp::new().await;
    let client = app.network.client();
    let address = format!("{}/phone/v1/nonce", app.app.config.phone_url);
    let preflight = client
        .request("OPTIONS".parse().unwrap(), &address)
        .header("origin", "https://other.example")
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status().as_u16(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let answer = client.post(&address).header("content-type", "application/json").body("{}").send().await.unwrap();
    assert!(answer.headers().get("set-cookie").is_none());
    assert!(answer.headers().contains_key("phone-nonce") && answer.headers().contains_key("phone-time"));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let unknown = client.post(format!("{}/phone/v1/none", app.app.config.phone_url)).send().await.unwrap();
    assert_eq!(unknown.status().as_u16(), 404);
    assert_eq!(unknown.headers()["content-type"], "application/problem+json");
}
