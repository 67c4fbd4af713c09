//! Many phones and browsers over the real protocol: the hands-free demo, the load generator, and the browser that the
//! server's tests drive.
//!
//! It knows the server only from outside: its pages, its phone protocol and its command line.

pub mod bench;
pub mod browser;
pub mod folder;
pub mod hands_free;
pub mod histories;
pub mod server;
pub mod steps;
pub mod story;
pub mod terminal;
