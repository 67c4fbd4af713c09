//! Browsers that are spared the second step.

use std::time::Duration;

use akkoord_authenticator::{Phone, Unlocking};
use akkoord_core::{Actor, password::Use, policy::Policy};
use akkoord_server::use_cases::{
    password::{self, By, Set},
    remembered::{self, Why},
};
use akkoord_simulator::browser::Browser;
use akkoord_store::{AccountRow, StoreError};

use crate::support::{TestAccount, TestApp, Unlock};

/// The password of `with_password`.
pub const GOOD: &str = "tulp Oslo kraan";
pub const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 3600);

pub async fn row(app: &TestApp, account: &TestAccount) -> AccountRow {
    let id = account.id.clone();
    let row: Result<_, StoreError> = app.app.store.read(move |tx| Box::pin(async move { tx.account(&id).await })).await;
    row.unwrap().unwrap()
}

pub async fn set_password(app: &TestApp, account: &TestAccount, typed: &str) {
    let (row, ctx) = (row(app, account).await, app.app.own_ctx(Actor::Anonymous));
    let set = password::set(&app.app, &ctx, &row, typed, Use::WithSecondStep, By::Person(None)).await.unwrap();
    assert!(matches!(set, Set::Done { .. }), "{set:?}");
}

/// An account with a phone, its verification codes and a password.
pub async fn with_password(app: &TestApp, name: &str) -> (TestAccount, Phone) {
    let (account, phone, _) = app.account_with(name, Unlock::Platform).await;
    set_password(app, &account, GOOD).await;
    (account, phone)
}

/// Signs in this browser with the password, and leaves it where the dispatcher leads.
pub async fn by_password(browser: &mut Browser, username: &str, typed: &str) -> String {
    browser.open("/signin").await.unwrap();
    browser.submit("/signin", &[("username", username)]).await.unwrap();
    give_password(browser, typed).await
}

async fn give_password(browser: &mut Browser, typed: &str) -> String {
    if browser.page.path != "/signin/password" {
        browser.submit("/signin/password-instead", &[]).await.unwrap();
    }
    browser.submit("/signin/password", &[("password", typed)]).await.unwrap();
    browser.page.path.clone()
}

pub async fn give_code(app: &TestApp, browser: &mut Browser, phone: &Phone, remember: bool) {
    app.pass(HALF_A_MINUTE);
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    let fields = [("code", code.as_str()), ("remember", "1")];
    browser.submit("/signin/code", if remember { &fields } else { &fields[..1] }).await.unwrap();
}

pub async fn sign_out(browser: &mut Browser) {
    browser.open("/account").await.unwrap();
    browser.submit("/account/sign-out", &[]).await.unwrap();
    assert_eq!(browser.page.path, "/signed-out");
}

/// A browser that is remembered for this account and signed out.
pub async fn remembered_browser(app: &TestApp, account: &TestAccount, phone: &Phone) -> Browser {
    let mut browser = app.browser();
    remember_in(app, &mut browser, account, phone).await;
    browser
}

async fn remember_in(app: &TestApp, browser: &mut Browser, account: &TestAccount, phone: &Phone) {
    assert_eq!(by_password(browser, &account.username, GOOD).await, "/signin/code");
    assert!(browser.page.html.contains("again on this browser for 30 days"), "{}", browser.page.html);
    give_code(app, browser, phone, true).await;
    assert_eq!(browser.page.path, "/account", "{}", browser.page.html);
    sign_out(browser).await;
}

/// T-REM: only where it was asked for, only there, only with the right password, and only so long.
#[tokio::test]
async fn t_rem_a_browser_is_spared_the_code_for_as_long_as_policy_says_and_for_its_accounts_alone() {
    let app = TestApp::new().await;
    let (ada, ada_phone) = with_password(&app, "ada").await;
    let (ben, ben_phone) = with_password(&app, "ben").await;
    let mut plain = app.browser();
    by_password(&mut plain, &ada.username, GOOD).await;
    give_code(&app, &mut plain, &ada_phone, false).await;
    assert_eq!(plain.page.path, "/account");
    sign_out(&mut plain).await;
    assert_eq!(by_password(&mut plain, &ada.username, GOOD).await, "/signin/code", "it was not asked for");

    let mut browser = remembered_browser(&app, &ada, &ada_phone).await;
    assert_eq!(by_password(&mut browser, &ada.username, "tulp Oslo vijver").await, "/signin/password");
    assert_eq!(browser.page.status, 422, "the wrong password is wrong there too");
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/account");
    sign_out(&mut browser).await;
    assert_eq!(by_password(&mut browser, &ben.username, GOOD).await, "/signin/code", "nobody else's");
    remember_in(&app, &mut browser, &ben, &ben_phone).await;
    for account in [&ada, &ben] {
        assert_eq!(by_password(&mut browser, &account.username, GOOD).await, "/account", "{}", account.username);
        sign_out(&mut browser).await;
    }
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code", "another browser");
    assert!(app.audit().await.iter().filter(|event| event.contains("browser.remembered")).count() == 2);
    app.pass(DAY * 30);
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code", "its time is over");
}

#[tokio::test]
async fn with_remember_days_of_0_nobody_is_asked_and_no_form_gets_around_it() {
    let app = TestApp::with_policy(Policy { remember_days: 0, ..Policy::default() }).await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = app.browser();
    by_password(&mut browser, &ada.username, GOOD).await;
    assert!(!browser.page.html.contains("name=\"remember\""));
    give_code(&app, &mut browser, &phone, true).await;
    sign_out(&mut browser).await;
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code");
}

