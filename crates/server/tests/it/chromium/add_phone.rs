//! Adding a phone from the page: the QR code, the digits, the first try.

use akkoord_authenticator::{Candidate, Claimed, Invitation, Phone, Proved};
use akkoord_protocols::phone::Platform;

use super::{read_number, sign_in_with_pass, tab, the_request};
use crate::support::{
    TestApp,
    chromium::{Chromium, Tab},
    name, pin, stretched,
};

/// From the account page over "Get the app" to the QR code.
pub(super) async fn open_code(tab: &Tab) {
    tab.press("main a[href='/account/phones/add']").await;
    tab.heading("Get the app").await;
    tab.press("main form[action='/account/phones/add'] button").await;
}

/// The phone opens the link that the QR code holds.
pub(super) async fn claim(app: &TestApp, tab: &Tab) -> Claimed {
    let link = tab.attribute("[data-link]", "data-link").await;
    let candidate = Candidate::new(&app.network, Invitation::Link(link.parse().unwrap())).unwrap();
    let mut claimed = candidate.claim().await.unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    claimed
}

pub(super) async fn prove(claimed: Claimed) -> Proved {
    claimed.prove(name("Ada's Pixel"), Platform::Android).await.unwrap()
}

#[tokio::test]
async fn from_the_qr_code_to_the_first_try() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in_with_pass(&tab, &ada.username, &ada.pass).await;
    assert!(tab.text().await.contains("You can't sign in again with this pass"));

    open_code(&tab).await;
    tab.heading("Add a phone").await;
    // Square, large enough for a camera, and black on white also where the page is dark.
    let code = "document.querySelector('.qr').getBoundingClientRect()";
    assert!(tab.eval(&format!("{code}.width >= 200 && Math.abs({code}.width - {code}.height) < 1")).await == true);

    let claimed = claim(&app, &tab).await;
    tab.heading("Now look at your phone").await;
    let proved = prove(claimed).await;
    tab.heading("Type the six digits").await;
    assert_eq!(tab.eval("document.activeElement.id").await, "digits", "one may type at once");
    assert!(tab.text().await.contains("Ada's Pixel"));

    // A slip of the hand, then right, written as the phone shows them.
    let digits = proved.digits().expose().to_owned();
    tab.type_text("#digits", if digits == "000000" { "000001" } else { "000000" }).await;
    tab.press("main .main").await;
    assert!(tab.text().await.contains("Not the digits on the phone."));
    assert_eq!(tab.eval("document.querySelector('#digits').value").await, "");
    tab.type_text("#digits", &proved.digits().to_shown()).await;
    tab.press("main .main").await;
    tab.heading("Ada's Pixel is ready").await;
    let connection = proved.connection.clone();
    let phone = Phone::new(connection, proved.wait().await.unwrap());

    tab.press("main .main").await;
    tab.heading("Try it now").await;
    let number = read_number(&tab).await;
    phone.approve(&the_request(&phone).await, &number, &pin()).await.unwrap();
    tab.heading("It works").await;
    tab.press("main .main").await;
    tab.at("/account/setup").await;
    tab.open("/account").await;
    assert!(tab.text().await.contains("Phone sign-in is on"));
    chromium.finish().await;
}

#[tokio::test]
async fn t_enr_1_a_second_phone_that_takes_the_code_is_told_at_once() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in_with_pass(&tab, &ada.username, &ada.pass).await;
    open_code(&tab).await;
    let link = tab.attribute("[data-link]", "data-link").await;
    let _first = claim(&app, &tab).await;
    tab.heading("Now look at your phone").await;
    let second = Candidate::new(&app.network, Invitation::Link(link.parse().unwrap())).unwrap();
    second.claim().await.map(drop).unwrap_err();
    tab.until("document.querySelector('[role=alert]')?.innerText.includes('Another device took this code')").await;
    tab.press("[role=alert] button").await;
    tab.at("/account").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_person_who_changes_the_mind_can_stop() {
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let tab = tab(&app, &chromium.profile().await).await;
    sign_in_with_pass(&tab, &ada.username, &ada.pass).await;
    open_code(&tab).await;
    let claimed = claim(&app, &tab).await;
    tab.heading("Now look at your phone").await;
    tab.press(".links button").await;
    tab.at("/account").await;
    assert!(claimed.prove(name("Too late"), Platform::Android).await.is_err());
    chromium.finish().await;
}
