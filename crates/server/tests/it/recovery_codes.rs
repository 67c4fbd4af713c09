//! Recovery codes: made, used for setting up a phone, and for nothing else.

use std::time::Duration;

use akkoord_core::{Actor, ids::AccountId, password::Use};
use akkoord_server::use_cases::{
    password::{self, By},
    recovery_code,
};
use akkoord_simulator::{browser::Browser, steps};
use akkoord_store::{AccountRow, RecoveryCodeRow, StoreError};

use crate::support::{TestAccount, TestApp, Unlock};

const PASSWORD: &str = "tulp Oslo kraan";

async fn row(app: &TestApp, account: &AccountId) -> AccountRow {
    let id = account.clone();
    let read = app.app.store.read(move |tx| Box::pin(async move { tx.account(&id).await })).await;
    read.map_err(|error: StoreError| error).unwrap().unwrap()
}

async fn stored(app: &TestApp, account: &TestAccount) -> Vec<RecoveryCodeRow> {
    let id = account.id.clone();
    let read = app.app.store.read(move |tx| Box::pin(async move { tx.recovery_codes_of(&id).await })).await;
    read.map_err(|error: StoreError| error).unwrap()
}

/// Makes recovery codes for an account.
pub async fn codes_of(app: &TestApp, account: &TestAccount) -> Vec<String> {
    let ctx = app.app.own_ctx(Actor::Anonymous);
    let made = recovery_code::make(&app.app, &ctx, &row(app, &account.id).await).await.unwrap();
    made.iter().map(|code| code.to_string()).collect()
}

async fn give_password(app: &TestApp, account: &TestAccount) {
    let (row, ctx) = (row(app, &account.id).await, app.app.own_ctx(Actor::Anonymous));
    password::set(&app.app, &ctx, &row, PASSWORD, Use::WithSecondStep, By::Person(None)).await.unwrap();
}

/// A new browser that types a name and a recovery code.
pub async fn try_code(app: &TestApp, username: &str, code: &str) -> Browser {
    let mut browser = app.browser();
    browser.open("/signin/recovery-code").await.unwrap();
    browser.submit("/signin/recovery-code", &[("username", username), ("code", code)]).await.unwrap();
    browser
}

/// T-REC-1: one code, one sign-in, and it is for adding a phone.
#[tokio::test]
async fn t_rec_1_a_recovery_code_gets_a_person_without_phone_in_to_add_one_and_works_once() {
    let app = TestApp::new().await;
    let (ada, lost, _) = app.account_with("ada", Unlock::Platform).await;
    let codes = codes_of(&app, &ada).await;
    assert_eq!(codes.len(), 10);
    let mut browser = try_code(&app, &ada.username, &codes[3].to_lowercase().replace('-', " ")).await;
    assert_eq!(browser.page.path, "/account", "{}", browser.page.html);
    assert!(browser.page.html.contains("You signed in with a recovery code"), "{}", browser.page.html);
    // It opens nothing that could lock the owner out: neither methods nor the phones that are there.
    let remove = format!("/account/phones/{}/remove", lost.account().phone);
    for path in ["/account/password", "/account/codes/add", "/account/recovery-codes", &remove] {
        assert_eq!(browser.open(path).await.unwrap().status, 403, "{path}");
    }
    browser.open("/account").await.unwrap();
    steps::add_phone(&mut browser).await.unwrap();
    let mail = app.mail().await;
    let told = mail.iter().find(|mail| mail.subject.contains("a recovery code was used")).expect("its owner is told");
    assert!(told.body.contains("9 codes left"), "{}", told.body);
    let again = try_code(&app, &ada.username, &codes[3]).await;
    assert_eq!(again.page.status, 422, "used");
    assert!(again.page.html.contains("was used already"));
    let events = app.audit().await;
    for event in ["recovery_codes.made", "recovery_code.used", "recovery_code.refused"] {
        assert!(events.contains(&event.to_owned()), "{event}");
    }
    // The session ends as one by a pass would (T-SES-6).
    app.pass(Duration::from_secs(3601));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin");
}

/// T-REC-1, T-DOWN: paper that was found is not enough where there is a password, in whichever order they are given.
#[tokio::test]
async fn t_rec_1_where_there_is_a_password_it_is_asked_as_well() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let codes = codes_of(&app, &ada).await;
    let mut found = try_code(&app, &ada.username, &codes[0]).await;
    assert_eq!(found.page.path, "/signin/password", "{}", found.page.html);
    assert!(found.open("/account").await.unwrap().path.starts_with("/signin"));
    found.open("/signin/password").await.unwrap();
    found.submit("/signin/password", &[("password", "tulp Oslo vijver")]).await.unwrap();
    assert_eq!(found.page.status, 422);
    found.submit("/signin/password", &[("password", PASSWORD)]).await.unwrap();
    assert_eq!(found.page.path, "/account");
    assert!(found.page.html.contains("You signed in with a recovery code"), "{}", found.page.html);

    // From the page of the code that the lost phone would make.
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    browser.submit("/signin", &[("username", &ada.username)]).await.unwrap();
    browser.submit("/signin/password-instead", &[]).await.unwrap();
    browser.submit("/signin/password", &[("password", PASSWORD)]).await.unwrap();
    assert_eq!(browser.page.path, "/signin/code");
    browser.open("/signin/recovery-code").await.unwrap();
    browser.submit("/signin/recovery-code", &[("code", &codes[1])]).await.unwrap();
    assert_eq!(browser.page.path, "/account", "{}", browser.page.html);
    assert_eq!(browser.open("/account/password").await.unwrap().status, 403);
}

