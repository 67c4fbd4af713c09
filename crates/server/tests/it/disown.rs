//! "This was not me": the link in each notice, opened by somebody who is not signed in.

use std::time::Duration;

use akkoord_authenticator::Phone;
use akkoord_core::{Actor, code, password::Use};
use akkoord_protocols::otp::{Algorithm, totp};
use akkoord_server::use_cases::password::{self, By, Set};
use akkoord_simulator::browser::Browser;

use crate::{
    remembered::{GOOD, by_password, remembered_browser, row, set_password, with_password},
    support::{TestAccount, TestApp, Unlock},
    two_steps::{by_phone, key},
};

const ANOTHER: &str = "zeven gele fietsen";

/// The path of the link in the newest mail whose subject has these words.
pub async fn link(app: &TestApp, subject: &str) -> String {
    let mail = app.mail().await;
    let mail = mail.iter().rev().find(|mail| mail.subject.contains(subject)).unwrap_or_else(|| panic!("{subject}"));
    format!("/not-me/{}", mail.body.split("/not-me/").nth(1).unwrap().split_whitespace().next().unwrap())
}

/// Opens the link and presses its button, in a browser that nobody knows.
async fn disown(app: &TestApp, link: &str) -> Browser {
    let mut browser = app.browser();
    browser.open(link).await.unwrap();
    assert!(browser.page.contains("Was this you?"), "{}", browser.page.html);
    browser.submit(link, &[]).await.unwrap();
    assert!(browser.page.contains("Taken back"), "{}", browser.page.html);
    browser
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.open("/account").await.unwrap();
    browser.page.path == "/account"
}

async fn has(app: &TestApp, account: &TestAccount, path: &str, phone: &Phone) -> bool {
    let mut browser = by_phone(app, account, phone).await;
    browser.open("/account").await.unwrap();
    browser.page.contains(path)
}

/// T-ENR-6: what was added is taken back, and whoever added it is out. Opening the link changes nothing.
#[tokio::test]
async fn t_enr_6_a_password_that_was_not_its_persons_is_taken_back() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut spared = remembered_browser(&app, &ada, &phone).await;
    let mut other = by_phone(&app, &ada, &phone).await;
    set_password(&app, &ada, ANOTHER).await;
    let mut signed_in = by_phone(&app, &ada, &phone).await;
    let path = link(&app, "password").await;
    for _ in 0..3 {
        app.browser().open(&path).await.unwrap();
    }
    assert!(is_signed_in(&mut signed_in).await, "opening it is no word of a person");
    disown(&app, &path).await;
    assert!(!is_signed_in(&mut signed_in).await && !is_signed_in(&mut other).await);
    assert_eq!(by_password(&mut app.browser(), &ada.username, ANOTHER).await, "/signin/password");
    assert_eq!(by_password(&mut spared, &ada.username, GOOD).await, "/signin/password", "nor the one before it");
    assert!(app.audit().await.iter().any(|event| event == "change.disowned"));
    assert!(row(&app, &ada).await.reported_at.is_some());
    by_phone(&app, &ada, &phone).await;
    // The link does nothing any more, also not to what is set now.
    set_password(&app, &ada, GOOD).await;
    let mut again = app.browser();
    again.open(&path).await.unwrap();
    assert!(again.page.contains("Taken back") && again.page.form_token(&path).is_none());
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code");
}

#[tokio::test]
async fn t_enr_6_a_link_takes_back_no_newer_password_and_nothing_after_a_week() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let old = link(&app, "password").await;
    app.pass(Duration::from_secs(60));
    set_password(&app, &ada, ANOTHER).await;
    let mut signed_in = by_phone(&app, &ada, &phone).await;
    disown(&app, &old).await;
    assert!(!is_signed_in(&mut signed_in).await, "everybody is out nevertheless");
    assert_eq!(by_password(&mut app.browser(), &ada.username, ANOTHER).await, "/signin/code", "it may be her own");

    set_password(&app, &ada, GOOD).await;
    let path = link(&app, "password").await;
    app.pass(Duration::from_secs(7 * 24 * 3600));
    let mut browser = app.browser();
    for address in [path.as_str(), "/not-me/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "/not-me/x"] {
        browser.open(address).await.unwrap();
        assert!(browser.page.contains("This link no longer works"), "{address}: {}", browser.page.html);
    }
    let answer = browser.post(&path, &[]).await;
    assert!(answer.is_err() || answer.unwrap().status == 303);
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code");
}

#[tokio::test]
async fn t_enr_6_codes_and_recovery_codes_that_were_not_their_persons_are_taken_back() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut thief = by_phone(&app, &ada, &phone).await;
    thief.open("/account/codes/add").await.unwrap();
    let secret = data_encoding::BASE32_NOPAD.decode(key(&thief.page.html).as_bytes()).unwrap();
    let now = app.now().seconds().cast_unsigned();
    let code = totp(&secret, now, code::PERIOD, Algorithm::Sha1, code::DIGITS).unwrap();
    let id = thief.page.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    thief.submit("/account/codes/add", &[("id", &id), ("name", "Mine"), ("code", &code)]).await.unwrap();
    assert!(thief.page.contains("/account/codes/"), "{}", thief.page.html);
    disown(&app, &link(&app, "app for verification codes").await).await;
    assert!(!is_signed_in(&mut thief).await);
    assert!(!has(&app, &ada, &format!("/account/codes/{id}/remove"), &phone).await);

    let mut thief = by_phone(&app, &ada, &phone).await;
    thief.open("/account/recovery-codes").await.unwrap();
    thief.submit("/account/recovery-codes", &[]).await.unwrap();
    assert!(!has(&app, &ada, "None yet. They get you in", &phone).await);
    disown(&app, &link(&app, "ecovery codes").await).await;
    assert!(!is_signed_in(&mut thief).await);
    assert!(has(&app, &ada, "None yet. They get you in", &phone).await);
}

/// Of two at once one does it, and each says so.
#[tokio::test]
async fn t_enr_6_two_who_press_at_once_take_back_once() {
    let app = TestApp::new().await;
    let (ada, _) = with_password(&app, "ada").await;
    let path = link(&app, "password").await;
    let (mut one, mut other) = (app.browser(), app.browser());
    for browser in [&mut one, &mut other] {
        browser.open(&path).await.unwrap();
    }
    let (first, second) = tokio::join!(one.submit(&path, &[]), other.submit(&path, &[]));
    assert!(first.unwrap().contains("Taken back") && second.unwrap().contains("Taken back"));
    assert_eq!(app.audit().await.iter().filter(|event| *event == "change.disowned").count(), 1);
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/password");
    let ctx = app.app.own_ctx(Actor::Anonymous);
    let set = password::set(&app.app, &ctx, &row(&app, &ada).await, GOOD, Use::WithSecondStep, By::Person(None)).await;
    assert_eq!(set.unwrap(), Set::Done { replaced: false }, "there was none left");
}
