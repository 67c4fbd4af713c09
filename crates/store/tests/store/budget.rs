//! What budgets and pauses are counted from, and that of starts at one moment each counts the others.

use std::time::Duration;

use akkoord_core::{
    Timestamp,
    budget::{Marks, Past},
    ids::AccountId,
};
use akkoord_store::{NewApproval, Placed, Refusal, StoreError, Tx};
use tokio::sync::Barrier;

use super::world;
use crate::fixtures::{Counted, NOW, Request, World, at, new_approval, numbers, token};

/// Before everything.
fn ever() -> Timestamp {
    NOW - Duration::from_secs(1)
}

async fn place(tx: &mut Tx, account: &AccountId, known: bool, rings: bool) -> Result<Request, StoreError> {
    let new = new_approval(Some(account), &token());
    let new = NewApproval { known_at: known.then_some(NOW), rings_at: rings.then_some(NOW), ..new };
    assert!(matches!(tx.place_approval(&new, &numbers()).await?, Placed::Placed { .. }));
    Ok(Request { id: new.id, flow: new.flow_hash })
}

#[tokio::test]
async fn what_rang_was_denied_or_got_a_wrong_number_counts_and_what_only_waited_does_not() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let phone = world.phone(&account).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                for _ in 0..5 {
                    // Waits, and is given up: a stranger can do that all day.
                    let quiet = place(tx, &account, false, false).await?;
                    assert!(tx.cancel_approval(&quiet.id, &quiet.flow, at(1)).await?);
                }
                assert_eq!(tx.past_requests(&account, ever()).await?, []);
                let rang = place(tx, &account, true, true).await?;
                let ringing = Past { known: true, rang_at: Some(NOW), ..Past::default() };
                assert_eq!(tx.past_requests(&account, ever()).await?, [ringing]);
                assert_eq!(tx.past_requests(&account, NOW).await?, [], "too long ago");
                assert_eq!(tx.past_requests(&other, ever()).await?, [], "somebody else's");
                // However it ends: giving up and starting again gives no push back.
                assert!(tx.cancel_approval(&rang.id, &rang.flow, at(1)).await?);
                assert_eq!(tx.past_requests(&account, ever()).await?, [ringing]);
                let denied = place(tx, &account, false, false).await?;
                let wrong = place(tx, &account, false, true).await?;
                for request in [&denied, &wrong] {
                    tx.add_approval_message(&request.id, &phone, "message").await?;
                }
                assert!(tx.deny_approval(&denied.answered(&phone), Refusal::Denied, at(2)).await?);
                assert!(tx.mismatch_approval(&wrong.answered(&phone), at(3)).await?);
                let past = tx.past_requests(&account, ever()).await?;
                assert_eq!(past.len(), 3);
                assert!(past.contains(&Past { denied_at: Some(at(2)), ..Past::default() }));
                let expected = Past { rang_at: Some(NOW), mismatch_at: Some(at(3)), ..Past::default() };
                assert!(past.contains(&expected), "{past:?}");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn the_marks_of_an_account_say_what_holds_it_back() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (phone, gone) = (world.phone(&account).await, world.phone(&account).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.hold_account(&AccountId::new(&Counted)).await?, None);
                assert_eq!(tx.hold_account(&account).await?, Some(Marks::default()));
                assert!(tx.note_report(&account, at(1)).await?);
                assert!(tx.set_unknown_browsers(&phone, Some(at(2))).await?);
                assert!(tx.set_unknown_browsers(&gone, Some(at(3))).await?);
                assert!(tx.restore_approval_lock(&account, at(4)).await?);
                assert!(!tx.restore_approval_lock(&account, at(5)).await?, "it is locked already");
                let marks = tx.hold_account(&account).await?.unwrap();
                assert_eq!((marks.reported_at, marks.unknown_browsers_at), (Some(at(1)), Some(at(3))));
                assert_eq!((marks.locked_at, marks.unlocked_at), (Some(at(4)), None));
                // What a removed phone had switched on is off again.
                assert!(tx.revoke_phone(&gone, &account, at(6), "user").await?);
                assert_eq!(tx.hold_account(&account).await?.unwrap().unknown_browsers_at, Some(at(2)));
                assert!(tx.unlock_approval(&account, at(7)).await?);
                assert!(!tx.unlock_approval(&account, at(8)).await?, "there is no lock any more");
                let marks = tx.hold_account(&account).await?.unwrap();
                assert_eq!((marks.locked_at, marks.unlocked_at), (None, Some(at(8))));
                let row = tx.account(&account).await?.unwrap();
                assert_eq!((row.approval_locked_at, row.approval_unlocked_at), (None, Some(at(8))));
                assert_eq!(row.reported_at, Some(at(1)));
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn t_num_3_the_tenth_wrong_number_in_a_row_locks_and_a_right_one_starts_anew() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.forget_wrong_numbers(&account).await?);
                for _ in 0..9 {
                    assert!(!tx.count_wrong_number(&account, 10, at(1)).await?);
                }
                assert!(tx.forget_wrong_numbers(&account).await?);
                for _ in 0..9 {
                    assert!(!tx.count_wrong_number(&account, 10, at(2)).await?);
                }
                assert_eq!(tx.account(&account).await?.unwrap().approval_locked_at, None);
                assert!(tx.count_wrong_number(&account, 10, at(3)).await?);
                assert!(!tx.count_wrong_number(&account, 10, at(4)).await?, "once");
                assert_eq!(tx.account(&account).await?.unwrap().approval_locked_at, Some(at(3)));
                assert!(tx.forget_wrong_numbers(&account).await?);
                assert_eq!(tx.account(&account).await?.unwrap().approval_locked_at, Some(at(3)), "a lock stays");
                assert!(tx.unlock_approval(&account, at(5)).await?);
                for _ in 0..9 {
                    assert!(!tx.count_wrong_number(&account, 10, at(6)).await?);
                }
                Ok(())
            })
        })
        .await;
}

