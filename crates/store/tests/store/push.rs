//! Push subscriptions.

use akkoord_core::ids::PhoneId;
use akkoord_store::{NewApproval, Place, PushSubscription};

use super::world;
use crate::fixtures::{Counted, at, new_approval, token};

#[tokio::test]
async fn a_phone_has_one_subscription_and_the_last_one_counts() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (phone, other) = (world.phone(&account).await, world.phone(&account).await);
    let sealed = |phone: &PhoneId, text: &str| PushSubscription {
        endpoint_mac: text.to_owned(),
        sealed: world.store.seal().seal(Place::PushSubscription, phone.as_str(), text.as_bytes()),
    };
    let (first, second, others) = (sealed(&phone, "first"), sealed(&phone, "second"), sealed(&other, "other"));
    let (id, kept, wanted, again) = (phone.clone(), other.clone(), second.clone(), second.clone());
    world
        .write(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.push_subscription(&phone).await?, None);
                assert!(!tx.delete_push_subscription(&phone).await?, "there is none");
                assert!(tx.set_push_subscription(&other, &others, at(1)).await?);
                assert!(tx.set_push_subscription(&phone, &first, at(1)).await?);
                assert!(tx.set_push_subscription(&phone, &second, at(2)).await?);
                assert_eq!(tx.push_subscription(&phone).await?, Some(wanted));
                Ok(())
            })
        })
        .await;
    let row = {
        let id = id.clone();
        world.read(|tx| Box::pin(async move { tx.push_subscription(&id).await })).await.unwrap()
    };
    let opened = world.store.seal().open(Place::PushSubscription, id.as_str(), &row.sealed).unwrap();
    assert_eq!(opened.as_slice(), b"second");
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.delete_dead_push_subscription(&id, "first").await?, "it has a new one");
                assert!(tx.delete_dead_push_subscription(&id, "second").await?);
                assert!(tx.set_push_subscription(&id, &again, at(3)).await?);
                assert_eq!(tx.count_push_subscriptions().await?, 2);
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
    let sealed = PushSubscription { endpoint_mac: "late".to_owned(), sealed };
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

#[tokio::test]
async fn of_the_phones_asked_each_browser_with_notifications_is_rung_once() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let mut phones = Vec::new();
    for _ in 0..5 {
        phones.push(world.phone(&account).await);
    }
    let [one, same, quiet, none, unasked] = phones.try_into().unwrap();
    let asked = [&one, &same, &quiet, &none];
    let ringing = NewApproval { rings_at: Some(at(1)), ..new_approval(Some(&account), &token()) };
    let (silent, request) = (world.pending(&account, &asked).await, world.placed(ringing, &asked).await);
    let seal = |phone: &PhoneId, mac: &str| PushSubscription {
        endpoint_mac: mac.to_owned(),
        sealed: world.store.seal().seal(Place::PushSubscription, phone.as_str(), b"x"),
    };
    let told = [(one.clone(), "a"), (same.clone(), "a"), (quiet.clone(), "b"), (unasked, "c")];
    let told = told.map(|(phone, mac)| (seal(&phone, mac), phone));
    world
        .write(move |tx| {
            Box::pin(async move {
                for (subscription, phone) in &told {
                    assert!(tx.set_push_subscription(phone, subscription, at(1)).await?);
                }
                assert!(tx.set_notifications_off(&quiet, Some(at(1))).await?);
                assert_eq!(tx.phones_to_ring(&silent.id).await?, [], "it waits until a phone asks");
                let rung = tx.phones_to_ring(&request.id).await?;
                assert!(rung == [one] || rung == [same], "{rung:?}");
                assert!(tx.set_notifications_off(&quiet, None).await?);
                assert_eq!(tx.phones_to_ring(&request.id).await?.len(), 2);
                assert!(tx.revoke_phone(&quiet, &account, at(2), "user").await?);
                assert_eq!(tx.phones_to_ring(&request.id).await?.len(), 1);
                Ok(())
            })
        })
        .await;
}
