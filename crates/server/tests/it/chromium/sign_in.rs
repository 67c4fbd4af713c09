//! The main job, as a person at a laptop with a phone does it.

use std::time::Duration;

use akkoord_core::policy::Policy;

use super::{read_number, sign_in, start_sign_in, tab, the_request, window};
use crate::support::{TestApp, chromium::Chromium, pin};

/// The page has told that its number can be seen.
const SHOWN: &str = "performance.getEntriesByName(`${location.origin}/signin/shown`)[0]?.responseStatus === 204";

#[tokio::test]
async fn the_main_job_and_the_cookies_it_leaves() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;

    tab.open("/").await;
    tab.at("/signin").await;
    assert_eq!(tab.eval("document.activeElement.id").await, "username", "one may type at once");
    let number = start_sign_in(&tab, &ada.username).await;
    let before = profile.cookie("__Host-form").await.unwrap();
    assert!(profile.cookie("__Host-flow").await.is_some() && profile.cookie("__Host-session").await.is_none());

    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    tab.at("/account").await;
    assert_eq!(tab.attribute("h1", "data-username").await, ada.username);
    assert!(tab.text().await.contains("Test phone"));

    let cookies = profile.cookies().await;
    let names: Vec<_> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
    assert_eq!(names, ["__Host-browser", "__Host-first", "__Host-form", "__Host-session"], "and no flow any more");
    for cookie in &cookies {
        assert_eq!((cookie.domain.as_str(), cookie.path.as_str()), ("login.localhost", "/"), "{cookie:?}");
        assert!(cookie.secure && cookie.http_only && cookie.same_site == "Lax", "{cookie:?}");
    }
    assert_ne!(profile.cookie("__Host-form").await.unwrap(), before, "forms of before the sign-in are void");
    assert_eq!(tab.eval("document.cookie").await, "", "no script sees any of them");

    tab.press(".top .quiet").await;
    tab.heading("You are signed out").await;
    assert!(profile.cookie("__Host-session").await.is_none());
    // Back shows nothing of the account: the page was never kept.
    tab.eval("setTimeout(() => history.back())").await;
    tab.at("/signin").await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_phone_rings_once_the_number_can_be_seen() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    start_sign_in(&tab, &ada.username).await;
    tab.until(SHOWN).await;
    let id: akkoord_core::ids::ApprovalId = the_request(&phone).await.id().as_str().parse().unwrap();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.approval(&id).await })).await;
    let row = row.map_err(|error: akkoord_store::StoreError| error).unwrap().unwrap();
    assert!(row.shown_at.is_some());
    chromium.finish().await;
}

#[tokio::test]
async fn without_scripts_the_page_asks_again_and_one_button_ends_it() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    tab.without_scripts().await;
    let number = start_sign_in(&tab, &ada.username).await;
    // The page comes again by itself, with the same number.
    tab.eval("window.before = true").await;
    tab.until("window.before !== true && document.readyState === 'complete'").await;
    assert_eq!(read_number(&tab).await, number);
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    tab.heading("Approved").await;
    tab.press("main .main").await;
    tab.at("/account").await;
    assert_eq!(tab.attribute("h1", "data-username").await, ada.username);
    chromium.finish().await;
}

#[tokio::test]
async fn a_known_browser_is_told_which_phone() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;
    sign_in(&tab, &ada.username, &phone).await;
    tab.press(".top .quiet").await;
    start_sign_in(&tab, &ada.username).await;
    assert!(tab.text().await.contains("Open Akkoord on Test phone and enter this number."));
    let stranger = super::tab(&app, &chromium.profile().await).await;
    start_sign_in(&stranger, &ada.username).await;
    assert!(stranger.text().await.contains("Open Akkoord on your phone and enter this number."));
    chromium.finish().await;
}

#[tokio::test]
async fn every_other_end_appears_by_itself() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;

    start_sign_in(&tab, &ada.username).await;
    phone.deny(&the_request(&phone).await).await.unwrap();
    tab.heading("The phone said no").await;

    // From here on with the button of the page before.
    tab.press("main .main").await;
    let number = read_number(&tab).await;
    let wrong = if number == "10" { "11" } else { "10" };
    phone.approve(&the_request(&phone).await, wrong, &pin()).await.unwrap_err();
    tab.heading("Wrong number").await;

    tab.press("main .main").await;
    app.pass(Duration::from_secs(121));
    app.app.wake.tell_all();
    tab.heading("No answer from the phone").await;

    tab.press("main .main").await;
    phone.report(&the_request(&phone).await).await.unwrap();
    tab.heading("Reported: “It wasn't me”").await;
    assert!(tab.text().await.contains("help@example.org") || !tab.text().await.contains("Contact"));
    chromium.finish().await;
}

#[tokio::test]
async fn a_newer_sign_in_and_a_cancelled_one_are_told_in_the_other_window() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let (first, second) = (window(&app, &profile).await, window(&app, &profile).await);

    // Both wait for the same request; the one in front cancels it.
    start_sign_in(&second, &ada.username).await;
    first.open("/signin/approve").await;
    assert_eq!(read_number(&first).await, read_number(&second).await);
    first.press(".links form[action='/signin/cancel'] button").await;
    first.at("/signin").await;
    second.at("/signin").await;

    // A second sign-in in the same browser takes the place of the first.
    start_sign_in(&first, &ada.username).await;
    let new = start_sign_in(&second, &ada.username).await;
    first.until(&format!("document.querySelector('.number')?.innerText === '{new}'")).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_hidden_tab_that_comes_back_after_a_cancel_does_not_wait_for_ever() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let (hidden, front) = (tab(&app, &profile).await, tab(&app, &profile).await);
    hidden.bring_to_front().await;
    start_sign_in(&hidden, &ada.username).await;
    hidden.until(SHOWN).await;
    front.bring_to_front().await;
    front.open("/signin/approve").await;
    front.press(".links form[action='/signin/cancel'] button").await;
    front.at("/signin").await;
    // The stream is refused there, which the console tells.
    hidden.forgive("/signin/events");
    hidden.bring_to_front().await;
    hidden.at("/signin").await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_countdown_ends_the_page_where_the_stream_is_silent() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::with_policy(Policy { request_seconds: 60, ..Policy::default() }).await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    start_sign_in(&tab, &ada.username).await;
    app.pass(Duration::from_secs(57));
    tab.reload().await;
    tab.until("document.querySelector('[data-seconds]').innerText === '0:02 left'").await;
    app.pass(Duration::from_secs(4));
    tab.heading("No answer from the phone").await;
    chromium.finish().await;
}
