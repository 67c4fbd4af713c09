//! The server over HTTP, in process: real pages, real phones, time moved by hand.
//!
//! One binary. A new file of tests is a module here.

mod api;
mod enrolment;
mod pages;
mod pin;
mod sign_in;
mod support;
