//! What a restore kills: everything that was open, of every account.

use akkoord_core::{
    Timestamp,
    ids::{AccessPassId, BrowserId, JobId, PinChangeId, SignInId},
};
use akkoord_store::{
    ApprovalState, Lane, NewAccessPass, NewBrowser, NewJob, NewPinChange, NewSignIn, Place, StoreError, Tx,
};

use super::world;
use crate::fixtures::{Counted, NOW, at, new_session, notice_link, token};

#[tokio::test]
async fn a_restore_ends_sessions_requests_passes_and_enrolments_once() {
    let Some(world) = world().await else { return };
    let (ada, ben) = (world.account().await, world.account().await);
    let phone = world.phone(&ada).await;
    let approved = world.approved(&ada, &phone).await;
    let pending = world.pending(&ben, &[]).await;
    let enrolment = world.new_enrolment(&ben);
    world
        .write(move |tx| {
            Box::pin(async move {
                for account in [&ada, &ben] {
                    tx.add_session(&new_session(account)).await?;
                    tx.add_access_pass(&new_pass(account)).await?;
                }
                assert!(tx.add_enrolment(&enrolment).await?);
                assert_eq!(tx.revoke_all_approvals(at(2)).await?, 2);
                assert_eq!(tx.end_all_sessions(at(2)).await?, 2);
                assert_eq!(tx.revoke_all_access_passes(at(2)).await?, 2);
                assert_eq!(tx.cancel_all_enrolments(at(2)).await?, 1);
                for request in [&approved, &pending] {
                    let row = tx.approval(&request.id).await?.unwrap();
                    assert_eq!((row.state, row.settled_at), (ApprovalState::Revoked, Some(at(2))));
                }
                for account in [&ada, &ben] {
                    assert!(tx.sessions_of(account, at(2)).await?.is_empty());
                    assert!(tx.usable_access_passes(account, at(2)).await?.is_empty());
                }
                let row = tx.enrolment(&enrolment.id).await?.unwrap();
                assert!(row.ended_at.is_some() && row.server_nonce.is_none() && row.oprf_key.is_none());
                // What was over before is left as it was.
                assert_eq!(tx.revoke_all_approvals(at(3)).await?, 0);
                assert_eq!(tx.end_all_sessions(at(3)).await?, 0);
                assert_eq!(tx.revoke_all_access_passes(at(3)).await?, 0);
                assert_eq!(tx.cancel_all_enrolments(at(3)).await?, 0);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_restore_leaves_few_pin_tries_and_gives_none_back() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (fresh, spent) = (world.phone(&account).await, world.phone(&account).await);
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.restore_pin_tries(&fresh, 5).await? && tx.restore_pin_tries(&spent, 5).await?);
                for left in [4, 3, 2, 1] {
                    assert_eq!(tx.take_pin_try(&spent).await?, Some(left));
                }
                assert_eq!(tx.lower_pin_tries(2).await?, 1);
                assert_eq!(tx.phone(&fresh).await?.unwrap().pin_left, 2);
                assert_eq!(tx.phone(&spent).await?.unwrap().pin_left, 1);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_restore_uses_up_what_made_things_easier() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let (link, browser, flow) = (token(), token(), token());
    let payload = world.store.seal().seal(Place::JobPayload, "job", b"mail");
    world
        .write(move |tx| {
            Box::pin(async move {
                let sign_in = new_sign_in(tx, &flow).await?;
                let change = PinChangeId::new(&Counted);
                tx.add_pin_change(&NewPinChange {
                    id: change.clone(),
                    phone_id: phone.clone(),
                    created_at: NOW,
                    expires_at: at(300),
                })
                .await?;
                tx.add_notice_link(&link, &notice_link(&account, at(300))).await?;
                let known = NewBrowser {
                    id: BrowserId::new(&Counted),
                    token_hash: browser.clone(),
                    account_id: account.clone(),
                    browser: "Firefox".to_owned(),
                    now: NOW,
                };
                tx.remember_browser(&known).await?;
                assert!(tx.expect_sign_in(&account, at(120)).await?);
                let job = NewJob {
                    id: JobId::new(&Counted),
                    kind: "send_mail".to_owned(),
                    lane: Lane::Rest,
                    subject: None,
                    payload,
                    run_at: NOW,
                    created_at: NOW,
                };
                tx.add_job(&job).await?;

                assert_eq!(tx.end_all_sign_ins(at(2)).await?, 1);
                assert_eq!(tx.end_all_pin_changes(at(2)).await?, 1);
                assert_eq!(tx.use_all_notice_links(at(2)).await?, 1);
                assert_eq!(tx.forget_all_browsers(at(2)).await?, 1);
                assert_eq!(tx.forget_all_expectations().await?, 1);
                assert_eq!(tx.drop_open_jobs(at(2)).await?, 1);

                assert!(!tx.finish_sign_in(&sign_in, "[]", at(3)).await?);
                assert!(!tx.finish_pin_change(&change, &phone, at(3)).await?);
                assert!(!tx.use_notice_link(&link, at(3)).await?);
                assert!(tx.known_browser(&browser, &account).await?.is_none());
                assert!(!tx.use_expectation(&account, at(3)).await?);
                assert!(tx.claim_jobs(at(3), at(30), Lane::Rest, 10).await?.is_empty());
                assert_eq!(tx.count_open_jobs().await?, 0);
                Ok(())
            })
        })
        .await;
}

fn new_pass(account: &akkoord_core::ids::AccountId) -> NewAccessPass {
    NewAccessPass {
        id: AccessPassId::new(&Counted),
        account_id: account.clone(),
        hash: "hash".to_owned(),
        created_at: NOW,
        created_by: "operator".to_owned(),
        expires_at: at(3600),
    }
}

async fn new_sign_in(tx: &mut Tx, flow: &akkoord_core::secret::TokenHash) -> Result<SignInId, StoreError> {
    let id = SignInId::new(&Counted);
    let until: Timestamp = at(600);
    tx.add_sign_in(&NewSignIn {
        id: id.clone(),
        flow_hash: flow.clone(),
        username: "ada".to_owned(),
        account_id: None,
        organisation_id: None,
        purpose: "session".to_owned(),
        return_to: None,
        proved: "[]".to_owned(),
        chosen: None,
        approval_id: None,
        known_browser_at: None,
        created_at: NOW,
        expires_at: until,
    })
    .await?;
    Ok(id)
}
