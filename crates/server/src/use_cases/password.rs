//! Passwords: setting, removing and checking one.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::{AccountId, SessionId},
    password::{self, Known, Password, Refused, Use},
};
use akkoord_protocols::random;
use akkoord_store::{AccountRow, NewPassword, PasswordRow, Purpose, Seal, StoreError, Tx};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    account::{self, Home},
    audit, notice,
    remembered::{self, Why},
    slow_hash::Compared,
};
use crate::{app::App, views::mail::PasswordChange};

/// The version of the key under passwords. The next one comes with the first rotation; a hash says which it was made with.
const PEPPER: i64 = 1;

/// Who sets a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By<'a> {
    /// Its person, whose session stays when all others end.
    Person(Option<&'a SessionId>),
    /// Somebody who runs the server: its person is to choose another, which nobody else knows (ASVS 6.4.6).
    Operator,
}

/// What became of a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It holds.
    Done {
        /// Whether there was another.
        replaced: bool,
    },
    /// It may not be one.
    Refused(Refused),
    /// Another change was first.
    Meanwhile,
}

/// What a typed password is. Why one is wrong, or not looked at, is nobody's business who doesn't have the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is the account's.
    Right {
        /// Whether somebody else chose it, so that its person must choose another now.
        must_change: bool,
        /// Whether its hash was made anew.
        rehashed: bool,
    },
    /// It is not, or the account has none, is disabled, waits after wrong ones, or doesn't exist.
    Wrong,
}

/// Sets the password of an account, the first or another. That whoever asks may do so was checked before.
pub async fn set(
    app: &App,
    ctx: &Ctx,
    account: &AccountRow,
    typed: &str,
    used: Use,
    by: By<'_>,
) -> Result<Set, StoreError> {
    let place = app.hashing.place()?;
    let (id, service) = (account.id.clone(), app.config.name.clone());
    let (wanted, row) = (id.clone(), account.clone());
    let read = app.store.read(move |tx| {
        Box::pin(
            async move { Ok::<_, StoreError>((tx.password(&wanted).await?, account::home(tx, &row, &service).await?)) },
        )
    });
    let (before, home) = read.await?;
    let password = match Password::choose(typed, used, &known(app, account, &home)) {
        Ok(password) => password,
        Err(refused) => return Ok(Set::Refused(refused)),
    };
    let peppered = peppered(app.store.seal(), &id, PEPPER, &password);
    let hash = place.hash(peppered, random::bytes(&*ctx.random)).await?;
    let must_change_at = (by == By::Operator).then_some(ctx.now);
    let new = NewPassword { account_id: id, hash, pepper: PEPPER, set_at: ctx.now, must_change_at };
    let (app, ctx, account) = (app.clone(), ctx.clone(), account.clone());
    let store = app.store.clone();
    let stays = match by {
        By::Person(session) => session.cloned(),
        By::Operator => None,
    };
    store
        .write(move |tx| {
            Box::pin(async move {
                let set = keep(&app, tx, &ctx, &account, &home, new, before).await?;
                if set == (Set::Done { replaced: true }) {
                    end_what_it_let_in(tx, &ctx, &account.id, stays.as_ref()).await?;
                }
                Ok(set)
            })
        })
        .await
}

/// Whoever knew the password that is gone is out: sessions end, and attempts that gave it already (ASVS 5.0, 7.4.3).
async fn end_what_it_let_in(
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountId,
    stays: Option<&SessionId>,
) -> Result<(), StoreError> {
    tx.end_proved_sign_ins(account, ctx.now).await?;
    let ended = tx.end_sessions_of_account(account, stays, ctx.now).await?;
    if ended > 0 {
        let detail = json!({ "sessions": ended, "why": "password" });
        audit::record(tx, ctx, Event::SessionsEnded, Some(account), Some(account.as_str()), detail).await?;
    }
    Ok(())
}

async fn keep(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    new: NewPassword,
    before: Option<PasswordRow>,
) -> Result<Set, StoreError> {
    // Before the password, as each sign-in takes them.
    tx.hold_account(&account.id).await?;
    let kept = match &before {
        Some(row) => tx.replace_password(&new, &row.hash).await?,
        None => tx.add_password(&new).await?,
    };
    if !kept {
        return Ok(Set::Meanwhile);
    }
    remembered::forget(tx, ctx, &account.id, Why::Password).await?;
    let replaced = before.is_some();
    let detail = json!({ "replaced": replaced, "must_change": new.must_change_at.is_some() });
    audit::record(tx, ctx, Event::PasswordSet, Some(&account.id), Some(account.id.as_str()), detail).await?;
    let change = if replaced { PasswordChange::Changed } else { PasswordChange::Set };
    notice::password_changed(app, tx, ctx, account, home, change).await?;
    Ok(Set::Done { replaced })
}

