//! Temporary access passes: how somebody without a phone signs in to set one up.

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{AccessPassId, AccountId},
    policy::Policy,
};
use akkoord_protocols::random;
use akkoord_store::{NewAccessPass, StoreError, Tx};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use serde_json::json;

use super::audit;
use crate::app::App;

/// Characters of a pass: Crockford's base 32, read aloud without mistakes.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Twelve characters: 60 bits, for an hour.
const LENGTH: usize = 12;

/// A pass that was typed right.
pub struct Hashed {
    /// The row.
    pub id: AccessPassId,
    /// When it ends, and with it the session.
    pub expires_at: Timestamp,
}

fn hasher() -> Argon2<'static> {
    // ASVS 5.0 appendix C. One large block is given back to the system after use; several smaller ones would stay.
    let params = Params::new(47_104, 1, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Upper-cases, drops blanks and hyphens, reads O as 0 and I and L as 1.
fn normalise(typed: &str) -> String {
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64);
    kept.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    })
    .collect()
}

/// A pass that was drawn and hashed, before the writer is asked: hashing takes longer than everything else it does.
pub struct NewPass {
    pass: String,
    hash: String,
}

/// Draws a pass.
pub fn draw(ctx: &Ctx) -> Result<NewPass, StoreError> {
    let drawn = random::bytes::<LENGTH>(&*ctx.random);
    let pass: String =
        drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect();
    let salt = random::bytes::<16>(&*ctx.random);
    let hash = hasher()
        .hash_password_with_salt(pass.as_bytes(), &salt)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?
        .to_string();
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
    let groups: Vec<&str> = [new.pass.get(..4), new.pass.get(4..8), new.pass.get(8..)].into_iter().flatten().collect();
    Ok((groups.join("-"), expires_at))
}

/// Finds the pass that was typed among those of an account. Whether it is still unused is decided when it is used.
/// The work is the same where there is no account or no pass.
pub async fn find(
    app: &App,
    ctx: &Ctx,
    account: Option<&AccountId>,
    typed: &str,
) -> Result<Option<Hashed>, StoreError> {
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
    let typed = normalise(typed);
    let Ok(_queued) = app.hashing_queue.try_acquire() else {
        return Err(StoreError::Unavailable("too many access passes are tried at once".to_owned()));
    };
    let _place = app.hashing.acquire().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let checked = tokio::task::spawn_blocking(move || {
        if passes.is_empty() {
            let _ = hasher().hash_password_with_salt(typed.as_bytes(), &[0; 16]);
        }
        passes.into_iter().find(|pass| {
            let hash = PasswordHash::new(&pass.hash);
            hash.is_ok_and(|hash| hasher().verify_password(typed.as_bytes(), &hash).is_ok())
        })
    });
    let found = checked.await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(found.map(|pass| Hashed { id: pass.id, expires_at: pass.expires_at }))
}