/// T-REC-1: of many that send one code at the same moment one gets in.
#[tokio::test]
async fn t_rec_1_one_recovery_code_sent_by_many_at_once_lets_one_in() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with("ada", Unlock::Platform).await;
    let code = codes_of(&app, &ada).await.remove(0);
    let tries: Vec<_> = (0..6)
        .map(|_| {
            let (mut browser, username, code) = (app.browser(), ada.username.clone(), code.clone());
            tokio::spawn(async move {
                browser.open("/signin/recovery-code").await.unwrap();
                browser.submit("/signin/recovery-code", &[("username", &username), ("code", &code)]).await.unwrap();
                browser.page.path == "/account"
            })
        })
        .collect();
    let mut let_in = 0;
    for one in tries {
        let_in += u32::from(one.await.unwrap());
    }
    assert_eq!(let_in, 1);
    assert_eq!(stored(&app, &ada).await.iter().filter(|code| code.used_at.is_some()).count(), 1);
}

/// T-REC-1: guessing ends the attempt; what a set before or somebody else's was is worth nothing.
#[tokio::test]
async fn t_rec_1_wrong_recovery_codes_are_counted_and_those_of_others_and_of_before_are_wrong() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with("ada", Unlock::Platform).await;
    let ben = app.account("ben").await;
    let (before, bens) = (codes_of(&app, &ada).await, codes_of(&app, &ben).await);
    let now = codes_of(&app, &ada).await;
    for wrong in [&before[0], &bens[0], "AAAA-AAAA-AAAA-AAAA", "x"] {
        assert_eq!(try_code(&app, &ada.username, wrong).await.page.status, 422, "{wrong}");
    }
    let mut browser = try_code(&app, &ada.username, "AAAA-AAAA-AAAA-AAAA").await;
    for _ in 1..5 {
        browser.submit("/signin/recovery-code", &[("code", "AAAA-AAAA-AAAA-AAAA")]).await.unwrap();
    }
    browser.submit("/signin/recovery-code", &[("code", &now[0])]).await.unwrap();
    assert!(browser.page.html.contains("Too many tries"), "{}", browser.page.html);
    assert_eq!(try_code(&app, &ada.username, &now[0]).await.page.path, "/account", "the code itself is still good");
    let id = ben.id.clone();
    let at = app.now();
    let disabled = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, at).await })).await;
    assert!(disabled.map_err(|error: StoreError| error).unwrap());
    assert_eq!(try_code(&app, &ben.username, &bens[1]).await.page.status, 422, "disabled");
    assert!(stored(&app, &ben).await.iter().all(|code| code.used_at.is_none()));
}

/// T-ENUM-1: each wrong code costs the same statements and one hash, whoever's name it is.
#[tokio::test]
async fn t_enum_1_each_wrong_recovery_code_costs_the_same_statements_and_one_hash() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with("ada", Unlock::Platform).await;
    let (ben, cat) = (app.account("ben").await, app.account("cat").await);
    codes_of(&app, &ada).await;
    let cats = codes_of(&app, &cat).await.remove(0);
    let (id, now) = (cat.id.clone(), app.now());
    let disabled = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(disabled.map_err(|error: StoreError| error).unwrap());
    let mut wanted = None;
    for (username, code, state) in [
        ("nobody@example.org", "AAAA-AAAA-AAAA-AAAA", "nobody's name"),
        (ada.username.as_str(), "AAAA-AAAA-AAAA-AAAA", "wrong"),
        (&ben.username, "AAAA-AAAA-AAAA-AAAA", "without codes"),
        (&cat.username, &cats, "disabled"),
    ] {
        let mut browser = app.browser();
        browser.open("/signin").await.unwrap();
        browser.submit("/signin", &[("username", username)]).await.unwrap();
        browser.open("/signin/recovery-code").await.unwrap();
        app.app.store.take_statements();
        let hashes = app.app.hashing.done();
        browser.submit("/signin/recovery-code", &[("code", code)]).await.unwrap();
        let work = (browser.page.status, app.app.hashing.done() - hashes, app.app.store.take_statements());
        assert_eq!(*wanted.get_or_insert_with(|| work.clone()), work, "{state}");
    }
}

/// The pages on which they are made: once shown, never again, and each change asks for a fresh proof.
#[tokio::test]
async fn a_set_is_shown_once_replaced_and_removed_with_a_fresh_proof() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(&waiting[0], &number, &akkoord_authenticator::Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    browser.open("/account/recovery-codes").await.unwrap();
    browser.submit("/account/recovery-codes", &[]).await.unwrap();
    let shown: Vec<String> =
        browser.page.html.split("class=\"code\">").skip(1).map(|rest| rest[..19].to_owned()).collect();
    assert_eq!(shown.len(), 10, "{}", browser.page.html);
    browser.open("/account/recovery-codes").await.unwrap();
    assert!(shown.iter().all(|code| !browser.page.html.contains(code)), "shown once");
    browser.open("/account").await.unwrap();
    assert!(browser.page.html.contains("10 codes left"));
    assert_eq!(try_code(&app, &ada.username, &shown[0]).await.page.path, "/account");
    browser.open("/account/recovery-codes").await.unwrap();
    browser.submit("/account/recovery-codes", &[]).await.unwrap();
    assert_eq!(try_code(&app, &ada.username, &shown[1]).await.page.status, 422, "replaced");
    app.pass(Duration::from_secs(601));
    browser.open("/account/recovery-codes").await.unwrap();
    assert_eq!(browser.page.path, "/signin/fresh?reason=recovery-codes");
    let mail: Vec<String> = app.mail().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(mail.iter().filter(|subject| subject.contains("new recovery codes")).count(), 2, "{mail:?}");
}
