//! Pages that wait: what they cost while nobody looks, and what they live through.

use std::time::Duration;

use super::{read_number, start_sign_in, streams, tab, the_request};
use crate::support::{TestApp, chromium::Chromium, pin};

#[tokio::test]
async fn a_hidden_tab_holds_no_stream_and_catches_up_when_it_is_seen_again() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let waits = tab(&app, &profile).await;
    let number = start_sign_in(&waits, &ada.username).await;
    streams(&app, 1).await;

    let other = tab(&app, &profile).await;
    other.open("/signed-out").await;
    waits.until("document.visibilityState === 'hidden'").await;
    streams(&app, 0).await;

    waits.bring_to_front().await;
    streams(&app, 1).await;
    other.bring_to_front().await;
    streams(&app, 0).await;

    // The answer comes while nobody looks.
    phone.approve(&the_request(&phone).await, &number, &pin()).await.unwrap();
    assert_eq!(waits.path().await, "/signin/approve");
    waits.bring_to_front().await;
    waits.at("/account").await;
    streams(&app, 0).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_tab_that_is_opened_in_the_background_rings_no_phone() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let waits = tab(&app, &profile).await;
    start_sign_in(&waits, &ada.username).await;
    let other = tab(&app, &profile).await;
    other.open("/signed-out").await;
    waits.until("document.visibilityState === 'hidden'").await;
    waits.reload().await;
    let shown = "performance.getEntriesByName(`${location.origin}/signin/shown`).length";
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(waits.eval(shown).await, 0);
    waits.bring_to_front().await;
    waits.until(&format!("{shown} === 1")).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_page_waits_through_a_restart_of_the_server() {
    let Some(chromium) = Chromium::start().await else { return };
    let mut app = TestApp::as_a_program().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    let number = start_sign_in(&tab, &ada.username).await;
    streams(&app, 1).await;

    app.stop().await;
    // Whatever the page was asking for when its server went.
    tab.forgive("net::ERR_");
    tab.until("document.querySelector('[data-live]').innerText.startsWith('No connection.')").await;
    assert_eq!(read_number(&tab).await, number, "the number stays");

    app.start_again().await;
    tab.until("document.querySelector('[data-live]').innerText === ''").await;
    streams(&app, 1).await;
    phone.approve(&the_request(&phone).await, &number, &pin()).await.unwrap();
    tab.at("/account").await;
    assert_eq!(tab.attribute("h1", "data-username").await, ada.username);
    chromium.finish().await;
}

#[tokio::test]
async fn what_happened_while_the_server_was_away_is_caught_up_with() {
    let Some(chromium) = Chromium::start().await else { return };
    let mut app = TestApp::as_a_program().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    start_sign_in(&tab, &ada.username).await;
    streams(&app, 1).await;
    app.stop().await;
    // Whatever the page was asking for when its server went.
    tab.forgive("net::ERR_");
    app.pass(Duration::from_secs(121));
    app.start_again().await;
    tab.heading("No answer from the phone").await;
    chromium.finish().await;
}
