//! The server over HTTP, in process: real pages, real phones, time moved by hand.
//!
//! One binary. A new file of tests is a module here.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod api;
mod budgets;
mod choices;
mod chromium;
mod counters;
mod disown;
mod ends;
mod enrolment;
mod enumeration;
mod faults;
mod firefox;
mod floods;
mod histories;
mod keys;
mod locks;
mod pages;
mod passkeys;
mod passwords;
mod pin;
mod push;
mod push_delivery;
mod recovery_codes;
mod remembered;
mod ringing;
mod security_info;
mod setup;
mod sign_in;
mod stop;
mod support;
mod threats;
mod tls;
mod two_steps;
mod web_app;
mod wire;
