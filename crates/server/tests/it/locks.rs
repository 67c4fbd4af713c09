//! Wrong numbers: what three of them pause, what ten in a row lock, and how it ends.

use std::time::Duration;

use akkoord_authenticator::{Phone, PhoneError, Unlocking};
use akkoord_protocols::phone::problem::Code;
use akkoord_simulator::{browser::Browser, steps};

use crate::{
    budgets::{known, rang},
    support::{TestAccount, TestApp, Unlock, page_without},
};

const HOUR: Duration = Duration::from_secs(3600);

/// Starts in a browser that the account knows; the phone sends a wrong number.
async fn wrong(phone: &Phone, browser: &mut Browser, account: &TestAccount) {
    let number = steps::start_sign_in(browser, &account.username).await.unwrap();
    let wrong = if number == "10" { "11" } else { "10" };
    let waiting = phone.pending().await.unwrap().waiting;
    match phone.approve(&waiting[0], wrong, &Unlocking::Platform).await {
        Err(PhoneError::Call(error)) => assert_eq!(error.code(), Some(Code::WrongNumber)),
        other => panic!("not refused: {other:?}"),
    }
}

async fn right(phone: &Phone, browser: &mut Browser, account: &TestAccount) {
    let number = steps::start_sign_in(browser, &account.username).await.unwrap();
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(&waiting[0], &number, &Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(browser).await.unwrap();
    steps::sign_out(browser).await.unwrap();
}

#[tokio::test]
async fn three_wrong_numbers_leave_strangers_nothing_to_approve_for_an_hour() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for _ in 0..3 {
        app.pass(HOUR);
        wrong(&phone, &mut own, &ada).await;
    }
    let before = rang(&app, &ada).await;
    for _ in 0..2 {
        app.start(&ada).await;
        assert!(phone.pending().await.unwrap().waiting.is_empty());
        app.pass(Duration::from_secs(1));
    }
    // A browser that the account knows still reaches the phone that asks, and nothing rings.
    right(&phone, &mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, before);
    phone.expect().await.unwrap();
    app.start(&ada).await;
    assert_eq!(rang(&app, &ada).await, before + 1, "but what the phone announced");
    app.pass(HOUR - Duration::from_secs(3));
    app.start(&ada).await;
    assert_eq!(rang(&app, &ada).await, before + 1, "a second too early");
    app.pass(Duration::from_secs(1));
    app.start(&ada).await;
    assert_eq!(rang(&app, &ada).await, before + 2);
}

#[tokio::test]
async fn t_num_3_ten_wrong_numbers_over_days_and_restarts_lock_until_an_access_pass() {
    let mut app = TestApp::as_a_program().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for count in 0..10 {
        app.pass(9 * HOUR);
        if count % 4 == 3 {
            app.stop().await;
            app.start_again().await;
        }
        wrong(&phone, &mut own, &ada).await;
    }
    app.pass(30 * 24 * HOUR);
    // For the stranger it is the page of any other day.
    let (stranger, number) = app.start(&ada).await;
    let mut other = app.browser();
    let of_nobody = steps::start_sign_in(&mut other, "nobody@example.org").await.unwrap();
    let page = |browser: &Browser, name: &str, number: &str| page_without(&browser.page.html, name, number);
    assert_eq!(page(&stranger, &ada.username, &number), page(&other, "nobody@example.org", &of_nobody));
    // The browser that the account knows is told, and how to go on.
    own.open("/signin").await.unwrap();
    own.submit("/signin", &[("username", &ada.username)]).await.unwrap();
    assert_eq!(own.page.number(), None);
    assert!(own.page.contains("Phone sign-in is locked") && own.page.contains("href=\"/signin/access-pass\""));
    phone.expect().await.unwrap();
    app.start(&ada).await;
    assert!(phone.pending().await.unwrap().waiting.is_empty(), "announced or not");
    let mails = app.mail().await;
    assert!(mails.iter().any(|mail| mail.to == ada.username && mail.subject.contains("locked")), "{mails:?}");
    assert!(app.audit().await.contains(&"account.approval_locked".to_owned()));
    // Another method ends it, and what was wrong before is forgiven.
    let pass = app.new_pass(&ada).await;
    let mut browser = app.browser();
    steps::sign_in_with_pass(&mut browser, &ada.username, &pass).await.unwrap();
    assert!(app.audit().await.contains(&"account.approval_unlocked".to_owned()));
    for _ in 0..9 {
        app.pass(9 * HOUR);
        wrong(&phone, &mut own, &ada).await;
    }
    app.pass(9 * HOUR);
    right(&phone, &mut own, &ada).await;
}

#[tokio::test]
async fn t_num_3_a_right_number_in_between_starts_the_count_anew() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for _ in 0..2 {
        for _ in 0..9 {
            wrong(&phone, &mut own, &ada).await;
        }
        right(&phone, &mut own, &ada).await;
    }
}

#[tokio::test]
async fn t_num_3_a_lock_ends_what_waits_and_a_session_says_so_on_its_page() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    let (mut signed_in, number) = app.start(&ada).await;
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(&waiting[0], &number, &Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(&mut signed_in).await.unwrap();
    for _ in 0..9 {
        wrong(&phone, &mut own, &ada).await;
    }
    phone.expect().await.unwrap();
    let (mut stranger, _) = app.start(&ada).await;
    app.pass(Duration::from_secs(1));
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    let waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(waiting.len(), 2);
    let wrong = if number == "10" { "11" } else { "10" };
    phone.approve(&waiting[1], wrong, &Unlocking::Platform).await.unwrap_err();
    assert!(phone.pending().await.unwrap().waiting.is_empty(), "each could be guessed once more");
    stranger.open("/signin/approve").await.unwrap();
    assert!(stranger.page.contains("This sign-in was stopped"));
    signed_in.open("/account").await.unwrap();
    assert!(signed_in.page.contains("Phone sign-in is locked"));
    let practice = signed_in.post("/account/practice", &[]).await.unwrap();
    assert_eq!(practice.location.as_deref(), Some("/account"), "nothing to practise with");
}
