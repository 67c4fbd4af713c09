//! From the QR code to a phone that is ready.

use akkoord_core::policy::Policy;

use crate::support::{
    chromium::Chromium,
    desk::{Desk, PIN},
};

#[tokio::test]
async fn a_pin_phone_is_added_and_the_practice_request_works() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let link = desk.offer().await;
    desk.phone.open(&link).await;
    desk.phone.heading("Set up this phone").await;
    // The token is gone from the address before anything else is done with it.
    assert_eq!(desk.phone.eval("location.hash").await, "");
    desk.accept(&link).await;

    // Refusals stay where they are, in words.
    desk.phone.heading("Choose a PIN").await;
    for (pin, again, told) in [
        ("123", "123", "This PIN is too short."),
        ("123456", "123456", "This PIN is easy to guess."),
        (PIN, "482914", "The two are not the same."),
    ] {
        desk.phone.fill("PIN", pin).await;
        desk.phone.fill("The same PIN again", again).await;
        desk.phone.tap("Continue").await;
        desk.phone.says(told).await;
    }
    desk.choose_pin().await;

    // A slip of the hand on the laptop, then right.
    let digits = desk.digits().await;
    desk.laptop.heading("Type the six digits").await;
    let wrong = if digits.starts_with('0') { "111 111" } else { "000 000" };
    desk.laptop.type_text("#digits", wrong).await;
    desk.laptop.press("main .main").await;
    desk.compare_digits().await;

    desk.phone.tap("Done").await;
    desk.laptop.press("main .main").await;
    desk.laptop.heading("Try it now").await;
    let number = crate::support::chromium::steps::read_number(&desk.laptop).await;
    desk.phone.until("location.pathname.startsWith('/app/request/')").await;
    desk.phone.says("Practice").await;
    desk.settle().await;
    desk.approve(&number).await;
    desk.laptop.heading("It works").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_finger_that_is_refused_can_be_tried_again() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let finger = desk.phone.platform_authenticator().await;
    let link = desk.offer().await;
    desk.accept(&link).await;
    desk.phone.heading("Only you can approve").await;
    finger.verifies(false).await;
    desk.phone.tap("Use fingerprint, face or screen lock").await;
    desk.phone.says("Your phone did not confirm that it's you.").await;
    finger.verifies(true).await;
    desk.phone.tap("Use fingerprint, face or screen lock").await;
    desk.compare_digits().await;
    assert_eq!(finger.credentials().await, 1);
    chromium.finish().await;
}

#[tokio::test]
async fn where_policy_asks_for_a_pin_besides_both_are_set() {
    let Some(chromium) = Chromium::start().await else { return };
    let policy = Policy { app_pin: true, ..Policy::default() };
    let desk = Desk::with_policy(&chromium, policy).await;
    let finger = desk.phone.platform_authenticator().await;
    let link = desk.offer().await;
    desk.accept(&link).await;
    desk.phone.heading("Only you can approve").await;
    desk.phone.tap("Use fingerprint, face or screen lock").await;
    desk.choose_pin().await;
    desk.compare_digits().await;
    assert_eq!(finger.credentials().await, 1);
    chromium.finish().await;
}

#[tokio::test]
async fn a_code_is_typed_where_nothing_can_be_scanned() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.offer().await;
    let code = desk.laptop.attribute("[data-code]", "data-code").await;
    desk.phone.open("/app/").await;
    desk.phone.tap("Add an account").await;
    desk.phone.tap("Type the code instead").await;
    desk.phone.fill("User name", "ada@example.org").await;
    // As people type: small letters, blanks.
    desk.phone.fill("Code", &code.to_lowercase().replace('-', " ")).await;
    desk.phone.tap("Continue").await;
    desk.phone.heading("Add this account?").await;
    desk.phone.fill("Name of this phone", "Ada's Pixel").await;
    desk.phone.tap("Add this account").await;
    desk.choose_pin().await;
    desk.compare_digits().await;
    chromium.finish().await;
}

#[tokio::test]
async fn an_app_that_was_closed_shows_the_digits_again() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let link = desk.offer().await;
    desk.accept(&link).await;
    desk.choose_pin().await;
    let digits = desk.digits().await;
    desk.phone.open("about:blank").await;
    desk.phone.open("/app/").await;
    assert_eq!(desk.digits().await, digits);
    desk.compare_digits().await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_code_that_was_used_or_taken_says_so() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let link = desk.offer().await;
    desk.accept(&link).await;
    desk.phone.heading("Choose a PIN").await;
    // A second phone with the same code: the first one was faster, and the page says so.
    let other = chromium.profile().await;
    let second = other.window(&desk.app.app.config.phone_url).await;
    second.forgive("the server responded with a status of 4");
    second.open(&link).await;
    second.tap("Set up this phone here").await;
    second.says("Another device took this code").await;
    desk.laptop.says("Another device took this code").await;
    desk.laptop.press("[role=alert] button").await;
    // The first phone learns that the page stopped.
    desk.choose_pin().await;
    desk.phone.says("This code no longer works").await;
    desk.phone.open("/app/").await;
    desk.phone.says("No account on this phone yet").await;
    chromium.finish().await;
}
