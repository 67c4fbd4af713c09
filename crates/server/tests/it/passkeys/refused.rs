//! What is refused of passkeys and security keys: anything but a good, fresh assertion by one's own.

use std::time::Duration;

use akkoord_authenticator::{Gesture, SoftAuthenticator, Unlocking};
use akkoord_protocols::{
    bytes::{decode, encode},
    phone::{Evidence, decision::evidence_hash},
};
use serde_json::json;

use super::{
    Asked, KEYS, PASSKEYS, SECOND_STEP, SIGN_IN, ada, add, asked, at_key, at_start, is_in, key, of, send, sign_in, why,
};
use crate::{
    support::{TestApp, Unlock},
    two_steps::{at_password, by_phone, give_password},
};

/// T-DOWN, T-ENUM: a key is asked for after the right password only, and choosing it before changes nothing.
#[tokio::test]
async fn t_down_a_security_key_is_nothing_before_the_password_and_nothing_alone() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let blue = key(&app);
    add(&mut by_phone(&app, &ada, &phone).await, KEYS, &blue, Gesture::Verified).await;
    let mut browser = at_start(&app).await;
    let asked_for = asked(&mut browser, SIGN_IN).await;
    // It verified its user, and still was added for the second step.
    let assertion = of(&ada.id, blue.assert(&asked_for.challenge).unwrap());
    send(&mut browser, SIGN_IN, &asked_for.ticket, &assertion).await;
    assert_eq!((browser.page.status, why(&app).await.as_str()), (422, "second-step-only"));
    for name in ["ada@example.org", "nobody@example.org"] {
        let mut browser = at_password(&app, name).await;
        let options = browser.send("GET".parse().unwrap(), "/signin/security-key/options", None, &[]).await.unwrap();
        assert_eq!(options.status, 404, "{name}");
        browser.post("/signin/second-step", &[("method", "security-key")]).await.unwrap();
        browser.open("/signin/approve").await.unwrap();
        assert_eq!(browser.page.path, "/signin/password", "{name}");
    }
}

