//! Phones, their PIN tries and PIN changes.

use akkoord_core::ids::{PhoneId, PinChangeId};
use akkoord_store::{Constraint, NewPhone, NewPinChange, StoreError};

use super::world;
use crate::fixtures::{Counted, NOW, at};

#[tokio::test]
async fn a_phone_is_added_and_found() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = world.new_phone(&account);
    let added = new.clone();
    let (row, phones, nothing) = world
        .write(move |tx| {
            Box::pin(async move {
                tx.add_phone(&added).await?;
                let nothing = tx.phone(&PhoneId::new(&Counted)).await?;
                Ok((tx.phone(&added.id).await?.unwrap(), tx.phones_of(&added.account_id).await?, nothing))
            })
        })
        .await;
    assert_eq!((phones, nothing), (vec![row.clone()], None));
    let (id, of) = (row.id.clone(), row.account_id.clone());
    let (together, apart) = world
        .read(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.phone_with_account(&PhoneId::new(&Counted)).await?, None);
                Ok((tx.phone_with_account(&id).await?.unwrap(), tx.account(&of).await?.unwrap()))
            })
        })
        .await;
    assert_eq!(together, (row.clone(), apart, None));
    assert_eq!((row.id, row.account_id, row.name, row.platform), (new.id, account, new.name, new.platform));
    assert_eq!((row.key, row.webauthn, row.pin_key, row.voprf), (new.key, None, new.pin_key, new.voprf));
    assert_eq!((row.oprf_key, row.code_secret), (Some(new.oprf_key), new.code_secret));
    assert_eq!((row.pin_left, row.created_at, row.last_used_at, row.revoked_at), (5, NOW, None, None));
}

#[tokio::test]
async fn a_phone_that_exists_is_not_added_again() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = world.new_phone(&account);
    let again = NewPhone { key: "another key".to_owned(), ..new.clone() };
    let twice = world.store.write(move |tx| {
        Box::pin(async move {
            tx.add_phone(&new).await?;
            tx.add_phone(&again).await
        })
    });
    assert_eq!(twice.await, Err(StoreError::Conflict(Constraint::Unique)));
}

#[tokio::test]
async fn t_enr_7_a_key_is_one_phones_also_once_that_is_removed() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let (first, second) = (world.phone(&account).await, world.phone(&other).await);
    let key = format!("device key of {first}");
    for moment in ["in use", "removed"] {
        let twin = NewPhone { key: key.clone(), ..world.new_phone(&other) };
        let added = world.store.write(move |tx| Box::pin(async move { tx.add_phone(&twin).await }));
        assert_eq!(added.await, Err(StoreError::Conflict(Constraint::PhoneKey)), "{moment}");
        let (phone, taken) = (second.clone(), key.clone());
        let rotated = world.store.write(move |tx| {
            Box::pin(async move {
                let row = tx.phone(&phone).await?.unwrap();
                tx.rotate_phone_key(&row, &taken, "message").await
            })
        });
        assert_eq!(rotated.await, Err(StoreError::Conflict(Constraint::PhoneKey)), "{moment}");
        let (phones, account, taken) = ([first.clone(), second.clone()], account.clone(), key.clone());
        let (own, others, new, row) = world
            .write(move |tx| {
                Box::pin(async move {
                    let own = tx.is_key_of_another_phone(&phones[0], &taken).await?;
                    let others = tx.is_key_of_another_phone(&phones[1], &taken).await?;
                    let new = tx.is_key_of_another_phone(&phones[1], "new key").await?;
                    tx.revoke_phone(&phones[0], &account, at(1), "user").await?;
                    Ok((own, others, new, tx.phone(&phones[1]).await?.unwrap()))
                })
            })
            .await;
        assert_eq!((own, others, new), (false, true, false), "{moment}");
        assert_eq!((row.key, row.previous_key, row.rotation), (format!("device key of {second}"), None, None));
    }
}

