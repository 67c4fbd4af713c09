//! Every page in its main states, in both languages: nothing in the console, nothing too wide, nothing too small to
//! hit, everything with a name, everything to be reached with the keyboard.

use std::time::Duration;

use akkoord_authenticator::{Candidate, Invitation, Phone};
use akkoord_protocols::otp::{Algorithm, totp};
use serde_json::Value;

use super::{
    add_phone::{claim, prove},
    passkeys, pictures, read_number, sign_in_with_pass, start_sign_in, streams, tab, the_request,
};
use crate::support::{
    TestApp,
    chromium::{Chromium, Key, Profile, Tab},
    pin,
};

const LANGUAGES: [&str; 2] = ["en", "nl"];

#[tokio::test]
async fn every_page_is_in_order_in_english() {
    every_page_is_in_order(LANGUAGES[0]).await;
}

#[tokio::test]
async fn every_page_is_in_order_in_dutch() {
    every_page_is_in_order(LANGUAGES[1]).await;
}

async fn every_page_is_in_order(language: &str) {
    let Some(chromium) = Chromium::start().await else { return };
    let mut seen = Vec::new();
    let mut wrong = Vec::new();
    walk(&chromium, language, async |tab, name| {
        seen.push(name.to_owned());
        for problem in faults(tab, language).await {
            wrong.push(format!("{name}: {problem}"));
        }
        pictures::take(tab, name, language).await;
    })
    .await;
    assert!(seen.len() > 30, "{seen:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    chromium.finish().await;
}

/// What is wrong with a page: at the usual width, on a small phone, and there with the largest text.
async fn faults(tab: &Tab, language: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let told = tab.eval("document.documentElement.lang").await;
    if told != language {
        faults.push(format!("the language is {told}"));
    }
    for (width, text, dark) in [(1280, 16, false), (320, 16, true), (320, 32, false)] {
        tab.size(width, 800).await;
        tab.text_size(text).await;
        tab.dark(dark).await;
        let found = tab.eval(FAULTS).await;
        for fault in found.as_array().unwrap() {
            faults.push(format!("{width} px wide, text {text} px: {}", fault.as_str().unwrap()));
        }
    }
    tab.size(1280, 800).await;
    tab.text_size(16).await;
    tab.dark(false).await;
    faults
}

/// Runs in the page and lists its faults.
const FAULTS: &str = r#"(() => {
    const faults = [];
    const all = (selector) => [...document.querySelectorAll(selector)];
    const told = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 90);
    const seen = (element) => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true });
    if (!document.title.trim()) faults.push('no title');
    if (all('h1').filter(seen).length !== 1) faults.push(`${all('h1').length} h1`);
    let level = 0;
    for (const heading of all('h1, h2, h3, h4').filter(seen)) {
        const own = Number(heading.localName[1]);
        if (own > level + 1) faults.push(`a level left out before ${told(heading)}`);
        level = own;
    }
    for (const input of all('input:not([type=hidden])')) {
        if (!input.labels.length && !input.ariaLabel) faults.push(`no label: ${told(input)}`);
    }
    for (const element of all('[aria-describedby]')) {
        for (const id of element.getAttribute('aria-describedby').split(' ')) {
            if (!document.getElementById(id)) faults.push(`describes nothing: ${id}`);
        }
    }
    const ids = all('[id]').map((element) => element.id);
    for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`twice: #${id}`);
    for (const element of all('button, a, summary, [role=img]').filter(seen)) {
        if (!element.textContent.trim() && !element.ariaLabel) faults.push(`no name: ${told(element)}`);
    }
    // Links inside a sentence are as high as their line; all else is to be hit with a thumb.
    for (const element of all('button, .button, summary, input:not([type=hidden]), .links a, .actions a, .choice').filter(seen)) {
        const box = element.getBoundingClientRect();
        if (box.height < 44) faults.push(`${box.height} px high: ${told(element)}`);
        if (box.width < 24) faults.push(`${box.width} px wide: ${told(element)}`);
    }
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) {
        const wide = all('body *').filter((element) => element.getBoundingClientRect().right > width + 0.5 && seen(element));
        faults.push(`${document.documentElement.scrollWidth} px wide: ${wide.slice(0, 3).map(told).join(' and ')}`);
    }
    // Contrast (WCAG 2.2, 1.4.3), for colours that stand on a plain background.
    const parts = (color) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color) => {
        const [r, g, b] = parts(color).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const color = getComputedStyle(at).backgroundColor;
            if (parts(color)[3] !== 0) return color;
        }
        return getComputedStyle(document.body).backgroundColor;
    };
    for (const element of all('body *').filter(seen)) {
        const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || element.closest('.unseen, svg')) continue;
        const [one, other] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${told(element)}`);
    }
    return faults;
})()"#;

/// The page that no longer waits.
const SETTLED: &str = "document.readyState === 'complete' && document.querySelector('[data-waiting]') === null";

async fn stage(tab: &Tab, wanted: &str) {
    tab.until(&format!(
        "document.readyState === 'complete' && document.querySelector('[data-stage]')?.dataset.stage === '{wanted}'"
    ))
    .await;
}

/// Visits every page in its main states.
async fn walk(chromium: &Chromium, language: &str, mut visit: impl AsyncFnMut(&Tab, &str)) {
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
    account(&app, &tab, &phone, &mut visit).await;
    let codes = recovery_codes(&tab, &mut visit).await;
    let second = adding(&app, &tab, &mut visit).await;
    practising(&tab, &second, &mut visit).await;
    adding_goes_wrong(&app, &tab, &mut visit).await;
    leaving(&app, &profile, &tab, &mut visit).await;
    typed_steps(&tab, &ada.username, &mut visit).await;
    passkeys::visit_passkey_pages(&tab, &mut visit).await;
    by_recovery_code(&tab, &codes[0], &mut visit).await;
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

async fn account(app: &TestApp, tab: &Tab, phone: &Phone, visit: &mut impl AsyncFnMut(&Tab, &str)) {
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
    methods(app, tab, visit).await;
    passkeys::visit_account_pages(tab, visit).await;
    tab.open("/signin/fresh?reason=add-phone").await;
    visit(tab, "fresh-proof").await;
    tab.open("/account/phones/x/remove").await;
    visit(tab, "error-not-found-signed-in").await;
    app.pass(Duration::from_secs(1));
    tab.open("/account").await;
}

const PASSWORD: &str = "tulp Oslo kraan";

/// The pages of the account's sign-in methods. Leaves it with a password.
async fn methods(app: &TestApp, tab: &Tab, visit: &mut impl AsyncFnMut(&Tab, &str)) {
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
    let code = totp(&secret, app.now().seconds().cast_unsigned(), 30, Algorithm::Sha1, 6).unwrap();
    tab.type_text("#code", &code).await;
    tab.press("main .main").await;
    tab.until("location.search === '?notice=codes-added'").await;
    visit(tab, "account-with-codes").await;
    tab.open("/account").await;
    tab.press("a[href^='/account/codes/'][href$='/remove']").await;
    visit(tab, "remove-codes").await;
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
    tab.press("form[action='/signin/second-step'] button").await;
    visit(tab, "code").await;
    tab.type_text("#code", "000000").await;
    tab.press("main .main").await;
    visit(tab, "code-wrong").await;
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

/// Presses the tabulator key from the top of the page to its end, and tells what had the focus.
async fn focus_order(tab: &Tab) -> Vec<String> {
    focuses_to_the_end(tab).await;
    focuses_to_the_end(tab).await
}

async fn focuses_to_the_end(tab: &Tab) -> Vec<String> {
    let mut order = Vec::new();
    for _ in 0..40 {
        tab.key(Key::Tab).await;
        let focused = tab
            .eval(
                "(() => {
                    const element = document.activeElement;
                    if (element === document.body) return null;
                    const style = getComputedStyle(element);
                    const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
                    const box = element.getBoundingClientRect();
                    const there = box.right > 0 && box.bottom > 0 && box.height > 0;
                    const name = (element.labels?.[0] ?? element).innerText.replace(/\\s+/g, ' ').trim();
                    return `${name}${ring ? '' : ' (no ring)'}${there ? '' : ' (out of sight)'}`;
                })()",
            )
            .await;
        match focused.as_str() {
            Some(name) => order.push(name.to_owned()),
            None => break,
        }
    }
    order
}

#[tokio::test]
async fn the_keyboard_reaches_everything_in_the_order_of_reading() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    let skip = "Skip to the main part";
    tab.open("/signin").await;
    let names = [skip, "User name", "Next", "Use a passkey", "Can't sign in?", "Help", "Nederlands"];
    assert_eq!(focus_order(&tab).await, names);
    tab.open("/signin/access-pass").await;
    let names = [skip, "User name", "Pass", "Sign in", "Sign in another way", "Help", "Nederlands"];
    assert_eq!(focus_order(&tab).await, names);

    // Without the mouse from the name to the account.
    tab.open("/signin").await;
    // A busy browser gives the field its focus with the first frame, which may come after the page is loaded.
    tab.until("document.activeElement?.id === 'username'").await;
    tab.call("Input.insertText", serde_json::json!({ "text": ada.username })).await;
    tab.key(Key::Enter).await;
    tab.at("/signin/approve").await;
    let number = read_number(&tab).await;
    assert_eq!(
        focus_order(&tab).await,
        [skip, "Not you?", "Use your password instead", "Sign in another way", "Cancel", "Help", "Nederlands"]
    );
    phone.approve(&the_request(&phone).await, &number, &pin()).await.unwrap();
    tab.at("/account").await;
    let names = [
        skip,
        "Sign out",
        "Go on setting up",
        "Rename Test phone",
        "Remove Test phone",
        "Add a phone",
        "Try it now",
        "Set a password",
        "Make recovery codes",
        "Add an app for verification codes",
        "Add a passkey",
        "Add a security key",
        "Sign out everywhere else",
        "Help",
        "Nederlands",
    ];
    assert_eq!(focus_order(&tab).await, names);

    // The link past the top works, and what folds opens with the keyboard.
    tab.open("/account").await;
    tab.key(Key::Tab).await;
    tab.key(Key::Enter).await;
    tab.key(Key::Tab).await;
    tab.key(Key::Tab).await;
    tab.key(Key::Space).await;
    tab.until("document.querySelector('details').open").await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_language_is_the_persons_and_can_be_changed_on_any_page() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;
    tab.speak("nl-NL,nl,en").await;
    tab.open("/signin").await;
    tab.heading("Aanmelden").await;
    let number = start_sign_in(&tab, &ada.username).await;
    tab.press("footer button").await;
    tab.heading("Approve sign-in").await;
    assert_eq!(read_number(&tab).await, number, "the same page, in the other language");
    assert_eq!(profile.cookie("__Host-language").await.as_deref(), Some("en"));
    chromium.finish().await;
}
