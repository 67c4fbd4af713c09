//! The pages on which somebody can't go on, or not the way that was meant.

use std::time::Duration;

use akkoord_core::policy::Policy;

use crate::{
    chromium::{read_number, sign_in, sign_in_with_pass, start_sign_in, the_request},
    recovery_codes::codes_of,
    support::{
        TestApp,
        chromium::{Profile, Tab},
        pin,
    },
    two_steps::{GOOD, give_password, give_password_to_change},
};

pub(super) async fn walk(app: &TestApp, profile: &Profile, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    profile.forget_cookies().await;
    typed_wrong(app, tab, visit).await;
    profile.forget_cookies().await;
    without_a_second_step(app, tab, visit).await;
    profile.forget_cookies().await;
    password_to_change(app, tab, visit).await;
    profile.forget_cookies().await;
    by_pass_beside_a_phone(app, tab, visit).await;
    profile.forget_cookies().await;
    practice_goes_wrong(app, tab, visit).await;
    profile.forget_cookies().await;
    locked(app, tab, visit).await;
    profile.forget_cookies().await;
    managed(app, profile, tab, visit).await;
    profile.forget_cookies().await;
    too_often(tab, visit).await;
}

/// A name that is none, and too many wrong passwords.
async fn typed_wrong(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/signin").await;
    tab.eval("document.querySelector('#username').value = 'ada\\u007f';true").await;
    tab.press("main .main").await;
    visit(tab, "sign-in-unreadable").await;
    tab.open("/signin/recovery-code").await;
    visit(tab, "recovery-code-of-nobody-yet").await;
    let fay = app.account("fay").await;
    give_password(app, &fay).await;
    to_password(tab, &fay.username, "").await;
    visit(tab, "password-empty").await;
    for _ in 0..5 {
        tab.type_text("#password", "tulp Oslo vijver").await;
        tab.press("main .main").await;
    }
    tab.open("/signin/approve").await;
    visit(tab, "end-too-many").await;
}

/// Types the name, and this password instead of the number.
async fn to_password(tab: &Tab, username: &str, password: &str) {
    start_sign_in(tab, username).await;
    tab.press("form[action='/signin/password-instead'] button").await;
    tab.type_text("#password", password).await;
    tab.press("main .main").await;
}

/// The right password of an account whose two-step verification is on, and which has nothing left for the second.
async fn without_a_second_step(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (gus, phone, _) = app.account_with_phone("gus").await;
    give_password(app, &gus).await;
    sign_in(tab, &gus.username, &phone).await;
    tab.open(&format!("/account/phones/{}/remove", phone.account().phone)).await;
    visit(tab, "remove-last-phone").await;
    tab.press("main .main").await;
    visit(tab, "signed-out-by-removing").await;
    to_password(tab, &gus.username, GOOD).await;
    visit(tab, "end-no-second-step").await;
    // A pass lets in, to a page that says what is missing.
    let pass = app.new_pass(&gus).await;
    tab.open("/signin/access-pass").await;
    tab.type_text("#pass", &pass).await;
    tab.press("main .main").await;
    tab.open("/account").await;
    visit(tab, "account-without-phone").await;
}

/// A password that an operator set, and its person must change.
async fn password_to_change(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (hal, phone, _) = app.account_with_phone("hal").await;
    give_password_to_change(app, &hal).await;
    sign_in(tab, &hal.username, &phone).await;
    tab.open("/account/password").await;
    visit(tab, "set-password-that-must-change").await;
    // Before anything is set up, a password is good for setting up.
    let ian = app.account("ian").await;
    give_password(app, &ian).await;
    tab.press("footer a").await;
    tab.open("/account").await;
    tab.press(".top .quiet").await;
    to_password(tab, &ian.username, GOOD).await;
    visit(tab, "setup-by-password").await;
    tab.open("/account").await;
    visit(tab, "account-by-password").await;
    tab.open("/account/password").await;
    visit(tab, "error-forbidden").await;
}

