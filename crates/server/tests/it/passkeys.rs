//! Passkeys and security keys: adding them, signing in with them, and what is refused.

mod refused;

use std::time::Duration;

use akkoord_authenticator::{Gesture, Phone, SoftAuthenticator};
use akkoord_core::ids::AccountId;
use akkoord_protocols::bytes::{decode, encode};
use akkoord_simulator::browser::Browser;
use akkoord_store::{AuditFilter, StoreError};
use serde_json::{Value, json};

use crate::{
    support::{TestAccount, TestApp, Unlock},
    two_steps::{GOOD, at_password, by_phone, give_password},
};

const PASSKEYS: &str = "/account/passkeys/add";
const KEYS: &str = "/account/security-keys/add";
const SIGN_IN: &str = "/signin/passkey";
const SECOND_STEP: &str = "/signin/security-key";

/// A key of the sign-in site.
pub fn key(app: &TestApp) -> SoftAuthenticator {
    SoftAuthenticator::new(&app.app.config.public_url.parse().unwrap()).unwrap()
}

/// What a page asks the browser for.
struct Asked {
    challenge: [u8; 32],
    ticket: String,
    options: Value,
}

async fn asked(browser: &mut Browser, page: &str) -> Asked {
    let answer = browser.send("GET".parse().unwrap(), &format!("{page}/options"), None, &[]).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.body);
    let mut document: Value = serde_json::from_str(&answer.body).unwrap();
    let options = document["options"].take();
    let challenge = decode(options["challenge"].as_str().unwrap()).unwrap().try_into().unwrap();
    Asked { challenge, ticket: document["ticket"].as_str().unwrap().to_owned(), options }
}

async fn send(browser: &mut Browser, page: &str, ticket: &str, credential: &Value) {
    let credential = credential.to_string();
    let fields = [("name", "Blue"), ("ticket", ticket), ("credential", &credential)];
    browser.submit(page, &fields).await.unwrap();
}

/// Adds a key in a browser whose proof is fresh.
async fn add(browser: &mut Browser, page: &str, key: &SoftAuthenticator, gesture: Gesture) {
    browser.open(page).await.unwrap();
    let asked = asked(browser, page).await;
    send(browser, page, &asked.ticket, &key.register_with(&asked.challenge, gesture)).await;
}

pub async fn add_passkey(browser: &mut Browser, key: &SoftAuthenticator) {
    add(browser, PASSKEYS, key, Gesture::Verified).await;
    assert!(browser.page.path.starts_with("/account?notice=passkey-added"), "{}", browser.page.html);
}

/// The assertion of a passkey, which knows whose it is.
fn of(account: &AccountId, mut assertion: Value) -> Value {
    assertion["response"]["userHandle"] = encode(account.as_str().as_bytes()).into();
    assertion
}

/// A new browser on the first page of a sign-in.
async fn at_start(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    browser.open(SIGN_IN).await.unwrap();
    browser
}

async fn sign_in(app: &TestApp, account: &TestAccount, key: &SoftAuthenticator) -> Browser {
    let mut browser = at_start(app).await;
    let asked = asked(&mut browser, SIGN_IN).await;
    send(&mut browser, SIGN_IN, &asked.ticket, &of(&account.id, key.assert(&asked.challenge).unwrap())).await;
    browser
}

fn is_in(browser: &Browser) -> bool {
    browser.page.status == 200 && browser.page.path == "/account"
}

/// An account with a phone, a password and a passkey.
async fn ada(app: &TestApp) -> (TestAccount, Phone, SoftAuthenticator) {
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(app, &ada).await;
    let key = key(app);
    add_passkey(&mut by_phone(app, &ada, &phone).await, &key).await;
    (ada, phone, key)
}

/// The mail with this in its subject.
async fn notice(app: &TestApp, subject: &str) -> String {
    app.mail().await.into_iter().find(|mail| mail.subject.contains(subject)).unwrap().body
}

