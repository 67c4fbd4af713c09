//! The product without its surroundings: ids, states and rules.
//!
//! This crate cannot wait, fail on input or output, or read the time. Whoever calls it brings a [`Ctx`].

pub mod account;
pub mod approval;
pub mod audit;
pub mod budget;
pub mod code;
pub mod ctx;
pub mod enrolment;
pub mod ids;
pub mod notice;
pub mod organisation;
pub mod password;
pub mod phone;
pub mod policy;
pub mod readable;
pub mod secret;
pub mod session;
pub mod sign_in;
pub mod time;

pub use ctx::{Actor, Ctx};
pub use time::Timestamp;
