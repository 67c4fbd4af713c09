//! The life of a request, one step after the other; what happens when steps meet stands in `race.rs`.

use std::slice::from_ref;

use akkoord_core::ids::{AccountId, ApprovalId};
use akkoord_store::{Answered, ApprovalState, Ended, Place, Refusal, StoreError, Tx};

use super::world;
use crate::fixtures::{Request, at, ids, token};

async fn state(tx: &mut Tx, id: &ApprovalId) -> Result<ApprovalState, StoreError> {
    Ok(tx.approval(id).await?.unwrap().state)
}

#[tokio::test]
async fn an_approved_request_is_consumed_by_its_browser_in_time() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let request = world.pending(&account, &[&phone]).await;
    let evidence = world.store.seal().seal(Place::ApprovalEvidence, request.id.as_str(), b"evidence");
    let answered = Answered { evidence: Some(evidence.clone()), ..request.answered(&phone) };
    let (approved, consumed) = world
        .write(move |tx| {
            Box::pin(async move {
                let id = &request.id;
                assert!(!tx.approve_approval(&answered, at(120), at(180)).await?, "too late");
                assert!(!tx.consume_approval(id, &request.flow, at(1)).await?, "not approved");
                assert!(tx.approve_approval(&answered, at(119), at(179)).await?);
                assert!(!tx.approve_approval(&answered, at(119), at(179)).await?, "twice");
                let approved = tx.approval(id).await?.unwrap();
                assert!(!tx.consume_approval(id, &token(), at(150)).await?, "another browser's");
                assert!(!tx.consume_approval(id, &request.flow, at(179)).await?, "too late");
                assert!(tx.consume_approval(id, &request.flow, at(178)).await?);
                assert!(!tx.consume_approval(id, &request.flow, at(178)).await?, "twice");
                Ok((approved, tx.approval(id).await?.unwrap()))
            })
        })
        .await;
    assert!(!approved.is_overdue(at(178)) && approved.is_overdue(at(179)));
    assert_eq!((approved.state, approved.claim_until), (ApprovalState::Approved, Some(at(179))));
    assert_eq!((approved.phone_id, approved.settled_at), (Some(phone), None));
    assert_eq!((approved.decision_hash.as_deref(), approved.answer.as_deref()), (Some("decision hash"), Some("{}")));
    assert_eq!(approved.evidence, Some(evidence));
    assert_eq!((consumed.state, consumed.settled_at), (ApprovalState::Consumed, Some(at(178))));
    assert!(!consumed.is_overdue(at(1000)));
}

/// T-SES-5.
#[tokio::test]
async fn t_ses_5_nothing_is_consumed_for_a_disabled_account_or_a_removed_phone() {
    let Some(world) = world().await else { return };
    for disable in [true, false] {
        let account = world.account().await;
        let phone = world.phone(&account).await;
        let request = world.approved(&account, &phone).await;
        world
            .write(move |tx| {
                Box::pin(async move {
                    if disable {
                        assert!(tx.disable_account(&account, at(2)).await?);
                    } else {
                        assert!(tx.revoke_phone(&phone, &account, at(2), "user").await?);
                    }
                    assert!(!tx.consume_approval(&request.id, &request.flow, at(3)).await?);
                    let revoked = if disable {
                        tx.revoke_approvals_of_account(&account, at(3)).await?
                    } else {
                        tx.revoke_approvals_of_phone(&phone, at(3)).await?
                    };
                    assert_eq!(ids(&revoked), from_ref(&request.id));
                    assert_eq!(state(tx, &request.id).await?, ApprovalState::Revoked);
                    Ok(())
                })
            })
            .await;
    }
}

