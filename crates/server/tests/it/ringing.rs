//! Pushes on their whole way to a push service on this machine, and what they meet there.

use std::time::Duration;

use akkoord_authenticator::Phone;
use akkoord_fake_push::{Delivery, FakePush, Fault, Outcome, PlainSubscription, Service};
use akkoord_protocols::phone::call::{OwnChange, PushTest};
use akkoord_server::jobs;
use akkoord_simulator::{browser::Browser, steps};
use akkoord_store::{Lane, StoreError};
use serde_json::Value;

use crate::support::{TestAccount, TestApp, pin};

/// A server whose pushes go to a push service on this machine.
async fn world() -> (TestApp, FakePush) {
    let push = FakePush::start().await.unwrap();
    (TestApp::ringing(&push).await, push)
}

async fn put(phone: &Phone, subscription: &Value) {
    phone.set_push(&serde_json::from_value(subscription.clone()).unwrap()).await.unwrap();
}

/// Subscribes a phone at one of the services.
async fn subscribe(app: &TestApp, push: &FakePush, phone: &Phone, service: Service) -> PlainSubscription {
    let subscription = push.subscribe_plain(service, Some(&app.app.push_key.0)).unwrap();
    put(phone, &subscription.json()).await;
    subscription
}

/// A sign-in whose page shows its number.
async fn shown(app: &TestApp, account: &TestAccount) -> (Browser, String) {
    let (mut browser, number) = app.start(account).await;
    steps::number_is_shown(&mut browser).await.unwrap();
    (browser, number)
}

async fn run_due(app: &TestApp) -> usize {
    jobs::run_due(&app.app).await.unwrap()
}

fn accepted(push: &FakePush) -> Vec<Delivery> {
    push.deliveries().into_iter().filter(|delivery| delivery.outcome == Outcome::Accepted).collect()
}

async fn is_subscribed(phone: &Phone) -> bool {
    phone.own_state().await.unwrap().push
}

#[tokio::test]
async fn a_phone_rings_once_its_number_is_shown_and_learns_nothing_from_it() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let subscription = subscribe(&app, &push, &phone, Service::Mozilla).await;
    app.mail().await;
    let (mut browser, number) = app.start(&ada).await;
    assert_eq!(run_due(&app).await, 0, "the number may not be on the screen yet");
    steps::number_is_shown(&mut browser).await.unwrap();
    steps::number_is_shown(&mut browser).await.unwrap();
    assert_eq!(run_due(&app).await, 1);
    let [delivery] = &accepted(&push)[..] else { panic!("{:?}", push.deliveries()) };
    assert_eq!(delivery.header("content-encoding"), Some("aes128gcm"));
    assert_eq!(delivery.header("urgency"), Some("high"));
    assert_eq!(delivery.header("topic"), Some(phone.account().phone.to_string().as_str()));
    assert_eq!(delivery.header("ttl"), Some("120"));
    assert_eq!(delivery.claims.as_ref().unwrap().audience, "https://updates.push.services.mozilla.com");
    assert_eq!(subscription.open(&delivery.body).unwrap(), br#"{"v":1,"k":"w"}"#);
    // What is sent, sealed or not, says neither who nor what; T-PUSH-1.
    let sent = format!("{:?} {}", delivery.headers, delivery.target);
    for secret in [ada.username.as_str(), "ada", "Example School", &number] {
        assert!(!sent.contains(secret) || secret.len() < 4, "{secret} in {sent}");
    }
    let waiting = phone.pending().await.unwrap();
    phone.approve(&waiting.waiting[0], &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    assert_eq!((run_due(&app).await, push.deliveries().len()), (0, 1));
}

#[tokio::test]
async fn each_push_is_as_long_whoever_is_rung_and_why() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (bob, other, _) = app.account_with_phone("bob.with-a-longer-name").await;
    subscribe(&app, &push, &phone, Service::Google).await;
    subscribe(&app, &push, &other, Service::Google).await;
    shown(&app, &ada).await;
    shown(&app, &bob).await;
    let test: PushTest = phone.post("push/test", &serde_json::json!({})).await.unwrap();
    assert!(test.sent);
    run_due(&app).await;
    let lengths: Vec<_> = accepted(&push).iter().map(|delivery| delivery.body.len()).collect();
    assert_eq!(lengths.len(), 3);
    assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
}

#[tokio::test]
async fn without_scripts_a_phone_rings_after_a_moment() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    subscribe(&app, &push, &phone, Service::Apple).await;
    app.mail().await;
    app.start(&ada).await;
    app.pass(Duration::from_millis(1400));
    assert_eq!(run_due(&app).await, 0);
    app.pass(Duration::from_millis(100));
    assert_eq!((run_due(&app).await, accepted(&push).len()), (1, 1));
}