/// Removes the password of an account; whether it had one. Of the account's sessions only `stays` does.
pub async fn remove(app: &App, ctx: &Ctx, account: &AccountRow, stays: Option<&SessionId>) -> Result<bool, StoreError> {
    let (app, ctx, account, stays) = (app.clone(), ctx.clone(), account.clone(), stays.cloned());
    let store = app.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&account.id).await?;
                if !tx.remove_password(&account.id).await? {
                    return Ok(false);
                }
                remembered::forget(tx, &ctx, &account.id, Why::Password).await?;
                let subject = Some(account.id.as_str());
                audit::record(tx, &ctx, Event::PasswordRemoved, Some(&account.id), subject, json!({})).await?;
                let home = account::home(tx, &account, &app.config.name).await?;
                notice::password_changed(&app, tx, &ctx, &account, &home, PasswordChange::Removed).await?;
                end_what_it_let_in(tx, &ctx, &account.id, stays.as_ref()).await?;
                Ok(true)
            })
        })
        .await
}

/// Checks a typed password. The statements and the one hash are the same for each account, with or without a password, and
/// for a name that nobody has: an id is drawn for it, which no account has.
///
/// [Note: A try is counted before it is looked at] Otherwise as many as are under way at one moment would all be free. A
/// right one takes the count back. Where the count is refused, because the password waits, the hash is worked out nevertheless
/// and compared with nothing: not even the right one is right then, or waiting would be no hindrance.
pub async fn check(app: &App, ctx: &Ctx, account: Option<&AccountId>, typed: &str) -> Result<Checked, StoreError> {
    let place = app.hashing.place()?;
    let id = account.cloned().unwrap_or_else(|| AccountId::new(&*ctx.random));
    let counted = count(app, ctx, &id).await?;
    // What can be nobody's password is hashed too, as a word that nobody's hash is of.
    let password = Password::typed(typed).ok();
    let kept = counted.filter(|_| password.is_some());
    let pepper = kept.as_ref().map_or(PEPPER, |row| row.pepper);
    let peppered = match &password {
        Some(password) => peppered(app.store.seal(), &id, pepper, password),
        None => Zeroizing::new(vec![0; 32]),
    };
    let salt = random::bytes(&*ctx.random);
    let compared = place.compare(peppered, kept.as_ref().map(|row| row.hash.clone()), salt).await?;
    // A hash under an older key stays as it is until there is one: then it is made anew here.
    let right = match (compared, kept) {
        (Compared::Right(rehashed), Some(row)) => Some((rehashed, row)),
        _ => None,
    };
    let (ctx, known) = (ctx.clone(), account.cloned());
    app.store.write(move |tx| Box::pin(async move { settle(tx, &ctx, &id, known.as_ref(), right).await })).await
}

/// Counts a try and returns the password that it may be compared with. The account is held, so that of two at once the
/// second sees the first.
async fn count(app: &App, ctx: &Ctx, id: &AccountId) -> Result<Option<PasswordRow>, StoreError> {
    let (id, now) = (id.clone(), ctx.now);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&id).await?;
                let row = tx.password(&id).await?;
                let failures = row.as_ref().map_or(0, |row| row.failures);
                let waits_until = now + password::wait_after(failures.saturating_add(1));
                let counted = tx.count_password_try(&id, failures, waits_until, now).await?;
                Ok(row.filter(|_| counted))
            })
        })
        .await
}

async fn settle(
    tx: &mut Tx,
    ctx: &Ctx,
    id: &AccountId,
    account: Option<&AccountId>,
    right: Option<(Option<String>, PasswordRow)>,
) -> Result<Checked, StoreError> {
    if let Some((new, row)) = right {
        let hash = new.as_deref().unwrap_or(&row.hash);
        if tx.password_was_right(id, &row.hash, hash, row.pepper).await? {
            return Ok(Checked::Right { must_change: row.must_change_at.is_some(), rehashed: new.is_some() });
        }
    }
    audit::record(tx, ctx, Event::PasswordRefused, account, None, json!({})).await?;
    Ok(Checked::Wrong)
}

fn known<'a>(app: &'a App, account: &'a AccountRow, home: &'a Home) -> Known<'a> {
    Known {
        username: &account.username,
        email: account.email.as_deref(),
        organisation: &home.name,
        service: &app.config.name,
    }
}

/// What is hashed of a password: its MAC for this account, so that a hash is worth nothing in another account's row.
fn peppered(seal: &Seal, account: &AccountId, pepper: i64, password: &Password) -> Zeroizing<Vec<u8>> {
    let parts: [&[u8]; 3] = [&pepper.to_be_bytes(), account.as_str().as_bytes(), password.expose().as_bytes()];
    Zeroizing::new(seal.mac(Purpose::Password, &parts).to_vec())
}
