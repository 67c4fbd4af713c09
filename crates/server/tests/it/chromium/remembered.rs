//! "Don't ask again on this browser", as a person ticks it.

use akkoord_authenticator::Phone;

use super::tab;
use crate::{
    remembered::{GOOD, HALF_A_MINUTE, with_password},
    support::{
        TestApp,
        chromium::{Chromium, Tab},
    },
};

pub(super) async fn give_name_and_password(tab: &Tab, username: &str) {
    tab.open("/signin").await;
    tab.type_text("#username", username).await;
    tab.press("main .main").await;
    if tab.path().await != "/signin/password" {
        tab.press("form[action='/signin/password-instead'] button").await;
        tab.at("/signin/password").await;
    }
    tab.type_text("#password", GOOD).await;
    tab.press("main .main").await;
}

async fn tick_and_give_code(app: &TestApp, tab: &Tab, phone: &Phone) {
    tab.at("/signin/code").await;
    tab.click("label[for=remember]").await;
    app.pass(HALF_A_MINUTE);
    // A wrong one takes nothing back: the box stays as it was.
    tab.type_text("#code", "000000").await;
    tab.press("main .main").await;
    let (code, _) = phone.code_at(app.now().seconds()).unwrap();
    tab.type_text("#code", &code).await;
    tab.press("main .main").await;
    tab.at("/account").await;
}

#[tokio::test]
async fn a_ticked_box_spares_this_browser_the_code_with_scripts_and_without() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    for (name, scripts) in [("ada", true), ("ben", false)] {
        let (account, phone) = with_password(&app, name).await;
        let profile = chromium.profile().await;
        let tab = tab(&app, &profile).await;
        tab.forgive("the server responded with a status of 422");
        if !scripts {
            tab.without_scripts().await;
        }
        give_name_and_password(&tab, &account.username).await;
        tick_and_give_code(&app, &tab, &phone).await;
        let text = tab.text().await;
        assert!(text.contains("Browsers that don't ask for a second step"), "{text}");
        assert!(!text.contains("A password alone is never enough"), "not here: {text}");
        let cookie = profile.cookie("__Host-remembered").await.unwrap();
        tab.press(".top .quiet").await;
        give_name_and_password(&tab, &account.username).await;
        tab.at("/account").await;
        assert_eq!(profile.cookie("__Host-remembered").await.unwrap(), cookie);
        // Taken back, the code is asked for again.
        tab.press("form[action='/account/remembered/forget'] button").await;
        tab.press(".top .quiet").await;
        give_name_and_password(&tab, &account.username).await;
        tab.at("/signin/code").await;
    }
    chromium.finish().await;
}