#[tokio::test]
async fn a_request_that_is_settled_rings_nobody() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    subscribe(&app, &push, &phone, Service::Own).await;
    app.mail().await;
    let (mut browser, _) = app.start(&ada).await;
    browser.submit("/signin/cancel", &[]).await.unwrap();
    app.start(&ada).await;
    app.pass(Duration::from_secs(121));
    assert_eq!(run_due(&app).await, 2);
    assert!(push.deliveries().is_empty(), "{:?}", push.deliveries());
}

#[tokio::test]
async fn a_subscription_that_its_service_knows_no_more_is_forgotten() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    for (count, fault) in [404, 410].into_iter().enumerate() {
        let subscription = subscribe(&app, &push, &phone, Service::Google).await;
        assert!(is_subscribed(&phone).await);
        push.order(subscription.endpoint(), [Fault::Status(fault)]);
        shown(&app, &ada).await;
        run_due(&app).await;
        assert!(!is_subscribed(&phone).await, "{fault}");
        let told = app.audit().await.iter().filter(|event| *event == "phone.push_changed").count();
        assert_eq!(told, 2 * count + 2, "told by the phone, and taken back");
        app.pass(Duration::from_secs(121));
    }
    // The person who is signing in sees nothing of it, and the app that is opened shows the request.
    let (_, number) = shown(&app, &ada).await;
    let waiting = phone.pending().await.unwrap();
    phone.approve(&waiting.waiting[0], &number, &pin()).await.unwrap();
}

#[tokio::test]
async fn a_service_that_asks_for_a_pause_gets_it() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (bob, other, _) = app.account_with_phone("bob").await;
    let busy = subscribe(&app, &push, &phone, Service::Google).await;
    subscribe(&app, &push, &other, Service::Google).await;
    // 429 is about this subscription, 503 about the service.
    push.order(busy.endpoint(), [Fault::RetryAfter(429, "7".to_owned()), Fault::RetryAfter(503, "9".to_owned())]);
    shown(&app, &ada).await;
    run_due(&app).await;
    app.pass(Duration::from_secs(6));
    assert_eq!(run_due(&app).await, 0);
    app.pass(Duration::from_secs(1));
    run_due(&app).await;
    assert_eq!((push.deliveries().len(), accepted(&push).len()), (2, 0));
    shown(&app, &bob).await;
    run_due(&app).await;
    assert_eq!(push.deliveries().len(), 2, "the service asked for nine seconds");
    app.pass(Duration::from_secs(9));
    run_due(&app).await;
    assert_eq!(accepted(&push).len(), 2);
}

#[tokio::test]
async fn what_fails_is_tried_again_while_the_request_waits() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let subscription = subscribe(&app, &push, &phone, Service::Own).await;
    push.order(subscription.endpoint(), [Fault::Status(500), Fault::Drop]);
    shown(&app, &ada).await;
    for tries in 1..=3 {
        run_due(&app).await;
        assert_eq!(push.deliveries().len(), tries);
        app.pass(Duration::from_secs(3));
    }
    assert_eq!(accepted(&push).len(), 1);
    push.order(subscription.endpoint(), std::iter::repeat_n(Fault::Status(500), 9));
    shown(&app, &ada).await;
    for _ in 0..60 {
        run_due(&app).await;
        app.pass(Duration::from_secs(3));
    }
    assert_eq!(accepted(&push).len(), 1, "its time was over");
    let since = app.app.clock.now() - Duration::from_secs(3600);
    let read = app.app.store.read(move |tx| {
        Box::pin(async move { Ok((tx.count_open_jobs().await?, tx.abandoned_jobs(Lane::Push, since).await?)) })
    });
    let (waiting, (missed, why)) = read.await.map_err(|error: StoreError| error).unwrap();
    assert_eq!((waiting, missed), (0, 1), "the operator is told by `akkoord doctor`");
    assert!(why.unwrap().contains("500"));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_refusal_not_repeated() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let trap = push.subscribe_plain(Service::Own, None).unwrap();
    let subscription = subscribe(&app, &push, &phone, Service::Own).await;
    for fault in [Fault::Redirect(trap.endpoint().to_owned()), Fault::Status(413), Fault::Status(400)] {
        push.order(subscription.endpoint(), [fault]);
        shown(&app, &ada).await;
        run_due(&app).await;
        // And a stranger rings twice in ten minutes only.
        app.pass(Duration::from_secs(400));
        assert_eq!(run_due(&app).await, 0);
    }
    assert_eq!(push.deliveries().len(), 3);
    assert!(trap.collect().unwrap().is_empty());
}

