//! Temporary access passes: how somebody without a phone signs in to set one up.

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{AccessPassId, AccountId},
    policy::Policy,
    readable,
};
use akkoord_protocols::random;
use akkoord_store::{NewAccessPass, StoreError, Tx};
use serde_json::json;
use zeroize::Zeroizing;

use super::{audit, slow_hash};
use crate::app::App;

/// Twelve characters: 60 bits, for an hour.
const LENGTH: usize = 12;

/// A pass that was typed right.
pub struct Hashed {
    /// The row.
    pub id: AccessPassId,
    /// When it ends, and with it the session.
    pub expires_at: Timestamp,
}

/// A pass that was drawn and hashed, before the writer is asked: hashing takes longer than everything else it does.
pub struct NewPass {
    pass: String,
    hash: String,
}

/// Draws a pass.
pub fn draw(ctx: &Ctx) -> Result<NewPass, StoreError> {
    let pass = readable::draw::<LENGTH>(&*ctx.random);
    let salt = random::bytes::<16>(&*ctx.random);
    let hash = slow_hash::hash(pass.as_bytes(), &salt)?;
    Ok(NewPass { pass, hash })
}

/// Adds a pass and returns it as shown: once, as only its hash is kept.
pub async fn add(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountId,
    policy: &Policy,
    new: NewPass,
) -> Result<(String, Timestamp), StoreError> {
    let id = AccessPassId::new(&*ctx.random);
    let expires_at = ctx.now + policy.access_pass_lifetime();
    tx.add_access_pass(&NewAccessPass {
        id: id.clone(),
        account_id: account.clone(),
        hash: new.hash,
        created_at: ctx.now,
        created_by: ctx.actor.to_text(),
        expires_at,
    })
    .await?;
    audit::record(tx, ctx, Event::AccessPassAdded, Some(account), Some(id.as_str()), json!({})).await?;
    Ok((readable::grouped(&new.pass), expires_at))
}

/// Finds the pass that was typed among those of an account. Whether it is still unused is decided when it is used.
/// The work is the same where there is no account or no pass.
pub async fn find(
    app: &App,
    ctx: &Ctx,
    account: Option<&AccountId>,
    typed: &str,
) -> Result<Option<Hashed>, StoreError> {
    let place = app.hashing.place()?;
    let (now, account) = (ctx.now, account.cloned());
    let passes = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                match &account {
                    Some(account) => tx.usable_access_passes(account, now).await,
                    None => Ok(Vec::new()),
                }
            })
        })
        .await?;
    let typed = Zeroizing::new(readable::normalise(typed).into_bytes());
    let hashes = passes.iter().map(|pass| pass.hash.clone()).collect();
    let found = place.find(typed, hashes).await?.and_then(|index| passes.into_iter().nth(index));
    Ok(found.map(|pass| Hashed { id: pass.id, expires_at: pass.expires_at }))
}
