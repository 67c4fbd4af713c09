//! All tests, on PostgreSQL.

#[path = "accounts.rs"]
mod accounts;
#[path = "approval_life.rs"]
mod approval_life;
#[path = "approvals.rs"]
mod approvals;
#[path = "budget.rs"]
mod budget;
#[path = "codes.rs"]
mod codes;
#[path = "credentials.rs"]
mod credentials;
#[path = "dump.rs"]
mod dump;
#[path = "engine.rs"]
mod engine;
#[path = "enrolments.rs"]
mod enrolments;
#[path = "housekeeping.rs"]
mod housekeeping;
#[path = "jobs.rs"]
mod jobs;
#[path = "opening.rs"]
mod opening;
#[path = "passwords.rs"]
mod passwords;
#[path = "phones.rs"]
mod phones;
#[path = "push.rs"]
mod push;
#[path = "race.rs"]
mod race;
#[path = "recovery_codes.rs"]
mod recovery_codes;
#[path = "remembered_browsers.rs"]
mod remembered_browsers;
#[path = "restore.rs"]
mod restore;
#[path = "sealed.rs"]
mod sealed;
#[path = "sign_ins.rs"]
mod sign_ins;

use crate::fixtures::{Empty, World, postgres_database};

async fn empty() -> Option<Empty> {
    postgres_database().await
}

async fn world() -> Option<World> {
    Some(World::open(empty().await?).await)
}