/// A session by an access pass of an account that has a phone: it may set up and nothing else.
async fn by_pass_beside_a_phone(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (jan, ..) = app.account_with_phone("jan").await;
    let pass = app.new_pass(&jan).await;
    sign_in_with_pass(tab, &jan.username, &pass).await;
    tab.open("/account/setup").await;
    visit(tab, "setup-by-pass-beside-a-phone").await;
    tab.open("/account").await;
    visit(tab, "account-by-pass-beside-a-phone").await;
}

async fn practice_goes_wrong(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (kim, phone, _) = app.account_with_phone("kim").await;
    sign_in(tab, &kim.username, &phone).await;
    let ended = "document.readyState === 'complete' && document.querySelector('[data-waiting]') === null";
    for name in ["practice-wrong-number", "practice-reported", "practice-no-answer"] {
        tab.open("/account").await;
        tab.press("form[action='/account/practice'] button").await;
        let number = read_number(tab).await;
        let request = the_request(&phone).await;
        match name {
            "practice-wrong-number" => {
                let wrong = if number == "10" { "11" } else { "10" };
                phone.approve(&request, wrong, &pin()).await.unwrap_err();
            }
            "practice-reported" => {
                phone.report(&request).await.unwrap();
            }
            _ => {
                app.pass(Duration::from_secs(121));
                app.app.wake.tell_all();
            }
        }
        tab.until(ended).await;
        visit(tab, name).await;
    }
}

/// Ten wrong numbers lock phone sign-in, which a browser that is known is told.
async fn locked(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (lea, phone, _) = app.account_with_phone("lea").await;
    sign_in(tab, &lea.username, &phone).await;
    tab.open("/account").await;
    tab.press(".top .quiet").await;
    for _ in 0..10 {
        app.pass(Duration::from_secs(9 * 3600));
        let number = start_sign_in(tab, &lea.username).await;
        let wrong = if number == "10" { "11" } else { "10" };
        phone.approve(&the_request(&phone).await, wrong, &pin()).await.unwrap_err();
    }
    tab.open("/signin").await;
    tab.type_text("#username", &lea.username).await;
    tab.press("main .main").await;
    visit(tab, "end-locked").await;
}

/// The organisation manages how its people sign in.
async fn managed(app: &TestApp, profile: &Profile, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let (mia, phone, _) = app.account_with_phone("mia").await;
    give_password(app, &mia).await;
    let codes = codes_of(app, &mia).await;
    sign_in(tab, &mia.username, &phone).await;
    app.set_policy(&Policy { security_info: false, ..Policy::default() }).await;
    tab.open("/account").await;
    visit(tab, "account-managed").await;
    tab.open("/account/password").await;
    visit(tab, "error-managed").await;
    tab.open("/account/setup").await;
    visit(tab, "setup-managed-done").await;
    profile.forget_cookies().await;
    let ned = app.account("ned").await;
    sign_in_with_pass(tab, &ned.username, &ned.pass).await;
    visit(tab, "setup-managed-by-pass").await;
    profile.forget_cookies().await;
    phone.unregister().await.unwrap();
    to_password(tab, &mia.username, GOOD).await;
    tab.open("/signin/recovery-code").await;
    tab.type_text("#code", &codes[0]).await;
    tab.press("main .main").await;
    tab.open("/account/setup").await;
    visit(tab, "setup-managed").await;
    tab.open("/account").await;
    visit(tab, "account-managed-without-phone").await;
    app.set_policy(&Policy::default()).await;
}

/// One neighbourhood starts too many sign-ins.
async fn too_often(tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/signin").await;
    let token = tab.attribute("[name=csrf]", "value").await;
    let flood = format!(
        "(async () => {{
            for (let at = 0; at < 1000; at++) {{
                const body = new URLSearchParams({{ csrf: {token:?}, username: `flood${{at}}@example.org` }});
                const answer = await fetch('/signin', {{ method: 'POST', body, redirect: 'manual' }});
                if (answer.status === 429) return true;
            }}
            return false;
        }})()"
    );
    assert_eq!(tab.eval(&flood).await, true, "no end of sign-ins");
    tab.type_text("#username", "flood@example.org").await;
    tab.press("main .main").await;
    visit(tab, "error-too-many").await;
}