/// Why the last one was refused, as the audit has it. Time goes on, so that the next is later.
async fn why(app: &TestApp) -> String {
    let filter = AuditFilter::default();
    let read = app.app.store.read(move |tx| Box::pin(async move { tx.audit_events(&filter, 200).await }));
    let events: Result<_, StoreError> = read.await;
    let event = events.unwrap().into_iter().find(|event| event.event == "credential.refused").unwrap();
    app.pass(Duration::from_millis(1));
    let detail: Value = serde_json::from_str(&event.detail).unwrap();
    detail["why"].as_str().unwrap().to_owned()
}

/// Opens the page of the password and gives the right one, in a new browser.
async fn at_key(app: &TestApp, account: &TestAccount) -> Browser {
    let mut browser = at_password(app, &account.username).await;
    browser.submit("/signin/password", &[("password", GOOD)]).await.unwrap();
    assert_eq!(browser.page.path, SECOND_STEP, "{}", browser.page.html);
    browser
}

#[tokio::test]
async fn a_passkey_is_added_with_a_fresh_proof_and_signs_in_without_a_name() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let key = key(&app);
    let mut browser = by_phone(&app, &ada, &phone).await;
    add_passkey(&mut browser, &key).await;
    assert!(browser.page.contains("Two-step verification is on") && browser.page.contains("Blue"));
    assert!(app.audit().await.contains(&"credential.added".to_owned()));
    let mail = notice(&app, "a passkey was added").await;
    assert!(mail.contains("“Blue”"), "{mail}");

    app.pass(Duration::from_secs(3600));
    let mut browser = sign_in(&app, &ada, &key).await;
    assert!(is_in(&browser), "{} {}", browser.page.path, browser.page.html);
    assert!(browser.page.contains("You signed in here with a passkey"));
    assert!(browser.page.contains("Signed in with a passkey"), "the list of recent sign-ins tells of it");
    // It counts as both steps and as a fresh proof.
    browser.open(PASSKEYS).await.unwrap();
    assert_eq!((browser.page.path.as_str(), browser.page.status), (PASSKEYS, 200));
    let id = ada.id.clone();
    let now = app.now();
    let sessions = app.app.store.read(move |tx| Box::pin(async move { tx.sessions_of(&id, now).await })).await;
    let sessions = sessions.map_err(|error: StoreError| error).unwrap();
    assert_eq!((sessions[0].acr.as_str(), sessions[0].proved.as_str()), ("phr", "passkey"));

    app.pass(Duration::from_secs(301));
    for page in [PASSKEYS, KEYS] {
        browser.open(page).await.unwrap();
        assert!(browser.page.path.starts_with("/signin/fresh?reason=add-"), "{}", browser.page.path);
        assert!(browser.page.contains("Use a passkey"));
        let stale = browser.send("GET".parse().unwrap(), &format!("{page}/options"), None, &[]).await.unwrap();
        assert_eq!(stale.status, 404);
    }
    // The proof leads back to what it was for.
    let asked = asked(&mut browser, SIGN_IN).await;
    let assertion = of(&ada.id, key.assert(&asked.challenge).unwrap()).to_string();
    let fields = [("ticket", asked.ticket.as_str()), ("credential", &assertion), ("then", "add-security-key")];
    browser.submit(SIGN_IN, &fields).await.unwrap();
    assert_eq!(browser.page.path, KEYS);
}

