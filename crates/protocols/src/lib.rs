//! Specifications as pure functions: bytes and typed values in, typed values out.
//!
//! This crate knows specifications, not our product. It has no clock, no database, no network and no async;
//! randomness is handed in through [`random::Random`].

pub mod bytes;
pub mod jose;
pub mod json;
pub mod otp;
pub mod phone;
pub mod random;
pub mod text;
pub mod webauthn;
pub mod webpush;
