//! Push subscriptions: where a phone wants to be rung.

use akkoord_core::{Ctx, audit::Event, ids::PhoneId};
use akkoord_protocols::{phone::link::is_loopback, webpush::Subscription};
use akkoord_store::{Place, StoreError};
use serde_json::json;
use url::Url;

use super::{account::corrupt, audit, phone::Known};
use crate::{app::App, http::error::ApiError};

/// Checks a subscription as this server takes them.
pub fn check(app: &App, subscription: &Subscription) -> Result<(), ApiError> {
    // Only a server that nobody else can reach may be told to ring at its own machine.
    let on_this_machine = Url::parse(&app.config.public_url).is_ok_and(|url| is_loopback(&url));
    subscription.check(on_this_machine).map_err(|error| ApiError::invalid(format!("push: {error}")))
}

/// A phone's subscription, if it has one.
async fn current(app: &App, phone: &PhoneId) -> Result<Option<Subscription>, StoreError> {
    let wanted = phone.clone();
    let row = app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&wanted).await })).await?;
    let Some(row) = row else { return Ok(None) };
    let plain = app.store.seal().open(Place::PushSubscription, phone.as_str(), &row.subscription)?;
    let broken = |_| corrupt("push_subscriptions", "subscription", phone.as_str());
    serde_json::from_slice(&plain).map(Some).map_err(broken)
}

/// Whether a phone has a subscription.
pub async fn is_set(app: &App, phone: &PhoneId) -> Result<bool, StoreError> {
    let phone = phone.clone();
    let row = app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&phone).await })).await?;
    Ok(row.is_some())
}

/// Seals a subscription for a phone.
pub fn seal(app: &App, phone: &PhoneId, subscription: &Subscription) -> Result<akkoord_store::Sealed, StoreError> {
    let broken = |_| corrupt("push_subscriptions", "subscription", phone.as_str());
    let plain = serde_json::to_vec(subscription).map_err(broken)?;
    Ok(app.store.seal().seal(Place::PushSubscription, phone.as_str(), &plain))
}

/// Keeps a phone's subscription. The phone tells it at every start, so one that is known changes nothing.
pub async fn set(app: &App, ctx: &Ctx, known: &Known, subscription: &Subscription) -> Result<(), ApiError> {
    check(app, subscription)?;
    let (id, account) = (known.row.id.clone(), known.account.id.clone());
    if current(app, &id).await?.as_ref() == Some(subscription) {
        return Ok(());
    }
    let (ctx, sealed) = (ctx.clone(), seal(app, &id, subscription)?);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.set_push_subscription(&id, &sealed, ctx.now).await? {
                    // Removed while it asked: its next call tells it so.
                    return Err(StoreError::Lost);
                }
                let detail = json!({ "on": true });
                audit::record(tx, &ctx, Event::PhonePushChanged, Some(&account), Some(id.as_str()), detail).await
            })
        })
        .await?;
    Ok(())
}

/// Forgets a phone's subscription.
pub async fn delete(app: &App, ctx: &Ctx, known: &Known) -> Result<(), StoreError> {
    let (ctx, id, account) = (ctx.clone(), known.row.id.clone(), known.account.id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.delete_push_subscription(&id).await? {
                    return Ok(());
                }
                let detail = json!({ "on": false });
                audit::record(tx, &ctx, Event::PhonePushChanged, Some(&account), Some(id.as_str()), detail).await
            })
        })
        .await
}
