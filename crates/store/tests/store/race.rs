//! What happens when callers meet: random histories against the transition table, and the counters and limits that many
//! reach for at once.

use std::{collections::HashSet, sync::Arc, time::Duration};

use akkoord_core::ids::{AccountId, PhoneId};
use akkoord_protocols::random::{below, bytes};
use akkoord_store::{ApprovalState, Ended, NewSession, Placed, Refusal, Store, StoreError, Tx, Value};
use tokio::sync::Barrier;

use super::world;
use crate::{
    fixtures::{Counted, Request, World, at, ids, new_approval, new_session, numbers, token},
    linearizable::{Call, Made, Model, is_explained, tick},
};

/// How many histories are made, of how many requests at once, by how many callers each.
const ROUNDS: usize = 25;
const REQUESTS: usize = 4;
const CALLERS: usize = 12;

fn chance(bound: u32) -> usize {
    usize::try_from(below(&Counted, bound)).unwrap()
}

/// A random call; the likely ones are those that get in each other's way.
fn any_call() -> Call {
    // Some calls are stamped after the request has expired, and some after its approval has.
    let now = at([1, 5, 60, 119, 120, 181][chance(6)]);
    let phone = chance(2);
    match chance(24) {
        0..=6 => Call::Approve { phone, now, claim_until: now + Duration::from_secs(60) },
        7..=12 => Call::Consume { now },
        13..=14 => Call::Deny,
        15 => Call::Report,
        16..=17 => Call::Cancel,
        18 => Call::Mismatch { now },
        19 => Call::Expire { now },
        20 => Call::BadEvidence,
        21 => Call::RevokePhone { phone },
        22 => Call::RevokeAccount,
        _ => Call::Supersede,
    }
}

/// The parties of one request.
#[derive(Clone)]
struct Race {
    request: Request,
    account: AccountId,
    phones: [PhoneId; 2],
}

impl Race {
    async fn new(world: &World) -> (Self, Model) {
        let account = world.account().await;
        let phones = [world.phone(&account).await, world.phone(&account).await];
        let request = world.pending(&account, &[&phones[0], &phones[1]]).await;
        let start = Model {
            state: ApprovalState::Pending,
            expires_at: at(120),
            claim_until: None,
            approved_by: None,
            only_phone: None,
            bad_evidence: 0,
        };
        (Self { request, account, phones }, start)
    }

    /// The store's own way: one guarded statement.
    async fn guarded(&self, tx: &mut Tx, call: Call) -> Result<bool, StoreError> {
        let Self { request, account, phones } = self;
        let answered = |phone: usize| request.answered(&phones[phone]);
        let own = |ended: Vec<Ended>| ids(&ended).contains(&request.id);
        match call {
            Call::Approve { phone, now, claim_until } => tx.approve_approval(&answered(phone), now, claim_until).await,
            Call::Mismatch { now } => tx.mismatch_approval(&answered(0), now).await,
            Call::Deny => tx.deny_approval(&answered(0), Refusal::Denied, at(2)).await,
            Call::Report => tx.deny_approval(&answered(1), Refusal::Reported, at(2)).await,
            Call::Cancel => tx.cancel_approval(&request.id, &request.flow, at(2)).await,
            Call::Supersede => tx.supersede_approvals(&request.flow, at(2)).await.map(own),
            Call::Expire { now } => tx.expire_approval(&request.id, now).await,
            Call::RevokePhone { phone } => tx.revoke_approvals_of_phone(&phones[phone], at(2)).await.map(own),
            Call::RevokeAccount => tx.revoke_approvals_of_account(account, at(2)).await.map(own),
            Call::BadEvidence => Ok(tx.count_bad_evidence(&request.id, 3, at(2)).await?.is_some()),
            Call::Consume { now } => tx.consume_approval(&request.id, &request.flow, now).await,
        }
    }

