//! Every page in its main states, in both languages: nothing in the console, nothing too wide, nothing too small to
//! hit, everything with a name, everything to be reached with the keyboard.

mod dead_ends;
mod faults;
mod walk;

pub(super) use self::faults::faults;
use self::walk::walk;
use super::{pictures, read_number, start_sign_in, tab, the_request};
use crate::support::{
    TestApp,
    chromium::{Chromium, Key, Tab},
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
    assert!(seen.len() > 90, "{} pages: {seen:?}", seen.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    chromium.finish().await;
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

/// One fault for each set of rules that axe is asked, and what is too heavy: each is found and named.
#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let tab = tab(&app, &chromium.profile().await).await;
    for (broken, told) in [
        ("document.querySelector('main .main').textContent = ''", "axe: button-name: .main"),
        ("document.querySelector('main .main').style.color = '#0a5d44'", "axe: color-contrast: .main"),
        ("document.querySelector('#username').autocomplete = 'name-of-user'", "axe: autocomplete-valid: #username"),
        (
            "document.querySelectorAll('main .links, main .links *').forEach(({ style }) => {
                style.cssText = 'display: block; min-height: 0; height: 9px; padding: 0; margin: 0; overflow: hidden';
            })",
            "axe: target-size",
        ),
        ("document.querySelector('main').id = 'elsewhere'", "axe: skip-link: .skip"),
        (
            "document.querySelector('main').append(Array.from({ length: 1500 }, () => crypto.randomUUID()).join(' '))",
            "bytes with all that it loads",
        ),
    ] {
        tab.open("/signin").await;
        assert_eq!(faults(&tab, "en").await, Vec::<String>::new());
        tab.eval(&format!("{broken};true")).await;
        let found = faults(&tab, "en").await;
        assert!(found.iter().any(|fault| fault.contains(told)), "{told}: {found:#?}");
    }
    chromium.finish().await;
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
