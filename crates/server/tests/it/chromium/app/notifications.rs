//! Permission for notifications, and where the server is to send them.

use akkoord_fake_push::FakePush;
use akkoord_protocols::bytes::encode;
use akkoord_server::use_cases::push;
use serde_json::json;

use super::picture;
use crate::support::{
    TestApp,
    chromium::{Chromium, ONLY_LOCALHOST},
    desk::Desk,
};

/// A prompt of the browser that waits until the person answers it, which here is a permission that changes.
const PROMPT: &str = "Notification.requestPermission = async () => {
    window.asked = navigator.userActivation.isActive ? 'in a tap' : 'out of the blue';
    while (Notification.permission === 'default') await new Promise((resolve) => setTimeout(resolve, 20));
    return Notification.permission;
};";
/// The key without which nobody can push to this browser.
const KEY: &str = "navigator.serviceWorker.ready
    .then(({ pushManager }) => pushManager.getSubscription())
    .then(({ options }) => btoa(String.fromCharCode(...new Uint8Array(options.applicationServerKey))))";

impl Desk {
    /// A server that sends pushes, and a browser that asks its person.
    async fn with_pushes(chromium: &Chromium, push: &FakePush) -> Self {
        let desk = Self::with_pocket(chromium, TestApp::ringing(push).await, chromium.own_profile()).await;
        desk.phone.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": PROMPT })).await;
        desk.notifications("prompt").await;
        desk
    }

    /// What the browser's settings say.
    async fn notifications(&self, setting: &str) {
        self.pocket.set_permission(&self.app.app.config.phone_url, "notifications", setting).await;
    }

    /// Waits until the server knows where to ring, or no longer does.
    async fn server_rings(&self, wanted: bool) {
        let id = self.phone_of(&self.ada).await.id;
        let start = std::time::Instant::now();
        while push::is_set(&self.app.app, &id).await.unwrap() != wanted {
            assert!(start.elapsed().as_secs() < 20, "the server knows: {}; wanted: {wanted}", !wanted);
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn asked(&self) -> serde_json::Value {
        self.phone.eval("window.asked ?? null").await
    }
}

#[tokio::test]
async fn notifications_are_asked_for_in_a_tap_with_the_reason_and_nothing_needs_them() {
    let push = FakePush::start().await.unwrap();
    let flags = push.chromium_flags();
    let Some(chromium) = Chromium::start_with(ONLY_LOCALHOST, &flags).await else { return };
    let desk = Desk::with_pushes(&chromium, &push).await;
    let link = desk.offer().await;
    desk.accept(&link).await;
    desk.choose_pin().await;
    desk.compare_digits().await;
    desk.phone.says("With notifications on, a request shows up even when the app is closed.").await;
    desk.phone.says("Without them it works too").await;
    assert_eq!(desk.asked().await, json!(null), "nobody is asked before a tap");
    desk.phone.tap("Turn on notifications").await;
    desk.phone.until("window.asked === 'in a tap'").await;
    desk.notifications("denied").await;
    desk.phone.says("Notifications are off. That is fine: open the app when you sign in.").await;
    desk.phone.tap("Done").await;
    desk.sign_out().await;

    // Who said no is told what to do, is not asked again, and signs in all the same.
    desk.phone.tap("Add notifications").await;
    desk.phone.says("You blocked them, so the app can't ask again.").await;
    desk.phone.says("Open your browser's settings for this site, and allow notifications there.").await;
    picture(&desk, "app-notifications-denied").await;
    desk.phone.open("/app/").await;
    let number = desk.ask().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;

    // Back at "ask" in the browser's settings: the line in the list leads to the reason, and that to the question.
    desk.notifications("prompt").await;
    desk.phone.open("/app/").await;
    desk.phone.tap("Add notifications").await;
    desk.phone.says("A notification tells you about a sign-in even when the app is closed.").await;
    assert_eq!(desk.asked().await, json!(null), "the reason comes first");
    picture(&desk, "app-notifications-ask").await;
    desk.phone.tap("Allow notifications").await;
    desk.phone.until("window.asked === 'in a tap'").await;
    desk.notifications("granted").await;
    desk.server_rings(true).await;
    let key = desk.phone.eval(KEY).await.as_str().unwrap().replace('+', "-").replace('/', "_");
    assert_eq!(key.trim_end_matches('='), encode(&desk.app.app.push_key.0), "only our server may ring");
    desk.phone.open("/app/").await;
    desk.phone.tap("ada@example.org").await;
    desk.phone.until("document.querySelector('.facts dd').innerText === 'On'").await;

    // Taken back while the app is closed: the server need not try any more.
    desk.phone.open("about:blank").await;
    desk.notifications("denied").await;
    desk.phone.open("/app/").await;
    desk.server_rings(false).await;
    // A change of mind is seen when the person comes back from the settings, without a word.
    desk.notifications("granted").await;
    desk.phone.eval("window.dispatchEvent(new Event('focus'))").await;
    desk.server_rings(true).await;
    desk.phone.until("!document.body.innerText.includes('Add notifications')").await;
    chromium.finish().await;
}
