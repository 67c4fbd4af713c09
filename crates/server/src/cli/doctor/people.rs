//! The people: whom a lost phone would lock out, and what waits.

use akkoord_core::account::Role;
use akkoord_store::{Store, StoreError};

use super::Findings;
use crate::cli::opened::all_accounts;

pub(super) async fn look(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let (organisations, phones, jobs) = store
        .read(|tx| {
            Box::pin(async move {
                let organisations = tx.organisations().await?.len();
                let mut phones = Vec::new();
                for account in all_accounts(tx, None).await?.into_iter().filter(|row| row.disabled_at.is_none()) {
                    let own = tx.phones_of(&account.id).await?;
                    phones.push((account, own.len()));
                }
                Ok::<_, StoreError>((organisations, phones, tx.count_open_jobs().await?))
            })
        })
        .await?;
    if organisations == 0 {
        findings.warn("accounts", "no organisation yet", "run `akkoord setup`");
    } else {
        findings.ok("accounts", format!("{} enabled, in {organisations} organisations", phones.len()));
    }
    let with = |count: usize| {
        let found = phones.iter().filter(move |(_, phones)| *phones == count);
        found.map(|(account, _)| account.username.as_str()).collect::<Vec<_>>()
    };
    let without = with(0);
    if !without.is_empty() {
        let remedy = "`akkoord access-pass USERNAME` lets one in to add its phone";
        findings.warn("phones", format!("{} have no phone: {}", without.len(), some_of(&without)), remedy);
    }
    let single = with(1);
    if !single.is_empty() {
        let remedy = "a lost phone locks them out until somebody makes an access pass; a second phone helps";
        findings.warn("phones", format!("{} have one phone only: {}", single.len(), some_of(&single)), remedy);
    }
    if without.is_empty() && single.is_empty() && !phones.is_empty() {
        findings.ok("phones", "every account has two or more");
    }
    let owners = phones.iter().filter(|(account, _)| account.role == Role::Owner.as_str()).count();
    if owners == 0 && organisations > 0 {
        findings.warn("accounts", "no enabled account is an owner", "add one: `akkoord account add --role owner`");
    }
    if jobs > MANY_JOBS {
        let remedy = "look for failed mails in the server's log, and whether it runs";
        findings.warn("jobs", format!("{jobs} wait"), remedy);
    } else {
        findings.ok("jobs", format!("{jobs} wait"));
    }
    Ok(())
}

fn some_of(names: &[&str]) -> String {
    let mut shown: Vec<&str> = names.iter().take(NAMED).copied().collect();
    if names.len() > NAMED {
        shown.push("...");
    }
    shown.join(", ")
}

const NAMED: usize = 5;
const MANY_JOBS: i64 = 50;
