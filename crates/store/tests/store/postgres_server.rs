//! What only PostgreSQL has: a server that may go away, and transactions that really run at the same time.

use std::time::Duration;

use akkoord_core::ids::PhoneId;
use akkoord_store::{ApprovalState, Database, NewSession, Placed, Store, StoreError};
use tokio::sync::oneshot;

use crate::fixtures::{
    NOW, Request, World, at, ids, new_approval, new_session, numbers, postgres_database, seal, token,
};

async fn world() -> Option<World> {
    Some(World::open(postgres_database().await?).await)
}

/// Long enough for a statement to come to wait for a lock, or to get past it.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Consumes a request and begins its session, and keeps the transaction open until told: when it comes to that.
async fn consume(store: Store, request: Request, session: NewSession, commit: oneshot::Receiver<()>) -> bool {
    let consumed: Result<bool, StoreError> = store
        .write(move |tx| {
            Box::pin(async move {
                let consumed = tx.consume_approval(&request.id, &request.flow, at(3)).await?;
                if consumed {
                    tx.add_session(&session).await?;
                    commit.await.ok();
                }
                Ok(consumed)
            })
        })
        .await;
    consumed.unwrap()
}

/// T-SES-5, step by step: the phone says yes while it is being removed, and the browser comes for it before the removal
/// is committed. The removal has ended the phone's sessions already, so there must be none after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_ses_5_a_removal_that_is_under_way_holds_a_consume_up() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (gone, stays) = (world.phone(&account).await, world.phone(&account).await);
    let request = world.pending(&account, &[&gone, &stays]).await;
    let (removed, is_removed) = oneshot::channel();
    let (commit, committed) = oneshot::channel();
    let removal = {
        let (store, account, gone) = (world.store.clone(), account.clone(), gone.clone());
        tokio::spawn(async move {
            let removal = store.write(move |tx| {
                Box::pin(async move {
                    assert!(tx.revoke_phone(&gone, &account, at(2), "user").await?);
                    // Not approved yet, and another phone was asked too: it stays.
                    assert_eq!(tx.revoke_approvals_of_phone(&gone, at(2)).await?, []);
                    removed.send(()).unwrap();
                    a_moment().await;
                    assert_eq!(tx.end_sessions_of_phone(&gone, at(2)).await?, 0);
                    commit.send(()).ok();
                    Ok::<_, StoreError>(())
                })
            });
            removal.await
        })
    };
    is_removed.await.unwrap();
    let answered = request.answered(&gone);
    // Nobody has committed that the phone is gone, so this is still its right.
    assert!(world.write(|tx| Box::pin(async move { tx.approve_approval(&answered, at(2), at(62)).await })).await);
    let session = NewSession { phone_id: Some(gone), ..new_session(&account) };
    assert!(!consume(world.store.clone(), request, session, committed).await);
    removal.await.unwrap().unwrap();
    let live = world.read(|tx| Box::pin(async move { tx.sessions_of(&account, at(4)).await })).await;
    assert_eq!(live, []);
}

/// T-SES-5, step by step: a request is begun, approved and consumed while its account is being disabled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_ses_5_an_account_that_is_being_disabled_gets_no_session() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let (disabled, is_disabled) = oneshot::channel();
    let (commit, committed) = oneshot::channel();
    let disabling = {
        let (store, account) = (world.store.clone(), account.clone());
        tokio::spawn(async move {
            let disabling = store.write(move |tx| {
                Box::pin(async move {
                    assert!(tx.disable_account(&account, at(2)).await?);
                    assert_eq!(tx.revoke_approvals_of_account(&account, at(2)).await?, []);
                    disabled.send(()).unwrap();
                    a_moment().await;
                    assert_eq!(tx.end_sessions_of_account(&account, None, at(2)).await?, 0);
                    commit.send(()).ok();
                    Ok::<_, StoreError>(())
                })
            });
            disabling.await
        })
    };
    is_disabled.await.unwrap();
    let request = world.approved(&account, &phone).await;
    let session = new_session(&account);
    assert!(!consume(world.store.clone(), request, session, committed).await);
    disabling.await.unwrap().unwrap();
    let live = world.read(|tx| Box::pin(async move { tx.sessions_of(&account, at(4)).await })).await;
    assert_eq!(live, []);
}

/// Two starts that do not see each other's request still get places of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_waits_for_another_that_is_not_committed_and_then_takes_the_next_place() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (placed, is_placed) = oneshot::channel();
    let first = new_approval(Some(&account), &token());
    let second = new_approval(Some(&account), &token());
    let store = world.store.clone();
    let starting = tokio::spawn(async move {
        let start = store.write(move |tx| {
            Box::pin(async move {
                let first = tx.place_approval(&first, &numbers()).await?;
                placed.send(()).unwrap();
                a_moment().await;
                Ok::<_, StoreError>(first)
            })
        });
        start.await
    });
    is_placed.await.unwrap();
    let second = world.write(|tx| Box::pin(async move { tx.place_approval(&second, &numbers()).await })).await;
    let first = starting.await.unwrap().unwrap();
    assert_eq!(first, Placed::Placed { slot: 0, number: "42".to_owned() });
    assert_eq!(second, Placed::Placed { slot: 1, number: "17".to_owned() });
}

