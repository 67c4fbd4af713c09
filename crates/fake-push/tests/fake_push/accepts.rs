//! Pushes that arrive.

use akkoord_fake_push::{Outcome, Service};

use crate::support::{DAY, Pair};

#[tokio::test]
async fn a_push_arrives_and_is_written_down() {
    let pair = Pair::new().await;
    let answered = pair.push("hello", &[("urgency", "high"), ("topic", "a-phone_1")]).await;
    assert_eq!(answered.status, 201);
    assert!(answered.head.contains("location: /message/") && answered.head.contains("ttl: 60"), "{}", answered.head);
    assert_eq!(pair.collect(), ["hello"]);
    assert!(pair.collect().is_empty(), "once");
    let [delivery] = &pair.fake.wait_for(1).await.unwrap()[..] else { unreachable!("one was sent") };
    assert_eq!(delivery.outcome, Outcome::Accepted);
    assert_eq!((delivery.header("urgency"), delivery.header("topic")), (Some("high"), Some("a-phone_1")));
    assert_eq!(delivery.target, pair.cut().1);
    let claims = delivery.claims.as_ref().unwrap();
    assert_eq!((claims.audience.as_str(), claims.expires), (pair.fake.base().as_str(), pair.now() + DAY));
    assert_eq!(pair.subscription.open(&delivery.body).unwrap(), b"hello");
}

#[tokio::test]
async fn who_waits_is_woken_by_the_push_and_not_by_that_of_another() {
    let pair = Pair::new().await;
    let other = pair.fake.subscribe_plain(Service::Own, None).unwrap();
    let (arrived, _) = tokio::join!(pair.subscription.arrival(), pair.push("hello", &[]));
    assert_eq!(arrived.unwrap(), [b"hello"]);
    pair.push("again", &[]).await;
    tokio::select! {
        biased;
        _ = other.arrival() => panic!("nothing was sent there"),
        arrived = pair.subscription.arrival() => assert_eq!(arrived.unwrap(), [b"again"]),
    }
}

#[tokio::test]
async fn each_service_gives_endpoints_of_its_own_form() {
    for (service, beginning, end) in [
        (Service::Google, "https://fcm.googleapis.com/fcm/send/", ""),
        (Service::Mozilla, "https://updates.push.services.mozilla.com/wpush/v2/", ""),
        (Service::Apple, "https://web.push.apple.com/", ""),
        (Service::UnifiedPush, "https://ntfy.sh/up", "?up=1"),
    ] {
        let pair = Pair::of(service).await;
        let endpoint = pair.subscription.endpoint();
        assert!(endpoint.starts_with(beginning) && endpoint.ends_with(end), "{endpoint}");
        let map = pair.fake.origin_map();
        assert!(map.iter().any(|(from, to)| *from == pair.cut().0 && *to == pair.fake.base()), "{endpoint}");
        assert_eq!(pair.push("hello", &[]).await.status, 201, "{endpoint}");
        assert_eq!(pair.collect(), ["hello"]);
    }
}

#[tokio::test]
async fn a_topic_takes_the_place_of_what_still_waits_under_it() {
    let pair = Pair::new().await;
    pair.push("one", &[("topic", "a")]).await;
    pair.push("two", &[("topic", "b")]).await;
    pair.push("three", &[]).await;
    pair.push("four", &[("topic", "a")]).await;
    assert_eq!(pair.collect(), ["two", "three", "four"]);
    pair.push("five", &[("topic", "a")]).await;
    assert_eq!(pair.collect(), ["five"], "what was collected is not replaced");
    assert_eq!(pair.fake.deliveries().len(), 5);
}

#[tokio::test]
async fn nothing_is_kept_longer_than_its_sender_says() {
    let pair = Pair::new().await;
    pair.push("at once or never", &[("ttl", "0")]).await;
    pair.push("soon", &[("ttl", "10")]).await;
    pair.push("later", &[("ttl", "11")]).await;
    let answered = pair.push("never", &[("ttl", "99999999")]).await;
    assert!(answered.head.contains("ttl: 2419200"), "four weeks at most: {}", answered.head);
    pair.pass(10);
    assert_eq!(pair.collect(), ["later", "never"]);
}

#[tokio::test]
async fn a_subscription_without_a_key_takes_unsigned_pushes_but_no_wrong_ones() {
    let mut pair = Pair::new().await;
    pair.subscription = pair.fake.subscribe_plain(Service::Own, None).unwrap();
    assert_eq!(pair.push("unsigned", &[("authorization", "")]).await.status, 201);
    assert_eq!(pair.push("signed", &[]).await.status, 201);
    assert_eq!(pair.push("wrong", &[("authorization", "vapid t=a.b.c, k=d")]).await.status, 403);
    assert_eq!(pair.collect(), ["unsigned", "signed"]);
}
