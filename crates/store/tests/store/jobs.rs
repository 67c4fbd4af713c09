//! Jobs, the audit and the server's keys.

use akkoord_core::ids::{EventId, JobId};
use akkoord_store::{AuditFilter, Lane, NewAuditEvent, NewJob, NewServerKey, Place};

use super::world;
use crate::fixtures::{Counted, NOW, World, at};

fn new_job(world: &World, run_at: u64) -> NewJob {
    let id = JobId::new(&Counted);
    let payload = world.store.seal().seal(Place::JobPayload, id.as_str(), b"mail");
    let (kind, lane, subject) = ("mail".to_owned(), Lane::Rest, None);
    NewJob { kind, lane, subject, payload, run_at: at(run_at), created_at: NOW, id }
}

#[tokio::test]
async fn jobs_are_claimed_when_due_and_again_when_their_claim_ran_out() {
    let Some(world) = world().await else { return };
    let (first, second, later) = (new_job(&world, 2), new_job(&world, 1), new_job(&world, 50));
    world
        .write(move |tx| {
            Box::pin(async move {
                for job in [&first, &second, &later] {
                    tx.add_job(job).await?;
                }
                assert_eq!(tx.claim_jobs(at(0), at(30), Lane::Rest, 10).await?, []);
                let jobs = tx.claim_jobs(at(10), at(40), Lane::Rest, 10).await?;
                assert_eq!(jobs.iter().map(|job| &job.id).collect::<Vec<_>>(), [&second.id, &first.id]);
                let job = &jobs[0];
                assert_eq!((job.kind.as_str(), &job.payload, job.run_at), ("mail", &second.payload, at(1)));
                assert_eq!((job.attempts, job.claimed_until), (1, at(40)));
                assert_eq!((job.created_at, &job.last_error), (NOW, &None));
                assert_eq!(tx.claim_jobs(at(39), at(69), Lane::Rest, 10).await?, [], "claimed");
                assert!(tx.finish_job(&jobs[0], at(20)).await?);
                assert!(!tx.finish_job(&jobs[0], at(20)).await?, "twice");
                let again = tx.claim_jobs(at(40), at(70), Lane::Rest, 10).await?;
                assert_eq!((again.len(), &again[0].id, again[0].attempts), (1, &first.id, 2));
                assert!(!tx.finish_job(&jobs[1], at(41)).await?, "the claim ran out");
                assert!(!tx.retry_job(&jobs[1], "slow", at(41)).await?);
                assert!(!tx.abandon_job(&jobs[1], "slow", at(41)).await?);
                assert!(tx.retry_job(&again[0], "the mail server is away", at(60)).await?);
                assert_eq!(tx.count_open_jobs().await?, 2);
                let rest = tx.claim_jobs(at(60), at(90), Lane::Rest, 10).await?;
                assert_eq!(rest.iter().map(|job| &job.id).collect::<Vec<_>>(), [&later.id, &first.id]);
                assert_eq!(rest[1].last_error.as_deref(), Some("the mail server is away"));
                assert_eq!(tx.abandoned_jobs(Lane::Rest, at(0)).await?, (0, None));
                assert!(tx.abandon_job(&rest[1], "no such mailbox", at(61)).await?);
                assert!(tx.finish_job(&rest[0], at(61)).await?);
                let given_up = (1, Some("no such mailbox".to_owned()));
                assert_eq!(tx.abandoned_jobs(Lane::Rest, at(61)).await?, given_up);
                assert_eq!(tx.abandoned_jobs(Lane::Rest, at(62)).await?, (0, None));
                assert_eq!(tx.abandoned_jobs(Lane::Push, at(0)).await?, (0, None));
                assert_eq!(tx.claim_jobs(at(1000), at(1030), Lane::Rest, 10).await?, []);
                assert_eq!(tx.count_open_jobs().await?, 0);
                let rows = tx.query_all("SELECT id, payload FROM jobs WHERE done_at IS NOT NULL", &[]).await?;
                let payloads: Vec<Vec<u8>> = rows.iter().map(|row| row.get(1).unwrap()).collect();
                assert_eq!(payloads, vec![Vec::<u8>::new(); 3], "what is done is forgotten");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn each_lane_has_its_own_jobs_and_those_of_a_subject_can_be_hastened() {
    let Some(world) = world().await else { return };
    let mail = new_job(&world, 1);
    let about = |subject: &str, run_at| NewJob {
        kind: "send_push".to_owned(),
        lane: Lane::Push,
        subject: Some(subject.to_owned()),
        ..new_job(&world, run_at)
    };
    let (one, other, past) = (about("one", 30), about("other", 20), about("one", 2));
    world
        .write(move |tx| {
            Box::pin(async move {
                assert_eq!(tx.next_job(Lane::Push).await?, None);
                for job in [&mail, &one, &other, &past] {
                    tx.add_job(job).await?;
                }
                assert_eq!(
                    (tx.next_job(Lane::Rest).await?, tx.next_job(Lane::Push).await?),
                    (Some(at(1)), Some(at(2)))
                );
                let claimed = tx.claim_jobs(at(3), at(33), Lane::Push, 10).await?;
                assert_eq!(claimed.iter().map(|job| &job.id).collect::<Vec<_>>(), [&past.id]);
                assert!(tx.retry_job(&claimed[0], "away", at(25)).await?);
                assert_eq!(tx.next_job(Lane::Push).await?, Some(at(20)));
                assert_eq!(tx.hasten_jobs("one", at(4)).await?, 1, "not the one that waits for another try");
                let claimed = tx.claim_jobs(at(4), at(34), Lane::Push, 10).await?;
                assert_eq!(claimed.iter().map(|job| &job.id).collect::<Vec<_>>(), [&one.id]);
                assert_eq!(tx.next_job(Lane::Push).await?, Some(at(20)));
                let claimed = tx.claim_jobs(at(25), at(55), Lane::Push, 10).await?;
                assert_eq!(claimed.len(), 2);
                assert_eq!(tx.next_job(Lane::Push).await?, Some(at(34)), "when the first claim runs out");
                Ok(())
            })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_claim_at_once_never_get_the_same_job() {
    let Some(world) = world().await else { return };
    let jobs: Vec<NewJob> = (0..40).map(|_| new_job(&world, 1)).collect();
    world
        .write(move |tx| {
            Box::pin(async move {
                for job in &jobs {
                    tx.add_job(job).await?;
                }
                Ok(())
            })
        })
        .await;
    let nodes = (0..8).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            loop {
                let jobs =
                    store.write(|tx| Box::pin(async move { tx.claim_jobs(at(2), at(32), Lane::Rest, 3).await })).await;
                let jobs = jobs.unwrap();
                if jobs.is_empty() {
                    return claimed;
                }
                claimed.extend(jobs.into_iter().map(|job| job.id));
            }
        })
    });
    let mut claimed = Vec::new();
    for node in nodes.collect::<Vec<_>>() {
        claimed.extend(node.await.unwrap());
    }
    assert_eq!(claimed.len(), 40);
    claimed.sort();
    claimed.dedup();
    assert_eq!(claimed.len(), 40);
}

#[tokio::test]
async fn the_audit_is_listed_newest_first_and_filtered() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let account_id = account.clone();
    let new = move |seconds, event: &str, about: bool| NewAuditEvent {
        id: EventId::new(&Counted),
        at: at(seconds),
        event: event.to_owned(),
        actor: "operator".to_owned(),
        account_id: about.then(|| account_id.clone()),
        subject: Some("subject".to_owned()),
        request_id: "request".to_owned(),
        detail: "{}".to_owned(),
    };
    let events = [
        new(0, "account.added", true),
        new(1, "phone.added", true),
        new(2, "phone.added", false),
        new(2, "account.disabled", true),
        new(3, "phone.removed", false),
    ];
    let added = events.clone();
    let ids = |rows: &[akkoord_store::AuditEventRow]| rows.iter().map(|row| row.at).collect::<Vec<_>>();
    world
        .write(move |tx| {
            Box::pin(async move {
                for event in &added {
                    tx.add_audit_event(event).await?;
                }
                let all = tx.audit_events(&AuditFilter::default(), 10).await?;
                assert_eq!(ids(&all), [at(3), at(2), at(2), at(1), at(0)]);
                let last = &all[4];
                let first = &events[0];
                assert_eq!((&last.id, &last.event, &last.actor), (&first.id, &first.event, &first.actor));
                assert_eq!((&last.account_id, &last.subject), (&first.account_id, &first.subject));
                assert_eq!((&last.request_id, &last.detail), (&first.request_id, &first.detail));
                let of_account = AuditFilter { account_id: Some(account), ..AuditFilter::default() };
                assert_eq!(ids(&tx.audit_events(&of_account, 10).await?), [at(2), at(1), at(0)]);
                let added = AuditFilter { event: Some("phone.added".to_owned()), ..AuditFilter::default() };
                assert_eq!(ids(&tx.audit_events(&added, 10).await?), [at(2), at(1)]);
                let middle = AuditFilter { from: Some(at(1)), to: Some(at(3)), ..AuditFilter::default() };
                assert_eq!(ids(&tx.audit_events(&middle, 10).await?), [at(2), at(2), at(1)]);
                let mut paged = tx.audit_events(&AuditFilter::default(), 2).await?;
                while paged.len() < all.len() {
                    let before = paged.last().map(|row| row.id.clone());
                    let next = tx.audit_events(&AuditFilter { before, ..AuditFilter::default() }, 2).await?;
                    assert!(!next.is_empty());
                    paged.extend(next);
                }
                assert_eq!(paged, all);
                Ok(())
            })
        })
        .await;
}

fn new_server_key(world: &World, kid: &str, from: u64) -> NewServerKey {
    NewServerKey {
        kid: kid.to_owned(),
        public_key: "{}".to_owned(),
        private_key: world.store.seal().seal(Place::ServerPrivateKey, kid, b"private"),
        roll: (from > 0).then(|| "roll message".to_owned()),
        created_at: NOW,
        current_from: at(from),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_have_one_first_key() {
    let Some(world) = world().await else { return };
    let starts = (0..8).map(|node| {
        let (store, new) = (world.store.clone(), new_server_key(&world, &format!("key {node}"), 0));
        tokio::spawn(async move {
            let added = store.write(|tx| Box::pin(async move { tx.add_first_server_key(&new).await })).await.unwrap();
            let keys = store.read(|tx| Box::pin(async move { tx.server_keys().await })).await.unwrap();
            (added, keys)
        })
    });
    let mut added = 0;
    let mut seen = Vec::new();
    for start in starts.collect::<Vec<_>>() {
        let (first, keys) = start.await.unwrap();
        added += i32::from(first);
        assert_eq!(keys.len(), 1);
        seen.push(keys[0].kid.clone());
    }
    seen.dedup();
    assert_eq!((added, seen.len()), (1, 1));
}

#[tokio::test]
async fn keys_are_listed_in_the_order_in_which_they_sign() {
    let Some(world) = world().await else { return };
    let (next, first) = (new_server_key(&world, "a", 100), new_server_key(&world, "b", 0));
    let keys = world.write({
        let (next, first) = (next.clone(), first.clone());
        move |tx| {
            Box::pin(async move {
                tx.add_server_key(&next).await?;
                assert!(tx.add_first_server_key(&first).await?);
                tx.server_keys().await
            })
        }
    });
    let keys = keys.await;
    assert_eq!(keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!((&keys[1].private_key, &keys[1].roll), (&next.private_key, &next.roll));
    assert_eq!((keys[1].created_at, keys[1].current_from, &keys[1].public_key), (NOW, at(100), &next.public_key));
    assert_eq!(keys[0].roll, None);
}
