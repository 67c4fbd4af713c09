//! Push subscriptions as phones tell them.

use akkoord_authenticator::{CallError, Claimed, Identity, Outgoing, Payload, Phone, Repeat};
use akkoord_core::ids::{EnrolmentId, PhoneId};
use akkoord_protocols::phone::{Platform, problem::Code};
use akkoord_simulator::{
    browser::Browser,
    steps::{self, Offered},
};
use akkoord_store::{EnrolmentRow, Place, StoreError};
use serde_json::{Value, json};

use crate::support::{TestApp, name, stretched};

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

/// A phone that has claimed and chosen a PIN, and the browser with its code.
async fn claimed(app: &TestApp) -> (Browser, Offered, Claimed) {
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    (browser, offered, claimed)
}

/// Answers the offer with a subscription, whatever it is.
async fn prove(claimed: &Claimed, push: Value) -> Result<String, CallError> {
    let body = claimed.prove_body(&claimed.enrol_claims(name("Phone"), Platform::Android)).unwrap();
    let mut body = serde_json::to_value(body).unwrap();
    body["push"] = push;
    let (offer, body) = (claimed.offer(), body.to_string());
    let outgoing = Outgoing {
        method: "POST".parse().unwrap(),
        path: "enrolments/prove",
        payload: Payload::Bytes(body.as_bytes()),
        identity: Some(Identity { server: &offer.iss, phone: offer.phone.as_str(), key: &claimed.key }),
        repeat: Repeat::Never,
    };
    let answer = claimed.connection.call(&outgoing).await?;
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    Ok(answer["state"].as_str().unwrap().to_owned())
}

async fn stage(browser: &mut Browser, offered: &Offered) -> Option<String> {
    browser.open(&offered.path).await.unwrap();
    browser.page.attribute("data-stage")
}

async fn enrolment(app: &TestApp, claimed: &Claimed) -> EnrolmentRow {
    let id = EnrolmentId::try_from(claimed.offer().enr.to_string()).unwrap();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.enrolment(&id).await })).await;
    row.map_err(|error: StoreError| error).unwrap().unwrap()
}

#[tokio::test]
async fn a_new_phone_says_where_to_ring_with_its_answer() {
    let app = TestApp::new().await;
    let (mut browser, offered, claimed) = claimed(&app).await;
    let push = subscription("https://updates.push.services.mozilla.com/from-the-start");
    assert_eq!(prove(&claimed, push.clone()).await.unwrap(), "PROVED");
    // Until the digits are typed it lies sealed with the enrolment, and nobody may be rung.
    let row = enrolment(&app, &claimed).await;
    let sealed = row.proved.unwrap();
    let plain = app.app.store.seal().open(Place::EnrolmentProved, row.id.as_str(), &sealed).unwrap();
    let plain: Value = serde_json::from_slice(&plain).unwrap();
    assert_eq!(plain["push"], push);
    let id = row.phone_id.clone();
    let subscribed = app.app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&id).await })).await;
    assert_eq!(subscribed.map_err(|error: StoreError| error).unwrap(), None);

    let proved = claimed.proved(name("Phone"));
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    let connection = proved.connection.clone();
    let phone = Phone::new(connection, proved.wait().await.unwrap());
    assert!(has_push(&phone).await);
    assert_eq!(kept(&app, &phone).await, Some(push));
    assert_eq!(changes(&app).await, 0, "it came with the phone");
}

#[tokio::test]
async fn a_new_phone_that_names_no_place_to_ring_may_answer_again() {
    let app = TestApp::new().await;
    let (mut browser, offered, claimed) = claimed(&app).await;
    // What is no subscription at all is no answer, and counts for nothing.
    for garbage in [json!("x"), json!({}), json!(null), json!({ "endpoint": "https://push.example.org/x" }), json!([])]
    {
        assert_eq!(prove(&claimed, garbage.clone()).await.unwrap_err().code(), Some(Code::Invalid), "{garbage}");
    }
    // An answer that names a place inside is one of three.
    for inside in ["https://192.168.1.1/x", "https://[fd00::1]/x"] {
        let refused = prove(&claimed, subscription(inside)).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Invalid), "{inside}");
        assert!(refused.problem().unwrap().detail.as_ref().unwrap().starts_with("push"), "{inside}");
        assert_eq!(stage(&mut browser, &offered).await.as_deref(), Some("claimed"), "{inside}");
    }
    assert_eq!(enrolment(&app, &claimed).await.proved, None, "nothing of it is kept");
    assert_eq!(prove(&claimed, subscription("https://updates.push.services.mozilla.com/x")).await.unwrap(), "PROVED");
    assert_eq!(stage(&mut browser, &offered).await.as_deref(), Some("digits"));
}

#[tokio::test]
async fn the_third_place_inside_ends_the_enrolment() {
    let app = TestApp::new().await;
    let (mut browser, offered, claimed) = claimed(&app).await;
    for _ in 0..3 {
        assert_eq!(stage(&mut browser, &offered).await.as_deref(), Some("claimed"));
        let refused = prove(&claimed, subscription("https://169.254.169.254/latest")).await.unwrap_err();
        assert_eq!(refused.code(), Some(Code::Invalid));
    }
    assert_eq!(stage(&mut browser, &offered).await.as_deref(), Some("ended"));
}
