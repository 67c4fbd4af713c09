//! Pushes that are refused, each for one thing that is wrong with it.

use akkoord_fake_push::{
    Broken, Outcome, Refusal, Service,
    sender::{Sender, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{DAY, Pair};

/// Asserts that the last push was refused for this, and that nothing of it waits.
fn refused(pair: &Pair, status: u16, refusal: Refusal) {
    let last = pair.fake.deliveries().pop().unwrap();
    assert_eq!(last.outcome, Outcome::Refused(refusal));
    assert_eq!(status, refusal.status());
    assert!(pair.collect().is_empty());
}

#[tokio::test]
async fn headers_that_are_missing_or_wrong() {
    let pair = Pair::new().await;
    let long = "a".repeat(33);
    for (name, value, refusal, status) in [
        ("ttl", "", Refusal::Ttl, 400),
        ("ttl", "soon", Refusal::Ttl, 400),
        ("ttl", "-1", Refusal::Ttl, 400),
        ("ttl", "+1", Refusal::Ttl, 400),
        ("urgency", "very-high", Refusal::Urgency, 400),
        ("topic", "a.b", Refusal::Topic, 400),
        ("topic", &long, Refusal::Topic, 400),
        ("content-encoding", "", Refusal::Encoding, 400),
        ("content-encoding", "aesgcm", Refusal::Encoding, 400),
        ("authorization", "", Refusal::Unsigned, 401),
    ] {
        let answered = pair.push("hello", &[(name, value)]).await;
        assert_eq!(answered.status, status, "{name}: {value}");
        assert_eq!(answered.body, refusal.to_string());
        refused(&pair, status, refusal);
    }
    assert_eq!(pair.push("hello", &[("topic", &long[1..]), ("urgency", "very-low")]).await.status, 201);
}

#[tokio::test]
async fn more_than_4096_bytes() {
    let pair = Pair::new().await;
    // Header, delimiter and tag take 86, 1 and 16 bytes.
    let most = "a".repeat(4096 - 103);
    assert_eq!(pair.sealed(&most).len(), 4096);
    assert_eq!(pair.push(&format!("{most}a"), &[]).await.status, 413);
    refused(&pair, 413, Refusal::TooLarge);
    assert_eq!(pair.push(&most, &[]).await.status, 201);
}

#[tokio::test]
async fn what_is_not_http_as_it_should_be_is_told_why() {
    let pair = Pair::new().await;
    let answered = pair.push("hello", &[("transfer-encoding", "chunked")]).await;
    assert_eq!(
        (answered.status, answered.body.as_str()),
        (400, "a push has a Content-Length; nobody needs chunks here")
    );
    let answered = post(&pair.fake.base(), "/push/two words", &[], b"").await.unwrap();
    assert_eq!((answered.status, answered.body.as_str()), (400, "the first line is none of HTTP/1.1"));
    assert!(pair.fake.deliveries().is_empty());
}

#[tokio::test]
async fn each_broken_claim() {
    let pair = Pair::new().await;
    let (origin, path) = pair.cut();
    for (name, value, broken) in [
        ("aud", json!("https://fcm.googleapis.com"), Broken::Audience),
        ("aud", json!(format!("{origin}/")), Broken::Audience),
        ("aud", json!(format!("{origin}{path}")), Broken::Audience),
        ("aud", json!([origin]), Broken::Claim("aud")),
        ("aud", Value::Null, Broken::Claim("aud")),
        ("exp", json!(pair.now()), Broken::Expired),
        ("exp", json!(pair.now() + DAY + 1), Broken::TooLong),
        ("exp", json!((pair.now() + 60) * 1000), Broken::TooLong),
        ("exp", json!("tomorrow"), Broken::Claim("exp")),
        ("exp", Value::Null, Broken::Claim("exp")),
        ("sub", json!("ops@example.org"), Broken::Subject),
        ("sub", Value::Null, Broken::Claim("sub")),
    ] {
        let mut claims = pair.claims();
        claims[name] = value;
        let authorization = pair.sender.authorization(&claims).unwrap();
        let answered = pair.push("hello", &[("authorization", &authorization)]).await;
        assert_eq!(answered.status, 403, "{claims}");
        refused(&pair, 403, Refusal::Vapid(broken));
    }
    pair.push("hello", &[]).await;
    assert_eq!(pair.collect(), ["hello"], "the claims that were changed hold");
}

#[tokio::test]
async fn a_token_of_yesterday() {
    let pair = Pair::new().await;
    let authorization = pair.sender.authorization(&pair.claims()).unwrap();
    assert_eq!(pair.push("today", &[("authorization", &authorization)]).await.status, 201);
    pair.pass(DAY);
    assert_eq!(pair.push("tomorrow", &[("authorization", &authorization)]).await.status, 403);
    refused(&pair, 403, Refusal::Vapid(Broken::Expired));
}

#[tokio::test]
async fn another_key_than_the_one_subscribed_for() {
    let pair = Pair::new().await;
    let authorization = Sender::new().unwrap().authorization(&pair.claims()).unwrap();
    assert_eq!(pair.push("hello", &[("authorization", &authorization)]).await.status, 403);
    refused(&pair, 403, Refusal::Vapid(Broken::Key));
}

#[tokio::test]
async fn tokens_that_somebody_changed() {
    let pair = Pair::new().await;
    let good = pair.sender.authorization(&pair.claims()).unwrap();
    let other = Sender::new().unwrap().authorization(&pair.claims()).unwrap();
    let key = &good[good.find("k=").unwrap()..];
    let token = &good["vapid t=".len()..good.find(',').unwrap()];
    let parts: Vec<_> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
    let mut later = pair.claims();
    later["exp"] = (pair.now() + 60).into();
    let later = URL_SAFE_NO_PAD.encode(later.to_string());
    for (authorization, broken) in [
        (format!("vapid t={}.{later}.{}, {key}", parts[0], parts[2]), Broken::Signature),
        (format!("{}, {key}", &other[..other.find(',').unwrap()]), Broken::Signature),
        (format!("vapid t={}.{}., {key}", parts[0], parts[1]), Broken::Signature),
        (format!("vapid t={none}.{}.{}, {key}", parts[1], parts[2]), Broken::Algorithm),
        (format!("vapid t={}.{}, {key}", parts[0], parts[1]), Broken::Token),
        (format!("vapid t={token}"), Broken::Scheme),
        (format!("WebPush {token}"), Broken::Scheme),
        (token.to_owned(), Broken::Scheme),
    ] {
        let answered = pair.push("hello", &[("authorization", &authorization)]).await;
        assert_eq!(answered.status, 403, "{authorization}");
        refused(&pair, 403, Refusal::Vapid(broken));
    }
    // Order and white space of the parameters are free.
    let turned = format!("Vapid {key},t={token}");
    assert_eq!(pair.push("hello", &[("authorization", &turned)]).await.status, 201);
}

#[tokio::test]
async fn addresses_of_nobody_and_of_who_has_gone() {
    let pair = Pair::of(Service::UnifiedPush).await;
    let (_, target) = pair.cut();
    let base = pair.fake.base();
    for wrong in ["/push/nobody", "/", &target.replace("?up=1", ""), &format!("/push{target}")] {
        let answered = post(&base, wrong, &[("ttl", "1")], b"").await.unwrap();
        assert_eq!(answered.status, 404, "{wrong}");
        refused(&pair, 404, Refusal::Unknown);
    }
    pair.fake.expire(pair.subscription.endpoint());
    assert_eq!(pair.push("hello", &[]).await.status, 410);
    refused(&pair, 410, Refusal::Gone);
}
