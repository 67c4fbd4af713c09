//! The authenticator app in a real Chromium: one profile is the laptop, another the phone.

mod approve;
mod enrol;
mod hostile;
mod keep;
mod ring;
mod screens;
