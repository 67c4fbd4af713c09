//! The steps of an enrolment and their guards.

use akkoord_core::ids::EnrolmentId;
use akkoord_store::{Claimed, EnrolmentRow, EnrolmentState, NewEnrolment, Place, Proved, StoreError, Tx};

use super::world;
use crate::fixtures::{World, at, token};

fn claimed(world: &World, id: &EnrolmentId) -> Claimed {
    let seal = world.store.seal();
    Claimed {
        commitment: "commitment".to_owned(),
        claim_hash: token(),
        claim_answer: seal.seal(Place::EnrolmentClaimAnswer, id.as_str(), b"answer"),
        offer_hash: "offer hash".to_owned(),
        offer_kid: "kid".to_owned(),
        webauthn: Some(seal.seal(Place::EnrolmentWebauthn, id.as_str(), b"state")),
        typed_code: true,
        expires_at: at(600),
    }
}

fn proved(world: &World, id: &EnrolmentId) -> Proved {
    let seal = world.store.seal();
    Proved {
        digits: seal.seal(Place::EnrolmentDigits, id.as_str(), b"012345"),
        enrol_hash: "enrol hash".to_owned(),
        proved: seal.seal(Place::EnrolmentProved, id.as_str(), b"keys"),
        phone_key: "device key".to_owned(),
        phone_name: "Phone".to_owned(),
        phone_platform: "android".to_owned(),
        expires_at: at(900),
    }
}

async fn state(tx: &mut Tx, id: &EnrolmentId) -> Result<EnrolmentState, StoreError> {
    Ok(tx.enrolment(id).await?.unwrap().state)
}

/// An enrolment in this state.
async fn enrolment(world: &World, state: EnrolmentState) -> NewEnrolment {
    let account = world.account().await;
    let new = world.new_enrolment(&account);
    let (claim, proof) = (claimed(world, &new.id), proved(world, &new.id));
    let enrolment = new.clone();
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.add_enrolment(&new).await?);
                if state != EnrolmentState::Created {
                    assert!(tx.claim_enrolment(&new.id, at(1), &claim).await?);
                }
                if state == EnrolmentState::Proved {
                    assert!(tx.prove_enrolment(&new.id, at(2), &proof).await?);
                }
                Ok(())
            })
        })
        .await;
    enrolment
}

fn has_no_secrets(row: &EnrolmentRow) -> bool {
    [&row.claim_answer, &row.server_nonce, &row.oprf_key, &row.webauthn, &row.digits, &row.proved]
        .iter()
        .all(|secret| secret.is_none())
}

#[tokio::test]
async fn an_enrolment_goes_from_its_code_to_an_active_phone() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = world.new_enrolment(&account);
    let (claim, proof) = (claimed(&world, &new.id), proved(&world, &new.id));
    let rows = {
        let (new, claim, proof) = (new.clone(), claim.clone(), proof.clone());
        world.write(move |tx| {
            Box::pin(async move {
                let id = new.id.clone();
                assert!(tx.add_enrolment(&new).await?);
                let created = tx.enrolment(&id).await?.unwrap();
                assert!(tx.claim_enrolment(&id, at(1), &claim).await?);
                let claimed = tx.enrolment(&id).await?.unwrap();
                assert!(tx.prove_enrolment(&id, at(2), &proof).await?);
                let proved = tx.enrolment(&id).await?.unwrap();
                assert!(tx.confirm_enrolment(&id, at(3)).await?);
                Ok((created, claimed, proved, tx.enrolment(&id).await?.unwrap()))
            })
        })
    };
    let (created, claimed, proved, active) = rows.await;
    assert_eq!((created.id, created.account_id, created.phone_id), (new.id, account, new.phone_id));
    assert_eq!((created.state, created.expires_at), (EnrolmentState::Created, at(300)));
    assert_eq!((created.session_id, created.started_by_phone), (None, None));
    assert_eq!((created.code_mac, created.code_left, created.voprf), (new.code_mac, 5, new.voprf));
    assert_eq!((created.oprf_key, created.server_nonce), (Some(new.oprf_key), Some(new.server_nonce)));
    assert_eq!((created.prove_left, created.digits_left, created.pin_evaluations), (3, 3, 0));
    assert_eq!((claimed.state, claimed.expires_at), (EnrolmentState::Claimed, at(600)));
    assert_eq!((claimed.commitment, claimed.claim_answer), (Some(claim.commitment), Some(claim.claim_answer)));
    assert_eq!((claimed.offer_hash, claimed.offer_kid), (Some(claim.offer_hash), Some(claim.offer_kid)));
    assert_eq!((claimed.webauthn, claimed.typed_code_at, claimed.taken_at), (claim.webauthn, Some(at(1)), None));
    assert_eq!((proved.state, proved.expires_at), (EnrolmentState::Proved, at(900)));
    assert_eq!((proved.digits, proved.proved), (Some(proof.digits), Some(proof.proved)));
    assert_eq!((proved.enrol_hash, proved.phone_key), (Some(proof.enrol_hash), Some(proof.phone_key)));
    assert_eq!((proved.phone_name, proved.phone_platform), (Some(proof.phone_name), Some(proof.phone_platform)));
    assert!(has_no_secrets(&active));
    assert_eq!((active.state, active.ended_at), (EnrolmentState::Active, Some(at(3))));
}

