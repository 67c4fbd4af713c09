//! What is deleted, and what isn't.

use akkoord_core::ids::{BrowserId, EventId, JobId, PhoneId, PinChangeId, SignInId};
use akkoord_store::{
    Answered, AuditFilter, Lane, NewApproval, NewAuditEvent, NewBrowser, NewJob, NewPinChange, NewSession, NewSignIn,
    Place, Placed, Refusal,
};

use super::world;
use crate::fixtures::{Counted, NOW, at, new_approval, new_session, notice_link, numbers, token};

#[tokio::test]
async fn sign_ins_and_decoys_go_after_a_while_and_requests_stay() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let request = world.pending(&account, &[]).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                for expires in [10, 20, 30] {
                    let sign_in = NewSignIn {
                        id: SignInId::new(&Counted),
                        flow_hash: token(),
                        username: "nobody".to_owned(),
                        account_id: None,
                        organisation_id: None,
                        purpose: "session".to_owned(),
                        return_to: None,
                        proved: "[]".to_owned(),
                        chosen: None,
                        approval_id: None,
                        known_browser_at: None,
                        created_at: NOW,
                        expires_at: at(expires),
                    };
                    tx.add_sign_in(&sign_in).await?;
                    let decoy = NewApproval { created_at: at(expires), ..new_approval(None, &token()) };
                    assert_eq!(tx.place_approval(&decoy, &numbers()).await?, Placed::Decoy);
                    if expires == 10 {
                        tx.add_approval_message(&decoy.id, &PhoneId::new(&Counted), "message").await?;
                    }
                }
                assert_eq!(tx.delete_sign_ins(at(10), 10).await?, 0);
                assert_eq!(tx.delete_sign_ins(at(25), 1).await?, 1);
                assert_eq!(tx.delete_sign_ins(at(25), 10).await?, 1);
                assert_eq!(tx.delete_decoys(at(10), 10).await?, 0);
                assert_eq!(tx.delete_decoys(at(1000), 2).await?, 2, "but not that with a message");
                assert_eq!(tx.delete_decoys(at(1000), 2).await?, 0);
                assert_eq!(tx.delete_decoy_messages(at(10), 10).await?, 0);
                assert_eq!(tx.delete_decoy_messages(at(1000), 10).await?, 1);
                assert_eq!(tx.delete_decoys(at(1000), 2).await?, 1);
                assert!(tx.approval(&request.id).await?.is_some());
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn requests_go_with_their_messages_once_they_have_long_ended_and_none_with_a_live_session() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let waits = world.pending(&account, &[&phone]).await;
    let approved = world.approved(&account, &phone).await;
    let denied = world.pending(&account, &[&phone]).await;
    let session = NewSession { approval_id: Some(approved.id.clone()), ..new_session(&account) };
    let evidence = world.store.seal().seal(Place::ApprovalEvidence, denied.id.as_str(), b"evidence");
    let answered = Answered { evidence: Some(evidence), ..denied.answered(&phone) };
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.consume_approval(&approved.id, &approved.flow, at(2)).await?);
                tx.add_session(&session).await?;
                assert!(tx.deny_approval(&answered, Refusal::Denied, at(2)).await?);
                // Not yet: what ends at that very moment is kept.
                assert_eq!(tx.delete_approval_messages(at(2), 10).await?, 0);
                assert_eq!(tx.delete_approvals(at(2), 10).await?, 0);
                assert_eq!(tx.delete_approvals(at(3), 10).await?, 0, "their messages stand on them");
                assert_eq!(tx.delete_approval_messages(at(3), 1).await?, 1);
                assert_eq!(tx.delete_approval_messages(at(3), 10).await?, 1);
                assert_eq!(tx.delete_approval_messages(at(3), 10).await?, 0);
                assert_eq!(tx.delete_approvals(at(3), 10).await?, 1);
                assert!(tx.approval(&denied.id).await?.is_none());
                assert!(tx.approval(&approved.id).await?.is_some(), "somebody is signed in by it");
                assert!(tx.end_session(&session.id, &account, at(4)).await?);
                assert_eq!(tx.delete_approvals(at(3), 10).await?, 1);
                let left = tx.history(&account, None, 10).await?;
                assert_eq!(left.into_iter().map(|row| row.id).collect::<Vec<_>>(), [waits.id]);
                assert_eq!(tx.pending_messages(&phone, at(5)).await?.len(), 1);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn sessions_browsers_and_links_go_once_they_are_over() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let (over, ended, live) = (
                    NewSession { expires_at: at(10), ..new_session(&account) },
                    new_session(&account),
                    new_session(&account),
                );
                for session in [&over, &ended, &live] {
                    tx.add_session(session).await?;
                }
                assert!(tx.end_session(&ended.id, &account, at(5)).await?);
                assert_eq!(tx.delete_sessions(at(5), 10).await?, 0);
                assert_eq!(tx.delete_sessions(at(11), 10).await?, 2);
                assert_eq!(tx.sessions_of(&account, at(11)).await?.len(), 1);
                for now in [1, 100] {
                    let browser = NewBrowser {
                        id: BrowserId::new(&Counted),
                        token_hash: token(),
                        account_id: account.clone(),
                        browser: "Firefox".to_owned(),
                        now: at(now),
                    };
                    tx.remember_browser(&browser).await?;
                    tx.add_notice_link(&token(), &notice_link(&account, at(now))).await?;
                    let change = NewPinChange {
                        id: PinChangeId::new(&Counted),
                        phone_id: phone.clone(),
                        created_at: NOW,
                        expires_at: at(now),
                    };
                    tx.add_pin_change(&change).await?;
                }
                assert_eq!(tx.delete_browsers(at(50), 10).await?, 1);
                assert_eq!(tx.delete_notice_links(at(50), 10).await?, 1);
                assert_eq!(tx.delete_pin_changes(at(50), 10).await?, 1);
                assert_eq!(tx.browsers_of(&account).await?.len(), 1);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn enrolments_jobs_and_events_go_once_they_are_over() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (ended, open) = (world.new_enrolment(&account), world.new_enrolment(&account));
    let payload = world.store.seal().seal(Place::JobPayload, "job", b"");
    world
        .write(move |tx| {
            Box::pin(async move {
                assert!(tx.add_enrolment(&ended).await?);
                assert!(tx.cancel_enrolment(&ended.id, at(1)).await?);
                assert!(tx.add_enrolment(&open).await?);
                assert_eq!(tx.delete_enrolments(at(1), 10).await?, 0);
                assert_eq!(tx.delete_enrolments(at(1000), 10).await?, 1);
                assert!(tx.enrolment(&open.id).await?.is_some());
                for _ in 0..2 {
                    let (kind, payload) = ("mail".to_owned(), payload.clone());
                    let (run_at, created_at) = (NOW, NOW);
                    let (id, lane, subject) = (JobId::new(&Counted), Lane::Rest, None);
                    tx.add_job(&NewJob { id, kind, lane, subject, payload, run_at, created_at }).await?;
                }
                let jobs = tx.claim_jobs(at(1), at(31), Lane::Rest, 1).await?;
                assert!(tx.finish_job(&jobs[0], at(2)).await?);
                assert_eq!(tx.delete_done_jobs(at(2), 10).await?, 0);
                assert_eq!(tx.delete_done_jobs(at(1000), 10).await?, 1);
                assert_eq!(tx.count_open_jobs().await?, 1);
                for second in [1, 2] {
                    let event = NewAuditEvent {
                        id: EventId::new(&Counted),
                        at: at(second),
                        event: "event".to_owned(),
                        actor: "system".to_owned(),
                        account_id: None,
                        subject: None,
                        request_id: "request".to_owned(),
                        detail: "{}".to_owned(),
                    };
                    tx.add_audit_event(&event).await?;
                }
                assert_eq!(tx.delete_audit_events(at(2), 10).await?, 1);
                assert_eq!(tx.audit_events(&AuditFilter::default(), 10).await?.len(), 1);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn the_events_of_decoys_go_with_them_and_those_of_accounts_stay() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let decoys = [("request.started", None), ("request.settled", None), ("backup.restored", None)];
                let own = ["request.started", "request.settled"].map(|event| (event, Some(account.clone())));
                for (event, account_id) in decoys.into_iter().chain(own) {
                    let event = NewAuditEvent {
                        id: EventId::new(&Counted),
                        at: at(1),
                        event: event.to_owned(),
                        actor: "anonymous".to_owned(),
                        account_id,
                        subject: None,
                        request_id: "request".to_owned(),
                        detail: "{}".to_owned(),
                    };
                    tx.add_audit_event(&event).await?;
                }
                assert_eq!(tx.delete_events_of_decoys(at(1), 10).await?, 0);
                assert_eq!(tx.delete_events_of_decoys(at(2), 10).await?, 2);
                assert_eq!(tx.audit_events(&AuditFilter::default(), 10).await?.len(), 3);
                Ok(())
            })
        })
        .await;
}
