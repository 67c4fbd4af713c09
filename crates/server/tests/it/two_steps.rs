//! Signing in with a password and a verification code.

use std::time::Duration;

use akkoord_authenticator::{Phone, Unlocking};
use akkoord_core::{Actor, code, password::Use};
use akkoord_protocols::otp::{Algorithm, totp};
use akkoord_server::use_cases::password::{self, By, Set};
use akkoord_simulator::{browser::Browser, steps};

use crate::support::{TestAccount, TestApp, Unlock};

pub const GOOD: &str = "tulp Oslo kraan";
const SECONDS: Duration = Duration::from_secs(1);

pub async fn give_password(app: &TestApp, account: &TestAccount) {
    set_password(app, account, By::Person(None)).await;
}

/// The same, set by an operator.
pub async fn give_password_to_change(app: &TestApp, account: &TestAccount) {
    set_password(app, account, By::Operator).await;
}

async fn set_password(app: &TestApp, account: &TestAccount, by: By<'_>) {
    let id = account.id.clone();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.account(&id).await }));
    let row: Result<_, akkoord_store::StoreError> = row.await;
    let (row, ctx) = (row.unwrap().unwrap(), app.app.own_ctx(Actor::Anonymous));
    let set = password::set(&app.app, &ctx, &row, GOOD, Use::WithSecondStep, by).await.unwrap();
    assert_eq!(set, Set::Done { replaced: false });
}

/// A new browser at the password page of this name.
pub async fn at_password(app: &TestApp, username: &str) -> Browser {
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    browser.submit("/signin", &[("username", username)]).await.unwrap();
    browser.submit("/signin/password-instead", &[]).await.unwrap();
    assert_eq!(browser.page.path, "/signin/password");
    browser
}

/// A new browser at the code page of this account.
async fn at_code(app: &TestApp, username: &str) -> Browser {
    let mut browser = at_password(app, username).await;
    browser.submit("/signin/password", &[("password", GOOD)]).await.unwrap();
    assert_eq!(browser.page.path, "/signin/code", "{}", browser.page.html);
    browser
}

pub async fn by_phone(app: &TestApp, account: &TestAccount, phone: &Phone) -> Browser {
    let (mut browser, number) = app.start(account).await;
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(waiting.last().unwrap(), &number, &Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    browser
}

pub async fn refused(browser: &mut Browser, action: &str, field: &str, typed: &str) -> String {
    browser.submit(action, &[(field, typed)]).await.unwrap();
    assert_eq!(browser.page.status, 422, "{typed}");
    browser.page.html.clone()
}

#[tokio::test]
async fn a_password_and_a_code_sign_in_and_a_code_is_used_once() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let now = || app.now().seconds();
    let mut browser = at_code(&app, &ada.username).await;
    let mut other = at_code(&app, &ada.username).await;
    let (code, _) = phone.code_at(now()).unwrap();
    let wrong = if code == "123456" { "654321" } else { "123456" };
    assert!(refused(&mut browser, "/signin/code", "code", wrong).await.contains("not right"));
    assert!(refused(&mut browser, "/signin/code", "code", "12 34").await.contains("6 digits"));
    let (early, _) = phone.code_at(now() - 300).unwrap();
    assert!(refused(&mut browser, "/signin/code", "code", &early).await.contains("5 minutes behind"));
    let grouped = format!(" {} {}", &code[..3], &code[3..]);
    browser.submit("/signin/code", &[("code", &grouped)]).await.unwrap();
    assert_eq!((browser.page.status, browser.page.path.as_str()), (200, "/account"));
    assert!(browser.page.html.contains("You signed in here with your password"));
    assert!(browser.page.html.contains("Signed in with your password"), "the list of recent sign-ins tells of it");
    assert!(refused(&mut other, "/signin/code", "code", &code).await.contains("used already"));
    app.pass(30 * SECONDS);
    let (next, _) = phone.code_at(now()).unwrap();
    other.submit("/signin/code", &[("code", &next)]).await.unwrap();
    assert_eq!(other.page.path, "/account");
}

