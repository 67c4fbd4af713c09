//! The people: whom a lost phone would lock out, and what waits.

use akkoord_core::{account::Role, budget::Reason};
use akkoord_store::{Store, StoreError};

use super::Findings;
use crate::cli::{
    held_back,
    opened::{all_accounts, operator_ctx},
};

pub(super) async fn look(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let ctx = operator_ctx();
    let (organisations, phones, held, jobs) = store
        .read(|tx| {
            Box::pin(async move {
                let organisations = tx.organisations().await?.len();
                let (mut phones, mut held) = (Vec::new(), Held::default());
                for account in all_accounts(tx, None).await?.into_iter().filter(|row| row.disabled_at.is_none()) {
                    let own = tx.phones_of(&account.id).await?;
                    match held_back::of_account(tx, &ctx, &account, &own).await?.worst() {
                        Some((Reason::Locked, _)) => held.locked.push(account.username.clone()),
                        Some(_) => held.paused.push(account.username.clone()),
                        None => {}
                    }
                    phones.push((account, own.len()));
                }
                Ok::<_, StoreError>((organisations, phones, held, tx.count_open_jobs().await?))
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
    held.tell(findings);
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

/// The accounts whose phone sign-in is held back.
#[derive(Default)]
struct Held {
    locked: Vec<String>,
    paused: Vec<String>,
}

impl Held {
    fn tell(&self, findings: &mut Findings) {
        let Self { locked, paused } = self;
        if !locked.is_empty() {
            let text = format!("{} locked after wrong numbers: {}", locked.len(), some_of(locked));
            let remedy = "ask who entered them, then `akkoord account unlock USERNAME`, or an access pass to be used";
            findings.warn("phone sign-in", text, remedy);
        }
        if !paused.is_empty() {
            let text = format!("{} paused: {}", paused.len(), some_of(paused));
            let remedy =
                "ends by itself, `akkoord account list` says why and when; somebody else may be typing their names";
            findings.warn("phone sign-in", text, remedy);
        }
        if locked.is_empty() && paused.is_empty() {
            findings.ok("phone sign-in", "no account is locked or paused");
        }
    }
}

fn some_of(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<&str> = names.iter().take(NAMED).map(AsRef::as_ref).collect();
    if names.len() > NAMED {
        shown.push("...");
    }
    shown.join(", ")
}

const NAMED: usize = 5;
const MANY_JOBS: i64 = 50;