/// T-UV-2.
#[tokio::test]
async fn t_uv_2_a_passkey_approves_nothing_and_a_phones_key_signs_nobody_in() {
    let app = TestApp::new().await;
    let (ada, phone, passkey) = ada(&app).await;
    let (_browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.pop().unwrap();
    let mut decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    let hash = evidence_hash(&decision.body.decision);
    decision.body.evidence = Some(Evidence::Webauthn { credential: passkey.assert(&hash).unwrap() });
    let refused = phone.decide(&decision).await.unwrap_err();
    assert!(format!("{refused:?}").contains("WrongUnlock"), "{refused:?}");

    let account = phone.account();
    let of_phone = account.platform.as_ref().unwrap();
    let mut browser = at_start(&app).await;
    let asked_for = asked(&mut browser, SIGN_IN).await;
    send(&mut browser, SIGN_IN, &asked_for.ticket, &of(&ada.id, of_phone.assert(&asked_for.challenge).unwrap())).await;
    assert_eq!(browser.page.status, 422);
    // Nor is it added, which the phone's origin prevents.
    let mut browser = sign_in(&app, &ada, &passkey).await;
    add(&mut browser, PASSKEYS, of_phone, Gesture::Verified).await;
    assert_eq!(browser.page.status, 422, "{}", browser.page.html);
    assert!(browser.page.contains("Nothing was added"));
}

#[tokio::test]
async fn an_assertion_counts_once_in_its_browser_for_its_purpose_and_for_ten_minutes() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    // Twice, from a copy of the browser as well, at the same moment.
    let mut browser = at_start(&app).await;
    let asked_for = asked(&mut browser, SIGN_IN).await;
    let assertion = of(&ada.id, passkey.assert(&asked_for.challenge).unwrap());
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let ticket = asked_for.ticket.as_str();
    tokio::join!(send(&mut one, SIGN_IN, ticket, &assertion), send(&mut two, SIGN_IN, ticket, &assertion));
    assert_eq!([is_in(&one), is_in(&two)].iter().filter(|is_in| **is_in).count(), 1);
    assert_eq!(why(&app).await, "replayed");
    send(&mut browser, SIGN_IN, ticket, &assertion).await;
    assert!(browser.page.status == 422 && browser.page.contains("may have been removed from your account"));
    assert_eq!(why(&app).await, "replayed");

    // Another browser's.
    let mut other = at_start(&app).await;
    let asked_for = asked(&mut browser, SIGN_IN).await;
    let assertion = of(&ada.id, passkey.assert(&asked_for.challenge).unwrap());
    send(&mut other, SIGN_IN, &asked_for.ticket, &assertion).await;
    assert_eq!((other.page.status, why(&app).await.as_str()), (422, "bad"));
    // For the second step, and the reverse.
    let mut second = at_key(&app, &ada).await;
    let for_second = asked(&mut second, SECOND_STEP).await;
    let assertion = of(&ada.id, passkey.assert(&for_second.challenge).unwrap());
    send(&mut second, SECOND_STEP, &asked_for.ticket, &assertion).await;
    assert_eq!((second.page.status, why(&app).await.as_str()), (422, "bad"));
    second.open(SIGN_IN).await.unwrap();
    send(&mut second, SIGN_IN, &for_second.ticket, &assertion).await;
    assert_eq!((second.page.status, why(&app).await.as_str()), (422, "bad"));
    // Of another attempt.
    let mut third = at_key(&app, &ada).await;
    send(&mut third, SECOND_STEP, &for_second.ticket, &assertion).await;
    assert_eq!((third.page.status, why(&app).await.as_str()), (422, "bad"));

    // Too late, or with a ticket of one's own making.
    let mut late = at_start(&app).await;
    let asked_for = asked(&mut late, SIGN_IN).await;
    let assertion = of(&ada.id, passkey.assert(&asked_for.challenge).unwrap());
    app.pass(Duration::from_secs(600));
    for ticket in [asked_for.ticket.as_str(), "", "x", "1.AAAA", "9223372036854775807.AAAAAAAAAAAAAAAAAAAAAA"] {
        send(&mut late, SIGN_IN, ticket, &assertion).await;
        assert!(late.page.status == 422 && late.page.contains("took too long"), "{ticket}");
    }
    let later = format!("{}.{}", app.now().0, asked_for.ticket.split_once('.').unwrap().1);
    send(&mut late, SIGN_IN, &later, &assertion).await;
    assert_eq!((late.page.status, why(&app).await.as_str()), (422, "bad"), "{later}");
}

/// T-DOWN: nothing but a verified assertion of an account's own passkey signs in.
#[tokio::test]
async fn t_down_what_is_no_good_assertion_signs_nobody_in() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    let ben = app.account("ben").await;
    let elsewhere = "http://login.localhost:1".parse().unwrap();
    let copies = [
        SoftAuthenticator::new(&elsewhere).unwrap(),
        SoftAuthenticator::new(&app.app.config.phone_url.parse().unwrap()).unwrap(),
        key(&app),
    ];
    let mut browser = at_start(&app).await;
    let mut answers = Vec::new();
    for _ in 0..9 {
        answers.push(asked(&mut browser, SIGN_IN).await);
    }
    let good = |at: usize| passkey.assert(&answers[at].challenge).unwrap();
    let mut tampered = of(&ada.id, good(0));
    let mut data = decode(tampered["response"]["authenticatorData"].as_str().unwrap()).unwrap();
    *data.last_mut().unwrap() ^= 1;
    tampered["response"]["authenticatorData"] = encode(&data).into();
    // The bytes of another key under this one's name, from each place.
    let named = |at: usize, key: &SoftAuthenticator| {
        let mut assertion = of(&ada.id, key.assert(&answers[at].challenge).unwrap());
        for member in ["id", "rawId"] {
            assertion[member] = good(at)[member].clone();
        }
        assertion
    };
    let wrong = [
        (tampered, "bad"),
        (good(1), "handle"),
        (of(&ben.id, good(2)), "handle"),
        (of(&ada.id, passkey.assert_with(&answers[3].challenge, Gesture::TouchedOnly).unwrap()), "not-verified"),
        (of(&ada.id, passkey.assert(&answers[0].challenge).unwrap()), "bad"),
        (named(5, &copies[0]), "bad"),
        (named(6, &copies[1]), "bad"),
        (named(7, &copies[2]), "bad"),
    ];
    for (at, (assertion, reason)) in wrong.into_iter().enumerate() {
        send(&mut browser, SIGN_IN, &answers[at].ticket, &assertion).await;
        assert!(browser.page.status == 422 && browser.page.contains("may have been removed from your account"), "{at}");
        assert_eq!(why(&app).await, reason, "{at}");
    }
    // Without an account behind it nothing is written, and the page is the same.
    let told = app.audit().await.len();
    for nothing in [json!(null), json!({}), json!([1]), of(&ada.id, copies[2].assert(&answers[8].challenge).unwrap())] {
        send(&mut browser, SIGN_IN, &answers[8].ticket, &nothing).await;
        assert!(browser.page.status == 422 && browser.page.contains("may have been removed from your account"));
    }
    browser.submit(SIGN_IN, &[]).await.unwrap();
    assert!(browser.page.status == 422 && !browser.page.contains("can't be used here"));
    assert_eq!(app.audit().await.len(), told);
    send(&mut browser, SIGN_IN, &answers[8].ticket, &of(&ada.id, good(8))).await;
    assert!(is_in(&browser), "what was refused used nothing up");
}