#[tokio::test]
async fn a_security_key_comes_after_the_password_and_a_code_may_take_its_place() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let (blue, passkey) = (key(&app), key(&app));
    let mut first = by_phone(&app, &ada, &phone).await;
    add(&mut first, KEYS, &blue, Gesture::TouchedOnly).await;
    assert!(first.page.path.starts_with("/account?notice=security-key-added"), "{}", first.page.html);
    add_passkey(&mut first, &passkey).await;
    for (key, gesture) in
        [(&blue, Gesture::TouchedOnly), (&passkey, Gesture::TouchedOnly), (&passkey, Gesture::Verified)]
    {
        let mut browser = at_key(&app, &ada).await;
        let asked = asked(&mut browser, SECOND_STEP).await;
        assert_eq!(asked.options["allowCredentials"].as_array().unwrap().len(), 2);
        send(&mut browser, SECOND_STEP, &asked.ticket, &key.assert_with(&asked.challenge, gesture).unwrap()).await;
        assert!(is_in(&browser), "{}", browser.page.html);
        assert!(browser.page.contains("You signed in here with your password"));
    }
    let mut browser = at_key(&app, &ada).await;
    browser.submit("/signin/second-step", &[("method", "code")]).await.unwrap();
    assert_eq!(browser.page.path, "/signin/code");
    browser.submit("/signin/second-step", &[("method", "security-key")]).await.unwrap();
    assert_eq!(browser.page.path, SECOND_STEP);
    let answer = browser.post("/signin/second-step", &[("method", "access-pass")]).await.unwrap();
    assert_eq!(answer.status, 400);
    browser.submit("/signin/second-step", &[("method", "code")]).await.unwrap();
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    browser.submit("/signin/code", &[("code", &code)]).await.unwrap();
    assert!(is_in(&browser));
}

#[tokio::test]
async fn a_removed_passkey_and_a_disabled_account_are_refused_alike() {
    let app = TestApp::new().await;
    let (ada, phone, passkey) = ada(&app).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open("/account").await.unwrap();
    let found = browser.page.html.split("\"/account/passkeys/").skip(1).find_map(|rest| rest.split_once("/name\""));
    let id = found.unwrap().0.to_owned();
    // Somebody else's is not there.
    let (ben, bens, _) = app.account_with("ben", Unlock::Platform).await;
    let mut stranger = by_phone(&app, &ben, &bens).await;
    stranger.open(PASSKEYS).await.unwrap();
    for (action, fields) in [("name", vec![("name", "Mine")]), ("remove", vec![])] {
        let answer = stranger.post(&format!("/account/passkeys/{id}/{action}"), &fields).await.unwrap();
        assert_eq!(answer.status, 404, "{action}");
    }
    browser.submit(&format!("/account/passkeys/{id}/name"), &[("name", "Old laptop")]).await.unwrap();
    assert!(browser.page.contains("Old laptop") && !browser.page.contains("Blue"));
    browser.submit(&format!("/account/passkeys/{id}/name"), &[("name", "\u{202e}")]).await.unwrap();
    assert!(browser.page.contains("The old name is still there"));
    let remove = format!("/account/passkeys/{id}/remove");
    app.pass(Duration::from_secs(301));
    browser.open(&remove).await.unwrap();
    assert!(browser.page.path.starts_with("/signin/fresh"));
    let mut browser = sign_in(&app, &ada, &passkey).await;
    browser.open(&remove).await.unwrap();
    assert!(browser.page.contains("Old laptop") && !browser.page.contains("last thing"), "the phone is left");
    browser.submit(&remove, &[]).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=key-removed") && !browser.page.contains("Old laptop"));
    assert!(notice(&app, "a passkey was removed").await.contains("“Old laptop”"));
    assert!(app.audit().await.contains(&"credential.removed".to_owned()));
    let told = app.audit().await.len();
    let removed = sign_in(&app, &ada, &passkey).await;
    assert_eq!((removed.page.status, app.audit().await.len()), (422, told), "as if it had never been");

    let another = key(&app);
    add_passkey(&mut browser, &another).await;
    let (id, now) = (ada.id.clone(), app.app.clock.now());
    let disabled = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(disabled.map_err(|error: StoreError| error).unwrap());
    let refused = sign_in(&app, &ada, &another).await;
    let page = |browser: &Browser| crate::support::page_without(&browser.page.html, "NAME", "NUMBER");
    assert_eq!((page(&refused), why(&app).await.as_str()), (page(&removed), "disabled"));
}

