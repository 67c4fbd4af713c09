//! A request on the phone, to its end.

use std::time::Duration;

use akkoord_core::policy::Policy;

use crate::support::{
    chromium::{Chromium, Key},
    desk::{Desk, PIN, another},
};

#[tokio::test]
async fn the_whole_job_with_a_pin() {
    let Some(chromium) = Chromium::start().await else { return };
    // Two digits may stand in an address or in the time that is left; six stand there only if the number does.
    let desk = Desk::with_policy(&chromium, Policy { number_digits: 6, ..Policy::default() }).await;
    desk.with_pin().await;
    let number = desk.ask().await;
    let screen = desk.phone.text().await;
    for part in ["Example School", "ada@example.org", "new browser", "127.0.0.1"] {
        assert!(screen.contains(part), "{part} is missing in: {screen}");
    }
    assert!(!screen.contains(&number), "the number is nowhere but on the laptop");
    desk.type_number(&number).await;
    desk.phone.tap("Approve").await;

    // A slip in the PIN costs a try and nothing else.
    desk.type_pin("918273").await;
    desk.phone.says("Wrong PIN. 4 tries left.").await;
    desk.type_pin(PIN).await;
    desk.phone.heading("Approved").await;
    desk.laptop.at("/account").await;
    assert_eq!(desk.laptop.attribute("h1", "data-username").await, desk.ada.username);
    chromium.finish().await;
}

#[tokio::test]
async fn the_whole_job_with_a_finger() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let finger = desk.phone.platform_authenticator().await;
    desk.with_finger().await;
    let number = desk.ask().await;
    desk.type_number(&number).await;
    finger.verifies(false).await;
    desk.phone.tap("Approve").await;
    desk.phone.says("Nothing was approved, and your number is kept.").await;
    finger.verifies(true).await;
    desk.settle().await;
    desk.phone.tap("Try again").await;
    desk.phone.heading("Approved").await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_phone_whose_lock_was_taken_off_says_that_its_key_is_gone() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let finger = desk.phone.platform_authenticator().await;
    desk.with_finger().await;
    let number = desk.ask().await;
    desk.type_number(&number).await;
    finger.forget().await;
    desk.phone.tap("Approve").await;
    // A browser tells a key that is gone and a person who said no by the same name, so as not to tell pages too much.
    desk.phone.says("Nothing was approved").await;
    desk.settle().await;
    desk.phone.tap("Deny").await;
    desk.phone.heading("You said no").await;
    chromium.finish().await;
}

#[tokio::test]
async fn one_of_three_numbers_is_tapped() {
    let Some(chromium) = Chromium::start().await else { return };
    let policy = Policy { number_mode: akkoord_core::policy::NumberMode::Choose, ..Policy::default() };
    let desk = Desk::with_policy(&chromium, policy).await;
    desk.with_pin().await;
    let number = desk.ask().await;
    let spoken: Vec<String> = number.chars().map(String::from).collect();
    desk.phone.tap(&spoken.join(" ")).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.heading("Approved").await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}

#[tokio::test]
async fn no_is_one_tap_and_each_no_is_told_apart() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.ask().await;
    desk.phone.tap("Deny").await;
    desk.phone.heading("You said no").await;
    desk.laptop.heading("The phone said no").await;
    desk.done().await;

    desk.ask().await;
    desk.phone.tap("It wasn't me").await;
    desk.phone.heading("Reported: “It wasn't me”").await;
    desk.laptop.heading("Reported: “It wasn't me”").await;
    chromium.finish().await;
}

#[tokio::test]
async fn after_a_report_new_browsers_are_quiet_until_the_phone_lets_them_ring() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.ask().await;
    desk.phone.tap("It wasn't me").await;
    desk.phone.heading("Reported: “It wasn't me”").await;
    desk.done().await;
    desk.phone.open("/app/").await;
    desk.phone.tap("ada@example.org").await;
    desk.phone.says("No notifications from new browsers until").await;
    assert!(desk.phone_of(&desk.ada).await.unknown_browsers_at.is_none());

    desk.app.pass(Duration::from_secs(1));
    desk.phone.tap("Let new browsers notify me").await;
    desk.phone.says("Type your PIN to get these notifications again.").await;
    desk.phone.fill("PIN", PIN).await;
    desk.phone.key(Key::Enter).await;
    desk.phone.says("New browsers notify you again").await;
    assert!(desk.phone_of(&desk.ada).await.unknown_browsers_at.is_some());
    desk.phone.reload().await;
    desk.phone.says("Phone sign-in enabled").await;
    desk.settle().await;
    assert!(!desk.phone.text().await.contains("new browsers"), "{}", desk.phone.text().await);
    chromium.finish().await;
}

