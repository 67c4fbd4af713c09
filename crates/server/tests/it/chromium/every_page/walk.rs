//! The way through every page in its main states.

use std::time::Duration;

use akkoord_authenticator::{Candidate, Invitation, Phone};
use akkoord_protocols::otp::{Algorithm, totp};
use serde_json::Value;

use super::dead_ends;
use crate::{
    chromium::{
        add_phone::{claim, prove},
        passkeys, read_number, sign_in_with_pass, start_sign_in, streams, tab, the_request,
    },
    support::{
        TestApp,
        chromium::{Chromium, Profile, Tab},
        pin,
    },
};

/// The page that no longer waits.
const SETTLED: &str = "document.readyState === 'complete' && document.querySelector('[data-waiting]') === null";

async fn stage(tab: &Tab, wanted: &str) {
    tab.until(&format!(
        "document.readyState === 'complete' && document.querySelector('[data-stage]')?.dataset.stage === '{wanted}'"
    ))
    .await;
}

/// Visits every page in its main states.
pub(super) async fn walk(chromium: &Chromium, language: &str, mut visit: impl AsyncFnMut(&Tab, &str)) {
    let app = TestApp::new().await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;
    tab.speak(language).await;
    tab.dark(false).await;
    // A page with a mistake or without a place is answered with a status of its own, and the console repeats it.
    tab.forgive("the server responded with a status of 4");
    signed_out(&app, &tab, &mut visit).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    ends(&app, &tab, &ada.username, &phone, &mut visit).await;
    let secret = account(&app, &tab, &phone, &mut visit).await;
    let codes = recovery_codes(&tab, &mut visit).await;
    let second = adding(&app, &tab, &mut visit).await;
    practising(&tab, &second, &mut visit).await;
    adding_goes_wrong(&app, &tab, &mut visit).await;
    leaving(&app, &profile, &tab, &mut visit).await;
    typed_steps(&tab, &ada.username, &mut visit).await;
    passkeys::visit_passkey_pages(&tab, &mut visit).await;
    by_recovery_code(&tab, &codes[0], &mut visit).await;
    remembering(&app, &tab, &ada.username, &secret, &mut visit).await;
    dead_ends::walk(&app, &profile, &tab, &mut visit).await;
}

