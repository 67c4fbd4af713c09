//! What the app keeps and what it does by itself: the worker, no network, two tabs, removal, the lock.

use akkoord_core::Actor;
use akkoord_server::use_cases::phone::{self, Removal};

use crate::support::{
    chromium::{Chromium, steps::start_sign_in},
    desk::Desk,
};

#[tokio::test]
async fn without_a_network_the_accounts_and_codes_are_there() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.worker().await;
    desk.phone.forgive("net::ERR_INTERNET_DISCONNECTED");
    desk.phone.network(false).await;
    desk.phone.reload().await;
    desk.phone.heading("Accounts").await;
    desk.phone.says("ada@example.org").await;
    desk.phone.until(r"/\b\d{3}\s\d{3}\b/.test(document.body.innerText)").await;
    desk.phone.network(true).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_push_shows_a_notice_that_names_nobody_and_opens_the_request() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    // A profile of a test is a private window, where there are no subscriptions; the push itself comes all the same.
    desk.phone.forgive("Push API in incognito mode");
    desk.pocket.grant(&desk.app.app.config.phone_url, &["notifications"]).await;
    desk.with_pin().await;
    desk.worker().await;
    desk.phone.tap("Settings").await;
    desk.phone.heading("Settings").await;
    desk.pocket.note_notices().await;
    start_sign_in(&desk.laptop, &desk.ada.username).await;
    // A payload is a hint and no more: whatever it says, the worker asks the server.
    desk.phone.push(r#"{"v":1,"k":"w"}"#).await;
    desk.pocket.noted_notices(1).await;
    let shown = "navigator.serviceWorker.ready.then((it) => it.getNotifications()).then((all) => all.length === 1)";
    desk.phone.until(shown).await;
    let notice = desk.phone.notices().await.remove(0);
    let text = notice.to_string();
    assert!(text.contains("Is this you?"), "{text}");
    assert!(!text.contains("ada@") && !text.contains("Example School"), "{text}");
    // Whatever a payload says, there is one notice and no decision.
    for payload in ["", "garbage", r#"{"v":9,"k":"approve"}"#] {
        desk.phone.push(payload).await;
    }
    desk.pocket.noted_notices(4).await;
    desk.phone.until(shown).await;
    let click = "self.registration.getNotifications().then(([notification]) =>
        self.dispatchEvent(new NotificationEvent('notificationclick', { notification })))";
    desk.pocket.in_worker(click).await;
    desk.show_request().await;
    chromium.finish().await;
}

#[tokio::test]
async fn settings_lead_to_the_help_of_the_accounts_server() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.phone.tap("Settings").await;
    desk.phone.says("How to sign in").await;
    let help = desk.phone.attribute("a[target=_blank]", "href").await;
    assert_eq!(help, format!("{}/help", desk.app.app.config.public_url));
    desk.laptop.open("/help").await;
    desk.laptop.heading("Help").await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_phone_that_was_removed_says_by_whom_and_offers_to_start_again() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.phone.forgive("the server responded with a status of 4");
    desk.with_pin().await;
    let id = desk.phone_of(&desk.ada).await.id;
    let ctx = desk.app.app.own_ctx(Actor::Operator);
    phone::remove(&desk.app.app, &ctx, &id, None, Removal::Administrator).await.unwrap().unwrap();
    desk.phone.says("An administrator removed this phone").await;
    desk.phone.reload().await;
    desk.phone.says("An administrator removed this phone").await;
    desk.phone.tap("Add it again").await;
    desk.phone.heading("Add an account").await;
    chromium.finish().await;
}

#[tokio::test]
async fn unregistering_tells_the_server() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.phone.tap("ada@example.org").await;
    desk.phone.tap("Remove this account").await;
    desk.phone.tap("Remove").await;
    desk.phone.says("No account on this phone yet").await;
    assert!(desk.app.audit().await.iter().any(|event| event.contains("phone.removed")), "{:?}", desk.app.audit().await);
    chromium.finish().await;
}

#[tokio::test]
async fn two_tabs_decide_once() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.phone.forgive("the server responded with a status of 409");
    desk.with_pin().await;
    desk.ask().await;
    let other = desk.pocket.window(&desk.app.app.config.phone_url).await;
    other.as_phone().await;
    other.open("/app/").await;
    other.until("location.pathname.startsWith('/app/request/')").await;
    desk.settle().await;
    other.tap("Deny").await;
    other.heading("You said no").await;
    // The first tab shows the same end, whichever words it has for it, and approves nothing.
    desk.phone.until("!document.body.innerText.includes('Is this you?')").await;
    assert!(!desk.phone.text().await.contains("Your computer goes on by itself"));
    desk.laptop.heading("The phone said no").await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_server_may_be_gone_for_a_while() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::of(&chromium, crate::support::TestApp::as_a_program().await).await;
    let mut desk = desk;
    desk.phone.forgive("net::ERR_");
    desk.laptop.forgive("net::ERR_");
    desk.with_pin().await;
    desk.worker().await;
    desk.app.stop().await;
    desk.phone.reload().await;
    desk.phone.heading("Accounts").await;
    desk.phone.says("No connection").await;
    desk.app.start_again().await;
    let number = start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.open("/app/").await;
    desk.show_request().await;
    desk.approve(&number).await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_app_lock_hides_everything_when_the_app_was_away() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.phone.tap("Settings").await;
    desk.phone.tap("App lock").await;
    desk.phone.tap("Use a PIN of the app").await;
    // A dialog takes the focus once it is there.
    desk.settle().await;
    desk.phone.fill("PIN of the app", "730516").await;
    desk.phone.fill("PIN of the app once more", "730516").await;
    desk.phone.tap("Save").await;
    desk.phone.says("On: a PIN of the app").await;
    desk.phone.reload().await;
    desk.phone.heading("Akkoord is locked").await;
    assert!(!desk.phone.text().await.contains("ada@example.org"));
    desk.phone.fill("PIN of the app", "111222").await;
    desk.phone.tap("Unlock").await;
    desk.phone.says("Wrong PIN").await;
    desk.phone.fill("PIN of the app", "730516").await;
    desk.phone.tap("Unlock").await;
    desk.phone.heading("App lock").await;
    chromium.finish().await;
}