/// T-PUSH-2, as the program does it: the worker runs by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_silent_slow_or_endless_holds_up_nobody_else() {
    let push = FakePush::start().await.unwrap();
    let app = TestApp::ringing_as_a_program(&push).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (bob, other, _) = app.account_with_phone("bob").await;
    let bad = subscribe(&app, &push, &phone, Service::Own).await;
    let good = subscribe(&app, &push, &other, Service::Google).await;
    for (count, fault) in [Fault::Hang, Fault::SlowHeaders, Fault::EndlessBody].into_iter().enumerate() {
        push.order(bad.endpoint(), [fault]);
        shown(&app, &ada).await;
        push.wait_for(2 * count + 1).await.unwrap();
        let began = std::time::Instant::now();
        shown(&app, &bob).await;
        let delivered = push.wait_for(2 * count + 2).await.unwrap();
        let last = delivered.last().unwrap();
        assert_eq!(last.outcome, Outcome::Accepted);
        assert_eq!(good.collect().unwrap().len(), 1);
        // Ten seconds is what the bad one may take; half of that leaves room for a busy machine.
        assert!(last.at.duration_since(began) < Duration::from_secs(5), "behind the one that hangs");
        app.pass(Duration::from_secs(400));
    }
}

#[tokio::test]
async fn t_fat_1_a_push_goes_out_for_what_may_ring_and_for_nothing_else() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    subscribe(&app, &push, &phone, Service::Own).await;
    for _ in 0..5 {
        shown(&app, &ada).await;
    }
    run_due(&app).await;
    assert_eq!(accepted(&push).len(), 2, "two of strangers; the others wait or are decoys");
    app.pass(Duration::from_secs(130));
    shown(&app, &ada).await;
    run_due(&app).await;
    assert_eq!((accepted(&push).len(), phone.pending().await.unwrap().waiting.len()), (2, 1));
    phone.expect().await.unwrap();
    shown(&app, &ada).await;
    run_due(&app).await;
    assert_eq!(accepted(&push).len(), 3, "announced");
}

#[tokio::test]
async fn one_browser_is_rung_once_for_each_request_however_many_phones_it_is() {
    let (app, push) = world().await;
    let (ada, phone, mut browser) = app.account_with_phone("ada").await;
    let twin = app.enrol_with(&mut browser, crate::support::Unlock::Pin).await;
    let (bob, bobs, _) = app.account_with_phone("bob").await;
    let subscription = subscribe(&app, &push, &phone, Service::Mozilla).await;
    put(&twin, &subscription.json()).await;
    put(&bobs, &subscription.json()).await;
    shown(&app, &ada).await;
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap().len(), 1);
    shown(&app, &bob).await;
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap().len(), 1, "another account's request rings it too");
}

/// T-PUSH-3: a push opens nothing. Whoever tells another phone's subscription as its own only wakes that phone, which
/// then asks with its own key and finds nothing.
#[tokio::test]
async fn a_stolen_subscription_shows_its_owner_nothing() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mallory, thief, _) = app.account_with_phone("mallory").await;
    let subscription = subscribe(&app, &push, &phone, Service::Mozilla).await;
    put(&thief, &subscription.json()).await;
    shown(&app, &mallory).await;
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap(), [br#"{"v":1,"k":"w"}"#]);
    assert!(phone.pending().await.unwrap().waiting.is_empty());
    // With keys of the thief's own it does not even open there.
    let other = push.subscribe_plain(Service::Mozilla, None).unwrap();
    let mut garbled = subscription.json();
    garbled["keys"] = other.json()["keys"].clone();
    put(&thief, &garbled).await;
    app.pass(Duration::from_secs(130));
    shown(&app, &mallory).await;
    run_due(&app).await;
    assert!(subscription.collect().is_err());
    // And the owner is rung as before.
    app.pass(Duration::from_secs(130));
    shown(&app, &ada).await;
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap().len(), 1);
    assert!(is_subscribed(&phone).await);
}

#[tokio::test]
async fn a_service_of_unified_push_is_asked_where_it_is_named() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let subscription = subscribe(&app, &push, &phone, Service::UnifiedPush).await;
    assert!(subscription.endpoint().starts_with("https://ntfy.sh/up"), "{}", subscription.endpoint());
    shown(&app, &ada).await;
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap(), [br#"{"v":1,"k":"w"}"#]);
    assert!(accepted(&push)[0].target.ends_with("?up=1"));
}

#[tokio::test]
async fn a_phone_sends_itself_a_test_and_may_have_none() {
    let (app, push) = world().await;
    let (_, phone, _) = app.account_with_phone("ada").await;
    let test = async || phone.post::<_, PushTest>("push/test", &serde_json::json!({})).await.unwrap().sent;
    assert!(!test().await, "nowhere to send it");
    let subscription = subscribe(&app, &push, &phone, Service::Google).await;
    assert!(test().await);
    run_due(&app).await;
    assert_eq!(subscription.collect().unwrap(), [br#"{"v":1,"k":"t"}"#]);
    assert!(phone.pending().await.unwrap().waiting.is_empty());
}

#[tokio::test]
async fn a_phone_whose_notifications_are_off_is_not_rung() {
    let (app, push) = world().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    subscribe(&app, &push, &phone, Service::Google).await;
    phone.change_own(&OwnChange { notifications: Some(false), ..OwnChange::default() }).await.unwrap();
    shown(&app, &ada).await;
    run_due(&app).await;
    assert!(push.deliveries().is_empty());
}
