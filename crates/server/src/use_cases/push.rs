//! Push subscriptions: where a phone wants to be rung.

use akkoord_core::{Ctx, audit::Event, ids::PhoneId};
use akkoord_protocols::{bytes::encode, webpush::Subscription};
use akkoord_store::{Place, Purpose, PushSubscription, StoreError};
use serde_json::json;

use super::{account::corrupt, audit, phone::Known};
use crate::{app::App, http::error::ApiError, jobs};

/// Checks a subscription as this server takes them.
pub fn check(app: &App, subscription: &Subscription) -> Result<(), ApiError> {
    app.push.check(subscription).map_err(|error| ApiError::invalid(format!("push: {error}")))
}

/// A phone's subscription, if it has one.
async fn current(app: &App, phone: &PhoneId) -> Result<Option<Subscription>, StoreError> {
    let wanted = phone.clone();
    let stored = app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&wanted).await })).await?;
    stored.map(|stored| open(app, phone, &stored)).transpose()
}

/// Opens what is kept of a phone's subscription.
pub fn open(app: &App, phone: &PhoneId, stored: &PushSubscription) -> Result<Subscription, StoreError> {
    let plain = app.store.seal().open(Place::PushSubscription, phone.as_str(), &stored.sealed)?;
    let broken = |_| corrupt("push_subscriptions", "subscription", phone.as_str());
    serde_json::from_slice(&plain).map_err(broken)
}

/// Whether a phone has a subscription.
pub async fn is_set(app: &App, phone: &PhoneId) -> Result<bool, StoreError> {
    let phone = phone.clone();
    let row = app.store.read(move |tx| Box::pin(async move { tx.push_subscription(&phone).await })).await?;
    Ok(row.is_some())
}

/// Seals a subscription for a phone.
pub fn seal(app: &App, phone: &PhoneId, subscription: &Subscription) -> Result<PushSubscription, StoreError> {
    let broken = |_| corrupt("push_subscriptions", "subscription", phone.as_str());
    let plain = serde_json::to_vec(subscription).map_err(broken)?;
    let seal = app.store.seal();
    Ok(PushSubscription {
        endpoint_mac: encode(&seal.mac(Purpose::PushEndpoint, &[subscription.endpoint.as_bytes()])),
        sealed: seal.seal(Place::PushSubscription, phone.as_str(), &plain),
    })
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

/// Sends a phone the push that it asks for, to see that they arrive. False where it has no subscription, or none are
/// sent at all.
pub async fn test(app: &App, ctx: &Ctx, phone: &PhoneId) -> Result<bool, StoreError> {
    if !app.config.push.enabled || !is_set(app, phone).await? {
        return Ok(false);
    }
    let (ctx, phone) = (ctx.clone(), phone.clone());
    app.store.write(move |tx| Box::pin(async move { jobs::queue_test_push(tx, &ctx, &phone).await })).await?;
    app.job_queued.notify_one();
    Ok(true)
}
