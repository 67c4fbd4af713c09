//! Verification codes: trying one, and giving an authenticator the secret that it makes them from.

use akkoord_core::{
    Ctx,
    audit::Event,
    code::{self, Found, NotACode},
    ids::{AccountId, CodeGeneratorId, SessionId},
    password::wait_after,
};
use akkoord_store::{
    AccountRow, CodeGeneratorRow, CodeSecret, CodeSource, NewCodeGenerator, Place, Purpose, Seal, StoreError, Tx,
};
use data_encoding::BASE32_NOPAD;
use serde_json::json;
use zeroize::Zeroizing;

use super::{audit, notice};
use crate::{app::App, views::mail::CodesChange};

/// What a typed code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It is the account's, and used up now.
    Right,
    /// It is none.
    Not(NotACode),
    /// It is not the account's.
    Wrong,
    /// It was the account's, and somebody has used it, or a later one, already.
    Used,
    /// It would be the account's at another time: the clock of what made it is off by so many minutes.
    ClockOff {
        /// Whether that clock is behind.
        behind: bool,
        /// How far.
        minutes: u32,
    },
    /// After wrong ones no code is looked at for so many minutes.
    Wait {
        /// How long.
        minutes: u32,
    },
}

/// Tries a code of an account. A try is counted before the code is looked at, and a right one takes all counts back; a
/// right one that was used already doesn't, or whoever saw it once could guess on for as long as they like.
pub async fn try_code(
    tx: &mut Tx,
    seal: &Seal,
    ctx: &Ctx,
    account: &AccountId,
    typed: &str,
) -> Result<Tried, StoreError> {
    let typed = match code::typed(typed) {
        Ok(typed) => typed,
        Err(not) => return Ok(Tried::Not(not)),
    };
    tx.hold_account(account).await?;
    let read = tx.code_tries(account).await?;
    let wait_until = ctx.now + wait_after(read.failures.saturating_add(1));
    if !tx.count_code_try(account, read, wait_until, ctx.now).await? {
        let minutes = ctx.now.until(read.wait_until).as_secs().div_ceil(60);
        return Ok(Tried::Wait { minutes: u32::try_from(minutes).unwrap_or(u32::MAX).max(1) });
    }
    let tried = look_at(tx, seal, ctx, account, &typed).await?;
    if tried == Tried::Right {
        tx.forget_code_tries(account).await?;
    } else {
        let why = match tried {
            Tried::Used => "used",
            Tried::ClockOff { .. } => "clock",
            _ => "wrong",
        };
        audit::record(tx, ctx, Event::CodeRefused, Some(account), None, json!({ "why": why })).await?;
    }
    Ok(tried)
}

async fn look_at(tx: &mut Tx, seal: &Seal, ctx: &Ctx, account: &AccountId, typed: &str) -> Result<Tried, StoreError> {
    let mut tried = Tried::Wrong;
    for CodeSecret { source, secret, .. } in tx.code_secrets_of(account).await? {
        let secret = match &source {
            CodeSource::Phone(id) => seal.open(Place::PhoneCodeSecret, id.as_str(), &secret)?,
            CodeSource::Generator(id) => seal.open(Place::CodeGeneratorSecret, id.as_str(), &secret)?,
        };
        match code::find(&secret, typed, ctx.now) {
            Some(Found::InTime(step)) => {
                if tx.use_code(&source, step, ctx.now).await? {
                    return Ok(Tried::Right);
                }
                tried = Tried::Used;
            }
            Some(Found::Off(steps)) if tried == Tried::Wrong => {
                tried = Tried::ClockOff { behind: steps < 0, minutes: Found::minutes_off(steps) };
            }
            _ => {}
        }
    }
    Ok(tried)
}

/// A secret that is offered to an authenticator. It is nowhere: it follows from the session and the id, which stand in the
/// form, so that nothing half set up is left behind and the page shows the same code again.
pub struct Offered {
    /// The id that the generator will have.
    pub id: CodeGeneratorId,
    secret: Zeroizing<Vec<u8>>,
}

impl Offered {
    /// Another one.
    pub fn new(app: &App, ctx: &Ctx, session: &SessionId) -> Self {
        Self::again(app, session, CodeGeneratorId::new(&*ctx.random))
    }

