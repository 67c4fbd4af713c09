//! Pushes all the way into real browsers: sent over HTTP, taken by a push service on this machine, opened by the
//! browser, shown as a notice by a worker.

use akkoord_fake_push::{FakePush, sender::Sender};
use serde_json::{Value, json};

use crate::support::{
    chromium::{Chromium, ONLY_LOCALHOST},
    firefox::Firefox,
    push::{Site, Subscribed},
};

/// What holds in both. The texts that are shown add up, so each list shows that nothing else arrived.
async fn there_and_back(fake: &FakePush, eval: impl AsyncFn(&str) -> Value) {
    let subscribed = Subscribed::on(&eval).await;
    assert_eq!(subscribed.push(fake, "first").await.status, 201);
    assert_eq!(eval("next()").await, json!(["first"]));

    let stranger = Sender::new().unwrap();
    assert_eq!(subscribed.push_as(&stranger, fake, "forged").await.status, 403);
    assert_eq!(subscribed.push(fake, "second").await.status, 201);
    let mut shown: Vec<String> = serde_json::from_value(eval("next()").await).unwrap();
    shown.sort();
    assert_eq!(shown, ["first", "second"]);

    assert_eq!(eval("unsubscribe()").await, true);
    // Chromium says that it is done before it tells its push service.
    fake.wait_for_end(subscribed.endpoint()).await.unwrap();
    assert_eq!(subscribed.push(fake, "too late").await.status, 410);
    assert_eq!(fake.deliveries().len(), 4);
}

#[tokio::test]
async fn a_push_reaches_a_worker_in_chromium() {
    let fake = FakePush::start().await.unwrap();
    let Some(chromium) = Chromium::start_with(ONLY_LOCALHOST, &fake.chromium_flags()).await else { return };
    let site = Site::start().await;
    let profile = chromium.own_profile();
    profile.grant(&site.origin, &["notifications"]).await;
    let tab = profile.tab(&site.origin).await;
    tab.open("/").await;
    there_and_back(&fake, async |expression| tab.eval(expression).await).await;
    chromium.finish().await;
}

// The line to Firefox is a blocking one; what it talks to needs a thread of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_push_reaches_a_worker_in_firefox() {
    let fake = FakePush::start().await.unwrap();
    let Some(firefox) = Firefox::start_with(&fake.firefox_prefs()) else { return };
    let site = Site::start().await;
    firefox.open(&site.origin);
    there_and_back(&fake, async |expression| firefox.eval(expression)).await;
}
