//! Passkeys and security keys in a real browser, with its own virtual authenticators.

use serde_json::json;

use super::{remembered::give_name_and_password, sign_in, tab};
use crate::{
    support::{
        TestApp,
        chromium::{Chromium, Tab},
    },
    two_steps::give_password,
};

async fn add(tab: &Tab, page: &str, name: &str) {
    tab.open(page).await;
    tab.type_text("#name", name).await;
    tab.press("main .main").await;
    tab.at("/account").await;
    tab.says(name).await;
}

async fn sign_out(tab: &Tab) {
    tab.press(".top .quiet").await;
    tab.heading("You are signed out").await;
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in_by_the_button_from_the_field_and_again() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in(&tab, &ada.username, &phone).await;
    let device = tab.platform_authenticator().await;
    add(&tab, "/account/passkeys/add", "Ada's laptop").await;
    assert_eq!(device.credentials().await, 1);
    sign_out(&tab).await;

    // The page of its own, which offers nothing among the names.
    tab.open("/signin/passkey").await;
    tab.press("main .main").await;
    tab.at("/account").await;
    assert_eq!(tab.attribute("h1", "data-username").await, ada.username);
    assert!(tab.text().await.contains("You signed in here with a passkey"));
    sign_out(&tab).await;

    // Among the names of the field: this browser's stand-in for a person chooses it at once.
    tab.forgive("NavigationEntryMarkedSkippable");
    tab.open("/signin").await;
    tab.at("/account").await;
    assert_eq!(tab.attribute("h1", "data-username").await, ada.username);
    chromium.finish().await;
}

#[tokio::test]
async fn the_button_takes_the_place_of_what_the_field_offers_and_says_why_nothing_came_of_it() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in(&tab, &ada.username, &phone).await;
    let device = tab.platform_authenticator().await;
    add(&tab, "/account/passkeys/add", "Ada's laptop").await;
    // The same device once more.
    tab.open("/account/passkeys/add").await;
    tab.click("main .main").await;
    tab.says("You have added this one already. Use another device or key.").await;
    device.verifies(false).await;
    tab.reload().await;
    device.forget().await;
    tab.click("main .main").await;
    tab.says("Cancelled. Nothing has changed. You can try again.").await;
    tab.open("/account").await;
    sign_out(&tab).await;

    tab.open("/signin").await;
    tab.tap("Use a passkey").await;
    tab.says("Cancelled. Nothing has changed. You can try again.").await;
    // Who doesn't want one types on.
    tab.type_text("#username", &ada.username).await;
    tab.press("main .main").await;
    tab.at("/signin/approve").await;

    let script = json!({ "source": "delete PublicKeyCredential.parseRequestOptionsFromJSON;" });
    tab.call("Page.addScriptToEvaluateOnNewDocument", script).await;
    tab.open("/signin").await;
    tab.tap("Use a passkey").await;
    tab.says("This browser can't use passkeys or security keys.").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_security_key_is_touched_after_the_password_until_it_is_removed() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    give_password(&app, &ada).await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in(&tab, &ada.username, &phone).await;
    tab.security_key().await;
    add(&tab, "/account/security-keys/add", "Blue key").await;
    sign_out(&tab).await;
    give_name_and_password(&tab, &ada.username).await;
    tab.at("/signin/security-key").await;
    tab.press("main .main").await;
    tab.at("/account").await;

    tab.press("a[href^='/account/passkeys/'][href$='/remove']").await;
    tab.heading("Remove Blue key?").await;
    tab.press("main .main").await;
    tab.at("/account").await;
    assert!(!tab.text().await.contains("Blue key"));
    sign_out(&tab).await;
    give_name_and_password(&tab, &ada.username).await;
    tab.at("/signin/code").await;
    chromium.finish().await;
}

#[tokio::test]
async fn without_scripts_the_pages_say_what_passkeys_need() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;
    sign_in(&tab, &ada.username, &phone).await;
    tab.forgive("the server responded with a status of 4");
    tab.without_scripts().await;
    let needs = "Passkeys and security keys need JavaScript.";
    tab.open("/account/passkeys/add").await;
    tab.says(needs).await;
    tab.press("main .main").await;
    tab.says(needs).await;
    profile.forget_cookies().await;
    tab.open("/signin").await;
    tab.press("form[action='/signin/passkey'] button").await;
    tab.says(needs).await;
    assert_eq!(tab.path().await, "/signin/passkey");
    chromium.finish().await;
}

/// The pages of one's own keys, for the walk through every page. Leaves the account with a security key.
pub(super) async fn visit_account_pages(tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.security_key().await;
    for (page, name) in [("/account/passkeys/add", "add-passkey"), ("/account/security-keys/add", "add-security-key")] {
        tab.open(page).await;
        visit(tab, name).await;
    }
    tab.forgive("NavigationEntryMarkedSkippable");
    send_nonsense(tab).await;
    visit(tab, "add-security-key-refused").await;
    add(tab, "/account/security-keys/add", "Blue key on Ada's ring").await;
    visit(tab, "account-with-key").await;
    tab.open("/account").await;
    tab.press("a[href^='/account/passkeys/'][href$='/remove']").await;
    visit(tab, "remove-key").await;
}

/// The page that asks for a passkey, which has found none, and which was sent another.
pub(super) async fn visit_passkey_pages(tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/signin/passkey").await;
    visit(tab, "passkey").await;
    tab.click("main .main").await;
    tab.until(
        "(({ textContent, dataset }) => textContent === dataset.cancelled)(document.querySelector('[data-told]'))",
    )
    .await;
    visit(tab, "passkey-cancelled").await;
    send_nonsense(tab).await;
    visit(tab, "passkey-refused").await;
}

/// Sends what no authenticator made, past the page's script.
pub(super) async fn send_nonsense(tab: &Tab) {
    let form = "document.querySelector('form[data-key]')";
    tab.eval("window.before = true").await;
    tab.eval(&format!(
        "fetch({form}.dataset.options).then((answer) => answer.json()).then(({{ ticket }}) => {{
            {form}.elements.ticket.value = ticket;
            {form}.elements.credential.value = '{{}}';
            setTimeout(() => {form}.submit());
        }})"
    ))
    .await;
    tab.until("window.before !== true && document.readyState === 'complete'").await;
}