#[tokio::test]
async fn t_enr_7_a_key_stays_its_phones_when_that_rotates_it() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (phone, other) = (world.phone(&account).await, world.phone(&account).await);
    let known = world.write(move |tx| {
        Box::pin(async move {
            let row = tx.phone(&phone).await?.unwrap();
            assert!(tx.rotate_phone_key(&row, "new key", "message").await?);
            let of_other = [
                tx.is_key_of_another_phone(&other, &row.key).await?,
                tx.is_key_of_another_phone(&other, "new key").await?,
            ];
            Ok((of_other, tx.is_key_of_another_phone(&phone, &row.key).await?))
        })
    });
    assert_eq!(known.await, ([true, true], false));
}

#[tokio::test]
async fn a_phone_is_renamed_and_its_switches_set() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let (on, off) = world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.rename_phone(&phone, "Work phone").await?);
                assert!(tx.set_phone_sign_in(&phone, Some(at(1))).await?);
                assert!(tx.set_notifications_off(&phone, Some(at(2))).await?);
                assert!(tx.set_unknown_browsers(&phone, Some(at(3))).await?);
                assert!(tx.set_app_pin(&phone, Some(at(4))).await?);
                let on = tx.phone(&phone).await?.unwrap();
                assert!(tx.set_phone_sign_in(&phone, None).await?);
                assert!(tx.set_notifications_off(&phone, None).await?);
                assert!(tx.set_unknown_browsers(&phone, None).await?);
                assert!(tx.set_app_pin(&phone, None).await?);
                Ok((on, tx.phone(&phone).await?.unwrap()))
            })
        })
        .await;
    assert_eq!(on.name, "Work phone");
    let switches = |row: &akkoord_store::PhoneRow| {
        [row.phone_sign_in_at, row.notifications_off_at, row.unknown_browsers_at, row.app_pin_at]
    };
    assert_eq!(switches(&on), [Some(at(1)), Some(at(2)), Some(at(3)), Some(at(4))]);
    assert_eq!(switches(&off), [None; 4]);
}

#[tokio::test]
async fn a_removed_phone_forgets_its_secrets_and_can_do_nothing() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let phone = world.phone(&account).await;
    let (row, listed, removed) = world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.revoke_phone(&phone, &other, at(1), "user").await?, "another account's");
                assert!(tx.revoke_phone(&phone, &account, at(2), "user").await?);
                assert!(!tx.revoke_phone(&phone, &account, at(3), "self").await?, "twice");
                let row = tx.phone(&phone).await?.unwrap();
                assert!(!tx.rename_phone(&phone, "x").await?);
                assert!(!tx.set_phone_sign_in(&phone, Some(at(4))).await?);
                assert!(!tx.set_notifications_off(&phone, None).await?);
                assert!(!tx.set_unknown_browsers(&phone, None).await?);
                assert!(!tx.set_app_pin(&phone, None).await?);
                assert!(!tx.restore_pin_tries(&phone, 5).await?);
                assert!(!tx.touch_phone(&phone, at(4)).await?);
                assert!(!tx.rotate_phone_key(&row, "x", "x").await?);
                assert!(!tx.replace_pin_key(&row, "x").await?);
                assert!(tx.replace_webauthn(&row, "x").await?.is_none());
                assert_eq!(tx.take_pin_try(&phone).await?, None);
                Ok((row, tx.phones_of(&account).await?, tx.removed_phones_of(&account, 10).await?))
            })
        })
        .await;
    assert_eq!((&row.oprf_key, &row.code_secret), (&None, &None));
    assert_eq!((row.revoked_at, row.revoked_by.as_deref()), (Some(at(2)), Some("user")));
    assert_eq!((listed, removed), (vec![], vec![row]));
}