/// T-OTP: of many that send one code at the same moment one gets in.
#[tokio::test]
async fn t_otp_one_code_sent_by_many_at_once_lets_one_in() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let mut browsers = Vec::new();
    for _ in 0..6 {
        browsers.push(at_code(&app, &ada.username).await);
    }
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    let tries = browsers.into_iter().map(|mut browser| {
        let code = code.clone();
        tokio::spawn(async move {
            browser.submit("/signin/code", &[("code", &code)]).await.unwrap();
            browser.page.path == "/account"
        })
    });
    let mut let_in = 0;
    for one in tries.collect::<Vec<_>>() {
        let_in += u32::from(one.await.unwrap());
    }
    assert_eq!(let_in, 1);
}

/// T-OTP: guessing.
#[tokio::test]
async fn t_otp_wrong_codes_end_the_attempt_and_then_make_codes_wait() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    let wrong = if code == "123456" { "654321" } else { "123456" };
    let mut browser = at_code(&app, &ada.username).await;
    let mut second = at_code(&app, &ada.username).await;
    for _ in 0..5 {
        refused(&mut browser, "/signin/code", "code", wrong).await;
    }
    browser.open("/signin/approve").await.unwrap();
    assert!(browser.page.html.contains("Too many"), "{}", browser.page.html);
    // The right one is not right either while codes wait, in whichever browser.
    assert!(refused(&mut second, "/signin/code", "code", &code).await.contains("minute"));
    app.pass(61 * SECONDS);
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    second.submit("/signin/code", &[("code", &code)]).await.unwrap();
    assert_eq!(second.page.path, "/account");
}

/// T-DOWN, T-ENUM: the password page says the same of every name, and a right password alone opens no account that has set
/// up two steps.
#[tokio::test]
async fn t_down_a_password_alone_opens_nothing_and_tells_nobody_who_has_one() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with("ada", Unlock::Platform).await;
    let ben = app.account("ben").await;
    give_password(&app, &ada).await;
    give_password(&app, &ben).await;
    app.account("eva").await;
    let mut pages = Vec::new();
    for name in ["nobody@example.org", "eva@example.org", "ada@example.org", "ben@example.org"] {
        let mut browser = at_password(&app, name).await;
        let html = refused(&mut browser, "/signin/password", "password", "tulp Oslo vijver").await;
        pages.push(html.replace(name, "NAME"));
    }
    let form = |html: &str| crate::support::page_without(html, "NAME", "NUMBER");
    assert!(pages.windows(2).all(|two| form(&two[0]) == form(&two[1])), "{pages:#?}");
    let mut browser = at_code(&app, &ada.username).await;
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin");
    // Ben has never set anything up: his password is good for that, and for nothing else.
    let mut browser = at_password(&app, &ben.username).await;
    browser.submit("/signin/password", &[("password", GOOD)]).await.unwrap();
    assert_eq!(browser.page.path, "/account/setup");
    browser.open("/account/password").await.unwrap();
    assert_eq!(browser.page.status, 403);
    browser.open("/account/phones/add").await.unwrap();
    assert_eq!(browser.page.status, 200);
}

