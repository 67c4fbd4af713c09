//! Phones: removing, renaming, settings, and the phone's own view of itself.

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    budget::LOOK_BACK,
    ids::{AccountId, PhoneId},
    phone::RemovedBy,
    secret::TokenHash,
    sign_in::TwoStep,
};
use akkoord_protocols::{
    phone::{
        Platform,
        call::{OwnChange, OwnState},
        offer, pin,
        problem::Code,
        rotation::Rotate,
    },
    text::Name,
};
use akkoord_store::{AccountRow, Constraint, PhoneRow, StoreError};
use serde_json::json;

use super::{
    account::{self, Home, corrupt},
    approval, audit, budget, evidence,
    notice::{self, PhoneNotice},
    push,
    remembered::{self, Why},
    sign_in,
};
use crate::{app::App, http::error::ApiError, views::mail, wake::Topic};

/// A phone with its account.
#[derive(Clone, Debug)]
pub struct Known {
    /// The phone's row; it may be a removed one.
    pub row: PhoneRow,
    /// Its account.
    pub account: AccountRow,
    /// Where the account belongs.
    pub home: Home,
}

/// Finds a phone with its account.
pub async fn find(app: &App, id: &PhoneId) -> Result<Option<Known>, StoreError> {
    let id = id.clone();
    let found = app.store.read(move |tx| Box::pin(async move { tx.phone_with_account(&id).await })).await?;
    let Some((row, account, organisation)) = found else { return Ok::<_, StoreError>(None) };
    let home = account::home_of(&account, organisation, &app.config.name)?;
    Ok(Some(Known { row, account, home }))
}

/// How a phone was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// By itself.
    Itself,
    /// By the person, on the account page.
    Person,
    /// By the link of a notice, which is used up by it; it also signs the account out everywhere.
    Link(TokenHash),
    /// By an administrator.
    Administrator,
}

impl Removal {
    fn by(&self) -> RemovedBy {
        match self {
            Self::Itself => RemovedBy::Itself,
            Self::Person | Self::Link(_) => RemovedBy::User,
            Self::Administrator => RemovedBy::Administrator,
        }
    }
}

/// Removes a phone: its keys, its waiting requests and the sessions it let in end with it. False where it was removed
/// before, or is not this account's.
pub async fn remove(
    app: &App,
    ctx: &Ctx,
    id: &PhoneId,
    of: Option<&AccountId>,
    how: Removal,
) -> Result<Option<PhoneNotice>, StoreError> {
    let Some(known) = find(app, id).await? else { return Ok(None) };
    if of.is_some_and(|of| *of != known.account.id) {
        return Ok(None);
    }
    let phone = PhoneNotice { id: id.clone(), name: known.row.name.clone(), platform: known.row.platform.clone() };
    let (inner, app_too, told) = (ctx.clone(), app.clone(), phone.clone());
    let ended = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let (ctx, account) = (inner, &known.account);
                if let Removal::Link(token) = &how
                    && !tx.use_notice_link(token, ctx.now).await?
                {
                    return Ok(None);
                }
                if !tx.revoke_phone(&told.id, &account.id, ctx.now, how.by().as_str()).await? {
                    return Ok(None);
                }
                tx.delete_push_subscription(&told.id).await?;
                let requests = tx.revoke_approvals_of_phone(&told.id, ctx.now).await?;
                sign_in::all_settled(tx, &ctx, &requests).await?;
                let mut sessions = tx.end_sessions_of_phone(&told.id, ctx.now).await?;
                if matches!(how, Removal::Link(_)) {
                    sessions += tx.end_sessions_of_account(&account.id, None, ctx.now).await?;
                    tx.forget_browsers_of(&account.id, ctx.now).await?;
                    remembered::forget(tx, &ctx, &account.id, Why::Reported).await?;
                }
                let detail = json!({ "by": how.by().as_str(), "requests": requests.len(), "sessions": sessions });
                audit::record(tx, &ctx, Event::PhoneRemoved, Some(&account.id), Some(told.id.as_str()), detail).await?;
                let by = match how {
                    Removal::Itself => mail::RemovedBy::Phone,
                    Removal::Person => mail::RemovedBy::Person,
                    Removal::Link(_) => mail::RemovedBy::NotMeLink,
                    Removal::Administrator => mail::RemovedBy::Administrator,
                };
                notice::phone_removed(&app_too, tx, &ctx, account, &known.home, &told, by).await?;
                Ok::<_, StoreError>(Some(requests))
            })
        })
        .await?;
    let Some(requests) = ended else { return Ok(None) };
    for request in requests {
        app.wake.tell(&Topic::Approval(request.id.to_string()));
    }
    app.wake.tell(&Topic::Phone(phone.id.to_string()));
    Ok(Some(phone))
}

/// Renames a phone of an account.
pub async fn rename(app: &App, ctx: &Ctx, id: &PhoneId, of: &AccountId, name: &Name) -> Result<bool, StoreError> {
    let (ctx, id, of, name) = (ctx.clone(), id.clone(), of.clone(), name.as_str().to_owned());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let mine = tx.phone(&id).await?.is_some_and(|row| row.account_id == of && row.revoked_at.is_none());
                if !mine || !tx.rename_phone(&id, &name).await? {
                    return Ok(false);
                }
                audit::record(tx, &ctx, Event::PhoneRenamed, Some(&of), Some(id.as_str()), json!({})).await?;
                Ok(true)
            })
        })
        .await
}