/// T-DEV-3.
#[tokio::test]
async fn t_dev_3_a_phone_that_was_not_asked_decides_nothing() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let (phone, stranger, unasked) =
        (world.phone(&account).await, world.phone(&other).await, world.phone(&account).await);
    let request = world.pending(&account, &[&phone]).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                for phone in [&stranger, &unasked] {
                    let answered = request.answered(phone);
                    assert!(!tx.approve_approval(&answered, at(1), at(61)).await?);
                    assert!(!tx.mismatch_approval(&answered, at(1)).await?);
                    assert!(!tx.deny_approval(&answered, Refusal::Denied, at(1)).await?);
                    assert!(!tx.deny_approval(&answered, Refusal::Reported, at(1)).await?);
                }
                assert!(tx.revoke_phone(&phone, &account, at(1), "user").await?);
                assert!(!tx.approve_approval(&request.answered(&phone), at(1), at(61)).await?, "removed");
                assert_eq!(state(tx, &request.id).await?, ApprovalState::Pending);
                Ok(())
            })
        })
        .await;
}

/// Everything that can be done to a request, each as the only thing done to it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Approve,
    Mismatch,
    Deny,
    Report,
    Cancel,
    Supersede,
    Expire,
    Revoke,
    Consume,
}

const STEPS: [Step; 9] = [
    Step::Approve,
    Step::Mismatch,
    Step::Deny,
    Step::Report,
    Step::Cancel,
    Step::Supersede,
    Step::Expire,
    Step::Revoke,
    Step::Consume,
];

async fn take(tx: &mut Tx, step: Step, request: &Request, answered: &Answered) -> Result<bool, StoreError> {
    let (id, flow) = (&request.id, &request.flow);
    match step {
        Step::Approve => tx.approve_approval(answered, at(10), at(70)).await,
        Step::Mismatch => tx.mismatch_approval(answered, at(10)).await,
        Step::Deny => tx.deny_approval(answered, Refusal::Denied, at(10)).await,
        Step::Report => tx.deny_approval(answered, Refusal::Reported, at(10)).await,
        Step::Cancel => tx.cancel_approval(id, flow, at(10)).await,
        Step::Supersede => Ok(ids(&tx.supersede_approvals(flow, at(10)).await?) == [id.clone()]),
        Step::Expire => tx.expire_approval(id, at(120)).await,
        Step::Revoke => Ok(ids(&tx.revoke_approvals_of_phone(&answered.phone_id, at(10)).await?) == [id.clone()]),
        Step::Consume => tx.consume_approval(id, flow, at(10)).await,
    }
}

/// The transition table of the protocol, section 6, line by line.
fn allowed(from: ApprovalState, step: Step) -> Option<ApprovalState> {
    use ApprovalState::{
        Approved, Cancelled, Consumed, Denied, Expired, Mismatch, Pending, Reported, Revoked, Superseded,
    };
    match (from, step) {
        (Pending, Step::Approve) => Some(Approved),
        (Pending, Step::Mismatch) => Some(Mismatch),
        (Pending | Approved, Step::Deny) => Some(Denied),
        (Pending | Approved, Step::Report) => Some(Reported),
        (Pending | Approved, Step::Cancel) => Some(Cancelled),
        (Pending, Step::Supersede) => Some(Superseded),
        (Pending | Approved, Step::Expire) => Some(Expired),
        (Pending | Approved, Step::Revoke) => Some(Revoked),
        (Approved, Step::Consume) => Some(Consumed),
        _ => None,
    }
}

#[tokio::test]
async fn every_pair_of_steps_follows_the_transition_table() {
    let Some(world) = world().await else { return };
    for first in STEPS {
        for second in STEPS {
            for third in [Step::Approve, Step::Deny, Step::Consume, Step::Expire] {
                let account = world.account().await;
                let phone = world.phone(&account).await;
                let request = world.pending(&account, &[&phone]).await;
                let answered = request.answered(&phone);
                world
                    .write(move |tx| {
                        Box::pin(async move {
                            let mut expected = ApprovalState::Pending;
                            for step in [first, second, third] {
                                let next = allowed(expected, step);
                                let done = take(tx, step, &request, &answered).await?;
                                assert_eq!(done, next.is_some(), "{first:?} {second:?} {third:?}: {step:?}");
                                expected = next.unwrap_or(expected);
                                let row = tx.approval(&request.id).await?.unwrap();
                                assert_eq!(row.state, expected, "{first:?} {second:?} {third:?}: {step:?}");
                                let open = matches!(expected, ApprovalState::Pending | ApprovalState::Approved);
                                assert_eq!(row.settled_at.is_none(), open);
                            }
                            Ok(())
                        })
                    })
                    .await;
            }
        }
    }
}