#[tokio::test]
async fn an_enrolment_is_found_by_each_of_its_names() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = world.new_enrolment(&account);
    let claim = claimed(&world, &new.id);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.add_enrolment(&new).await?);
                assert!(tx.claim_enrolment(&new.id, at(1), &claim).await?);
                let row = tx.enrolment(&new.id).await?;
                assert!(row.is_some());
                assert_eq!(tx.enrolment_by_token(&new.token_hash).await?, row);
                assert_eq!(tx.enrolment_by_code(&account, &new.code_mac).await?, row);
                assert_eq!(tx.enrolment_by_code(&account, "another").await?, None);
                assert_eq!(tx.enrolment_by_claim(&claim.claim_hash).await?, row);
                assert_eq!(tx.enrolment_by_claim(&new.token_hash).await?, None);
                assert_eq!(tx.enrolment_by_phone(&new.phone_id).await?, row);
                assert_eq!(tx.open_enrolment_of(&account).await?, row);
                assert!(tx.cancel_enrolment(&new.id, at(2)).await?);
                assert_eq!(tx.open_enrolment_of(&account).await?, None);
                assert_eq!(
                    tx.enrolment_by_code(&account, &new.code_mac).await?,
                    None,
                    "codes of ended ones mean nothing"
                );
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn an_account_has_one_open_enrolment() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (first, second, third) =
        (world.new_enrolment(&account), world.new_enrolment(&account), world.new_enrolment(&account));
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.add_enrolment(&first).await?);
                assert!(!tx.add_enrolment(&second).await?);
                assert_eq!(tx.end_open_enrolments(&account, at(1)).await?, 1);
                assert_eq!(tx.end_open_enrolments(&account, at(1)).await?, 0);
                assert_eq!(state(tx, &first.id).await?, EnrolmentState::Cancelled);
                assert!(tx.add_enrolment(&second).await?);
                // An overdue one is in nobody's way.
                let third = NewEnrolment { created_at: at(300), expires_at: at(600), ..third };
                assert!(tx.add_enrolment(&third).await?);
                assert_eq!(state(tx, &second.id).await?, EnrolmentState::Expired);
                assert_eq!(tx.end_open_enrolments(&account, at(600)).await?, 1);
                assert_eq!(state(tx, &third.id).await?, EnrolmentState::Expired);
                Ok(())
            })
        })
        .await;
}

/// T-ENR-1.
#[tokio::test]
async fn t_enr_1_of_many_phones_that_claim_at_once_one_wins() {
    let Some(world) = world().await else { return };
    let new = enrolment(&world, EnrolmentState::Created).await;
    let claims = (0..20).map(|_| {
        let (store, id, claim) = (world.store.clone(), new.id.clone(), claimed(&world, &new.id));
        tokio::spawn(async move {
            store.write(|tx| Box::pin(async move { tx.claim_enrolment(&id, at(1), &claim).await })).await
        })
    });
    let mut won = 0;
    for claim in claims.collect::<Vec<_>>() {
        won += i32::from(claim.await.unwrap().unwrap());
    }
    assert_eq!(won, 1);
    let noted = world.write(move |tx| {
        Box::pin(async move { Ok((tx.note_taken(&new.id, at(2)).await?, tx.note_taken(&new.id, at(3)).await?)) })
    });
    assert_eq!(noted.await, (true, false));
}

#[tokio::test]
async fn a_step_out_of_turn_or_out_of_time_does_nothing() {
    let Some(world) = world().await else { return };
    for before in [EnrolmentState::Created, EnrolmentState::Claimed, EnrolmentState::Proved] {
        let new = enrolment(&world, before).await;
        let (claim, proof) = (claimed(&world, &new.id), proved(&world, &new.id));
        world
            .write(move |tx| {
                Box::pin(async move {
                    let id = &new.id;
                    // In time only what is next, and too late nothing.
                    for (now, in_time) in [(at(10), true), (at(1000), false)] {
                        if before != EnrolmentState::Created || !in_time {
                            assert!(!tx.claim_enrolment(id, now, &claim).await?);
                            assert_eq!(tx.count_code_failure(&new.account_id, now).await?, None);
                        }
                        if before != EnrolmentState::Claimed || !in_time {
                            assert!(!tx.prove_enrolment(id, now, &proof).await?);
                            assert!(!tx.take_enrolment_pin_evaluation(id, now, 2).await?);
                            assert_eq!(tx.count_prove_failure(id, now).await?, None);
                        }
                        if before != EnrolmentState::Proved || !in_time {
                            assert!(!tx.confirm_enrolment(id, now).await?);
                            assert_eq!(tx.count_digit_failure(id, now).await?, None);
                        }
                    }
                    assert_eq!(state(tx, id).await?, before);
                    Ok(())
                })
            })
            .await;
    }
}

