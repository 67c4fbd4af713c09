//! The program akkoord: the sign-in service and its command line.

pub mod app;
mod browser;
pub mod cli;
pub mod clock;
pub mod config;
pub mod http;
pub mod jobs;
mod limits;
pub mod log;
pub mod outbound;
pub mod serve;
pub mod use_cases;
pub mod views;
pub mod wake;
mod web_app;