#[tokio::test]
async fn a_password_and_an_app_for_codes_are_added_with_a_fresh_proof_and_removed() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open("/account/password").await.unwrap();
    for (typed, again, says) in [("short", "short", "8"), ("password", "password", "many"), (GOOD, "other", "same")] {
        browser.submit("/account/password", &[("password", typed), ("again", again)]).await.unwrap();
        assert_eq!(browser.page.status, 422, "{says}: {}", browser.page.html);
    }
    browser.submit("/account/password", &[("password", GOOD), ("again", GOOD)]).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=password-set"), "{}", browser.page.path);

    browser.open("/account/codes/add").await.unwrap();
    let key: String = key(&browser.page.html);
    let secret = data_encoding::BASE32_NOPAD.decode(key.as_bytes()).unwrap();
    let id = browser.page.html.split("name=\"id\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let code = |at: i64| totp(&secret, at.cast_unsigned(), code::PERIOD, Algorithm::Sha1, code::DIGITS).unwrap();
    let send = [("id", id.as_str()), ("name", "Old phone"), ("code", "000")];
    browser.submit("/account/codes/add", &send).await.unwrap();
    assert_eq!(browser.page.status, 422);
    assert_eq!(self::key(&browser.page.html), key, "the same code again");
    let right = code(app.now().seconds());
    let send = [("id", id.as_str()), ("name", "Old phone"), ("code", &right)];
    browser.submit("/account/codes/add", &send).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=codes-added"), "{}", browser.page.path);
    assert!(browser.page.html.contains("Old phone"));

    // What confirmed it is used up.
    let mut other = at_code(&app, &ada.username).await;
    refused(&mut other, "/signin/code", "code", &right).await;
    app.pass(30 * SECONDS);
    other.submit("/signin/code", &[("code", &code(app.now().seconds()))]).await.unwrap();
    assert_eq!(other.page.path, "/account");

    app.pass(400 * SECONDS);
    for path in ["/account/password", "/account/password/remove", "/account/codes/add"] {
        browser.open(path).await.unwrap();
        assert!(browser.page.path.starts_with("/signin/fresh"), "{path}");
    }
    browser.open("/account").await.unwrap();
    let remove = browser.page.html.split("/account/codes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open(&format!("/account/codes/{remove}")).await.unwrap();
    browser.submit(&format!("/account/codes/{remove}"), &[]).await.unwrap();
    assert!(!browser.page.html.contains("Old phone"));
    let mail: Vec<String> = app.mail().await.into_iter().map(|mail| mail.subject).collect();
    for told in ["an app for verification codes was added", "an app for verification codes was removed"] {
        assert_eq!(mail.iter().filter(|subject| subject.ends_with(told)).count(), 1, "{told}: {mail:?}");
    }
    browser.open("/account/password/remove").await.unwrap();
    browser.submit("/account/password/remove", &[]).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=password-removed"));
    let mut gone = at_password(&app, &ada.username).await;
    refused(&mut gone, "/signin/password", "password", GOOD).await;
}

/// Whoever knew the old password is out, also where only the second step was missing.
#[tokio::test]
async fn another_password_ends_what_the_one_before_let_in() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let mut elsewhere = by_phone(&app, &ada, &phone).await;
    let mut half_in = at_code(&app, &ada.username).await;
    let mut own = by_phone(&app, &ada, &phone).await;
    own.open("/account/password").await.unwrap();
    let new = "fiets Bergen lamp";
    own.submit("/account/password", &[("password", new), ("again", new)]).await.unwrap();
    assert!(own.page.html.contains("Everywhere else you are signed out"), "{}", own.page.html);
    elsewhere.open("/account").await.unwrap();
    assert_eq!(elsewhere.page.path, "/signin");
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    half_in.submit("/signin/code", &[("code", &code)]).await.unwrap();
    half_in.open("/account").await.unwrap();
    assert_eq!(half_in.page.path, "/signin", "its password is no more");
    own.open("/account").await.unwrap();
    assert_eq!(own.page.path, "/account");
    assert!(app.audit().await.contains(&"sessions.ended".to_owned()));

    let mut again = by_phone(&app, &ada, &phone).await;
    own.open("/account/password/remove").await.unwrap();
    own.submit("/account/password/remove", &[]).await.unwrap();
    again.open("/account").await.unwrap();
    assert_eq!(again.page.path, "/signin", "removed");
}

#[tokio::test]
async fn one_button_signs_out_everywhere_else() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut own, mut other) = (by_phone(&app, &ada, &phone).await, by_phone(&app, &ada, &phone).await);
    let (ben, bens, _) = app.account_with("ben", Unlock::Platform).await;
    let mut bens = by_phone(&app, &ben, &bens).await;
    own.open("/account").await.unwrap();
    own.submit("/account/sign-out-elsewhere", &[]).await.unwrap();
    assert_eq!(own.page.path, "/account?notice=signed-out-elsewhere");
    for (browser, path) in [(&mut own, "/account"), (&mut other, "/signin"), (&mut bens, "/account")] {
        browser.open("/account").await.unwrap();
        assert_eq!(browser.page.path, path);
    }
}

#[tokio::test]
async fn who_comes_in_by_a_password_that_somebody_else_chose_chooses_another_first() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    set_password(&app, &ada, By::Operator).await;
    let mut browser = at_code(&app, &ada.username).await;
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    browser.submit("/signin/code", &[("code", &code)]).await.unwrap();
    assert_eq!(browser.page.path, "/account/password");
    assert!(browser.page.html.contains("Somebody else chose your password"));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/account/password", "there is no way around it");
    let own = "fiets Bergen lamp";
    browser.submit("/account/password", &[("password", own), ("again", own)]).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=password-changed"), "{}", browser.page.path);
}

pub fn key(html: &str) -> String {
    let words = html.split("class=\"code\" translate=\"no\">").nth(1).unwrap().split('<').next().unwrap();
    words.replace(' ', "")
}