/// T-ENUM: what is asked for before anything was proved doesn't depend on the name, whoever has a passkey.
#[tokio::test]
async fn t_enum_a_passkey_is_asked_for_alike_whatever_name_was_typed() {
    let app = TestApp::new().await;
    let (ada, _, passkey) = ada(&app).await;
    app.account("ben").await;
    let mut pages = Vec::new();
    for name in ["nobody@example.org", "ada@example.org", "ben@example.org"] {
        let mut browser = app.browser();
        browser.open("/signin").await.unwrap();
        browser.submit("/signin", &[("username", name)]).await.unwrap();
        let mut seen = Vec::new();
        for page in ["/signin/other", SIGN_IN] {
            browser.open(page).await.unwrap();
            seen.push(crate::support::page_without(&browser.page.html, name, "NUMBER"));
        }
        let Asked { mut options, .. } = asked(&mut browser, SIGN_IN).await;
        assert_eq!(options["allowCredentials"], json!([]));
        options["challenge"] = Value::Null;
        pages.push((seen, options));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]), "{pages:#?}");
    // It signs in after a name too, and the phone is asked no more.
    let settled = |events: Vec<String>| events.iter().filter(|event| *event == "request.settled").count();
    let before = settled(app.audit().await);
    let (mut browser, _) = app.start(&ada).await;
    browser.open(SIGN_IN).await.unwrap();
    let asked = asked(&mut browser, SIGN_IN).await;
    send(&mut browser, SIGN_IN, &asked.ticket, &of(&ada.id, passkey.assert(&asked.challenge).unwrap())).await;
    assert!(is_in(&browser));
    assert_eq!(settled(app.audit().await), before + 1);
}

#[tokio::test]
async fn what_is_added_is_verified_new_bounded_and_of_this_session() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    let key_one = key(&app);
    add(&mut browser, PASSKEYS, &key_one, Gesture::TouchedOnly).await;
    assert!(browser.page.status == 422 && browser.page.contains("Nothing was added"), "a passkey verifies");
    browser.submit(PASSKEYS, &[("name", "x")]).await.unwrap();
    assert!(browser.page.status == 422 && browser.page.contains("need JavaScript"));

    // A challenge of the other page, of another session, and the same one twice.
    let of_key = asked(&mut browser, KEYS).await;
    let made = key_one.register(&of_key.challenge);
    send(&mut browser, PASSKEYS, &of_key.ticket, &made).await;
    assert_eq!(browser.page.status, 422);
    let mut elsewhere = by_phone(&app, &ada, &phone).await;
    elsewhere.open(PASSKEYS).await.unwrap();
    let of_session = asked(&mut browser, PASSKEYS).await;
    let made = key_one.register(&of_session.challenge);
    send(&mut elsewhere, PASSKEYS, &of_session.ticket, &made).await;
    assert_eq!(elsewhere.page.status, 422);
    send(&mut browser, PASSKEYS, &of_session.ticket, &made).await;
    assert!(browser.page.path.starts_with("/account?notice=passkey-added"));
    browser.open(PASSKEYS).await.unwrap();
    send(&mut browser, PASSKEYS, &of_session.ticket, &made).await;
    assert!(browser.page.status == 422 && browser.page.contains("took too long"), "{}", browser.page.html);

    // The same authenticator again is excluded by what the browser is told, and refused where it lies.
    let again = asked(&mut browser, PASSKEYS).await;
    let excluded = again.options["excludeCredentials"].as_array().unwrap();
    assert_eq!((excluded.len(), &excluded[0]["id"]), (1, &made["id"]));
    send(&mut browser, PASSKEYS, &again.ticket, &key_one.register(&again.challenge)).await;
    assert!(browser.page.status == 422 && browser.page.contains("in use already"));
    for _ in 1..20 {
        add(&mut browser, KEYS, &key(&app), Gesture::TouchedOnly).await;
        assert!(browser.page.path.starts_with("/account?notice=security-key-added"));
    }
    add(&mut browser, KEYS, &key(&app), Gesture::TouchedOnly).await;
    assert!(browser.page.status == 422 && browser.page.contains("as many"), "{}", browser.page.html);
}
