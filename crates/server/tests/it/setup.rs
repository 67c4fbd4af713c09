//! The way through setting an account up.

use akkoord_authenticator::Unlocking;

use crate::support::{TestApp, Unlock};

#[tokio::test]
async fn who_comes_in_with_a_pass_is_led_to_a_phone_and_then_to_another_way_in() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let browser = app.browser_with_pass(&ada).await;
    assert_eq!(browser.page.path, "/account/setup");
    assert!(browser.page.contains("href=\"/account/phones/add\""));
    assert!(!browser.page.contains("/account/recovery-codes"), "one thing after the other");
    assert!(browser.page.contains("again with this pass"), "what a pass is worth now");
    assert!(!browser.page.contains("If your phone gets lost"), "one warning at a time");

    // With the phone, from another browser that was left half way: it goes on where it was.
    let (_, phone, mut first) = app.account_with("ben", Unlock::Platform).await;
    first.open("/account/setup").await.unwrap();
    assert!(first.page.contains("Sign in with your phone to go on"), "{}", first.page.html);
    assert!(!first.page.contains("href=\"/account/recovery-codes\""), "a pass is for adding a phone");
    first.submit("/signin/fresh", &[("then", "setup")]).await.unwrap();
    let number = first.page.attribute("data-number").unwrap();
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(waiting.last().unwrap(), &number, &Unlocking::Platform).await.unwrap();
    first.open("/signin/approve").await.unwrap();
    first.submit("/signin/finish", &[]).await.unwrap();
    assert_eq!(first.page.path, "/account/setup");
    assert!(first.page.contains("href=\"/account/recovery-codes\""));
    assert!(first.page.contains("only Example School can help you in"), "what it means to leave it");
    first.open("/account/recovery-codes").await.unwrap();
    first.submit("/account/recovery-codes", &[]).await.unwrap();
    first.open("/account/setup").await.unwrap();
    assert!(first.page.contains("Your account is set up"), "{}", first.page.html);
}
