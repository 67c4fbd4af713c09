//! The phone rings: from the page that shows a number, by way of a push service, to a notice on a phone whose app is
//! closed. Nothing on that way is played but the push service, which runs on this machine.

use akkoord_fake_push::FakePush;
use serde_json::json;

use crate::support::{
    TestApp,
    chromium::{Chromium, ONLY_LOCALHOST, steps::start_sign_in},
    desk::Desk,
};

const NOTICES: &str = "registration.getNotifications({ tag: 'akkoord/requests' })
    .then((all) => all.map((it) => [it.title, it.data.path]))";

#[tokio::test]
async fn a_sign_in_rings_a_phone_whose_app_is_closed() {
    let push = FakePush::start().await.unwrap();
    let Some(chromium) = Chromium::start_with(ONLY_LOCALHOST, &push.chromium_flags()).await else { return };
    let app = TestApp::ringing_as_a_program(&push).await;
    let desk = Desk::with_pocket(&chromium, app, chromium.own_profile()).await;
    desk.pocket.grant(&desk.app.app.config.phone_url, &["notifications"]).await;
    desk.with_pin().await;
    desk.phone.tap("Settings").await;
    desk.phone.tap("Notifications").await;
    desk.phone.heading("Notifications").await;
    desk.phone.tap("Send me a test").await;
    desk.phone.says("It arrived.").await;
    desk.phone.open("about:blank").await;
    desk.pocket.note_notices().await;
    let number = start_sign_in(&desk.laptop, &desk.ada.username).await;
    let came = push.wait_for(2).await.unwrap();
    assert!(came.iter().all(|one| one.body.len() == came[0].body.len()), "their length tells nothing");
    let [(title, path)] = &desk.pocket.noted_notices(1).await[..] else { panic!("one notice") };
    assert_eq!(title, "Is this you?");
    assert_eq!(desk.pocket.in_worker(NOTICES).await, json!([[title, path]]), "and it is on the screen");
    desk.phone.open(&format!("{}{path}", desk.app.app.config.phone_url)).await;
    desk.show_request().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}