#[tokio::test]
async fn a_request_expires_when_its_time_has_passed_and_not_before() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let (pending, approved) = (world.pending(&account, &[&phone]).await, world.approved(&account, &phone).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(!tx.expire_approval(&pending.id, at(119)).await?);
                assert!(!tx.expire_approval(&approved.id, at(60)).await?);
                assert_eq!(tx.expire_overdue_approvals(at(60), 10).await?, []);
                assert_eq!(ids(&tx.expire_overdue_approvals(at(61), 10).await?), from_ref(&approved.id));
                let ended = tx.expire_overdue_approvals(at(120), 10).await?;
                let operation = "signin".to_owned();
                let (id, state) = (pending.id.clone(), ApprovalState::Expired);
                assert_eq!(ended, [Ended { id, account_id: Some(account), operation, state }]);
                assert_eq!(tx.expire_overdue_approvals(at(1000), 10).await?, []);
                Ok(())
            })
        })
        .await;
}

/// Whoever read it was told that it has expired, so nothing else may become of it.
#[tokio::test]
async fn an_overdue_request_ends_in_no_other_way_than_by_expiring() {
    let Some(world) = world().await else { return };
    for approved in [false, true] {
        let account = world.account().await;
        let phone = world.phone(&account).await;
        let one = async || match approved {
            true => world.approved(&account, &phone).await,
            false => world.pending(&account, &[&phone]).await,
        };
        let (request, other) = (one().await, one().await);
        let late = if approved { at(61) } else { at(120) };
        world
            .write(move |tx| {
                Box::pin(async move {
                    let (id, flow) = (&request.id, &request.flow);
                    let answered = request.answered(&phone);
                    assert!(!tx.deny_approval(&answered, Refusal::Denied, late).await?);
                    assert!(!tx.deny_approval(&answered, Refusal::Reported, late).await?);
                    assert!(!tx.cancel_approval(id, flow, late).await?);
                    assert_eq!(tx.supersede_approvals(flow, late).await?, []);
                    assert!(!tx.report_open(id, &account, late).await?);
                    assert!(!tx.consume_approval(id, flow, late).await?);
                    assert!(tx.expire_approval(id, late).await?);
                    // What a removal finds open is over after it, whatever the clock does; and it tells how.
                    let ended = tx.revoke_approvals_of_phone(&phone, late).await?;
                    assert_eq!((ids(&ended), ended[0].state), (vec![other.id], ApprovalState::Expired));
                    Ok(())
                })
            })
            .await;
        let account = world.account().await;
        let phone = world.phone(&account).await;
        let request = world.pending(&account, &[&phone]).await;
        let ended =
            world.write(move |tx| Box::pin(async move { tx.revoke_approvals_of_account(&account, at(120)).await }));
        let ended = ended.await;
        assert_eq!((ids(&ended), ended[0].state), (vec![request.id], ApprovalState::Expired));
    }
}

#[tokio::test]
async fn overdue_requests_are_expired_a_bite_at_a_time() {
    let Some(world) = world().await else { return };
    for _ in 0..3 {
        let account = world.account().await;
        world.pending(&account, &[]).await;
    }
    let expired = world.write(|tx| {
        Box::pin(async move {
            let bite = tx.expire_overdue_approvals(at(200), 2).await?;
            Ok((bite.len(), tx.expire_overdue_approvals(at(200), 2).await?.len()))
        })
    });
    assert_eq!(expired.await, (2, 1));
}

#[tokio::test]
async fn the_third_bad_evidence_revokes_a_request() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let request = world.pending(&account, &[&phone]).await;
    let counted = world.write(move |tx| {
        Box::pin(async move {
            let mut counted = Vec::new();
            for _ in 0..4 {
                counted.push(tx.count_bad_evidence(&request.id, 3, at(1)).await?);
            }
            let row = tx.approval(&request.id).await?.unwrap();
            Ok((counted, row.state, row.settled_at))
        })
    });
    let expected = (vec![Some(1), Some(2), Some(3), None], ApprovalState::Revoked, Some(at(1)));
    assert_eq!(counted.await, expected);
}

