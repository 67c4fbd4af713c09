//! The history checker: browsers, phones and an administrator make random transitions against few requests while things
//! break around the server, everything is written down, and the checker says whether the server kept its word.
//!
//! `record` is what is written down; `model`, `search` and `check` are the checker, pure functions from a history to a
//! verdict. The rest plays: `cast` has the people, `wire` cuts their connections. It knows nothing of databases: who
//! calls it brings the server and breaks it.

mod administrator;
mod browser_seat;
mod cast;
mod chance;
mod check;
mod model;
mod operator;
mod phone_hand;
mod record;
mod search;
mod violation;
mod wire;

pub use cast::{Cast, CastError, Person, Script, Stage};
pub use chance::Chance;
pub use check::{Checked, Event, History, Listing, Request};
pub use model::{Model, Rules};
pub use operator::{Operator, OperatorError};
pub use record::{Answer, Began, Deed, Made, Recorder, Span, Verdict, Who};
pub use search::{Found, explain};
pub use violation::Violation;
pub use wire::Wire;
