//! What leaves this server by itself, each behind a trait of its own so that tests bring a recording one.
//!
//! Nothing here decides whether something is sent: use cases queue, jobs send.

pub mod mail;
pub mod push;
