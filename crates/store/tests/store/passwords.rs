//! Passwords: two changes at once have one winner, and parallel tries count each other.

use std::{sync::Arc, time::Duration};

use akkoord_core::ids::AccountId;
use akkoord_store::{NewPassword, StoreError};
use tokio::sync::Barrier;

use super::world;
use crate::fixtures::{NOW, World, at};

fn new(account: &AccountId, hash: &str) -> NewPassword {
    NewPassword { account_id: account.clone(), hash: hash.to_owned(), pepper: 1, set_at: NOW, must_change_at: None }
}

async fn with_password(world: &World) -> AccountId {
    let account = world.account().await;
    let first = new(&account, "first");
    assert!(world.write(move |tx| Box::pin(async move { tx.add_password(&first).await })).await);
    account
}

#[tokio::test]
async fn a_password_is_added_replaced_by_who_read_it_and_removed() {
    let Some(world) = world().await else { return };
    let (account, other) = (with_password(&world).await, with_password(&world).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.add_password(&new(&account, "second")).await?, "there is one");
                let kept = tx.password(&account).await?.unwrap();
                assert_eq!((kept.hash.as_str(), kept.pepper, kept.set_at), ("first", 1, NOW));
                assert_eq!((kept.account_id, kept.must_change_at, kept.failures), (account.clone(), None, 0));
                assert!(tx.count_password_try(&account, 0, at(60), NOW).await?);
                let second = NewPassword { must_change_at: Some(at(5)), set_at: at(5), ..new(&account, "second") };
                assert!(tx.replace_password(&second, "first").await?);
                assert!(!tx.replace_password(&new(&account, "third"), "first").await?, "somebody was before");
                let kept = tx.password(&account).await?.unwrap();
                assert_eq!((kept.hash.as_str(), kept.must_change_at, kept.set_at), ("second", Some(at(5)), at(5)));
                assert_eq!((kept.failures, kept.waits_until.0), (0, 0), "wrong tries were at the old one");
                assert!(tx.remove_password(&account).await?);
                assert!(!tx.remove_password(&account).await?);
                assert_eq!(tx.password(&account).await?, None);
                assert_eq!(tx.password(&other).await?.unwrap().hash, "first", "somebody else's");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_right_password_takes_counts_back_and_may_bring_a_newer_hash() {
    let Some(world) = world().await else { return };
    let account = with_password(&world).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.count_password_try(&account, 0, NOW, NOW).await?);
                assert!(tx.count_password_try(&account, 1, at(60), NOW).await?);
                assert!(!tx.count_password_try(&account, 2, at(90), at(59)).await?, "it waits");
                assert!(!tx.count_password_try(&account, 1, at(90), at(60)).await?, "another was counted meanwhile");
                assert!(!tx.password_was_right(&account, "another", "new", 2).await?, "it was changed meanwhile");
                assert_eq!(tx.password(&account).await?.unwrap().failures, 2);
                assert!(tx.password_was_right(&account, "first", "new", 2).await?);
                let kept = tx.password(&account).await?.unwrap();
                assert_eq!((kept.hash.as_str(), kept.pepper, kept.failures, kept.waits_until.0), ("new", 2, 0, 0));
                assert!(tx.disable_account(&account, at(1)).await?);
                assert!(!tx.count_password_try(&account, 0, NOW, at(2)).await?, "disabled");
                assert!(!tx.password_was_right(&account, "new", "new", 2).await?, "disabled");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn wrong_passwords_are_forgiven_and_a_wait_with_them() {
    let Some(world) = world().await else { return };
    let (account, other) = (with_password(&world).await, with_password(&world).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.count_password_try(&other, 0, at(60), NOW).await?);
                assert!(tx.count_password_try(&account, 0, at(60), NOW).await?);
                assert!(tx.forgive_password_tries(&account, at(1)).await?, "it waited");
                assert!(tx.count_password_try(&account, 0, at(2), at(1)).await?);
                assert!(!tx.forgive_password_tries(&account, at(3)).await?, "it did not wait any more");
                assert_eq!(tx.password(&account).await?.unwrap().failures, 0);
                assert_eq!(tx.password(&other).await?.unwrap().failures, 1, "somebody else's");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn of_parallel_changes_and_tries_one_wins() {
    const RACERS: usize = 8;
    let Some(world) = world().await else { return };
    let account = with_password(&world).await;
    let start = Arc::new(Barrier::new(RACERS));
    let racers = (0..RACERS).map(|index| {
        let (store, start, account) = (world.store.clone(), Arc::clone(&start), account.clone());
        tokio::spawn(async move {
            start.wait().await;
            let done = store.write(move |tx| {
                Box::pin(async move {
                    let counted = tx.count_password_try(&account, 0, NOW + Duration::from_secs(60), NOW).await?;
                    let replaced = tx.replace_password(&new(&account, &format!("new {index}")), "first").await?;
                    Ok::<_, StoreError>((counted, replaced))
                })
            });
            done.await.unwrap()
        })
    });
    let mut done = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        done.push(racer.await.unwrap());
    }
    assert_eq!(done.iter().filter(|(_, replaced)| *replaced).count(), 1, "{done:?}");
    // The first try at the old password, and the first at the new one.
    assert_eq!(done.iter().filter(|(counted, _)| *counted).count(), 2, "{done:?}");
}
