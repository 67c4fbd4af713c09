//! "Stay signed in?", what is asked first, and switching two-step verification off and on, as a person does it.

use akkoord_core::policy::Policy;

use super::{every_page::faults, pictures, tab};
use crate::{
    disown::link,
    remembered::{GOOD, HALF_A_MINUTE, with_password},
    support::{
        TestApp,
        chromium::{Chromium, Tab},
    },
};

/// What is wrong with a page, which axe needs scripts to find, and its pictures.
async fn look(tab: &Tab, scripts: bool, name: &str, language: &str) {
    if scripts {
        let faults = faults(tab, language).await;
        assert!(faults.is_empty(), "{name}, {language}: {faults:?}");
    }
    pictures::take(tab, name, language).await;
}

async fn shows(tab: &Tab, what: &str) -> bool {
    tab.eval(&format!("document.querySelector(\"{what}\") !== null")).await == true
}

#[tokio::test]
async fn a_person_stays_signed_in_and_switches_two_step_verification_off_and_on_with_scripts_and_without() {
    let Some(chromium) = Chromium::start().await else { return };
    let policy = Policy { two_step_required: false, stay_days: 30, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    for (name, scripts, language) in [("ada", true, "en"), ("ben", false, "nl"), ("cor", true, "nl")] {
        let (account, phone) = with_password(&app, name).await;
        let profile = chromium.profile().await;
        let tab = tab(&app, &profile).await;
        tab.forgive("the server responded with a status of 422");
        tab.speak(language).await;
        if !scripts {
            tab.without_scripts().await;
        }
        tab.open("/signin").await;
        tab.type_text("#username", &account.username).await;
        tab.press("main .main").await;
        tab.press("form[action='/signin/password-instead'] button").await;
        tab.type_text("#password", GOOD).await;
        tab.press("main .main").await;
        tab.at("/signin/code").await;
        app.pass(HALF_A_MINUTE);
        let (code, _) = phone.code_at(app.now().seconds()).unwrap();
        tab.type_text("#code", &code).await;
        tab.press("main .main").await;
        tab.at("/signin/stay").await;
        look(&tab, scripts, "stay", language).await;
        tab.press("button[value=yes]").await;
        tab.at("/account").await;
        assert!(shows(&tab, "form[action='/account/stay/stop']").await);
        look(&tab, scripts, "choices", language).await;

        tab.press("a[href='/account/two-step/off']").await;
        tab.at("/account/two-step/off").await;
        tab.type_text("#password", "tulp Oslo vijver").await;
        tab.press("main .main").await;
        look(&tab, scripts, "two-step-off", language).await;
        assert!(shows(&tab, "#password[aria-invalid=true]").await);
        tab.type_text("#password", GOOD).await;
        tab.press("main .main").await;
        tab.at("/account").await;
        look(&tab, scripts, "two-step-is-off", language).await;
        assert!(shows(&tab, "form[action='/account/two-step/on']").await);

        // The browser did the password last: it is asked first, and it is enough.
        tab.press(".top .quiet").await;
        tab.open("/signin").await;
        tab.type_text("#username", &account.username).await;
        tab.press("main .main").await;
        tab.at("/signin/password").await;
        tab.type_text("#password", GOOD).await;
        tab.press("main .main").await;
        tab.at("/account").await;
        tab.press("form[action='/account/two-step/on'] button").await;
        tab.at("/account").await;
        assert!(shows(&tab, "a[href='/account/two-step/off']").await);

        // Each mail about it leads to a page for who did none of this, who is signed out by it.
        let link = link(&app, "password").await;
        tab.open(&link).await;
        look(&tab, scripts, "not-me-change", language).await;
        tab.press("main .main").await;
        look(&tab, scripts, "not-me-undone", language).await;
        tab.open("/account").await;
        tab.at("/signin").await;
    }
    chromium.finish().await;
}