    /// What one might write without thinking: read the row, ask the rules, write what they say. The rules are right, the
    /// statement has no guard.
    async fn naive(&self, store: &Store, start: Model, call: Call) -> Result<bool, StoreError> {
        let id = self.request.id.clone();
        let row = store.read(|tx| Box::pin(async move { tx.approval(&id).await })).await?.unwrap();
        let seen = Model {
            state: row.state,
            claim_until: row.claim_until,
            approved_by: row.phone_id.and_then(|phone| self.phones.iter().position(|other| *other == phone)),
            bad_evidence: row.bad_evidence,
            ..start
        };
        let Some(next) = seen.after(call) else { return Ok(false) };
        let params = [
            Value::from(&self.request.id),
            Value::from(next.state),
            Value::from(next.claim_until),
            Value::from(next.approved_by.map(|phone| &self.phones[phone])),
            Value::from(next.bad_evidence),
        ];
        let sql = "UPDATE approvals SET state = $2, claim_until = $3, phone_id = $4, bad_evidence = $5 WHERE id = $1";
        store.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await?;
        Ok(true)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Guarded,
    Naive,
}

/// Makes random histories and returns those that no order explains, and the states in which all of them ended.
async fn unexplained(world: &World, way: Way) -> (Vec<(Vec<Made>, ApprovalState)>, HashSet<ApprovalState>) {
    let (mut unexplained, mut ends) = (Vec::new(), HashSet::new());
    for _ in 0..ROUNDS {
        let mut races = Vec::new();
        let barrier = Arc::new(Barrier::new(REQUESTS * CALLERS));
        for _ in 0..REQUESTS {
            let (race, start) = Race::new(world).await;
            let callers = (0..CALLERS).map(|_| {
                let (store, race, barrier) = (world.store.clone(), race.clone(), Arc::clone(&barrier));
                let calls = [any_call(), any_call()];
                tokio::spawn(async move {
                    let mut made = Vec::new();
                    barrier.wait().await;
                    for call in calls {
                        let began = tick();
                        let done = match way {
                            Way::Guarded => {
                                let race = race.clone();
                                store.write(move |tx| Box::pin(async move { race.guarded(tx, call).await })).await
                            }
                            Way::Naive => race.naive(&store, start, call).await,
                        };
                        made.push(Made { call, done: done.unwrap(), began, ended: tick() });
                    }
                    made
                })
            });
            races.push((race.clone(), start, callers.collect::<Vec<_>>()));
        }
        for (race, start, callers) in races {
            let mut history = Vec::new();
            for caller in callers {
                history.extend(caller.await.unwrap());
            }
            let end = world.approval(&race.request).await.state;
            if !is_explained(start, &history, end) {
                unexplained.push((history, end));
            }
            ends.insert(end);
        }
    }
    (unexplained, ends)
}

/// T-RACE-1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_every_history_of_a_request_follows_the_transition_table() {
    let Some(world) = world().await else { return };
    let (unexplained, ends) = unexplained(&world, Way::Guarded).await;
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert!(ends.len() >= 5, "the histories go many ways: {ends:?}");
}

/// T-RACE-1: that the test above can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_the_checker_catches_a_store_that_reads_first_and_writes_then() {
    let Some(world) = world().await else { return };
    let (unexplained, _) = unexplained(&world, Way::Naive).await;
    assert!(!unexplained.is_empty(), "{} histories, and none shows the fault", ROUNDS * REQUESTS);
}

/// Does the same many times at once and returns what each got.
async fn at_once<T, F>(times: usize, act: impl Fn() -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StoreError>> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(times));
    let tasks = (0..times).map(|_| {
        let (barrier, action) = (Arc::clone(&barrier), act());
        tokio::spawn(async move {
            barrier.wait().await;
            action.await
        })
    });
    let mut results = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        results.push(task.await.unwrap().unwrap());
    }
    results
}

/// T-RACE-2.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_2_fifty_browsers_that_finish_at_once_get_one_session() {
    let Some(world) = world().await else { return };
    for _ in 0..5 {
        let account = world.account().await;
        let phone = world.phone(&account).await;
        let request = world.approved(&account, &phone).await;
        let consumed = at_once(50, || {
            let (store, request) = (world.store.clone(), request.clone());
            let session = NewSession { approval_id: Some(request.id.clone()), ..new_session(&account) };
            async move {
                store
                    .write(move |tx| {
                        Box::pin(async move {
                            let consumed = tx.consume_approval(&request.id, &request.flow, at(2)).await?;
                            if consumed {
                                tx.add_session(&session).await?;
                            }
                            Ok::<_, StoreError>(consumed)
                        })
                    })
                    .await
            }
        });
        assert_eq!(consumed.await.into_iter().filter(|consumed| *consumed).count(), 1);
        let sessions = world.read(|tx| Box::pin(async move { tx.sessions_of(&account, at(3)).await })).await;
        assert_eq!(sessions.len(), 1);
    }
}

/// T-RACE-3.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_3_forty_starts_at_once_leave_three_waiting_requests() {
    let Some(world) = world().await else { return };
    for offered in [1, 4] {
        let account = world.account().await;
        let placed = at_once(40, || {
            let (store, new) = (world.store.clone(), new_approval(Some(&account), &token()));
            // Everybody draws from the same few numbers.
            let mut numbers = numbers();
            let turn = chance(4);
            numbers.rotate_left(turn);
            numbers.truncate(offered);
            async move { store.write(move |tx| Box::pin(async move { tx.place_approval(&new, &numbers).await })).await }
        });
        let placed = placed.await;
        let mut taken: Vec<(i64, String)> = Vec::new();
        for placed in &placed {
            match placed {
                Placed::Placed { slot, number } => taken.push((*slot, number.clone())),
                Placed::Decoy => {}
                Placed::NumbersTaken => assert_eq!(offered, 1, "{placed:?}"),
                Placed::FlowTaken => panic!("{placed:?}"),
            }
        }
        let slots: HashSet<i64> = taken.iter().map(|(slot, _)| *slot).collect();
        let numbers: HashSet<&String> = taken.iter().map(|(_, number)| number).collect();
        assert!(taken.len() == 3 || offered == 1, "{taken:?}");
        assert!(taken.len() <= 3);
        assert_eq!((slots.len(), numbers.len()), (taken.len(), taken.len()));
        let sql = "SELECT COUNT(*) FROM approvals WHERE account_id = $1 AND state = 'pending'";
        let params = [Value::from(&account)];
        let row = world.read(move |tx| Box::pin(async move { tx.query_opt(sql, &params).await })).await.unwrap();
        assert_eq!(row.get::<i64>(0), Ok(i64::try_from(taken.len()).unwrap()));
    }
}

