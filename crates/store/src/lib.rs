//! All SQL, once, for SQLite and PostgreSQL.
//!
//! A use case hands [`Store::read`] or [`Store::write`] a closure; the closure gets a [`Tx`], whose functions are one
//! statement each, an aggregate per file. A change of state is one guarded `UPDATE`, and its affected row is the proof
//! that it happened: nothing here reads first and writes on what it read.
//!
//! This crate knows no rule of the product: which number is right, who may approve and how long a request lives is
//! handed in. It draws no time of its own: every `now` comes from the caller.

mod access_pass;
mod account;
mod approval;
mod approval_life;
mod audit;
mod browser;
mod budget;
mod code;
mod credential;
mod database;
mod dialect;
mod enrolment;
mod enrolment_life;
mod error;
mod housekeeping;
mod job;
mod migrate;
mod notice_link;
mod organisation;
mod password;
mod phone;
mod pin_change;
mod postgres;
mod push;
mod readers;
mod recovery_code;
mod remembered_browser;
mod restore;
mod root_key;
mod row;
mod seal;
mod server_key;
mod session;
mod settings;
mod sign_in;
mod sqlite;
mod statements;
mod tx;
mod writer;

pub use access_pass::{AccessPassRow, NewAccessPass};
pub use account::{AccountRow, NewAccount};
pub use approval::{ApprovalRow, ApprovalState, NewApproval, PendingMessage, Placed};
pub use approval_life::{Answered, Ended, Refusal};
pub use audit::{AuditEventRow, AuditFilter, NewAuditEvent};
pub use browser::{BrowserRow, NewBrowser};
pub use code::{CodeGeneratorRow, CodeSecret, CodeSource, CodeTries, NewCodeGenerator};
pub use credential::{CredentialKind, CredentialRow, NewCredential};
pub use database::{Database, Store};
pub use enrolment::{EnrolmentRow, EnrolmentState, NewEnrolment};
pub use enrolment_life::{Claimed, Proved};
pub use error::{Constraint, OpenError, StoreError};
pub use job::{JobRow, Lane, NewJob};
pub use notice_link::NoticeLinkRow;
pub use organisation::{NewOrganisation, OrganisationRow};
pub use password::{NewPassword, PasswordRow};
pub use phone::{NewPhone, PhoneRow};
pub use pin_change::{NewPinChange, PinChangeRow};
pub use push::PushSubscription;
pub use recovery_code::RecoveryCodeRow;
pub use remembered_browser::{NewRememberedBrowser, RememberedBrowserRow};
pub use root_key::{RootKey, RootKeyError};
pub use row::{FromValue, Row, Value};
pub use seal::{Class, Place, Purpose, Seal, Sealed};
pub use server_key::{NewServerKey, ServerKeyRow};
pub use session::{NewSession, SessionRow};
pub use sign_in::{NewSignIn, SignInRow};
pub use tx::Tx;
