//! What people see: the pages, the mails, their texts and the files they load.
//!
//! A view holds values that are ready to be shown. It decides nothing about accounts, reads no database, and knows
//! no request: a handler fills it in, and `askama::Template::render` turns it into text.

pub mod account;
pub mod assets;
pub mod credential;
pub mod enrolment;
pub mod error_page;
pub mod frame;
pub mod guide;
pub mod mail;
pub mod methods;
pub mod moment;
pub mod practice;
pub mod qr;
pub mod recovery;
pub mod recovery_codes;
pub mod setup;
pub mod sign_in;
mod sign_in_steps;
pub mod texts;
pub mod two_step;

#[cfg(test)]
mod tests;