#[tokio::test]
async fn an_ended_enrolment_stays_ended_and_has_no_secrets() {
    let Some(world) = world().await else { return };
    for before in [EnrolmentState::Created, EnrolmentState::Claimed, EnrolmentState::Proved] {
        for end in [EnrolmentState::Rejected, EnrolmentState::Cancelled, EnrolmentState::Expired] {
            let new = enrolment(&world, before).await;
            let (claim, proof) = (claimed(&world, &new.id), proved(&world, &new.id));
            let row = world.write(move |tx| {
                Box::pin(async move {
                    let id = &new.id;
                    assert!(!tx.expire_enrolment(id, at(10)).await?, "not yet");
                    assert!(match end {
                        EnrolmentState::Rejected => tx.reject_enrolment(id, at(10)).await?,
                        EnrolmentState::Cancelled => tx.cancel_enrolment(id, at(10)).await?,
                        _ => tx.expire_enrolment(id, at(900)).await?,
                    });
                    let row = tx.enrolment(id).await?;
                    assert!(!tx.reject_enrolment(id, at(10)).await?);
                    assert!(!tx.cancel_enrolment(id, at(10)).await?);
                    assert!(!tx.expire_enrolment(id, at(900)).await?);
                    assert!(!tx.claim_enrolment(id, at(10), &claim).await?);
                    assert!(!tx.prove_enrolment(id, at(10), &proof).await?);
                    assert!(!tx.confirm_enrolment(id, at(10)).await?);
                    assert_eq!(tx.enrolment(id).await?, row);
                    Ok(row.unwrap())
                })
            });
            let row = row.await;
            assert_eq!((row.state, row.ended_at.is_some()), (end, true));
            assert!(has_no_secrets(&row), "{before:?} {end:?}");
        }
    }
}

/// T-ENR-3.
#[tokio::test]
async fn t_enr_3_the_fifth_wrong_code_ends_the_code_and_its_qr_code() {
    let Some(world) = world().await else { return };
    let new = enrolment(&world, EnrolmentState::Created).await;
    let claim = claimed(&world, &new.id);
    world
        .write(move |tx| {
            Box::pin(async move {
                let mut left = Vec::new();
                for _ in 0..6 {
                    left.push(tx.count_code_failure(&new.account_id, at(1)).await?);
                }
                assert_eq!(left, [Some(4), Some(3), Some(2), Some(1), Some(0), None]);
                assert_eq!(state(tx, &new.id).await?, EnrolmentState::Rejected);
                assert!(!tx.claim_enrolment(&new.id, at(1), &claim).await?);
                Ok(())
            })
        })
        .await;
}

/// T-ENR-2.
#[tokio::test]
async fn t_enr_2_the_third_wrong_digits_reject_the_enrolment() {
    let Some(world) = world().await else { return };
    let new = enrolment(&world, EnrolmentState::Proved).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let mut left = Vec::new();
                for _ in 0..4 {
                    left.push(tx.count_digit_failure(&new.id, at(3)).await?);
                }
                assert_eq!(left, [Some(2), Some(1), Some(0), None]);
                assert_eq!(state(tx, &new.id).await?, EnrolmentState::Rejected);
                assert!(!tx.confirm_enrolment(&new.id, at(3)).await?);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn the_third_wrong_proof_rejects_the_enrolment() {
    let Some(world) = world().await else { return };
    let new = enrolment(&world, EnrolmentState::Claimed).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let mut left = Vec::new();
                for _ in 0..4 {
                    left.push(tx.count_prove_failure(&new.id, at(3)).await?);
                }
                assert_eq!(left, [Some(2), Some(1), Some(0), None]);
                assert_eq!(state(tx, &new.id).await?, EnrolmentState::Rejected);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_new_phone_evaluates_its_pin_twice() {
    let Some(world) = world().await else { return };
    let new = enrolment(&world, EnrolmentState::Claimed).await;
    let tries = (0..12).map(|_| {
        let (store, id) = (world.store.clone(), new.id.clone());
        tokio::spawn(async move {
            store.write(|tx| Box::pin(async move { tx.take_enrolment_pin_evaluation(&id, at(2), 2).await })).await
        })
    });
    let mut taken = 0;
    for attempt in tries.collect::<Vec<_>>() {
        taken += i32::from(attempt.await.unwrap().unwrap());
    }
    assert_eq!(taken, 2);
}

#[tokio::test]
async fn overdue_enrolments_are_expired_a_bite_at_a_time() {
    let Some(world) = world().await else { return };
    let mut ids = Vec::new();
    for state in [EnrolmentState::Created, EnrolmentState::Claimed, EnrolmentState::Proved] {
        ids.push(enrolment(&world, state).await.id);
    }
    let expired = world.write(move |tx| {
        Box::pin(async move {
            let none = tx.expire_overdue_enrolments(at(299), 10).await?;
            let one = tx.expire_overdue_enrolments(at(600), 1).await?;
            let two = tx.expire_overdue_enrolments(at(900), 10).await?;
            let rest = tx.expire_overdue_enrolments(at(900), 10).await?;
            Ok((none, one, two.len(), rest))
        })
    });
    assert_eq!(expired.await, (vec![], vec![ids[0].clone()], 2, vec![]));
}
