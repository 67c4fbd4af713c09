//! Recovery codes: paper for the day on which the phone is gone. Each lets its account in once, to set up a phone.

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{AccountId, RecoveryCodeId},
    readable,
};
use akkoord_protocols::random;
use akkoord_store::{AccountRow, Purpose, RecoveryCodeRow, Seal, StoreError, Tx};
use serde_json::json;
use zeroize::Zeroizing;

use super::{account, audit, notice};
use crate::{app::App, views::mail::RecoveryChange};

/// How many a set has.
pub const IN_A_SET: usize = 10;
/// Characters of a code: 80 bits, of which 16 stand in the database (SP 800-63B-4 section 4.2 asks for 64).
const LENGTH: usize = 16;

/// What is left of an account's set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How many are unused.
    pub unused: usize,
    /// When the set was made.
    pub made_at: Timestamp,
    /// When one of them was last used.
    pub last_used_at: Option<Timestamp>,
}

impl Left {
    /// What is left of these; nothing where there is no set.
    pub fn of(codes: &[RecoveryCodeRow]) -> Option<Self> {
        Some(Self {
            unused: codes.iter().filter(|code| code.used_at.is_none()).count(),
            made_at: codes.first()?.created_at,
            last_used_at: codes.iter().filter_map(|code| code.used_at).max(),
        })
    }
}

/// Makes a set, in the place of the one before, and returns it as shown: once, as only hashes are kept.
pub async fn make(app: &App, ctx: &Ctx, account: &AccountRow) -> Result<Vec<Zeroizing<String>>, StoreError> {
    let place = app.hashing.place()?;
    let (mut shown, mut rows) = (Vec::with_capacity(IN_A_SET), Vec::with_capacity(IN_A_SET));
    for _ in 0..IN_A_SET {
        let code = Zeroizing::new(readable::draw::<LENGTH>(&*ctx.random));
        let hash = place.hash(peppered(app.store.seal(), &account.id, &code), random::bytes(&*ctx.random)).await?;
        shown.push(Zeroizing::new(readable::grouped(&code)));
        rows.push(RecoveryCodeRow {
            id: RecoveryCodeId::new(&*ctx.random),
            account_id: account.id.clone(),
            lookup: lookup(app.store.seal(), &account.id, &code),
            hash,
            created_at: ctx.now,
            used_at: None,
        });
    }
    let (app_too, ctx, account) = (app.clone(), ctx.clone(), account.clone());
    let write = app.store.write(move |tx| {
        Box::pin(async move {
            tx.hold_account(&account.id).await?;
            tx.replace_recovery_codes(&account.id, &rows).await?;
            let subject = Some(account.id.as_str());
            audit::record(tx, &ctx, Event::RecoveryCodesMade, Some(&account.id), subject, json!({})).await?;
            tell(&app_too, tx, &ctx, &account, RecoveryChange::Made).await
        })
    });
    write.await?;
    Ok(shown)
}

/// Removes the set of an account; whether there was one.
pub async fn remove(app: &App, ctx: &Ctx, account: &AccountRow) -> Result<bool, StoreError> {
    let (app_too, ctx, account) = (app.clone(), ctx.clone(), account.clone());
    let write = app.store.write(move |tx| {
        Box::pin(async move {
            if tx.remove_recovery_codes(&account.id).await? == 0 {
                return Ok(false);
            }
            let subject = Some(account.id.as_str());
            audit::record(tx, &ctx, Event::RecoveryCodesRemoved, Some(&account.id), subject, json!({})).await?;
            tell(&app_too, tx, &ctx, &account, RecoveryChange::Removed).await?;
            Ok(true)
        })
    });
    write.await
}

/// Finds the code that was typed among those of an account. Whether it is unused is decided when it is used. The work is the
/// same for every name.
pub async fn find(
    app: &App,
    ctx: &Ctx,
    account: Option<&AccountId>,
    typed: &str,
) -> Result<Option<RecoveryCodeId>, StoreError> {
    let place = app.hashing.place()?;
    let id = account.cloned().unwrap_or_else(|| AccountId::new(&*ctx.random));
    let code = Zeroizing::new(readable::normalise(typed));
    let wanted = lookup(app.store.seal(), &id, &code);
    let peppered = peppered(app.store.seal(), &id, &code);
    let read = app.store.read(move |tx| Box::pin(async move { tx.recovery_codes_of(&id).await }));
    let all: Vec<RecoveryCodeRow> = read.await?;
    let all: Vec<RecoveryCodeRow> = all.into_iter().filter(|code| code.lookup == wanted).collect();
    let hashes = all.iter().map(|code| code.hash.clone()).collect();
    let found = place.find(peppered, hashes).await?.and_then(|index| all.into_iter().nth(index));
    Ok(found.map(|code| code.id))
}

/// Uses up a code that was found, and tells its person; whether it was still good.
pub async fn use_up(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    code: &RecoveryCodeId,
    detail: serde_json::Value,
) -> Result<bool, StoreError> {
    if !tx.use_recovery_code(code, ctx.now).await? {
        return Ok(false);
    }
    audit::record(tx, ctx, Event::RecoveryCodeUsed, Some(&account.id), Some(code.as_str()), detail).await?;
    let left = Left::of(&tx.recovery_codes_of(&account.id).await?).map_or(0, |left| left.unused);
    tell(app, tx, ctx, account, RecoveryChange::Used { left }).await?;
    Ok(true)
}

async fn tell(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    change: RecoveryChange,
) -> Result<(), StoreError> {
    let home = account::home(tx, account, &app.config.name).await?;
    notice::recovery_codes_changed(app, tx, ctx, account, &home, change).await
}

/// What is hashed of a code: its MAC for this account, so that a hash is worth nothing in another account's row.
fn peppered(seal: &Seal, account: &AccountId, code: &str) -> Zeroizing<Vec<u8>> {
    let parts = [account.as_str().as_bytes(), code.as_bytes()];
    Zeroizing::new(seal.mac(Purpose::RecoveryCode, &parts).to_vec())
}

fn lookup(seal: &Seal, account: &AccountId, code: &str) -> i64 {
    let [first, second, ..] = seal.mac(Purpose::RecoveryCodeLookup, &[account.as_str().as_bytes(), code.as_bytes()]);
    i64::from(u16::from_be_bytes([first, second]))
}