/// The sweeper leaves a row that somebody else is just changing to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sweeper_waits_for_nobody() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (busy, idle) = (world.pending(&account, &[]).await, world.pending(&account, &[]).await);
    let (changed, is_changed) = oneshot::channel();
    let (go, wait) = oneshot::channel::<()>();
    let (store, request) = (world.store.clone(), busy.clone());
    let changing = tokio::spawn(async move {
        let change = store.write(move |tx| {
            Box::pin(async move {
                assert!(tx.cancel_approval(&request.id, &request.flow, at(1)).await?);
                changed.send(()).unwrap();
                wait.await.ok();
                Ok::<_, StoreError>(())
            })
        });
        change.await
    });
    is_changed.await.unwrap();
    let swept = world.write(|tx| Box::pin(async move { tx.expire_overdue_approvals(at(200), 10).await })).await;
    assert_eq!(ids(&swept), [idle.id]);
    go.send(()).unwrap();
    changing.await.unwrap().unwrap();
    assert_eq!(world.approval(&busy).await.state, ApprovalState::Cancelled);
}

#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_open_transaction() {
    let Some(world) = world().await else { return };
    let (began, has_begun) = oneshot::channel();
    let store = world.store.clone();
    let gone = tokio::spawn(async move {
        let write = store.write(|tx| {
            Box::pin(async move {
                tx.set_setting("undone", "1").await?;
                began.send(()).unwrap();
                std::future::pending::<Result<(), StoreError>>().await
            })
        });
        write.await
    });
    has_begun.await.unwrap();
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    // The row is locked until PostgreSQL has rolled the lost transaction back.
    world.write(|tx| Box::pin(async move { tx.add_setting("undone", "2").await })).await;
    let value = world.read(|tx| Box::pin(async move { tx.setting("undone").await })).await;
    assert_eq!(value.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_connection_that_the_server_cuts_fails_its_transaction_only() {
    let Some(world) = world().await else { return };
    let cut = world.store.write(|tx| {
        Box::pin(async move {
            tx.set_setting("undone", "1").await?;
            tx.query_opt("SELECT CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT)", &[]).await?;
            Ok::<_, StoreError>(())
        })
    });
    let cut = cut.await;
    assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");
    for name in ["a", "b", "c"] {
        world.write(move |tx| Box::pin(async move { tx.set_setting(name, "1").await })).await;
    }
    assert_eq!(world.read(|tx| Box::pin(async move { tx.setting("undone").await })).await, None);
}

#[tokio::test]
async fn a_deadlock_fails_one_of_the_two_and_loses_nothing_of_the_other() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phones = [world.phone(&account).await, world.phone(&account).await];
    let rename = |first: PhoneId, second: PhoneId| {
        let store = world.store.clone();
        tokio::spawn(async move {
            let rename = store.write(move |tx| {
                Box::pin(async move {
                    tx.rename_phone(&first, "renamed").await?;
                    a_moment().await;
                    tx.rename_phone(&second, "renamed").await?;
                    Ok::<_, StoreError>(())
                })
            });
            rename.await
        })
    };
    let (one, other) = (rename(phones[0].clone(), phones[1].clone()), rename(phones[1].clone(), phones[0].clone()));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let lost = one.clone().err().or(other.clone().err());
    assert!(matches!(&lost, Some(StoreError::Unavailable(cause)) if cause.contains("deadlock")), "{lost:?}");
    assert_ne!(one.is_ok(), other.is_ok());
    for phone in phones {
        let row = world.read(|tx| Box::pin(async move { tx.phone(&phone).await })).await;
        assert_eq!(row.unwrap().name, "renamed");
    }
}

#[tokio::test]
async fn the_clock_of_the_server_can_be_compared() {
    let Some(world) = world().await else { return };
    let (first, second) = (world.store.database_time().await, world.store.database_time().await);
    let (first, second) = (first.unwrap().unwrap(), second.unwrap().unwrap());
    assert!(first > NOW - Duration::from_secs(400 * 24 * 3600), "{first:?}");
    assert!(first <= second && first.until(second) < Duration::from_secs(60), "{first:?} {second:?}");
}

#[tokio::test]
async fn backups_are_the_work_of_the_server_s_own_tools() {
    let Some(world) = world().await else { return };
    let refused = world.store.backup_to(std::path::Path::new("backup.db")).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(cause)) if cause.contains("use pg_dump")), "{refused:?}");
}

#[tokio::test]
async fn a_server_without_tls_that_we_trust_is_refused_where_tls_is_asked_for() {
    let Some(empty) = postgres_database().await else { return };
    let Database::Postgres { url } = &empty.database else { panic!("PostgreSQL") };
    let database = Database::Postgres { url: format!("{url}&sslmode=require") };
    let refused = Store::open(&database, seal(), NOW).await.err().unwrap();
    assert!(refused.to_string().contains("TLS") || refused.to_string().contains("certificate"), "{refused}");
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_unavailable_and_its_password_stays_out_of_the_text() {
    for url in ["postgres://user:planted@127.0.0.1:1/akkoord", "postgres://user:planted@127.0.0.1:1/akkoord?sslmode=x"]
    {
        let database = Database::Postgres { url: url.to_owned() };
        let refused = Store::open(&database, seal(), NOW).await.err().unwrap();
        assert!(!format!("{refused} {refused:?} {database:?}").contains("planted"), "{refused}");
        assert!(database.is_new().await.is_err());
    }
}
