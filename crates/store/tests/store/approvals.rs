//! Requests: how they are placed, found and listed.

use std::slice::from_ref;

use akkoord_core::ids::{AccountId, ApprovalId, PhoneId};
use akkoord_store::{ApprovalState, NewApproval, Placed};

use super::world;
use crate::fixtures::{Counted, NOW, Request, World, at, ids, new_approval, numbers, token};

#[tokio::test]
async fn a_request_is_placed_found_and_reaches_its_phones() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (asked, not_asked) = (world.phone(&account).await, world.phone(&account).await);
    let flow = token();
    let new = NewApproval { rings_at: Some(NOW), ..new_approval(Some(&account), &flow) };
    let placing = new.clone();
    let row = world.write(move |tx| {
        Box::pin(async move {
            let id = &placing.id;
            let placed = tx.place_approval(&placing, &numbers()).await?;
            assert_eq!(placed, Placed::Placed { slot: 0, number: "42".to_owned() });
            tx.add_approval_message(id, &asked, "signed message").await?;
            let messages = tx.pending_messages(&asked, at(119)).await?;
            assert_eq!((&messages[0].approval_id, messages[0].message.as_str()), (id, "signed message"));
            assert_eq!(messages.len(), 1);
            assert_eq!(tx.pending_messages(&asked, at(120)).await?, [], "too late");
            assert_eq!(tx.pending_messages(&not_asked, at(1)).await?, []);
            assert_eq!(tx.phones_asked(id).await?, from_ref(&asked));
            let name = tx.phone(&asked).await?.unwrap().name;
            assert_eq!(tx.names_of_phones_asked(id).await?, from_ref(&name));
            let row = tx.approval(id).await?.unwrap();
            let for_phone = tx.approval_for_phone(id, &asked).await?;
            assert_eq!(for_phone, Some((row.clone(), "signed message".to_owned())));
            assert_eq!(tx.approval_for_phone(id, &not_asked).await?, None);
            assert_eq!(tx.approval(&ApprovalId::new(&Counted)).await?, None);
            assert!(!tx.note_shown(id, &token(), at(1)).await?, "another browser's");
            assert!(tx.note_shown(id, &placing.flow_hash, at(1)).await?);
            assert!(!tx.note_shown(id, &placing.flow_hash, at(2)).await?, "twice");
            assert_eq!(tx.approval(id).await?.unwrap().shown_at, Some(at(1)));
            Ok(row)
        })
    });
    let row = row.await;
    assert_eq!((row.id, row.account_id, row.organisation_id), (new.id, Some(account), None));
    assert_eq!((row.flow_hash, row.slot, row.number.as_str()), (flow.to_text(), Some(0), "42"));
    assert_eq!((row.operation, row.client_id, row.client_name), (new.operation, new.client_id, new.client_name));
    assert_eq!((row.context, row.mode, row.unlock), (new.context, new.mode, new.unlock));
    assert_eq!((row.state, row.created_at, row.expires_at), (ApprovalState::Pending, NOW, at(120)));
    assert_eq!((row.known_at, row.rings_at), (Some(NOW), Some(NOW)));
    assert_eq!((row.claim_until, row.settled_at, row.phone_id), (None, None, None));
    assert_eq!((row.decision_hash, row.answer, row.evidence), (None, None, None));
    assert_eq!((row.bad_evidence, row.shown_at, row.reported_at), (0, None, None));
}

