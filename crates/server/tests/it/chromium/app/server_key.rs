//! The key by which the app knows its server.

use std::time::Duration;

use akkoord_core::{Actor, policy::Policy};
use akkoord_server::use_cases::server_key;

use super::picture;
use crate::support::{
    TestApp,
    chromium::{Chromium, steps::start_sign_in},
    desk::Desk,
};

impl Desk {
    /// What `akkoord key roll` does, and the change to the new key.
    async fn roll_key(&self) {
        let app = &self.app.app;
        let ctx = app.own_ctx(Actor::Operator);
        let after = Duration::from_secs(300);
        server_key::roll(&app.store, &ctx, &app.config.public_url, ctx.now + after).await.unwrap();
        self.app.pass(after + Duration::from_secs(1));
        self.take_keys_of(&self.app).await;
    }

    /// The server signs with the keys of this one.
    async fn take_keys_of(&self, other: &TestApp) {
        self.app.app.replace_server_keys(server_key::load(&other.app.store).await.unwrap());
    }
}

#[tokio::test]
async fn a_rolled_key_is_followed_and_another_key_is_not_believed() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    // Two rolls while the app is closed: the next start follows the chain.
    desk.phone.open("about:blank").await;
    desk.roll_key().await;
    desk.roll_key().await;
    let number = start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.open("/app/").await;
    desk.show_request().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    desk.laptop.press(".top .quiet").await;

    // A server that was set up anew, without the old database. Its request is not shown; why, is.
    desk.phone.open("about:blank").await;
    let stranger = TestApp::today(Policy::default()).await;
    desk.take_keys_of(&stranger).await;
    start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.open("/app/").await;
    desk.phone.says("This may not be your server").await;
    desk.phone.says(&format!("{}: It does not have the key that this phone knows.", desk.ada.username)).await;
    picture(&desk, "app-other-key").await;
    // The same with a chain, which begins at a key of its own.
    let ctx = stranger.app.own_ctx(Actor::Operator);
    server_key::roll(&stranger.app.store, &ctx, &desk.app.app.config.public_url, ctx.now).await.unwrap();
    desk.take_keys_of(&stranger).await;
    for path in ["/app/", "/app/requests"] {
        desk.phone.open(path).await;
        desk.phone.says("This may not be your server").await;
        let screen = desk.phone.text().await;
        assert!(!screen.contains("Is this you?") && !screen.contains("new browser"), "{screen}");
    }

    // Codes need no server, and the right one is known again.
    desk.phone.open("/app/").await;
    desk.shows_code_of(&desk.ada).await;
    desk.take_keys_of(&desk.app).await;
    let number = start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.open("/app/").await;
    desk.show_request().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    chromium.finish().await;
}