#[tokio::test]
async fn a_phone_is_touched_once_a_minute() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let touched = world.write(move |tx| {
        Box::pin(async move {
            let mut touched = Vec::new();
            for second in [0, 59, 60, 61, 300] {
                touched.push(tx.touch_phone(&phone, at(second)).await?);
            }
            Ok((touched, tx.phone(&phone).await?.unwrap().last_used_at))
        })
    });
    assert_eq!(touched.await, (vec![true, false, true, false, true], Some(at(300))));
}

#[tokio::test]
async fn a_phone_key_rotates_from_the_keys_that_were_read() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let first = format!("device key of {phone}");
    let row = world
        .write(move |tx| {
            Box::pin(async move {
                let old = tx.phone(&phone).await?.unwrap();
                assert!(tx.rotate_phone_key(&old, "new key", "message").await?);
                assert!(!tx.rotate_phone_key(&old, "newer key", "message").await?, "from keys that are gone");
                let row = tx.phone(&phone).await?.unwrap();
                assert!(tx.replace_pin_key(&row, "new pin key").await?);
                assert!(tx.replace_webauthn(&row, "credential").await?.is_none(), "from keys that are gone");
                let row = tx.phone(&phone).await?.unwrap();
                let now = tx.replace_webauthn(&row, "credential").await?.unwrap();
                assert_eq!(tx.phone(&phone).await?.as_ref(), Some(&now), "what is returned is what is stored");
                assert!(!tx.replace_pin_key(&row, "newer pin key").await?, "from keys that are gone");
                Ok(now)
            })
        })
        .await;
    assert_eq!((row.key.as_str(), row.previous_key.as_deref()), ("new key", Some(first.as_str())));
    assert_eq!((row.pin_key.as_deref(), row.webauthn.as_deref()), (Some("new pin key"), Some("credential")));
    assert_eq!(row.rotation.as_deref(), Some("message"));
}

#[tokio::test]
async fn pin_tries_count_down_and_come_back() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let left = world.write(move |tx| {
        Box::pin(async move {
            let mut left = Vec::new();
            for _ in 0..6 {
                left.push(tx.take_pin_try(&phone).await?);
            }
            assert!(tx.restore_pin_tries(&phone, 5).await?);
            left.push(tx.take_pin_try(&phone).await?);
            Ok(left)
        })
    });
    assert_eq!(left.await, [Some(4), Some(3), Some(2), Some(1), Some(0), None, Some(4)]);
}

#[tokio::test]
async fn a_pin_change_evaluates_and_finishes_once_in_time_and_for_its_phone() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (phone, other) = (world.phone(&account).await, world.phone(&account).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                let new = |seconds| NewPinChange {
                    id: PinChangeId::new(&Counted),
                    phone_id: phone.clone(),
                    created_at: NOW,
                    expires_at: at(seconds),
                };
                let (change, late) = (new(300), new(1));
                tx.add_pin_change(&change).await?;
                tx.add_pin_change(&late).await?;
                assert!(!tx.take_new_pin_evaluation(&late.id, &phone, at(1)).await?);
                assert!(!tx.finish_pin_change(&late.id, &phone, at(1)).await?);
                let (id, now) = (&change.id, at(2));
                assert!(tx.pin_change(id, &other).await?.is_none());
                assert!(!tx.take_new_pin_evaluation(id, &other, now).await?);
                assert!(tx.take_new_pin_evaluation(id, &phone, now).await?);
                assert!(!tx.take_new_pin_evaluation(id, &phone, now).await?);
                assert!(!tx.finish_pin_change(id, &other, now).await?);
                assert!(tx.finish_pin_change(id, &phone, now).await?);
                assert!(!tx.finish_pin_change(id, &phone, now).await?);
                let row = tx.pin_change(id, &phone).await?.unwrap();
                assert_eq!((row.id, row.phone_id, row.created_at), (change.id, phone, NOW));
                assert_eq!((row.expires_at, row.new_evaluated_at, row.finished_at), (at(300), Some(now), Some(now)));
                Ok(())
            })
        })
        .await;
}
