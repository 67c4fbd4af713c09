//! Nonce, repeats and limits, against a fake.

use akkoord_protocols::jose::{Typ, Unverified};
use akkoord_protocols::phone::proof::Proof;

use super::*;
use crate::fake_server::{Asked, FakeServer, Reply, ok, problem};

const PHONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";

fn identity(key: &SigningKey) -> Option<Identity<'_>> {
    Some(Identity { server: "https://login.example", phone: PHONE, key })
}

fn connection(server: &FakeServer) -> Connection {
    Connection::new(&Network::loopback().unwrap(), &server.api).unwrap()
}

fn claims(asked: &Asked, key: &SigningKey) -> Proof {
    let proof = Unverified::parse(asked.proof.as_deref().unwrap(), Typ::Proof).unwrap();
    proof.verify(PHONE, key.public()).unwrap().claims().unwrap()
}

async fn post(connection: &Connection, identity: Option<Identity<'_>>) -> Result<Empty, CallError> {
    connection.post("expect", &Empty {}, identity).await
}

#[tokio::test]
async fn an_old_nonce_is_replaced_once_with_a_new_proof() {
    let mut first = true;
    let server = FakeServer::start(move |asked| match asked.path.as_str() {
        "nonce" => Reply::Json(200, "first", b"{}".to_vec()),
        _ if std::mem::take(&mut first) => problem(Code::UseNonce, "second"),
        _ => ok(&Empty {}),
    });
    let (connection, key) = (connection(&server), SigningKey::generate().unwrap());
    post(&connection, identity(&key)).await.unwrap();
    assert_eq!(server.paths(), ["POST nonce", "POST expect", "POST expect"]);
    let asked = server.asked.lock().unwrap().clone();
    let (one, two) = (claims(&asked[1], &key), claims(&asked[2], &key));
    assert_eq!((one.nonce.as_str(), two.nonce.as_str()), ("first", "second"));
    assert_ne!(one.jti, two.jti);
    assert_eq!(two.htu, format!("{}/phone/v1/expect", server.api));
    assert_eq!(two.bh.0, akkoord_protocols::bytes::sha256(&[b"{}"]));
    assert_eq!((two.aud.as_str(), two.htm.as_str()), ("https://login.example", "POST"));
    assert!((1_000..1_010).contains(&connection.now().unwrap()), "the server's time, not this machine's");
}

#[tokio::test]
async fn a_second_refusal_of_the_nonce_is_an_error() {
    let server = FakeServer::start(|asked| match asked.path.as_str() {
        "nonce" => Reply::Json(200, "first", b"{}".to_vec()),
        _ => problem(Code::UseNonce, "again"),
    });
    let (connection, key) = (connection(&server), SigningKey::generate().unwrap());
    let error = post(&connection, identity(&key)).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::UseNonce));
    assert_eq!(server.paths().len(), 3);
}

#[tokio::test]
async fn only_use_nonce_is_answered_with_a_repeat() {
    let server = FakeServer::start(|asked| match asked.path.as_str() {
        "nonce" => Reply::Json(200, "first", b"{}".to_vec()),
        _ => problem(Code::BadProof, "second"),
    });
    let (connection, key) = (connection(&server), SigningKey::generate().unwrap());
    let error = post(&connection, identity(&key)).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::BadProof));
    assert_eq!(server.paths(), ["POST nonce", "POST expect"]);
}

#[tokio::test]
async fn a_cut_line_is_repeated_with_the_same_body_but_not_for_an_evaluation() {
    let mut cuts = 1;
    let server = FakeServer::start(move |asked| match asked.path.as_str() {
        "nonce" => Reply::Json(200, "first", b"{}".to_vec()),
        "pin/evaluate" => Reply::Cut,
        _ if cuts > 0 => {
            cuts -= 1;
            Reply::Cut
        }
        _ => ok(&Empty {}),
    });
    let (connection, key) = (connection(&server), SigningKey::generate().unwrap());
    post(&connection, identity(&key)).await.unwrap();
    let asked = server.asked.lock().unwrap().clone();
    assert_eq!(asked[1].body, asked[2].body);
    assert_ne!(claims(&asked[1], &key).jti, claims(&asked[2], &key).jti);

    let outgoing = Outgoing {
        method: Method::POST,
        path: "pin/evaluate",
        payload: Payload::Bytes(b"{}"),
        identity: identity(&key),
        repeat: Repeat::Never,
    };
    let error = connection.call(&outgoing).await.unwrap_err();
    assert!(matches!(error, CallError::Network(_)), "{error:?}");
    assert_eq!(server.paths().iter().filter(|path| path.contains("evaluate")).count(), 1);
}

#[tokio::test]
async fn answers_are_limited_and_must_be_of_this_protocol() {
    let server = FakeServer::start(|asked| match asked.path.as_str() {
        "large" => Reply::Json(200, "n", vec![b' '; MAX_ANSWER + 1]),
        "moved" => Reply::Json(302, "n", b"{}".to_vec()),
        "stray" => Reply::Json(500, "n", br#"{"code":"not_found","title":"x","status":404}"#.to_vec()),
        "busy" => problem(Code::Busy, "n"),
        _ => Reply::Json(200, "n", br#"{"until":1,"until":2}"#.to_vec()),
    });
    let connection = connection(&server);
    for path in ["large", "moved", "stray", "doubled"] {
        let result: Result<akkoord_protocols::phone::call::Expect, _> = connection.post(path, &Empty {}, None).await;
        assert!(matches!(result, Err(CallError::Unreadable(_))), "{path}: {result:?}");
    }
    match connection.post::<_, Empty>("busy", &Empty {}, None).await {
        Err(CallError::Refused(refusal)) => assert_eq!(refusal.retry_after, Some(Duration::from_secs(7))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn plain_http_leaves_this_machine_for_nobody() {
    let network = Network::loopback().unwrap();
    assert!(Connection::new(&network, "http://phone.example.org").is_err());
    assert!(Connection::new(&network, "https://phone.example.org").is_ok());
    assert!(Connection::new(&network, "http://phone.localhost:8080").is_ok());
}