/// What a phone is told of itself.
pub async fn own_state(app: &App, ctx: &Ctx, known: &Known) -> Result<OwnState, StoreError> {
    let row = &known.row;
    let broken = |column| corrupt("phones", column, row.id.as_str());
    let (account, since) = (known.account.id.clone(), ctx.now - LOOK_BACK);
    let (phones, past) = app
        .store
        .read(move |tx| {
            Box::pin(async move {
                let past = tx.past_requests(&account, since).await?;
                Ok::<_, StoreError>((tx.phones_of(&account).await?, past))
            })
        })
        .await?;
    let holds = budget::holds(ctx, &known.account, &phones, &past);
    Ok(OwnState {
        phone: row.id.as_str().parse().map_err(|_| broken("id"))?,
        name: row.name.parse().map_err(|_| broken("name"))?,
        platform: platform(&row.platform).ok_or_else(|| broken("platform"))?,
        state: if row.pin_left > 0 { "ACTIVE" } else { "LOCKED" }.to_owned(),
        account: account::for_phone(&known.account, &known.home)?,
        push: push::is_set(app, &row.id).await?,
        phone_sign_in: row.phone_sign_in_at.is_some(),
        quiet_until: holds.quiet_until().map(Timestamp::seconds),
        unlock: approval::unlock_methods(row, &known.home.policy),
        pin_left: u32::try_from(row.pin_left).unwrap_or(0),
        policy: known.home.policy.for_phone(),
        vapid: app.push_key,
        keyroll: app.server_keys().rolls(ctx.now),
    })
}

/// A stored platform.
pub fn platform(word: &str) -> Option<Platform> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
}

/// Changes a phone's own settings. What is switched on needs evidence; what is switched off does not.
pub async fn change(
    app: &App,
    ctx: &Ctx,
    known: &Known,
    change: &OwnChange,
    proof_nonce: &str,
) -> Result<(), ApiError> {
    let row = &known.row;
    let unlock = approval::unlock_methods(row, &known.home.policy);
    for (setting, value) in [("phone_sign_in", change.phone_sign_in), ("unknown_browsers", change.unknown_browsers)] {
        if value != Some(true) {
            continue;
        }
        if setting == "phone_sign_in"
            && TwoStep::of(known.account.two_step_at, known.home.policy.two_step_required) == TwoStep::Off
        {
            let mut error = ApiError::new(Code::Policy, "Two-step verification of the account is off.");
            error.problem.reason = Some("two_step_off".to_owned());
            return Err(error);
        }
        if unlock.is_empty() {
            let mut error = ApiError::new(Code::Policy, "This phone has no unlock method that is allowed.");
            error.problem.reason = Some("no_unlock".to_owned());
            return Err(error);
        }
        let evidence = change.evidence.as_ref().ok_or_else(|| ApiError::invalid("switching on needs evidence"))?;
        let hash = pin::setting_hash(setting, row.id.as_str(), proof_nonce);
        if evidence::check_once(app, ctx, row, &unlock, evidence, &hash).await?.is_err() {
            return Err(ApiError::new(Code::WrongUnlock, "The evidence is not good for this change."));
        }
    }
    let (ctx, id, account, change) = (ctx.clone(), row.id.clone(), row.account_id.clone(), change.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let since = |on: bool| on.then_some(ctx.now);
                let mut changed = Vec::new();
                if let Some(name) = &change.name {
                    tx.rename_phone(&id, name.as_str()).await?;
                    changed.push("name");
                }
                if let Some(on) = change.phone_sign_in {
                    tx.set_phone_sign_in(&id, since(on)).await?;
                    changed.push("phone_sign_in");
                }
                if let Some(on) = change.notifications {
                    tx.set_notifications_off(&id, since(!on)).await?;
                    changed.push("notifications");
                }
                if let Some(on) = change.unknown_browsers {
                    tx.set_unknown_browsers(&id, since(on)).await?;
                    changed.push("unknown_browsers");
                }
                let detail = json!({ "changed": changed, "phone_sign_in": change.phone_sign_in });
                audit::record(tx, &ctx, Event::PhoneChanged, Some(&account), Some(id.as_str()), detail).await
            })
        })
        .await?;
    Ok(())
}

/// Gives a phone a new key. The new one works as soon as this is committed, the old one no more. A key that is or was a
/// phone's, also this one's, is not new: whoever got hold of it in the meantime would speak for two phones, or again.
pub async fn rotate(app: &App, ctx: &Ctx, known: &Known, message: &str) -> Result<(), ApiError> {
    let row = known.row.clone();
    let old = evidence::public_key(&row, "key", &row.key)?;
    let new = Rotate::check(message, row.id.as_str(), &app.config.public_url, &old)
        .map_err(|error| ApiError::invalid(format!("the rotation {error}")))?;
    let key = serde_json::to_string(&new.jwk()).map_err(|error| ApiError::internal(error.to_string()))?;
    let known = || ApiError::invalid("the rotation: the key is or was a phone's");
    if key == row.key || Some(&key) == row.previous_key.as_ref() {
        return Err(known());
    }
    let (ctx, message) = (ctx.clone(), message.to_owned());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if tx.is_key_of_another_phone(&row.id, &key).await? {
                    return Err(known());
                }
                match tx.rotate_phone_key(&row, &key, &message).await {
                    Ok(true) => {}
                    Ok(false) => return Err(ApiError::new(Code::BadProof, "The key was changed meanwhile.")),
                    Err(StoreError::Conflict(Constraint::PhoneKey)) => return Err(known()),
                    Err(error) => return Err(error.into()),
                }
                let (account, id) = (Some(&row.account_id), Some(row.id.as_str()));
                audit::record(tx, &ctx, Event::PhoneKeyRotated, account, id, json!({})).await?;
                Ok(())
            })
        })
        .await
}

/// The account as phones are told of it.
pub fn account_of(known: &Known) -> Result<offer::Account, StoreError> {
    account::for_phone(&known.account, &known.home)
}