/// What a removed phone takes with it, told by the states of: its own request, one shared with a phone that stays, one
/// shared with a phone that is removed too, one that it approved, one that the other approved.
#[tokio::test]
async fn a_removed_phone_takes_its_own_requests_with_it() {
    let Some(world) = world().await else { return };
    let (first, second) = (world.account().await, world.account().await);
    let setup = |account: AccountId| {
        let world = &world;
        async move {
            let (gone, stays, gone_too) =
                (world.phone(&account).await, world.phone(&account).await, world.phone(&account).await);
            (account, gone, stays, gone_too)
        }
    };
    let (account, gone, stays, gone_too) = setup(first).await;
    let approved = world.approved(&account, &gone).await;
    let by_other = world.approved(&account, &stays).await;
    let own = world.pending(&account, &[&gone]).await;
    let shared = world.pending(&account, &[&gone, &stays]).await;
    let with_removed = world.pending(&account, &[&gone, &gone_too]).await;
    let all = [&own, &shared, &with_removed, &approved, &by_other].map(|request| request.id.clone());
    let (states, revoked) = world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.revoke_phone(&gone_too, &account, at(2), "user").await?);
                assert_eq!(tx.revoke_approvals_of_phone(&gone_too, at(2)).await?, []);
                assert!(tx.revoke_phone(&gone, &account, at(3), "user").await?);
                let revoked = tx.revoke_approvals_of_phone(&gone, at(3)).await?;
                let mut states = Vec::new();
                for id in &all {
                    states.push(state(tx, id).await?);
                }
                Ok((states, revoked.len()))
            })
        })
        .await;
    use ApprovalState::{Approved, Pending, Revoked};
    assert_eq!((states, revoked), (vec![Revoked, Pending, Revoked, Revoked, Approved], 3));
    // An account takes all of its own with it, and nobody else's.
    let (account, phone, ..) = setup(second).await;
    let (pending, approved) = (world.pending(&account, &[&phone]).await, world.approved(&account, &phone).await);
    let revoked = world.write(move |tx| {
        Box::pin(async move {
            let revoked = tx.revoke_approvals_of_account(&account, at(4)).await?;
            assert!(ids(&revoked).contains(&pending.id) && ids(&revoked).contains(&approved.id));
            Ok((revoked.len(), state(tx, &shared.id).await?))
        })
    });
    assert_eq!(revoked.await, (2, Pending));
}

/// T-FAT-4.
#[tokio::test]
async fn t_fat_4_a_consumed_request_is_reported_once_and_stays_consumed() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let phone = world.phone(&account).await;
    let request = world.approved(&account, &phone).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let id = &request.id;
                assert!(!tx.report_consumed(id, &account, at(2)).await?, "not consumed");
                assert!(tx.consume_approval(id, &request.flow, at(2)).await?);
                assert!(!tx.report_consumed(id, &other, at(3)).await?, "another account's");
                assert!(tx.report_consumed(id, &account, at(3)).await?);
                assert!(!tx.report_consumed(id, &account, at(4)).await?, "twice");
                let row = tx.approval(id).await?.unwrap();
                assert_eq!((row.state, row.reported_at), (ApprovalState::Consumed, Some(at(3))));
                Ok(())
            })
        })
        .await;
}

/// T-FAT-4.
#[tokio::test]
async fn t_fat_4_an_open_request_that_is_reported_is_over() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let phone = world.phone(&account).await;
    let (pending, approved) = (world.pending(&account, &[&phone]).await, world.approved(&account, &phone).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.pending_numbers(&account).await?.len(), 1);
                for request in [&pending, &approved] {
                    assert!(!tx.report_open(&request.id, &other, at(2)).await?, "another account's");
                    assert!(tx.report_open(&request.id, &account, at(2)).await?);
                    assert!(!tx.report_open(&request.id, &account, at(3)).await?, "twice");
                    assert!(!tx.consume_approval(&request.id, &request.flow, at(3)).await?);
                }
                assert!(tx.pending_numbers(&account).await?.is_empty());
                Ok(())
            })
        })
        .await;
}