async fn signed_out(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/signin").await;
    visit(tab, "sign-in").await;
    tab.press("main .main").await;
    visit(tab, "sign-in-empty").await;
    tab.open("/signin/other").await;
    visit(tab, "other-ways").await;
    tab.open("/signin/access-pass").await;
    visit(tab, "access-pass").await;
    tab.type_text("#username", "ben@example.org").await;
    tab.type_text("#pass", "AAAA-AAAA-AAAA").await;
    tab.press("main .main").await;
    visit(tab, "access-pass-refused").await;
    tab.open("/signin").await;
    let ben = app.account("ben").await;
    sign_in_with_pass_again(tab, &ben.username, &ben.pass).await;
    visit(tab, "setup").await;
    tab.open("/account").await;
    visit(tab, "account-by-pass").await;
    tab.press(".top .quiet").await;
    visit(tab, "signed-out").await;
    tab.open("/help").await;
    visit(tab, "help").await;
    tab.open("/no-such-page").await;
    visit(tab, "error-not-found").await;
    tab.open("/not-me/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
    visit(tab, "not-me-too-old").await;
}

/// The attempt that the refused pass belongs to is dropped first, so that the page asks for the name again.
async fn sign_in_with_pass_again(tab: &Tab, username: &str, pass: &str) {
    tab.open("/signin/access-pass").await;
    if tab.eval("document.querySelector('#username') === null").await == Value::Bool(true) {
        tab.press(".who .quiet").await;
    }
    sign_in_with_pass(tab, username, pass).await;
}

async fn ends(app: &TestApp, tab: &Tab, username: &str, phone: &Phone, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let number = start_sign_in(tab, username).await;
    visit(tab, "approve").await;
    let wrong = if number == "10" { "11" } else { "10" };
    phone.approve(&the_request(phone).await, wrong, &pin()).await.unwrap_err();
    tab.until(SETTLED).await;
    visit(tab, "end-wrong-number").await;
    tab.press("main .main").await;
    phone.deny(&the_request(phone).await).await.unwrap();
    tab.until(SETTLED).await;
    visit(tab, "end-denied").await;
    tab.press("main .main").await;
    app.pass(Duration::from_secs(121));
    app.app.wake.tell_all();
    tab.until(SETTLED).await;
    visit(tab, "end-no-answer").await;
    tab.press("main .main").await;
    phone.report(&the_request(phone).await).await.unwrap();
    tab.until(SETTLED).await;
    visit(tab, "end-reported").await;

    // Approved while the person looks at another page.
    let number = start_sign_in(tab, username).await;
    tab.open("/signin/other").await;
    visit(tab, "other-ways-of-somebody").await;
    phone.approve(&the_request(phone).await, &number, &pin()).await.unwrap();
    app.pass(Duration::from_secs(61));
    tab.open("/signin/approve").await;
    visit(tab, "end-too-late").await;
    let number = start_sign_in(tab, username).await;
    tab.open("/signin/other").await;
    phone.approve(&the_request(phone).await, &number, &pin()).await.unwrap();
    tab.open("/signin/approve").await;
    visit(tab, "approved").await;
    tab.press("main .main").await;
    tab.at("/account").await;
}

/// Returns the secret of the verification codes that it adds.
async fn account(app: &TestApp, tab: &Tab, phone: &Phone, visit: &mut impl AsyncFnMut(&Tab, &str)) -> Vec<u8> {
    visit(tab, "account").await;
    tab.click("details summary").await;
    tab.until("document.querySelector('details').open").await;
    visit(tab, "account-renaming").await;
    tab.type_text("details input[name=name]", "Ada's old phone with a rather long name").await;
    tab.press("details button").await;
    visit(tab, "account-renamed").await;
    let id = &phone.account().phone;
    tab.open(&format!("/account/phones/{id}/remove")).await;
    visit(tab, "remove-phone").await;
    tab.open("/account/setup").await;
    visit(tab, "setup-second").await;
    let secret = methods(app, tab, visit).await;
    passkeys::visit_account_pages(tab, visit).await;
    tab.open("/signin/fresh?reason=add-phone").await;
    visit(tab, "fresh-proof").await;
    tab.open("/account/phones/x/remove").await;
    visit(tab, "error-not-found-signed-in").await;
    app.pass(Duration::from_secs(1));
    tab.open("/account").await;
    secret
}

const PASSWORD: &str = "tulp Oslo kraan";

/// The pages of the account's sign-in methods. Leaves it with a password and verification codes, whose secret it returns.
async fn methods(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) -> Vec<u8> {
    tab.open("/account/password").await;
    visit(tab, "set-password").await;
    for (typed, name) in [("tulp", "set-password-refused"), (PASSWORD, "account-with-password")] {
        tab.type_text("#password", typed).await;
        tab.type_text("#again", typed).await;
        tab.press("main .main").await;
        visit(tab, name).await;
    }
    tab.open("/account/password/remove").await;
    visit(tab, "remove-password").await;
    tab.open("/account/codes/add").await;
    visit(tab, "add-codes").await;
    tab.type_text("#code", "000000").await;
    tab.press("main .main").await;
    tab.click("details summary").await;
    tab.until("document.querySelector('details').open").await;
    visit(tab, "add-codes-wrong").await;
    let key = tab.eval("document.querySelector('dd.code').textContent.replaceAll(' ', '')").await;
    let secret = data_encoding::BASE32_NOPAD.decode(key.as_str().unwrap().as_bytes()).unwrap();
    tab.type_text("#code", &code(app, &secret)).await;
    tab.press("main .main").await;
    tab.until("location.search === '?notice=codes-added'").await;
    visit(tab, "account-with-codes").await;
    tab.open("/account").await;
    tab.press("a[href^='/account/codes/'][href$='/remove']").await;
    visit(tab, "remove-codes").await;
    secret
}

fn code(app: &TestApp, secret: &[u8]) -> String {
    totp(secret, app.now().seconds().cast_unsigned(), 30, Algorithm::Sha1, 6).unwrap()
}

/// The pages on which recovery codes are made. Returns the codes.
async fn recovery_codes(tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) -> Vec<String> {
    tab.open("/account/recovery-codes").await;
    visit(tab, "make-recovery-codes").await;
    tab.press("main .main").await;
    visit(tab, "recovery-codes").await;
    let codes = tab.eval("[...document.querySelectorAll('.sheet-of-codes li')].map((code) => code.innerText)").await;
    tab.press("main .main").await;
    visit(tab, "account-with-recovery-codes").await;
    tab.open("/account/recovery-codes").await;
    visit(tab, "make-new-recovery-codes").await;
    tab.open("/account/setup").await;
    visit(tab, "setup-done").await;
    tab.open("/account").await;
    codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The pages of a sign-in by a recovery code, after the password.
async fn by_recovery_code(tab: &Tab, code: &str, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/signin/recovery-code").await;
    visit(tab, "recovery-code").await;
    for (typed, name) in [("AAAA-AAAA-AAAA-AAAA", "recovery-code-refused"), (code, "account-by-recovery-code")] {
        tab.type_text("#code", typed).await;
        tab.press("main .main").await;
        visit(tab, name).await;
    }
}

/// The pages of a sign-in by password and code.
async fn typed_steps(tab: &Tab, username: &str, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    start_sign_in(tab, username).await;
    tab.press("form[action='/signin/password-instead'] button").await;
    tab.at("/signin/password").await;
    visit(tab, "password").await;
    for (typed, name) in [("tulp Oslo vijver", "password-wrong"), (PASSWORD, "security-key")] {
        tab.type_text("#password", typed).await;
        tab.press("main .main").await;
        visit(tab, name).await;
    }
    passkeys::send_nonsense(tab).await;
    visit(tab, "security-key-refused").await;
    tab.press("form[action='/signin/second-step'] button").await;
    visit(tab, "code").await;
    tab.type_text("#code", "000000").await;
    tab.press("main .main").await;
    visit(tab, "code-wrong").await;
}

/// The account page of who ticked "Don't ask again on this browser".
async fn remembering(app: &TestApp, tab: &Tab, username: &str, secret: &[u8], visit: &mut impl AsyncFnMut(&Tab, &str)) {
    app.pass(Duration::from_secs(60));
    start_sign_in(tab, username).await;
    tab.press("form[action='/signin/password-instead'] button").await;
    tab.type_text("#password", PASSWORD).await;
    tab.press("main .main").await;
    tab.press("form[action='/signin/second-step'] button").await;
    tab.click("label[for=remember]").await;
    tab.type_text("#code", &code(app, secret)).await;
    tab.press("main .main").await;
    tab.at("/account").await;
    visit(tab, "account-with-remembered-browser").await;
    tab.press("form[action='/account/remembered/forget'] button").await;
    visit(tab, "account-browsers-forgotten").await;
}

const ADD: &str = "main a[href='/account/phones/add']";
const HAVE_APP: &str = "main form[action='/account/phones/add'] button";

async fn adding(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) -> Phone {
    tab.press(ADD).await;
    visit(tab, "get-app").await;
    tab.open("/account/phones/add?app=1").await;
    visit(tab, "get-app-in-app").await;
    tab.press(HAVE_APP).await;
    visit(tab, "add-phone-in-app").await;
    tab.open("/account/phones/add").await;
    tab.press(HAVE_APP).await;
    visit(tab, "add-phone").await;
    tab.click("details summary").await;
    visit(tab, "add-phone-typing").await;
    let claimed = claim(app, tab).await;
    stage(tab, "claimed").await;
    visit(tab, "add-phone-claimed").await;
    let proved = prove(claimed).await;
    stage(tab, "digits").await;
    visit(tab, "add-phone-digits").await;
    let digits = proved.digits().expose().to_owned();
    tab.type_text("#digits", if digits == "000000" { "000001" } else { "000000" }).await;
    tab.press("main .main").await;
    visit(tab, "add-phone-digits-wrong").await;
    tab.type_text("#digits", &digits).await;
    tab.press("main .main").await;
    stage(tab, "done").await;
    visit(tab, "add-phone-done").await;
    let connection = proved.connection.clone();
    Phone::new(connection, proved.wait().await.unwrap())
}

async fn practising(tab: &Tab, phone: &Phone, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.press("main .main").await;
    visit(tab, "practice").await;
    phone.deny(&the_request(phone).await).await.unwrap();
    tab.until(SETTLED).await;
    visit(tab, "practice-denied").await;
    tab.press("main .main").await;
    let number = read_number(tab).await;
    phone.approve(&the_request(phone).await, &number, &pin()).await.unwrap();
    tab.until(SETTLED).await;
    visit(tab, "practice-works").await;
    tab.press("main .main").await;
    tab.at("/account/setup").await;
    tab.open("/account").await;
    visit(tab, "account-two-phones").await;
}

async fn adding_goes_wrong(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.press(ADD).await;
    tab.press(HAVE_APP).await;
    let link = tab.attribute("[data-link]", "data-link").await;
    let _first = claim(app, tab).await;
    stage(tab, "claimed").await;
    streams(app, 1).await;
    let second = Candidate::new(&app.network, Invitation::Link(link.parse().unwrap())).unwrap();
    second.claim().await.map(drop).unwrap_err();
    tab.until("document.readyState === 'complete' && document.querySelector('[role=alert]') !== null").await;
    visit(tab, "add-phone-taken").await;
    app.pass(Duration::from_secs(301));
    app.app.wake.tell_all();
    stage(tab, "ended").await;
    visit(tab, "add-phone-ended").await;
    tab.press("main .main").await;
    visit(tab, "fresh-proof-asked").await;
}

async fn leaving(app: &TestApp, profile: &Profile, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    tab.open("/account").await;
    profile.forget_cookies().await;
    tab.press(".top .quiet").await;
    visit(tab, "error-form-expired").await;
    let mail = app.mail().await;
    let notice = mail.iter().rev().find(|mail| mail.body.contains("/not-me/")).expect("a notice of the new phone");
    let start = notice.body.find("/not-me/").unwrap();
    let path: String = notice.body[start..].chars().take_while(|c| !c.is_whitespace()).collect();
    tab.open(&path).await;
    visit(tab, "not-me").await;
    tab.press("main .main").await;
    visit(tab, "not-me-done").await;
}
