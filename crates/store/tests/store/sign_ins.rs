//! Sign-ins, access passes, sessions, known browsers and the links of notices.

use akkoord_core::ids::{AccessPassId, AccountId, BrowserId, SessionId, SignInId};
use akkoord_store::{NewAccessPass, NewBrowser, NewSession, NewSignIn, StoreError};

use super::world;
use crate::fixtures::{Counted, NOW, at, new_session, notice_link, token};

fn new_sign_in(account: &AccountId) -> NewSignIn {
    NewSignIn {
        id: SignInId::new(&Counted),
        flow_hash: token(),
        username: "ada".to_owned(),
        account_id: Some(account.clone()),
        organisation_id: None,
        purpose: "session".to_owned(),
        return_to: Some("/account".to_owned()),
        proved: "[]".to_owned(),
        chosen: None,
        approval_id: None,
        known_browser_at: Some(NOW),
        created_at: NOW,
        expires_at: at(900),
    }
}

#[tokio::test]
async fn a_sign_in_is_found_by_its_cookie_and_finished_once() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let request = world.pending(&account, &[&phone]).await;
    let mut new = new_sign_in(&account);
    new.flow_hash = request.flow.clone();
    new.approval_id = Some(request.id.clone());
    let begun = new.clone();
    let row = world.write(move |tx| {
        Box::pin(async move {
            let id = begun.id.clone();
            tx.add_sign_in(&begun).await?;
            assert!(tx.sign_in_by_flow(&token()).await?.is_none());
            assert!(tx.set_sign_in_method(&id, Some("phone"), at(1)).await?);
            let row = tx.sign_in_by_flow(&begun.flow_hash).await?.unwrap();
            assert_eq!(tx.sign_in_by_approval(&request.id).await?, Some(row.clone()));
            assert!(!tx.finish_sign_in(&id, "[2]", at(900)).await?, "too late");
            assert!(tx.finish_sign_in(&id, "[2]", at(2)).await?);
            assert!(!tx.finish_sign_in(&id, "[3]", at(2)).await?, "twice");
            assert!(!tx.set_sign_in_method(&id, None, at(3)).await?);
            assert!(!tx.record_proved(&id, "[]", "[1]", at(3)).await?);
            assert_eq!(tx.count_pass_failure(&id).await?, None);
            let finished = tx.sign_in_by_flow(&begun.flow_hash).await?.unwrap();
            assert_eq!((finished.finished_at, finished.proved.as_str()), (Some(at(2)), "[2]"));
            Ok((row, request.id))
        })
    });
    let (row, approval) = row.await;
    assert_eq!((row.id, row.username, row.account_id), (new.id, new.username, new.account_id));
    assert_eq!((row.organisation_id, row.purpose, row.return_to), (None, new.purpose, new.return_to));
    assert_eq!((row.proved, row.chosen.as_deref(), row.approval_id), (new.proved, Some("phone"), Some(approval)));
    assert_eq!((row.known_browser_at, row.pass_failures), (Some(NOW), 0));
    assert_eq!((row.created_at, row.expires_at, row.finished_at), (NOW, at(900), None));
}

#[tokio::test]
async fn of_two_steps_at_once_none_is_lost() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = new_sign_in(&account);
    let recorded = world.write(move |tx| {
        Box::pin(async move {
            tx.add_sign_in(&new).await?;
            let first = tx.record_proved(&new.id, "[]", "[\"password\"]", at(1)).await?;
            let second = tx.record_proved(&new.id, "[]", "[\"phone\"]", at(1)).await?;
            Ok((first, second, tx.sign_in_by_flow(&new.flow_hash).await?.unwrap().proved))
        })
    });
    assert_eq!(recorded.await, (true, false, "[\"password\"]".to_owned()));
}

