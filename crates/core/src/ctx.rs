//! What every use case is handed first: when it is, who acts, and where randomness comes from.

use std::sync::Arc;

use akkoord_protocols::random::Random;

use crate::{
    Timestamp,
    ids::{AccountId, PhoneId},
};

/// Who causes a change, for the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A browser that has not signed in.
    Anonymous,
    /// A signed-in person.
    Account(AccountId),
    /// A phone with a good proof.
    Phone(PhoneId),
    /// The command line on the server.
    Operator,
    /// The server by itself: jobs and housekeeping.
    System,
}

impl Actor {
    /// The actor as one word of the audit log.
    pub fn to_text(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::Account(id) => format!("account:{id}"),
            Self::Phone(id) => format!("phone:{id}"),
            Self::Operator => "operator".to_owned(),
            Self::System => "system".to_owned(),
        }
    }
}

/// One request, one instant: stamped once by the server and passed on, so that all rules of a request agree.
#[derive(Clone)]
pub struct Ctx {
    /// The server's time of this request.
    pub now: Timestamp,
    /// Who acts.
    pub actor: Actor,
    /// Names the request in logs, the audit and the error page.
    pub request_id: String,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}