    /// The one that was offered under this id.
    pub fn again(app: &App, session: &SessionId, id: CodeGeneratorId) -> Self {
        let mac = app.store.seal().mac(Purpose::CodeSecret, &[session.as_str().as_bytes(), id.as_str().as_bytes()]);
        let secret = mac.iter().copied().take(code::SECRET).collect();
        Self { id, secret: Zeroizing::new(secret) }
    }

    /// The key as it is typed: base 32 in groups of four.
    pub fn key(&self) -> String {
        let key = BASE32_NOPAD.encode(&self.secret);
        let groups: Vec<&str> = (0..key.len()).step_by(4).filter_map(|at| key.get(at..key.len().min(at + 4))).collect();
        groups.join(" ")
    }

    /// The address in the QR code, in the form that all authenticators read (`otpauth://totp/ISSUER:ACCOUNT?secret=...`).
    pub fn link(&self, issuer: &str, username: &str) -> String {
        let part =
            |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
        let (issuer, name, key) = (part(issuer), part(username), BASE32_NOPAD.encode(&self.secret));
        format!("otpauth://totp/{issuer}:{name}?secret={key}&issuer={issuer}")
    }
}

/// Adds the authenticator that was offered a secret, if the code that it shows is right. Two-step verification is on then.
pub async fn add(
    app: &App,
    ctx: &Ctx,
    account: &AccountRow,
    offered: &Offered,
    name: &str,
    typed: &str,
) -> Result<Tried, StoreError> {
    let typed = match code::typed(typed) {
        Ok(typed) => typed,
        Err(not) => return Ok(Tried::Not(not)),
    };
    let step = match code::find(&offered.secret, &typed, ctx.now) {
        Some(Found::InTime(step)) => step,
        Some(Found::Off(steps)) => {
            return Ok(Tried::ClockOff { behind: steps < 0, minutes: Found::minutes_off(steps) });
        }
        None => return Ok(Tried::Wrong),
    };
    let new = NewCodeGenerator {
        id: offered.id.clone(),
        account_id: account.id.clone(),
        name: name.to_owned(),
        secret: app.store.seal().seal(Place::CodeGeneratorSecret, offered.id.as_str(), &offered.secret),
        code_step: step,
        created_at: ctx.now,
    };
    let (ctx, account, app_too) = (ctx.clone(), account.clone(), app.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                // A form that is sent twice adds one.
                if tx.add_code_generator(&new).await? {
                    let (id, name) = (new.id.as_str(), json!({ "name": new.name }));
                    audit::record(tx, &ctx, Event::CodeGeneratorAdded, Some(&new.account_id), Some(id), name).await?;
                    switch_two_step_on(tx, &ctx, &new.account_id).await?;
                    notice::codes_changed(&app_too, tx, &ctx, &account, (&new.id, &new.name), CodesChange::Added)
                        .await?;
                }
                Ok(Tried::Right)
            })
        })
        .await
}

/// Switches two-step verification of an account on, and tells the audit if it was off.
pub async fn switch_two_step_on(tx: &mut Tx, ctx: &Ctx, account: &AccountId) -> Result<(), StoreError> {
    if tx.switch_two_step_on(account, ctx.now).await? {
        audit::record(tx, ctx, Event::TwoStepOn, Some(account), None, json!({})).await?;
    }
    Ok(())
}

/// Removes an authenticator; whether there was one.
pub async fn remove(app: &App, ctx: &Ctx, account: &AccountRow, row: &CodeGeneratorRow) -> Result<bool, StoreError> {
    let (app_too, ctx, account, row) = (app.clone(), ctx.clone(), account.clone(), row.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let removed = tx.remove_code_generator(&row.id, &account.id).await?;
                if removed {
                    let event = Event::CodeGeneratorRemoved;
                    audit::record(tx, &ctx, event, Some(&account.id), Some(row.id.as_str()), json!({})).await?;
                    notice::codes_changed(&app_too, tx, &ctx, &account, (&row.id, &row.name), CodesChange::Removed)
                        .await?;
                }
                Ok(removed)
            })
        })
        .await
}