#[tokio::test]
async fn what_was_proved_by_something_that_is_gone_ends() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let nothing = || String::new();
    let (began, half) = (
        NewSignIn { proved: nothing(), ..new_sign_in(&account) },
        NewSignIn { proved: nothing(), ..new_sign_in(&account) },
    );
    let others = NewSignIn { proved: "password".to_owned(), ..new_sign_in(&other) };
    world
        .write(move |tx| {
            Box::pin(async move {
                for new in [&began, &half, &others] {
                    tx.add_sign_in(new).await?;
                }
                assert!(tx.record_proved(&half.id, "", "password", at(1)).await?);
                assert_eq!(tx.end_proved_sign_ins(&account, at(2)).await?, 1);
                assert!(!tx.finish_sign_in(&half.id, "password code", at(3)).await?, "ended");
                assert!(tx.finish_sign_in(&began.id, "phone-pin", at(3)).await?, "it had proved nothing");
                assert!(tx.finish_sign_in(&others.id, "password code", at(3)).await?, "somebody else's");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn wrong_passes_are_counted() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = new_sign_in(&account);
    let counted = world.write(move |tx| {
        Box::pin(async move {
            tx.add_sign_in(&new).await?;
            Ok((tx.count_pass_failure(&new.id).await?, tx.count_pass_failure(&new.id).await?))
        })
    });
    assert_eq!(counted.await, (Some(1), Some(2)));
}

fn new_access_pass(account: &AccountId) -> NewAccessPass {
    NewAccessPass {
        id: AccessPassId::new(&Counted),
        account_id: account.clone(),
        hash: "$argon2id$".to_owned(),
        created_at: NOW,
        created_by: "operator".to_owned(),
        expires_at: at(3600),
    }
}

/// T-REC-1.
#[tokio::test]
async fn t_rec_1_a_pass_that_is_used_many_times_at_once_counts_once() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = new_access_pass(&account);
    let id = new.id.clone();
    world.write(|tx| Box::pin(async move { tx.add_access_pass(&new).await })).await;
    let uses = (0..20).map(|_| {
        let (store, id) = (world.store.clone(), id.clone());
        tokio::spawn(
            async move { store.write(|tx| Box::pin(async move { tx.use_access_pass(&id, at(1)).await })).await },
        )
    });
    let mut used = 0;
    for attempt in uses.collect::<Vec<_>>() {
        used += i32::from(attempt.await.unwrap().unwrap());
    }
    assert_eq!(used, 1);
}

#[tokio::test]
async fn a_pass_works_until_it_expires_or_is_withdrawn() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (first, second) = (new_access_pass(&account), new_access_pass(&account));
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.add_access_pass(&first).await?;
                tx.add_access_pass(&second).await?;
                assert_eq!(tx.usable_access_passes(&account, at(1)).await?.len(), 2);
                assert_eq!(tx.usable_access_passes(&account, at(3600)).await?, []);
                assert!(!tx.use_access_pass(&first.id, at(3600)).await?, "too late");
                assert!(tx.use_access_pass(&first.id, at(1)).await?);
                let usable = tx.usable_access_passes(&account, at(1)).await?;
                assert_eq!((usable.len(), &usable[0].id, &usable[0].hash), (1, &second.id, &second.hash));
                assert_eq!(tx.revoke_access_passes_of(&account, at(2)).await?, 1);
                assert!(!tx.use_access_pass(&second.id, at(3)).await?, "withdrawn");
                let all = tx.access_passes_of(&account, 10).await?;
                let used = all.iter().find(|pass| pass.id == first.id).unwrap();
                let withdrawn = all.iter().find(|pass| pass.id == second.id).unwrap();
                assert_eq!((all.len(), used.used_at, withdrawn.revoked_at), (2, Some(at(1)), Some(at(2))));
                assert_eq!((used.account_id.clone(), used.created_by.as_str()), (account, "operator"));
                assert_eq!((used.created_at, used.expires_at, used.revoked_at), (NOW, at(3600), None));
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_session_is_found_by_its_cookie_while_it_counts() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let new = new_session(&account);
    let begun = new.clone();
    let row = world.write(move |tx| {
        Box::pin(async move {
            tx.add_session(&begun).await?;
            let hash = &begun.token_hash;
            assert!(tx.session_by_token(&token(), at(1)).await?.is_none());
            assert!(tx.session_by_token(hash, at(3600)).await?.is_none(), "too old");
            let (row, of, home) = tx.session_by_token(hash, at(1)).await?.unwrap();
            assert_eq!((Some(of), home), (tx.account(&account).await?, None));
            assert_eq!(tx.sessions_of(&account, at(1)).await?, std::slice::from_ref(&row));
            assert!(tx.disable_account(&account, at(1)).await?);
            assert!(tx.session_by_token(hash, at(1)).await?.is_none(), "its account is disabled");
            assert!(tx.enable_account(&account).await?);
            let touched = (tx.touch_session(&begun.id, at(59)).await?, tx.touch_session(&begun.id, at(60)).await?);
            assert_eq!(touched, (false, true));
            assert_eq!(tx.session_by_token(hash, at(61)).await?.unwrap().0.last_seen_at, at(60));
            assert!(!tx.end_session(&begun.id, &AccountId::new(&Counted), at(61)).await?, "another account's");
            assert!(tx.end_session(&begun.id, &account, at(61)).await?);
            assert!(!tx.end_session(&begun.id, &account, at(61)).await?);
            assert!(!tx.touch_session(&begun.id, at(600)).await?);
            assert!(tx.session_by_token(hash, at(61)).await?.is_none(), "ended");
            assert_eq!(tx.sessions_of(&account, at(61)).await?, []);
            Ok(row)
        })
    });
    let row = row.await;
    assert_eq!((row.id, row.account_id, row.approval_id, row.phone_id), (new.id, new.account_id, None, None));
    assert_eq!((row.proved, row.acr, row.browser, row.address), (new.proved, new.acr, new.browser, new.address));
    assert_eq!((row.authenticated_at, row.created_at, row.last_seen_at, row.expires_at), (NOW, NOW, NOW, at(3600)));
}

#[tokio::test]
async fn what_no_phone_let_in_is_listed_newest_first_also_when_it_has_ended() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let request = world.pending(&account, &[]).await;
    let begun = |seconds, account: &AccountId| NewSession { created_at: at(seconds), ..new_session(account) };
    let by_phone = NewSession { approval_id: Some(request.id), ..begun(4, &account) };
    let all = [begun(1, &account), begun(3, &account), begun(2, &account), by_phone, begun(5, &other)];
    world
        .write(move |tx| {
            Box::pin(async move {
                for new in &all {
                    tx.add_session(new).await?;
                }
                assert!(tx.end_session(&all[1].id, &account, at(6)).await?);
                let listed = async |tx: &mut akkoord_store::Tx, limit| {
                    let rows = tx.sessions_without_request(&account, limit).await?;
                    Ok::<_, StoreError>(rows.into_iter().map(|row| row.created_at).collect::<Vec<_>>())
                };
                assert_eq!(listed(tx, 10).await?, [at(3), at(2), at(1)]);
                assert_eq!(listed(tx, 2).await?, [at(3), at(2)]);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_session_stays_and_stops_staying_until_it_ends() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let new = new_session(&account);
                tx.add_session(&new).await?;
                assert!(tx.set_session_stays(&new.id, Some(at(1)), at(9000)).await?);
                let (row, ..) = tx.session_by_token(&new.token_hash, at(2)).await?.unwrap();
                assert_eq!((row.stays_at, row.expires_at), (Some(at(1)), at(9000)));
                assert!(tx.set_session_stays(&new.id, None, at(3)).await?);
                assert!(tx.session_by_token(&new.token_hash, at(3)).await?.is_none(), "its end came nearer");
                assert!(tx.end_session(&new.id, &account, at(2)).await?);
                assert!(!tx.set_session_stays(&new.id, Some(at(4)), at(9000)).await?, "it has ended");
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn sessions_end_with_what_they_came_from() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    let phone = world.phone(&account).await;
    let request = world.approved(&account, &phone).await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let of = |approval: bool, phone_too: bool| NewSession {
                    approval_id: approval.then(|| request.id.clone()),
                    phone_id: phone_too.then(|| phone.clone()),
                    ..new_session(&account)
                };
                let sessions =
                    [of(true, false), of(false, true), of(false, false), of(false, false), new_session(&other)];
                for session in &sessions {
                    tx.add_session(session).await?;
                }
                let mut left = Vec::new();
                for step in 0..4 {
                    let ended = match step {
                        0 => tx.end_sessions_of_approval(&request.id, at(1)).await?,
                        1 => tx.end_sessions_of_phone(&phone, at(1)).await?,
                        2 => tx.end_sessions_of_account(&account, Some(&sessions[2].id), at(1)).await?,
                        _ => tx.end_sessions_of_account(&account, None, at(1)).await?,
                    };
                    assert_eq!(ended, 1, "step {step}");
                    let ids: Vec<SessionId> =
                        tx.sessions_of(&account, at(2)).await?.into_iter().map(|s| s.id).collect();
                    left.push(ids.len());
                    assert_eq!(step == 2, ids == [sessions[2].id.clone()]);
                }
                assert_eq!(left, [3, 2, 1, 0]);
                assert_eq!(tx.sessions_of(&other, at(2)).await?.len(), 1);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_browser_is_known_until_it_is_forgotten() {
    let Some(world) = world().await else { return };
    let (account, other) = (world.account().await, world.account().await);
    world
        .write(move |tx| {
            Box::pin(async move {
                let new = NewBrowser {
                    id: BrowserId::new(&Counted),
                    token_hash: token(),
                    account_id: account.clone(),
                    browser: "Firefox".to_owned(),
                    now: at(0),
                };
                tx.remember_browser(&new).await?;
                let again = NewBrowser { id: BrowserId::new(&Counted), now: at(60), ..new.clone() };
                tx.remember_browser(&again).await?;
                let row = tx.known_browser(&new.token_hash, &account).await?.unwrap();
                assert_eq!((&row.id, &row.account_id, row.browser.as_str()), (&new.id, &account, "Firefox"));
                assert_eq!((row.created_at, row.last_used_at), (at(0), at(60)));
                assert!(tx.known_browser(&new.token_hash, &other).await?.is_none(), "it signed nobody else in");
                assert!(tx.known_browser(&token(), &account).await?.is_none());
                assert_eq!(tx.browsers_of(&account).await?, [row]);
                let stays = async |tx: &mut akkoord_store::Tx| tx.known_browser(&new.token_hash, &account).await;
                assert!(!tx.set_browser_stays(&new.token_hash, &other, Some("yes")).await?);
                assert!(tx.set_browser_stays(&new.token_hash, &account, Some("yes")).await?);
                tx.remember_browser(&again).await?;
                assert_eq!(stays(tx).await?.unwrap().stays.as_deref(), Some("yes"), "another sign-in keeps it");
                assert!(!tx.forget_browser(&new.id, &other, at(61)).await?);
                assert!(tx.forget_browser(&new.id, &account, at(61)).await?);
                assert!(tx.known_browser(&new.token_hash, &account).await?.is_none());
                assert_eq!(tx.browsers_of(&account).await?, []);
                tx.remember_browser(&again).await?;
                assert_eq!(stays(tx).await?.unwrap().stays, None, "it has proved itself anew, and is asked anew");
                assert_eq!(tx.forget_browsers_of(&account, at(62)).await?, 1);
                assert_eq!(tx.forget_browsers_of(&account, at(62)).await?, 0);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn the_link_of_a_notice_works_once_and_in_time() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world
        .write(move |tx| {
            Box::pin(async move {
                let link = notice_link(&account, at(100));
                let of = token();
                tx.add_notice_link(&of, &link).await?;
                assert_eq!(tx.notice_link(&token()).await?, None);
                assert_eq!(tx.notice_link(&of).await?, Some(link.clone()));
                assert!(!tx.use_notice_link(&token(), at(1)).await?);
                assert!(!tx.use_notice_link(&of, at(100)).await?, "too late");
                assert!(tx.use_notice_link(&of, at(99)).await?);
                assert!(!tx.use_notice_link(&of, at(99)).await?, "twice");
                assert_eq!(tx.notice_link(&of).await?.unwrap().used_at, Some(at(99)));
                Ok(())
            })
        })
        .await;
}
