//! T-ENUM-1: what somebody learns who types names. Nothing: the work and the page are the same for each.

use std::time::Duration;

use akkoord_authenticator::Unlocking;
use akkoord_simulator::{browser::Browser, steps};

use crate::support::{TestApp, Unlock, page_without};

/// What a start of this name in a new browser made the database do, and the page that came of it.
async fn start(app: &TestApp, username: &str) -> (Vec<&'static str>, String) {
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    app.app.store.take_statements();
    browser.submit("/signin", &[("username", username)]).await.unwrap();
    let statements = app.app.store.take_statements();
    (statements, page(&browser, username))
}

fn page(browser: &Browser, username: &str) -> String {
    page_without(&browser.page.html, username, &browser.page.number().unwrap())
}

#[tokio::test]
async fn t_enum_1_a_start_does_and_shows_the_same_for_each_name_and_in_each_state() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with("ada", Unlock::Platform).await;
    app.account("ben").await;
    let disabled = app.account("cat").await;
    let (id, now) = (disabled.id, app.app.clock.now());
    let done = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(done.map_err(|error: akkoord_store::StoreError| error).unwrap());

    let (wanted, shown) = start(&app, "nobody@example.org").await;
    let kinds = |kind: &str| wanted.iter().filter(|sql| sql.starts_with(kind)).count();
    assert!(wanted.len() > 12, "{wanted:#?}");
    assert_eq!((kinds("INSERT"), kinds("UPDATE"), kinds("DELETE")), (4, 2, 0), "{wanted:#?}");
    let same = async |username: &str, state: &str| {
        let (statements, html) = start(&app, username).await;
        assert_eq!(statements, wanted, "{username}, {state}");
        assert_eq!(html, shown, "{username}, {state}");
    };
    same("ben@example.org", "without a phone").await;
    same("cat@example.org", "disabled").await;
    same("ada@example.org", "rings").await;
    same("ada@example.org", "rings once more").await;
    same("ada@example.org", "no place left").await;
    app.pass(Duration::from_secs(200));
    same("ada@example.org", "over the budget").await;
    app.pass(Duration::from_secs(600));
    same("ada@example.org", "rings again").await;
    phone.deny(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    same("ada@example.org", "after a denial").await;
    phone.report(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    same("ada@example.org", "after a report").await;
    for count in 1..=10 {
        phone.expect().await.unwrap();
        let mut browser = app.browser();
        let number = steps::start_sign_in(&mut browser, "ada@example.org").await.unwrap();
        let wrong = if number == "10" { "11" } else { "10" };
        let waiting = phone.pending().await.unwrap().waiting;
        let newest = waiting.last().unwrap();
        phone.approve(newest, wrong, &Unlocking::Platform).await.unwrap_err();
        app.pass(Duration::from_secs(121));
        if count == 3 {
            same("ada@example.org", "after three wrong numbers").await;
        }
    }
    same("ada@example.org", "locked").await;
    same("nobody@example.org", "still").await;
}
