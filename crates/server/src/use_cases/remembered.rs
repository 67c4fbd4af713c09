//! Browsers that are spared the second step, where policy allows that: remembering one, and forgetting all.
//!
//! Remembering replaces no authentication: the password is asked each time, and changing how the account is protected asks
//! for the second step again. The account is held before anything is read, so that of a sign-in and of what takes the choice
//! back one is first.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::{AccountId, RememberedBrowserId},
    policy::Policy,
    secret::Token,
};
use akkoord_store::{AccountRow, NewRememberedBrowser, RememberedBrowserRow, StoreError, Tx};
use serde_json::json;

use super::{account, audit};
use crate::{app::App, http::client::Client};

/// Why browsers are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Their person asked for it.
    Person,
    /// The password was set, changed or removed.
    Password,
    /// The account was disabled.
    Disabled,
    /// A sign-in or a phone was disowned.
    Reported,
    /// Two-step verification was switched off.
    TwoStepOff,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Password => "password",
            Self::Disabled => "disabled",
            Self::Reported => "reported",
            Self::TwoStepOff => "two-step-off",
        }
    }
}

/// What a browser brings to a sign-in of it.
#[derive(Clone, Debug, Default)]
pub struct Remembering {
    /// Its cookie.
    pub cookie: Option<Token>,
    /// Whether the person asks for it now.
    pub asked: bool,
}

/// Whether this browser is spared the second step of an account that is held.
pub async fn is_remembered(
    tx: &mut Tx,
    ctx: &Ctx,
    policy: &Policy,
    account: &AccountId,
    cookie: Option<&Token>,
) -> Result<bool, StoreError> {
    let (Some(token), Some(time)) = (cookie, policy.remembers_for()) else { return Ok(false) };
    tx.is_remembered(&token.hash(), account, ctx.now - time, ctx.now).await
}

/// Spares a browser the second step of an account that is held. The cookie is new each time: who had this browser before, and
/// kept a copy of its cookie, is spared nothing.
pub async fn remember(
    tx: &mut Tx,
    ctx: &Ctx,
    policy: &Policy,
    account: &AccountId,
    cookie: Option<&Token>,
    client: &Client,
) -> Result<Option<Token>, StoreError> {
    let Some(time) = policy.remembers_for() else { return Ok(None) };
    let token = Token::new(&*ctx.random);
    if let Some(old) = cookie {
        tx.move_remembered_browsers(&old.hash(), &token.hash()).await?;
    }
    let new = NewRememberedBrowser {
        id: RememberedBrowserId::new(&*ctx.random),
        token_hash: token.hash(),
        account_id: account.clone(),
        browser: client.browser.unwrap_or("").to_owned(),
        created_at: ctx.now,
        expires_at: ctx.now + time,
    };
    tx.add_remembered_browser(&new).await?;
    let detail = json!({ "browser": new.browser, "days": policy.remember_days });
    audit::record(tx, ctx, Event::BrowserRemembered, Some(account), Some(new.id.as_str()), detail).await?;
    Ok(Some(token))
}

/// Asks every browser for the second step of an account again; returns how many were spared it.
pub async fn forget(tx: &mut Tx, ctx: &Ctx, account: &AccountId, why: Why) -> Result<u64, StoreError> {
    tx.hold_account(account).await?;
    let count = tx.forget_remembered_browsers(account).await?;
    if count > 0 {
        let detail = json!({ "count": count, "why": why.as_str() });
        audit::record(tx, ctx, Event::BrowsersForgotten, Some(account), Some(account.as_str()), detail).await?;
    }
    Ok(count)
}

/// The same, as its person asked.
pub async fn forget_all(app: &App, ctx: &Ctx, account: &AccountId) -> Result<u64, StoreError> {
    let (ctx, account) = (ctx.clone(), account.clone());
    app.store.write(move |tx| Box::pin(async move { forget(tx, &ctx, &account, Why::Person).await })).await
}

/// The browsers that an account spares the second step.
pub async fn of_account(
    app: &App,
    ctx: &Ctx,
    account: &AccountId,
    policy: &Policy,
) -> Result<Vec<RememberedBrowserRow>, StoreError> {
    let Some(time) = policy.remembers_for() else { return Ok(Vec::new()) };
    let (account, now) = (account.clone(), ctx.now);
    app.store.read(move |tx| Box::pin(async move { tx.remembered_browsers_of(&account, now - time, now).await })).await
}

/// For how many days a browser may be spared the second step of an account; 0 where never. Asked after its password was right.
pub async fn days(app: &App, account: Option<&AccountId>) -> Result<u16, StoreError> {
    let Some(id) = account.cloned() else { return Ok(0) };
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let row: Option<AccountRow> = tx.account(&id).await?;
                let Some(row) = row else { return Ok(0) };
                Ok(account::home(tx, &row, "").await?.policy.remember_days)
            })
        })
        .await
}