/// T-REM, T-SES-6: remembering replaces no authentication. What changes methods leads to the second step, and there no
/// browser is spared it.
#[tokio::test]
async fn t_rem_a_remembered_browser_changes_nothing_before_a_second_step() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = remembered_browser(&app, &ada, &phone).await;
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/account");
    let remove = browser.page.html.split("/account/phones/").find(|part| part.contains("/remove\"")).unwrap();
    let remove = format!("/account/phones/{}", remove.split('"').next().unwrap());
    for path in [
        "/account/password",
        "/account/password/remove",
        "/account/codes/add",
        "/account/recovery-codes",
        "/account/phones/add",
        remove.as_str(),
    ] {
        browser.open(path).await.unwrap();
        assert!(browser.page.path.starts_with("/signin/fresh"), "{path} leads to {}", browser.page.path);
    }
    browser.open("/account/password").await.unwrap();
    browser.submit("/signin/fresh", &[("then", "password")]).await.unwrap();
    assert_eq!(give_password(&mut browser, GOOD).await, "/signin/code", "not even with the right password");
    give_code(&app, &mut browser, &phone, false).await;
    assert_eq!((browser.page.path.as_str(), browser.page.status), ("/account/password", 200));
    // By the phone as well.
    sign_out(&mut browser).await;
    by_password(&mut browser, &ada.username, GOOD).await;
    browser.open("/account/codes/add").await.unwrap();
    browser.submit("/signin/fresh", &[("then", "add-codes")]).await.unwrap();
    let number = browser.page.attribute("data-number").unwrap();
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(waiting.last().unwrap(), &number, &Unlocking::Platform).await.unwrap();
    browser.submit("/signin/finish", &[]).await.unwrap();
    assert_eq!((browser.page.path.as_str(), browser.page.status), ("/account/codes/add", 200));
}

/// T-REM: each change that takes it back, told in the audit.
#[tokio::test]
async fn t_rem_a_browser_is_forgotten_when_the_person_the_password_or_the_account_says_so() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let ctx = || app.app.own_ctx(Actor::Anonymous);
    let forgotten = async || {
        let all = app.audit().await;
        all.iter().filter(|event| event.contains("browsers.forgotten")).count()
    };

    let mut browser = remembered_browser(&app, &ada, &phone).await;
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/account");
    assert!(
        browser.page.html.contains("Browsers that don't ask") || browser.page.html.contains("ask for a second step")
    );
    browser.submit("/account/remembered/forget", &[]).await.unwrap();
    assert!(browser.page.html.contains("Every browser asks for the second step again"), "{}", browser.page.html);
    assert!(!browser.page.html.contains("Forget all remembered browsers"));
    sign_out(&mut browser).await;
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code");
    assert_eq!(forgotten().await, 1);

    let mut browser = remembered_browser(&app, &ada, &phone).await;
    set_password(&app, &ada, "fiets Bergen lamp").await;
    assert_eq!(by_password(&mut browser, &ada.username, "fiets Bergen lamp").await, "/signin/code");
    set_password(&app, &ada, GOOD).await;
    assert_eq!(forgotten().await, 2);

    let mut browser = remembered_browser(&app, &ada, &phone).await;
    assert!(password::remove(&app.app, &ctx(), &row(&app, &ada).await, None).await.unwrap());
    set_password(&app, &ada, GOOD).await;
    assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code");
    assert_eq!(forgotten().await, 3);

    for why in [Why::Disabled, Why::Reported] {
        let mut browser = remembered_browser(&app, &ada, &phone).await;
        let (id, ctx) = (ada.id.clone(), ctx());
        let write =
            app.app.store.write(move |tx| Box::pin(async move { remembered::forget(tx, &ctx, &id, why).await }));
        let count: Result<u64, StoreError> = write.await;
        assert_eq!(count.unwrap(), 1);
        assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code");
    }
}

/// T-REM: of a sign-in and of what takes the choice back at the same moment one is first; afterwards the code is asked.
#[tokio::test]
async fn t_rem_a_browser_that_is_forgotten_while_it_signs_in_is_let_in_before_or_asked() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    for _ in 0..4 {
        let mut browser = remembered_browser(&app, &ada, &phone).await;
        let username = ada.username.clone();
        let signing_in = tokio::spawn(async move {
            let path = by_password(&mut browser, &username, GOOD).await;
            (path, browser)
        });
        let ctx = app.app.own_ctx(Actor::Anonymous);
        assert_eq!(remembered::forget_all(&app.app, &ctx, &ada.id).await.unwrap(), 1);
        let (path, mut browser) = signing_in.await.unwrap();
        assert!(path == "/account" || path == "/signin/code", "{path}");
        if path == "/account" {
            sign_out(&mut browser).await;
        }
        assert_eq!(by_password(&mut browser, &ada.username, GOOD).await, "/signin/code");
    }
}

/// A session by a password alone, where two-step verification is off, sets up whatever its person likes.
#[tokio::test]
async fn where_two_steps_are_free_a_password_alone_sets_things_up() {
    let app = TestApp::with_policy(Policy { two_step_required: false, ..Policy::default() }).await;
    let ben = app.account("ben").await;
    set_password(&app, &ben, GOOD).await;
    let mut browser = app.browser();
    assert_eq!(by_password(&mut browser, &ben.username, GOOD).await, "/account");
    for path in ["/account/phones/add", "/account/codes/add", "/account/recovery-codes", "/account/password"] {
        browser.open(path).await.unwrap();
        assert_eq!((browser.page.status, browser.page.path.as_str()), (200, path));
    }
    assert!(browser.page.html.contains("15"), "a password that is alone is longer");
    app.pass(Duration::from_secs(400));
    browser.open("/account/codes/add").await.unwrap();
    assert!(browser.page.path.starts_with("/signin/fresh"), "the proof is too old");
}