#[tokio::test]
async fn a_counter_that_goes_back_is_refused_and_stands_in_the_audit() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    for (counter, good) in [(0, true), (5, true), (5, false), (4, false), (0, false), (6, true)] {
        let mut browser = at_start(&app).await;
        let asked = asked(&mut browser, SIGN_IN).await;
        let assertion = of(&ada.id, passkey.assert_counted(&asked.challenge, counter).unwrap());
        send(&mut browser, SIGN_IN, &asked.ticket, &assertion).await;
        assert_eq!(is_in(&browser), good, "{counter}");
        if !good {
            assert_eq!(why(&app).await, "copy");
        }
    }
}

#[tokio::test]
async fn of_a_passkey_and_its_copy_at_once_one_signs_in() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    for counter in 1..=5 {
        let (mut one, mut two) = (at_start(&app).await, at_start(&app).await);
        let (first, second) = (asked(&mut one, SIGN_IN).await, asked(&mut two, SIGN_IN).await);
        let assertion = |asked: &Asked| of(&ada.id, passkey.assert_counted(&asked.challenge, counter).unwrap());
        let (a, b) = (assertion(&first), assertion(&second));
        tokio::join!(send(&mut one, SIGN_IN, &first.ticket, &a), send(&mut two, SIGN_IN, &second.ticket, &b));
        assert!(is_in(&one) != is_in(&two), "{counter}");
    }
}

/// The failure counter of an attempt is one for everything that is tried in it.
#[tokio::test]
async fn wrong_keys_end_the_attempt_as_wrong_passwords_and_codes_do() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    let mut browser = at_key(&app, &ada).await;
    let stranger = key(&app);
    for number in 0..4 {
        let asked = asked(&mut browser, SECOND_STEP).await;
        send(&mut browser, SECOND_STEP, &asked.ticket, &stranger.assert(&asked.challenge).unwrap()).await;
        assert!(browser.page.status == 422 && browser.page.contains("It may have been removed"), "{number}");
    }
    let asked_for = asked(&mut browser, SECOND_STEP).await;
    let mut other = browser.clone();
    other.open(SIGN_IN).await.unwrap();
    let without_name = asked(&mut other, SIGN_IN).await;
    let touched = passkey.assert_with(&without_name.challenge, Gesture::TouchedOnly).unwrap();
    send(&mut other, SIGN_IN, &without_name.ticket, &of(&ada.id, touched)).await;
    assert_eq!(other.page.status, 422);
    send(&mut browser, SECOND_STEP, &asked_for.ticket, &passkey.assert(&asked_for.challenge).unwrap()).await;
    assert!(browser.page.contains("Too many"), "{}", browser.page.html);
    other.open(SIGN_IN).await.unwrap();
    let without_name = asked(&mut other, SIGN_IN).await;
    let good = of(&ada.id, passkey.assert(&without_name.challenge).unwrap());
    send(&mut other, SIGN_IN, &without_name.ticket, &good).await;
    assert!(other.page.contains("Too many tries"), "{}", other.page.html);
}