#[tokio::test]
async fn requests_wait_in_three_places_with_numbers_of_their_own() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let place = |created: u64| NewApproval {
                    created_at: at(created),
                    expires_at: at(created + 120),
                    ..new_approval(Some(&account), &token())
                };
                let first = place(0);
                assert_eq!(slot_and_number(tx.place_approval(&first, &numbers()).await?), (0, "42".to_owned()));
                assert_eq!(tx.place_approval(&place(1), &numbers()[..1]).await?, Placed::NumbersTaken);
                let same_flow = NewApproval { flow_hash: first.flow_hash.clone(), ..place(1) };
                assert_eq!(tx.place_approval(&same_flow, &numbers()).await?, Placed::FlowTaken);
                assert_eq!(slot_and_number(tx.place_approval(&place(10), &numbers()).await?), (1, "17".to_owned()));
                let third = place(20);
                assert_eq!(slot_and_number(tx.place_approval(&third, &numbers()).await?), (2, "83".to_owned()));
                assert_eq!(tx.place_approval(&place(30), &numbers()).await?, Placed::Decoy);
                // The first is overdue by now and makes room; once it has expired, also for its number and its browser.
                assert_eq!(tx.free_overdue_places(&account, at(119)).await?, 0);
                assert_eq!(tx.free_overdue_places(&account, at(120)).await?, 1);
                let early = place(120);
                let others = ["55".to_owned()];
                assert_eq!(slot_and_number(tx.place_approval(&early, &others).await?), (0, "55".to_owned()));
                assert!(tx.cancel_approval(&early.id, &early.flow_hash, at(121)).await?);
                assert_eq!(ids(&tx.expire_approvals_of(&account, at(119)).await?), []);
                assert_eq!(ids(&tx.expire_approvals_of(&account, at(120)).await?), from_ref(&first.id));
                let fourth = NewApproval { flow_hash: first.flow_hash.clone(), ..place(120) };
                assert_eq!(slot_and_number(tx.place_approval(&fourth, &numbers()).await?), (0, "42".to_owned()));
                assert_eq!(tx.approval(&first.id).await?.unwrap().state, ApprovalState::Expired);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn t_fat_2_strangers_get_two_of_the_three_places_and_the_third_stays_free_for_known_browsers() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let known = || new_approval(Some(&account), &token());
                let strange = || NewApproval { known_at: None, ..known() };
                let slot = |placed: Placed| slot_and_number(placed).0;
                let first = strange();
                assert_eq!(slot(tx.place_approval(&first, &numbers()).await?), 0);
                assert_eq!(slot(tx.place_approval(&strange(), &numbers()).await?), 1);
                for _ in 0..5 {
                    assert_eq!(tx.place_approval(&strange(), &numbers()).await?, Placed::Decoy);
                }
                let own = known();
                assert_eq!(slot_and_number(tx.place_approval(&own, &numbers()).await?), (2, "83".to_owned()));
                assert_eq!(tx.place_approval(&known(), &numbers()).await?, Placed::Decoy, "all three wait");
                for request in [&first, &own] {
                    assert_eq!(tx.approval(&request.id).await?.unwrap().state, ApprovalState::Pending);
                }
                // Where known browsers came first, strangers get what is left of their two.
                assert!(tx.cancel_approval(&first.id, &first.flow_hash, at(1)).await?);
                assert_eq!(slot(tx.place_approval(&known(), &numbers()).await?), 0);
                assert_eq!(tx.place_approval(&strange(), &numbers()).await?, Placed::Decoy);
                Ok(())
            })
        })
        .await;
}

