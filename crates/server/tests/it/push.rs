//! Push subscriptions as phones tell them.

use akkoord_authenticator::{CallError, Outgoing, Payload, Phone, Repeat};
use akkoord_core::ids::PhoneId;
use akkoord_protocols::phone::problem::Code;
use akkoord_store::{Place, StoreError};
use serde_json::{Value, json};

use crate::support::TestApp;

/// The public key of RFC 8291 appendix A.
const P256DH: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn subscription(endpoint: &str) -> Value {
    json!({ "endpoint": endpoint, "keys": { "p256dh": P256DH, "auth": AUTH } })
}

async fn call(phone: &Phone, method: &str, body: &str) -> Result<Vec<u8>, CallError> {
    let account = phone.account();
    let payload = if body.is_empty() { Payload::Empty } else { Payload::Bytes(body.as_bytes()) };
    let method = method.parse().unwrap();
    let identity = Some(account.identity());
    phone.connection().call(&Outgoing { method, path: "push", payload, identity, repeat: Repeat::Never }).await
}

async fn has_push(phone: &Phone) -> bool {
    phone.own_state().await.unwrap().push
}

/// What is kept of a phone's subscription.
async fn kept(app: &TestApp, phone: &Phone) -> Option<Value> {
    let id = PhoneId::try_from(phone.account().phone.to_string()).unwrap();
    let wanted = id.clone();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&wanted).await })).await;
    let row = row.map_err(|error: StoreError| error).unwrap()?;
    let plain = app.app.store.seal().open(Place::PushSubscription, id.as_str(), &row.sealed).unwrap();
    Some(serde_json::from_slice(&plain).unwrap())
}

async fn changes(app: &TestApp) -> usize {
    app.audit().await.iter().filter(|event| *event == "phone.push_changed").count()
}

#[tokio::test]
async fn a_phone_says_where_to_ring_and_takes_it_back() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with_phone("ada").await;
    let (_, other, _) = app.account_with_phone("ben").await;
    assert!(!has_push(&phone).await);
    let first = subscription("https://updates.push.services.mozilla.com/first");
    call(&phone, "PUT", &first.to_string()).await.unwrap();
    assert!(has_push(&phone).await);
    assert!(!has_push(&other).await, "one phone's is not another's");
    assert_eq!(kept(&app, &phone).await, Some(first.clone()));
    // The same at the next start changes nothing; another one takes its place.
    call(&phone, "PUT", &first.to_string()).await.unwrap();
    assert_eq!(changes(&app).await, 1);
    let second = subscription("https://updates.push.services.mozilla.com/second");
    call(&phone, "PUT", &second.to_string()).await.unwrap();
    assert_eq!(kept(&app, &phone).await, Some(second));
    call(&phone, "DELETE", "").await.unwrap();
    assert!(!has_push(&phone).await);
    assert_eq!(kept(&app, &phone).await, None);
    call(&phone, "DELETE", "").await.unwrap();
    assert_eq!(changes(&app).await, 3);
}

#[tokio::test]
async fn a_subscription_goes_with_its_phone() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with_phone("ada").await;
    call(&phone, "PUT", &subscription("https://updates.push.services.mozilla.com/x").to_string()).await.unwrap();
    phone.unregister().await.unwrap();
    assert_eq!(kept(&app, &phone).await, None);
    let refused = call(&phone, "PUT", &subscription("https://updates.push.services.mozilla.com/x").to_string())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Some(Code::Removed));
    assert_eq!(kept(&app, &phone).await, None);
}

#[tokio::test]
async fn a_subscription_that_is_none_is_refused_and_nothing_changes() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with_phone("ada").await;
    let good = subscription("https://updates.push.services.mozilla.com/good");
    call(&phone, "PUT", &good.to_string()).await.unwrap();
    let with = |member: &str, value: Value| {
        let mut changed = good.clone();
        match member.split_once('.') {
            Some((outer, inner)) => changed[outer][inner] = value,
            None => changed[member] = value,
        }
        changed.to_string()
    };
    let bodies = [
        "".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        with("endpoint", json!("http://push.example.org/x")),
        with("endpoint", json!("https://push.example.org/x")),
        with("endpoint", json!("https://192.168.1.1/x")),
        with("endpoint", json!("https://[::ffff:10.0.0.1]/x")),
        with("endpoint", json!("https://169.254.169.254/latest/meta-data")),
        with("endpoint", json!("file:///etc/passwd")),
        with("endpoint", json!(format!("https://updates.push.services.mozilla.com/{}", "x".repeat(2000)))),
        with("endpoint", json!(7)),
        with("expirationTime", Value::Null),
        with("expirationTime", json!(1)),
        with("more", json!("x")),
        with("keys.auth", json!("AAAA")),
        with("keys.auth", json!(format!("{AUTH}=="))),
        with("keys.p256dh", json!(&P256DH[..86])),
        with("keys.p256dh", json!(format!("BA{}", "A".repeat(85)))),
        with("keys.more", json!("x")),
    ];
    for body in bodies {
        let refused = call(&phone, "PUT", &body).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Invalid), "{body}");
        let problem = format!("{:?}", refused.problem());
        assert!(!problem.contains("192.168") && !problem.contains("etc/passwd"), "a value is repeated: {problem}");
    }
    assert_eq!(kept(&app, &phone).await, Some(good));
    assert_eq!(changes(&app).await, 1);
}

#[tokio::test]
async fn a_server_of_this_machine_may_ring_this_machine() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with_phone("ada").await;
    call(&phone, "PUT", &subscription("http://localhost:9/x").to_string()).await.unwrap();
    assert!(has_push(&phone).await);
}
