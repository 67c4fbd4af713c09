//! Passkeys and security keys: bounded, theirs alone, and no challenge answered twice.

use std::sync::Arc;

use akkoord_core::ids::{AccountId, CredentialId};
use akkoord_store::{CredentialKind, NewCredential, StoreError, Value};
use tokio::sync::Barrier;

use super::world;
use crate::fixtures::{Counted, NOW, World, at};

fn new(account: &AccountId, handle: &str) -> NewCredential {
    NewCredential {
        id: CredentialId::new(&Counted),
        account_id: account.clone(),
        handle: handle.to_owned(),
        kind: CredentialKind::Passkey,
        name: "Laptop".to_owned(),
        credential: "{\"counter\":0}".to_owned(),
        created_at: NOW,
    }
}

async fn added(world: &World, handle: &str) -> NewCredential {
    let new = new(&world.account().await, handle);
    let add = new.clone();
    let write = world.write(|tx| {
        Box::pin(async move {
            assert!(tx.add_credential(&add, 20).await?);
            tx.credential_by_handle(&add.handle).await
        })
    });
    assert_eq!(write.await.map(|row| row.id), Some(new.id.clone()));
    new
}

#[tokio::test]
async fn a_credential_is_added_once_listed_renamed_and_removed_for_good() {
    let Some(world) = world().await else { return };
    let first = added(&world, "first").await;
    let (account, other) = (first.account_id.clone(), world.account().await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.add_credential(&new(&other, "first"), 20).await?, "it is somebody's");
                let key =
                    NewCredential { kind: CredentialKind::SecurityKey, created_at: at(1), ..new(&account, "second") };
                assert!(!tx.add_credential(&key, 1).await?, "there are as many as may be");
                assert!(tx.add_credential(&key, 2).await?);
                let listed = tx.credentials_of(&account).await?;
                let told: Vec<_> = listed.iter().map(|row| (row.handle.as_str(), row.kind)).collect();
                assert_eq!(told, [("first", CredentialKind::Passkey), ("second", CredentialKind::SecurityKey)]);
                assert!(tx.credentials_of(&other).await?.is_empty());
                let row = tx.credential_by_handle("first").await?.unwrap();
                assert_eq!((&row.id, &row.account_id, row.last_used_at), (&first.id, &account, None));
                assert_eq!((row.name.as_str(), row.credential.as_str()), ("Laptop", "{\"counter\":0}"));
                assert!(!tx.rename_credential(&first.id, &other, "Mine").await?, "somebody else's");
                assert!(tx.rename_credential(&first.id, &account, "Old laptop").await?);
                assert_eq!(tx.credential_by_handle("first").await?.unwrap().name, "Old laptop");
                assert!(!tx.remove_credential(&first.id, &other, at(1)).await?, "somebody else's");
                assert!(tx.remove_credential(&first.id, &account, at(1)).await?);
                assert!(!tx.remove_credential(&first.id, &account, at(2)).await?);
                assert!(!tx.rename_credential(&first.id, &account, "Gone").await?);
                assert_eq!(tx.credential_by_handle("first").await?, None);
                assert!(!tx.use_credential(&row, "{}", at(2)).await?, "removed since it was read");
                assert_eq!(tx.removed_credentials().await?, [(first.id, account.clone())]);
                assert!(!tx.add_credential(&new(&account, "first"), 20).await?, "what was removed stays so");
                assert!(tx.add_credential(&new(&account, "third"), 2).await?, "its place is free");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_use_keeps_the_counter_and_of_two_with_one_counter_one_is_kept() {
    let Some(world) = world().await else { return };
    added(&world, "first").await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let read = tx.credential_by_handle("first").await?.unwrap();
                assert!(tx.use_credential(&read, "{\"counter\":5}", at(1)).await?);
                assert!(!tx.use_credential(&read, "{\"counter\":5}", at(1)).await?, "a copy, at the same moment");
                let row = tx.credential_by_handle("first").await?.unwrap();
                assert_eq!((row.credential.as_str(), row.last_used_at), ("{\"counter\":5}", Some(at(1))));
                // One that doesn't count may be used in two browsers at once.
                assert!(tx.use_credential(&row, &row.credential, at(2)).await?);
                assert!(tx.use_credential(&row, &row.credential, at(3)).await?);
                Ok(())
            })
        })
        .await;
}

/// T-DB-2.
#[tokio::test]
async fn t_db_2_a_credential_that_was_changed_in_the_database_is_refused() {
    let Some(world) = world().await else { return };
    let victim = world.account().await;
    let changes = [
        "UPDATE credentials SET credential = '{\"counter\":1}' WHERE id = $1",
        "UPDATE credentials SET kind = 'security-key' WHERE id = $1",
        "UPDATE credentials SET handle = handle || 'x' WHERE id = $1",
        "UPDATE credentials SET account_id = $2 WHERE id = $1 AND $2 <> ''",
    ];
    for (number, sql) in changes.into_iter().enumerate() {
        let handle = format!("handle {number}");
        let new = added(&world, &handle).await;
        let mut params = vec![Value::from(&new.id)];
        if sql.contains("$2") {
            params.push(Value::from(&victim));
        }
        world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
        let handles = [handle.clone(), format!("{handle}x")];
        let read = world.store.read(|tx| {
            Box::pin(async move {
                let found = tx.credential_by_handle(&handles[0]).await?;
                Ok(if found.is_none() { tx.credential_by_handle(&handles[1]).await? } else { found })
            })
        });
        let (table, column) = ("credentials".to_owned(), "key_mac".to_owned());
        let expected = StoreError::Corrupt { table, column, id: new.id.to_string() };
        assert_eq!(read.await, Err(expected), "{sql}");
    }
}

#[tokio::test]
async fn of_many_answers_to_one_challenge_at_once_one_counts() {
    let Some(world) = world().await else { return };
    let (store, barrier) = (Arc::new(world.store.clone()), Arc::new(Barrier::new(8)));
    let tries = (0..8).map(|_| {
        let (store, barrier) = (store.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            let write = store.write(|tx| Box::pin(async move { tx.answer_challenge("one", at(300)).await }));
            let answered: Result<bool, StoreError> = write.await;
            answered.unwrap()
        })
    });
    let mut answered = 0;
    for one in tries.collect::<Vec<_>>() {
        answered += u32::from(one.await.unwrap());
    }
    assert_eq!(answered, 1);
    world
        .write(|tx| {
            Box::pin(async move {
                assert!(tx.answer_challenge("another", at(400)).await?);
                assert_eq!(tx.delete_answered_challenges(at(300), 10).await?, 0);
                assert_eq!(tx.delete_answered_challenges(at(301), 10).await?, 1);
                assert!(!tx.answer_challenge("another", at(400)).await?);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn of_many_that_are_added_at_once_only_as_many_are_as_there_may_be() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let tries = (0..6).map(|number| {
        let (store, new) = (world.store.clone(), new(&account, &format!("handle {number}")));
        tokio::spawn(async move {
            let write = store.write(|tx| {
                Box::pin(async move {
                    tx.hold_account(&new.account_id).await?;
                    tx.add_credential(&new, 3).await
                })
            });
            let added: Result<bool, StoreError> = write.await;
            added.unwrap()
        })
    });
    let mut added = 0;
    for one in tries.collect::<Vec<_>>() {
        added += u32::from(one.await.unwrap());
    }
    assert_eq!(added, 3);
}