fn slot_and_number(placed: Placed) -> (i64, String) {
    match placed {
        Placed::Placed { slot, number } => (slot, number),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_decoy_is_a_row_that_no_phone_and_no_list_ever_sees() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let real = new_approval(Some(&account), &token());
                assert_eq!(slot_and_number(tx.place_approval(&real, &numbers()).await?), (0, "42".to_owned()));
                assert!(tx.cancel_approval(&real.id, &real.flow_hash, NOW).await?);
                // Even of an account that is there, with all that a request may have.
                let decoy = NewApproval { decoy: true, rings_at: Some(NOW), ..new_approval(Some(&account), &token()) };
                assert_eq!(tx.place_approval(&decoy, &numbers()).await?, Placed::Decoy);
                // And even if its message were to a phone that is there.
                tx.add_approval_message(&decoy.id, &phone, "message").await?;
                tx.add_approval_message(&decoy.id, &PhoneId::new(&Counted), "message").await?;
                assert_eq!(tx.approval_for_phone(&decoy.id, &phone).await?, None);
                let second = NewApproval { id: ApprovalId::new(&Counted), ..decoy.clone() };
                assert_eq!(tx.place_approval(&second, &numbers()).await?, Placed::FlowTaken);
                for _ in 0..5 {
                    let nobody = new_approval(None, &token());
                    assert_eq!(tx.place_approval(&nobody, &numbers()).await?, Placed::Decoy);
                }
                let row = tx.approval(&decoy.id).await?.unwrap();
                assert_eq!((row.account_id, row.slot, row.state), (None, None, ApprovalState::Pending));
                assert_eq!((row.known_at, row.rings_at, row.organisation_id), (None, None, None));
                assert_eq!(tx.past_requests(&account, at(0) - std::time::Duration::from_secs(1)).await?, []);
                assert_eq!(tx.pending_messages(&phone, at(1)).await?, []);
                assert_eq!(tx.history(&account, None, 10).await?.len(), 1, "the real one");
                assert!(!tx.consume_approval(&decoy.id, &decoy.flow_hash, at(1)).await?);
                assert!(tx.cancel_approval(&decoy.id, &decoy.flow_hash, at(1)).await?);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_phone_gets_its_waiting_requests_oldest_first() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let messages = world.write(move |tx| {
        Box::pin(async move {
            for created in [20, 0, 10] {
                let created_at = at(created);
                let new = NewApproval { created_at, ..new_approval(Some(&account), &token()) };
                assert!(matches!(tx.place_approval(&new, &numbers()).await?, Placed::Placed { .. }));
                tx.add_approval_message(&new.id, &phone, &created.to_string()).await?;
            }
            tx.pending_messages(&phone, at(30)).await
        })
    });
    let messages: Vec<String> = messages.await.into_iter().map(|message| message.message).collect();
    assert_eq!(messages, ["0", "10", "20"]);
}

#[tokio::test]
async fn history_is_listed_newest_first_a_page_at_a_time() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let strange = world.pending(&other, &[]).await;
    let (placed, pages, nothing) = place_and_page(&world, account, strange).await;
    let listed: Vec<ApprovalId> = pages.iter().flatten().cloned().collect();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1, 0]);
    let mut sorted = placed;
    sorted.sort_by(|a, b| b.cmp(a));
    assert_eq!(listed, sorted.into_iter().map(|(_, id)| id).collect::<Vec<_>>());
    assert_eq!(nothing, 0);
}

type Pages = (Vec<(u64, ApprovalId)>, Vec<Vec<ApprovalId>>, usize);

async fn place_and_page(world: &World, account: AccountId, strange: Request) -> Pages {
    world
        .write(move |tx| {
            Box::pin(async move {
                let mut placed = Vec::new();
                // Several of the same moment, so that the id has to decide.
                for created in [0, 0, 0, 0, 5, 5, 9] {
                    let new = NewApproval { created_at: at(created), ..new_approval(Some(&account), &token()) };
                    assert!(matches!(tx.place_approval(&new, &numbers()).await?, Placed::Placed { .. }));
                    assert!(tx.cancel_approval(&new.id, &new.flow_hash, at(created)).await?);
                    placed.push((created, new.id));
                }
                let mut pages: Vec<Vec<ApprovalId>> = Vec::new();
                let mut before = None;
                for _ in 0..4 {
                    let page = tx.history(&account, before.as_ref(), 3).await?;
                    before = page.last().map(|row| row.id.clone()).or(before);
                    pages.push(page.into_iter().map(|row| row.id).collect());
                }
                // A place in somebody else's history is no place in this one.
                let nothing = tx.history(&account, Some(&strange.id), 3).await?.len();
                Ok((placed, pages, nothing))
            })
        })
        .await
}
