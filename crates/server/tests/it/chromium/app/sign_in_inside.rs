//! An account added on the phone alone: by signing in from inside the app, with no computer and no QR code.

use crate::support::{TestAccount, chromium::Chromium, desk::Desk};

impl Desk {
    /// From the app to the sign-in page and back with a link of its own, up to the question whether it is the account.
    async fn sign_in_inside(&self, account: &TestAccount) {
        let phone = &self.phone;
        phone.open("/app/add").await;
        phone.heading("Add an account").await;
        phone.tap("Sign in").await;
        phone.at("/signin").await;
        phone.press("a[href^='/signin/other']").await;
        phone.press("a[href^='/signin/access-pass']").await;
        phone.type_text("#username", &account.username).await;
        phone.type_text("#pass", &account.pass).await;
        phone.press("main .main").await;
        // Neither the account page nor a code to be scanned: there is no second screen.
        phone.at("/account/phones/add").await;
        phone.heading("Set up the app on this phone").await;
        phone.says(&format!("This adds the account {} to the app on this phone.", account.username)).await;
        assert_eq!(phone.eval("document.querySelector('.qr-frame')").await, serde_json::Value::Null);
        phone.press("main form[action='/account/phones/add'] button").await;
        phone.until("document.querySelector('[data-link]') !== null").await;
        assert_eq!(phone.eval("document.querySelector('.qr-frame')").await, serde_json::Value::Null);
        phone.press("main a.button.main").await;
        phone.at("/app/e").await;
        phone.heading("Set up this phone").await;
        assert_eq!(phone.eval("location.hash").await, "", "the token is gone from the address");
        phone.tap("Set up this phone here").await;
        phone.heading("Add this account?").await;
        phone.says(&account.username).await;
    }

    /// The rest, in the same window: a PIN, the digits carried back by hand, and the app again.
    async fn set_up_inside(&self, account: &TestAccount, name: &str) {
        let phone = &self.phone;
        phone.fill("Name of this phone", name).await;
        phone.tap("Add this account").await;
        self.choose_pin().await;
        phone.heading("Type these where you started").await;
        let shown = phone.eval("document.querySelector('.six').innerText").await;
        phone.tap("Go back to that page").await;
        phone.heading("Type the six digits").await;
        phone.type_text("#digits", shown.as_str().unwrap()).await;
        phone.press("main .main").await;
        phone.heading(&format!("{name} is ready")).await;
        phone.press("main a.button.main").await;
        phone.at("/app/add/unfinished").await;
        phone.heading("This phone is ready").await;
        phone.says(&account.username).await;
        phone.tap("Done").await;
        phone.heading("Accounts").await;
    }
}

#[tokio::test]
async fn an_account_is_added_by_signing_in_inside_the_app_with_no_qr_code() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let eve = desk.app.personal_account("eve").await;
    desk.sign_in_inside(&eve).await;
    assert!(!desk.phone.text().await.contains("Organisation"), "a personal account belongs to nobody else");
    desk.set_up_inside(&eve, "Eve's phone").await;
    desk.phone.tap(&eve.username).await;
    desk.phone.says("Personal account").await;

    // An account of work goes the same way, once the first one is signed out of this browser.
    desk.phone.open(&format!("{}/account", desk.app.app.config.public_url)).await;
    desk.phone.press(".top .quiet").await;
    desk.phone.open("/app/").await;
    desk.sign_in_inside(&desk.ada).await;
    desk.phone.says("Example School").await;
    desk.set_up_inside(&desk.ada, "Ada's phone").await;

    let number = desk.ask().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    assert_eq!(desk.laptop.attribute("h1", "data-username").await, desk.ada.username);
    chromium.finish().await;
}
