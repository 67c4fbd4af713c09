//! Use cases, one file per word: load, ask the core, persist, queue effects, in one transaction.

pub mod access_pass;
pub mod account;
pub mod approval;
pub mod audit;
pub mod budget;
pub mod code;
pub mod credential;
pub mod decision;
pub mod disown;
pub mod enrolment;
pub mod evidence;
pub mod history;
pub mod notice;
pub mod password;
pub mod phone;
pub mod pin;
pub mod practice;
pub mod push;
pub mod recovery_code;
pub mod remembered;
pub mod server_key;
pub mod session;
pub mod sign_in;
pub mod slow_hash;
pub mod two_step;