/// T-RACE-3, while requests also come to their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_3_at_no_moment_do_more_than_three_requests_wait_or_two_have_one_number() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let starts = (0..6).map(|_| {
        let (store, account, phone) = (world.store.clone(), account.clone(), phone.clone());
        tokio::spawn(async move {
            for _ in 0..40 {
                let flow = token();
                let new = new_approval(Some(&account), &flow);
                let request = Request { id: new.id.clone(), flow };
                let phone = phone.clone();
                let placed = store.write(move |tx| {
                    Box::pin(async move {
                        let placed = tx.place_approval(&new, &numbers()).await?;
                        if matches!(placed, Placed::Placed { .. }) {
                            tx.add_approval_message(&new.id, &phone, "message").await?;
                        }
                        Ok::<_, StoreError>((placed, phone))
                    })
                });
                let (placed, phone) = placed.await.unwrap();
                // No place, or on PostgreSQL each one and each number lost to others that began at the same moment.
                if !matches!(placed, Placed::Placed { .. }) {
                    continue;
                }
                let settle = store.write(move |tx| {
                    Box::pin(async move {
                        match bytes::<1>(&Counted)[0] % 3 {
                            0 => tx.approve_approval(&request.answered(&phone), at(1), at(61)).await,
                            1 => tx.deny_approval(&request.answered(&phone), Refusal::Denied, at(1)).await,
                            _ => tx.cancel_approval(&request.id, &request.flow, at(1)).await,
                        }
                    })
                });
                assert_eq!(settle.await, Ok::<_, StoreError>(true));
            }
        })
    });
    let starts: Vec<_> = starts.collect();
    let mut looks = 0;
    while looks == 0 || starts.iter().any(|start| !start.is_finished()) {
        let params = [Value::from(&account)];
        let sql = "SELECT number FROM approvals WHERE account_id = $1 AND state = 'pending'";
        let rows = world.read(move |tx| Box::pin(async move { tx.query_all(sql, &params).await })).await;
        let numbers: HashSet<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert!(rows.len() <= 3 && numbers.len() == rows.len(), "{rows:?}");
        looks += 1;
        tokio::task::yield_now().await;
    }
    for start in starts {
        start.await.unwrap();
    }
}

/// T-PIN-1.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_pin_1_sixty_pin_evaluations_at_once_get_five_tries() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let taken = at_once(60, || {
        let (store, phone) = (world.store.clone(), phone.clone());
        async move { store.write(move |tx| Box::pin(async move { tx.take_pin_try(&phone).await })).await }
    });
    let mut left: Vec<i64> = taken.await.into_iter().flatten().collect();
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
}

/// T-SES-5, while both happen at once: whoever comes first, no session of a disabled account or a removed phone is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_ses_5_no_session_survives_its_account_or_its_phone() {
    let Some(world) = world().await else { return };
    let (mut first, mut late) = (0, 0);
    for round in 0..60 {
        let account = world.account().await;
        let phone = world.phone(&account).await;
        let request = world.approved(&account, &phone).await;
        let session = NewSession {
            approval_id: Some(request.id.clone()),
            phone_id: Some(phone.clone()),
            ..new_session(&account)
        };
        let consume = {
            let (store, request) = (world.store.clone(), request.clone());
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        Box::pin(async move {
                            let consumed = tx.consume_approval(&request.id, &request.flow, at(2)).await?;
                            if consumed {
                                tx.add_session(&session).await?;
                            }
                            Ok::<_, StoreError>(consumed)
                        })
                    })
                    .await
            })
        };
        let remove = {
            let (store, account) = (world.store.clone(), account.clone());
            tokio::spawn(async move {
                store
                    .write(move |tx| {
                        Box::pin(async move {
                            if round % 2 == 0 {
                                assert!(tx.disable_account(&account, at(2)).await?);
                                tx.revoke_approvals_of_account(&account, at(2)).await?;
                                tx.end_sessions_of_account(&account, None, at(2)).await?;
                            } else {
                                assert!(tx.revoke_phone(&phone, &account, at(2), "user").await?);
                                tx.revoke_approvals_of_phone(&phone, at(2)).await?;
                                tx.end_sessions_of_phone(&phone, at(2)).await?;
                            }
                            Ok::<_, StoreError>(())
                        })
                    })
                    .await
            })
        };
        let consumed = consume.await.unwrap().unwrap();
        remove.await.unwrap().unwrap();
        let live = world.read(|tx| Box::pin(async move { tx.sessions_of(&account, at(3)).await })).await;
        assert_eq!(live, [], "round {round}");
        let end = world.approval(&request).await.state;
        assert_eq!(end, if consumed { ApprovalState::Consumed } else { ApprovalState::Revoked });
        if consumed { first += 1 } else { late += 1 }
    }
    assert_eq!(first + late, 60);
}
