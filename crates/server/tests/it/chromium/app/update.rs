//! A newer version of the app.

use super::picture;
use crate::support::{
    chromium::Chromium,
    desk::{Desk, PIN, type_number},
};

/// What the app calls its build.
const BUILD: &str = "navigator.serviceWorker.ready.then(({ active }) => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data.build);
    active.postMessage({ type: 'build' }, [port2]);
}))";
/// The app looks by itself at each start and every six hours; this is the latter.
const LOOK: &str = "navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => true)";

impl Desk {
    /// The server has a newer version from here on, which is told by its name. The part that knows PINs is another one
    /// there, and the old one is gone.
    async fn update(&self) -> String {
        let old = self.phone.eval(BUILD).await.as_str().unwrap().to_owned();
        let script = self.phone.eval("fetch('/app/sw.js').then((answer) => answer.text())").await;
        let script = script.as_str().unwrap();
        let newer: String = old.chars().rev().collect();
        assert_ne!(old, newer);
        let start = script.find("assets/pin-").unwrap();
        let part = &script[start..start + script[start..].find(".js").unwrap() + 3];
        self.app.instead.nothing(&format!("/app/{part}"));
        self.app.instead.answer("/app/sw.js", script.replace(&old, &newer).replace(part, "index.html"));
        newer
    }
}

#[tokio::test]
async fn an_update_waits_for_a_tap_and_takes_nothing_out_of_the_hands() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.worker().await;
    // The first version took over by itself, without a word.
    desk.phone.reload().await;
    desk.phone.heading("Accounts").await;
    let old = desk.phone.eval(BUILD).await;
    let number = desk.ask().await;
    let newer = desk.update().await;

    // It arrives between two digits, and moves nothing under a thumb.
    desk.type_number(&number[..1]).await;
    assert_eq!(desk.phone.eval(LOOK).await, true);
    desk.phone.until("navigator.serviceWorker.getRegistration().then((it) => it.waiting !== null)").await;
    desk.phone.tap(&number[1..]).await;
    desk.phone.until("!document.querySelector('.answer.yes').disabled").await;
    assert!(!desk.phone.text().await.contains("A new version"), "a line above would move the keys");
    // In another window half a PIN is typed.
    let other = desk.pocket.window(&desk.app.app.config.phone_url).await;
    other.as_phone().await;
    other.open("/app/").await;
    other.until("location.pathname.startsWith('/app/request/')").await;
    other.heading("Is this you?").await;
    desk.settle().await;
    type_number(&other, &number).await;
    other.tap("Approve").await;
    other.heading("Type your PIN").await;
    other.fill("PIN in this app", &PIN[..3]).await;

    // It is offered where nothing can be lost, and stays an offer, also over a start of the app.
    desk.phone.tap("Back").await;
    desk.phone.says("A new version is ready.").await;
    desk.phone.open("/app/").await;
    desk.show_request().await;
    desk.phone.tap("Back").await;
    desk.phone.says("A new version is ready.").await;
    assert_eq!(desk.phone.eval(BUILD).await, old);
    picture(&desk, "app-update").await;

    desk.phone.eval("window.before = true").await;
    desk.phone.tap("Update now").await;
    desk.phone.until("window.before !== true && document.readyState === 'complete'").await;
    desk.phone.until(&format!("{BUILD}.then((build) => build === '{newer}')")).await;
    assert!(!desk.phone.text().await.contains("A new version"));

    // The other window goes on with the version that it began with, parts of which only now are wanted.
    assert_eq!(other.eval("document.querySelector('input').value").await, PIN[..3]);
    other.fill("PIN in this app", PIN).await;
    other.tap("Approve").await;
    other.heading("Approved").await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}