#[tokio::test]
async fn a_wrong_number_ends_the_request() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    let number = desk.ask().await;
    desk.phone.forgive("the server responded with a status of 409");
    desk.type_number(&another(&number)).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.heading("Wrong number").await;
    desk.laptop.heading("Wrong number").await;
    chromium.finish().await;
}

#[tokio::test]
async fn what_the_laptop_cancels_ends_on_the_phone_too() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.ask().await;
    // The stream says how it ended: nothing more has to be asked for that, and nothing waited for.
    let asked = "performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/history')).length";
    let before = desk.phone.eval(asked).await;
    desk.laptop.press(".links form[action='/signin/cancel'] button").await;
    desk.phone.heading("Cancelled on the computer").await;
    assert_eq!(desk.phone.eval(asked).await, before);
    chromium.finish().await;
}

#[tokio::test]
async fn a_request_whose_time_is_over_says_so() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    let number = desk.ask().await;
    desk.phone.forgive("the server responded with a status of 409");
    desk.phone.forgive("the server responded with a status of 40");
    desk.app.pass(Duration::from_secs(121));
    desk.type_number(&number).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.heading("The time is over").await;
    chromium.finish().await;
}

#[tokio::test]
async fn several_requests_stand_in_a_list_with_a_warning() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.phone.tap("Settings").await;
    desk.phone.heading("Settings").await;
    desk.app.start(&desk.ada).await;
    desk.app.start(&desk.ada).await;
    desk.phone.open("/app/requests").await;
    desk.phone.says("Several requests wait").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_sign_in_is_approved_by_keyboard_alone() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    let number = desk.ask().await;
    desk.phone.keys(&number).await;
    desk.phone.key(Key::Enter).await;
    desk.phone.heading("Type your PIN").await;
    desk.phone.until("document.activeElement.tagName === 'INPUT'").await;
    desk.settle().await;
    desk.phone.keys(PIN).await;
    desk.phone.key(Key::Enter).await;
    desk.phone.heading("Approved").await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_request_that_appears_under_a_finger_is_not_approved_or_denied_by_it() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.laptop.open("/signin").await;
    // Whatever comes: as soon as Deny is there it is tapped, like a thumb that was on its way to something else.
    desk.phone
        .eval(
            "new MutationObserver(() => {
                const deny = [...document.querySelectorAll('button')].find((button) => button.innerText.trim() === 'Deny');
                if (!deny || window.tapped) return;
                window.tapped = true;
                for (const kind of ['pointerdown', 'pointerup', 'click'])
                    deny.dispatchEvent(new PointerEvent(kind, { bubbles: true, cancelable: true }));
            }).observe(document.body, { childList: true, subtree: true })",
        )
        .await;
    let number = crate::support::chromium::steps::start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.until("window.tapped === true").await;
    desk.settle().await;
    desk.phone.heading("Is this you?").await;
    desk.approve(&number).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_lost_network_is_told_apart_and_the_same_answer_goes_out_once_it_is_back() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.phone.forgive("net::ERR_INTERNET_DISCONNECTED");
    let finger = desk.phone.platform_authenticator().await;
    desk.with_finger().await;
    let number = desk.ask().await;
    desk.type_number(&number).await;
    desk.phone.network(false).await;
    desk.phone.tap("Approve").await;
    desk.phone.says("We don't know yet whether your answer arrived.").await;
    desk.phone.network(true).await;
    desk.phone.heading("Approved").await;
    desk.laptop.at("/account").await;
    drop(finger);
    chromium.finish().await;
}