/// Starts twenty at once, each of which rings if fewer than `limit` did, and returns how many rang.
async fn twenty_starts(world: &World, account: &AccountId, limit: usize) -> usize {
    let barrier = std::sync::Arc::new(Barrier::new(20));
    let starts = (0..20).map(|_| {
        let (store, account, barrier) = (world.store.clone(), account.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            let start = store.write(move |tx| {
                Box::pin(async move {
                    tx.hold_account(&account).await?;
                    let rang = tx.past_requests(&account, ever()).await?.len();
                    let request = place(tx, &account, false, rang < limit).await?;
                    // So that the next one finds a place.
                    tx.cancel_approval(&request.id, &request.flow, NOW).await
                })
            });
            assert_eq!(start.await, Ok::<_, StoreError>(true));
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
    let account = account.clone();
    world.read(|tx| Box::pin(async move { tx.past_requests(&account, ever()).await })).await.len()
}

/// T-FAT-1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_fat_1_starts_at_one_moment_do_not_share_the_last_push() {
    let Some(world) = world().await else { return };
    for _ in 0..5 {
        let account = world.account().await;
        assert_eq!(twenty_starts(&world, &account, 2).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_phone_announced_is_taken_by_one_start_of_many_at_once() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let announced = account.clone();
    assert!(world.write(|tx| Box::pin(async move { tx.expect_sign_in(&announced, at(120)).await })).await);
    let takes = (0..20).map(|_| {
        let (store, account) = (world.store.clone(), account.clone());
        tokio::spawn(async move {
            let take = store.write(move |tx| Box::pin(async move { tx.use_expectation(&account, at(1)).await }));
            take.await.map_err(|error: StoreError| error).unwrap()
        })
    });
    let mut taken = 0;
    for take in takes.collect::<Vec<_>>() {
        taken += usize::from(take.await.unwrap());
    }
    assert_eq!(taken, 1);
}
