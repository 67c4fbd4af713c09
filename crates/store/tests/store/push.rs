//! Push subscriptions.

use akkoord_core::ids::PhoneId;
use akkoord_store::Place;

use super::world;
use crate::fixtures::{Counted, at};

#[tokio::test]
async fn a_phone_has_one_subscription_and_the_last_one_counts() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (phone, other) = (world.phone(&account).await, world.phone(&account).await);
    let sealed =
        |phone: &PhoneId, text: &str| world.store.seal().seal(Place::PushSubscription, phone.as_str(), text.as_bytes());
    let (first, second, others) = (sealed(&phone, "first"), sealed(&phone, "second"), sealed(&other, "other"));
    let (id, kept, wanted) = (phone.clone(), other.clone(), second.clone());
    world
        .write(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.push_subscription(&phone).await?, None);
                assert!(!tx.delete_push_subscription(&phone).await?, "there is none");
                assert!(tx.set_push_subscription(&other, &others, at(1)).await?);
                assert!(tx.set_push_subscription(&phone, &first, at(1)).await?);
                assert!(tx.set_push_subscription(&phone, &second, at(2)).await?);
                let row = tx.push_subscription(&phone).await?.unwrap();
                assert_eq!((row.phone_id, row.subscription, row.created_at), (phone, wanted, at(2)));
                Ok(())
            })
        })
        .await;
    let row = {
        let id = id.clone();
        world.read(|tx| Box::pin(async move { tx.push_subscription(&id).await })).await.unwrap()
    };
    let opened = world.store.seal().open(Place::PushSubscription, id.as_str(), &row.subscription).unwrap();
    assert_eq!(opened.as_slice(), b"second");
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.delete_push_subscription(&id).await?);
                assert!(!tx.delete_push_subscription(&id).await?, "twice");
                assert_eq!(tx.push_subscription(&id).await?, None);
                assert!(tx.push_subscription(&kept).await?.is_some(), "another phone's stays");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_removed_or_unknown_phone_gets_no_subscription() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let sealed = world.store.seal().seal(Place::PushSubscription, phone.as_str(), b"late");
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.set_push_subscription(&PhoneId::new(&Counted), &sealed, at(1)).await?, "unknown");
                assert!(tx.set_push_subscription(&phone, &sealed, at(1)).await?);
                assert!(tx.revoke_phone(&phone, &account, at(2), "user").await?);
                assert!(tx.delete_push_subscription(&phone).await?);
                assert!(!tx.set_push_subscription(&phone, &sealed, at(3)).await?, "removed");
                assert_eq!(tx.push_subscription(&phone).await?, None);
                Ok(())
            })
        })
        .await;
}
