//! The authenticator app in a real Chromium: one profile is the laptop, another the phone.

mod approve;
mod clock;
mod enrol;
mod hostile;
mod keep;
mod lost_keys;
mod notifications;
mod ring;
mod screens;
mod server_key;
mod several;
mod sign_in_inside;
mod update;

use crate::{chromium::pictures, support::desk::Desk};

/// Takes the pictures of the phone's screen, where they are wanted.
async fn picture(desk: &Desk, name: &str) {
    pictures::take(&desk.phone, name, "en").await;
    desk.phone.as_phone().await;
}
