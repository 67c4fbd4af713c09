//! What only SQLite has: its file, its one writer, and what the disk does to them.

use std::{os::unix::fs::MetadataExt, path::Path, sync::mpsc, time::Duration};

use akkoord_core::ids::{AccountId, EventId};
use akkoord_store::{Database, NewAuditEvent, Store, StoreError};
use rusqlite::Connection;

use crate::fixtures::{Counted, Folder, NOW, World, new_approval, new_session, numbers, seal, sqlite_database, token};

async fn world() -> World {
    World::open(sqlite_database().await.unwrap()).await
}

fn path(world: &World) -> &Path {
    let Database::Sqlite { path } = &world.empty.database else { panic!("SQLite") };
    path
}

async fn set(store: Store, name: &'static str) -> Result<(), StoreError> {
    store.write(move |tx| Box::pin(async move { tx.set_setting(name, "1").await })).await
}

async fn is_set(world: &World, name: &'static str) -> bool {
    world.read(move |tx| Box::pin(async move { tx.setting(name).await })).await.is_some()
}

/// Holds the writer, lets `more` queue up behind it, and goes on: so they share one transaction.
async fn in_one_group<T: Send + 'static>(
    world: &World,
    more: impl FnOnce() -> Vec<tokio::task::JoinHandle<T>>,
) -> Vec<T> {
    let (go, wait) = mpsc::channel::<()>();
    let store = world.store.clone();
    let held = tokio::spawn(async move {
        store
            .write(move |_| {
                Box::pin(async move {
                    wait.recv().ok();
                    Ok::<_, StoreError>(())
                })
            })
            .await
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let tasks = more();
    tokio::time::sleep(Duration::from_millis(50)).await;
    go.send(()).unwrap();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    // What it was answered is what the group was answered.
    drop(held.await.unwrap());
    results
}

#[tokio::test]
async fn the_database_file_is_for_us_alone_and_survives_every_power_cut() {
    let world = world().await;
    set(world.store.clone(), "a").await.unwrap();
    for file in std::fs::read_dir(path(&world).parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o600, "{:?}", file.path());
    }
    let pragmas = world.write(|tx| {
        Box::pin(async move {
            let journal: String = tx.query_opt("PRAGMA journal_mode", &[]).await?.unwrap().get(0)?;
            let synchronous: i64 = tx.query_opt("PRAGMA synchronous", &[]).await?.unwrap().get(0)?;
            let foreign_keys: i64 = tx.query_opt("PRAGMA foreign_keys", &[]).await?.unwrap().get(0)?;
            Ok((journal, synchronous, foreign_keys))
        })
    });
    assert_eq!(pragmas.await, ("wal".to_owned(), 2, 1));
}

#[tokio::test]
async fn closing_leaves_one_complete_file() {
    let world = world().await;
    set(world.store.clone(), "a").await.unwrap();
    world.store.close().await;
    let files: Vec<_> = std::fs::read_dir(path(&world).parent().unwrap()).unwrap().collect();
    let logs: u64 = files
        .iter()
        .map(|file| file.as_ref().unwrap())
        .filter(|file| file.path() != path(&world))
        .map(|file| file.metadata().unwrap().len())
        .sum();
    assert_eq!(logs, 0, "nothing is left in the log");
    let connection = Connection::open(path(&world)).unwrap();
    let value: String =
        connection.query_row("SELECT value FROM settings WHERE name = 'a'", [], |row| row.get(0)).unwrap();
    assert_eq!(value, "1");
}

#[tokio::test]
async fn a_write_that_fails_does_not_harm_its_neighbours_in_the_group() {
    let world = world().await;
    let results = in_one_group(&world, || {
        let (a, b, c, d) = (world.store.clone(), world.store.clone(), world.store.clone(), world.store.clone());
        vec![
            tokio::spawn(set(a, "before")),
            tokio::spawn(async move {
                b.write(|tx| {
                    Box::pin(async move {
                        tx.set_setting("failed", "1").await?;
                        Err(StoreError::Lost)
                    })
                })
                .await
            }),
            tokio::spawn(async move {
                c.write(|tx| {
                    Box::pin(async move {
                        tx.set_setting("panicked", "1").await?;
                        panic!("on purpose");
                    })
                })
                .await
            }),
            tokio::spawn(set(d, "after")),
        ]
    })
    .await;
    assert_eq!((&results[0], &results[1], &results[3]), (&Ok(()), &Err(StoreError::Lost), &Ok(())));
    assert!(matches!(results[2], Err(StoreError::Unavailable(_))), "{results:?}");
    for (name, kept) in [("before", true), ("failed", false), ("panicked", false), ("after", true)] {
        assert_eq!(is_set(&world, name).await, kept, "{name}");
    }
}

#[tokio::test]
async fn a_failed_commit_fails_everybody_in_the_group_also_those_who_were_refused() {
    let world = world().await;
    let session = new_session(&AccountId::new(&Counted));
    let results = in_one_group(&world, || {
        let (a, b, c, d) = (world.store.clone(), world.store.clone(), world.store.clone(), world.store.clone());
        vec![
            tokio::spawn(set(a, "before")),
            tokio::spawn(async move {
                b.write(|tx| {
                    Box::pin(async move {
                        // Checked at the commit only, where it fails.
                        tx.query_all("PRAGMA defer_foreign_keys = ON", &[]).await?;
                        tx.add_session(&session).await
                    })
                })
                .await
            }),
            tokio::spawn(async move { c.write(|_| Box::pin(async move { Err(StoreError::Lost) })).await }),
            tokio::spawn(set(d, "after")),
        ]
    })
    .await;
    for result in &results {
        assert!(
            matches!(result, Err(StoreError::Unavailable(cause)) if cause.contains("does not exist")),
            "{results:?}"
        );
    }
    assert!(!is_set(&world, "before").await && !is_set(&world, "after").await);
    set(world.store.clone(), "later").await.unwrap();
    assert!(is_set(&world, "later").await);
}

#[tokio::test]
async fn a_write_that_waits_for_something_else_is_given_up_and_the_next_one_runs() {
    let world = world().await;
    let waited: Result<(), StoreError> = world
        .store
        .write(|tx| {
            Box::pin(async move {
                tx.set_setting("waited", "1").await?;
                tokio::time::sleep(Duration::from_secs(3600)).await;
                Ok(())
            })
        })
        .await;
    assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
    let waited: Result<(), StoreError> =
        world.store.read(|_| Box::pin(async move { std::future::pending().await })).await;
    assert!(matches!(waited, Err(StoreError::Unavailable(_))), "{waited:?}");
    set(world.store.clone(), "next").await.unwrap();
    assert!(is_set(&world, "next").await && !is_set(&world, "waited").await);
}

fn large_event() -> NewAuditEvent {
    NewAuditEvent {
        id: EventId::new(&Counted),
        at: NOW,
        event: "event".to_owned(),
        actor: "system".to_owned(),
        account_id: None,
        subject: None,
        request_id: "request".to_owned(),
        detail: "x".repeat(20_000),
    }
}

async fn limit_pages(world: &World, sql: &'static str) {
    world.write(move |tx| Box::pin(async move { tx.query_all(sql, &[]).await })).await;
}

#[tokio::test]
async fn a_full_disk_keeps_nothing_half_written_and_the_store_works_again_once_there_is_room() {
    let world = world().await;
    set(world.store.clone(), "before").await.unwrap();
    // SQLite treats a database that may not grow like one on a full disk.
    limit_pages(&world, "PRAGMA max_page_count = 1").await;
    let event = large_event();
    let failed = world.store.write(|tx| {
        Box::pin(async move {
            tx.set_setting("half", "1").await?;
            tx.add_audit_event(&event).await
        })
    });
    let failed: Result<(), StoreError> = failed.await;
    assert!(matches!(&failed, Err(StoreError::Unavailable(cause)) if cause.contains("full")), "{failed:?}");
    // One that overlooks it gets no further.
    let event = large_event();
    let failed = world.store.write(|tx| {
        Box::pin(async move {
            tx.add_audit_event(&event).await.ok();
            tx.set_setting("half", "1").await.ok();
            Ok::<_, StoreError>(())
        })
    });
    let failed = failed.await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    assert!(is_set(&world, "before").await && !is_set(&world, "half").await);
    limit_pages(&world, "PRAGMA max_page_count = 1000000").await;
    let event = large_event();
    world.write(|tx| Box::pin(async move { tx.add_audit_event(&event).await })).await;
}

#[tokio::test]
async fn a_database_that_another_process_keeps_locked_is_unavailable_and_works_again() {
    let world = world().await;
    limit_pages(&world, "PRAGMA busy_timeout = 100").await;
    let other = Connection::open(path(&world)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let attempts: Vec<_> = (0..5).map(|_| tokio::spawn(set(world.store.clone(), "locked"))).collect();
    for attempt in attempts {
        let result = attempt.await.unwrap();
        assert!(matches!(&result, Err(StoreError::Unavailable(cause)) if cause.contains("locked")), "{result:?}");
    }
    assert!(!is_set(&world, "locked").await, "reading goes on meanwhile");
    other.execute_batch("ROLLBACK").unwrap();
    set(world.store.clone(), "free").await.unwrap();
    assert!(is_set(&world, "free").await);
}

#[tokio::test]
async fn a_backup_is_a_complete_database_for_us_alone() {
    let world = world().await;
    let account = world.account().await;
    let folder = Folder::new();
    let target = folder.file("backup.db");
    // While others write.
    let writing = tokio::spawn(set(world.store.clone(), "meanwhile"));
    world.store.backup_to(&target).await.unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(std::fs::metadata(&target).unwrap().mode() & 0o777, 0o600);
    let copy = Store::open(&Database::Sqlite { path: target.clone() }, seal(), NOW).await.unwrap();
    let id = account.clone();
    assert!(copy.read(|tx| Box::pin(async move { tx.account(&id).await })).await.unwrap().is_some());
    copy.close().await;
    let refused = world.store.backup_to(&target).await;
    assert!(matches!(&refused, Err(StoreError::Unavailable(cause)) if cause.contains("exists")), "{refused:?}");
    assert!(world.store.backup_to(&folder.file("nowhere/backup.db")).await.is_err());
}

#[tokio::test]
async fn a_database_file_that_is_none_is_refused() {
    let folder = Folder::new();
    let path = folder.file("akkoord.db");
    std::fs::write(&path, "something else".repeat(1000)).unwrap();
    let database = Database::Sqlite { path };
    assert!(!database.is_new().await.unwrap());
    assert!(Store::open(&database, seal(), NOW).await.is_err());
    let database = Database::Sqlite { path: folder.file("nowhere/akkoord.db") };
    assert!(Store::open(&database, seal(), NOW).await.is_err());
}

#[tokio::test]
async fn a_value_of_a_kind_that_we_never_store_is_corrupt() {
    let world = world().await;
    set(world.store.clone(), "a").await.unwrap();
    for damage in ["UPDATE settings SET value = CAST(x'ff' AS TEXT)", "UPDATE settings SET value = x'00'"] {
        let other = Connection::open(path(&world)).unwrap();
        other.execute(&format!("{damage} WHERE name = 'a'"), []).unwrap();
        let read = world.store.read(|tx| Box::pin(async move { tx.setting("a").await })).await;
        assert!(matches!(&read, Err(StoreError::Corrupt { table, .. }) if table == "settings"), "{read:?}");
    }
    let account = world.account().await;
    let other = Connection::open(path(&world)).unwrap();
    other.execute("UPDATE accounts SET created_at = 1.5", []).unwrap();
    let id = account.clone();
    let read = world.store.read(|tx| Box::pin(async move { tx.account(&id).await })).await;
    let expected =
        StoreError::Corrupt { table: "accounts".to_owned(), column: "created_at".to_owned(), id: account.to_string() };
    assert_eq!(read, Err(expected));
}

#[tokio::test]
async fn there_is_no_other_clock_to_compare_with() {
    let world = world().await;
    assert_eq!(world.store.database_time().await, Ok(None));
}

/// A stranger can make an account's requests many. Its next start must not read them all: that would be slow, and slower
/// for names that somebody has.
#[tokio::test]
async fn a_start_reads_no_more_where_an_account_has_had_many_requests() {
    let world = world().await;
    let account = world.account().await;
    world.store.take_statements();
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&account).await?;
                tx.use_expectation(&account, NOW).await?;
                tx.past_requests(&account, NOW).await?;
                tx.pending_numbers(&account).await?;
                tx.free_overdue_places(&account, NOW).await?;
                tx.place_approval(&new_approval(Some(&account), &token()), &numbers()).await
            })
        })
        .await;
    let statements = world.store.take_statements();
    assert_eq!(statements.len(), 7, "{statements:?}");
    let connection = Connection::open(path(&world)).unwrap();
    for sql in statements {
        let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut steps = explained.raw_query();
        while let Some(step) = steps.next().unwrap() {
            let step: String = step.get(3).unwrap();
            assert!(!step.contains("approvals_account") && !step.starts_with("SCAN"), "{sql}: {step}");
        }
    }
}

#[tokio::test]
async fn many_readers_share_few_connections() {
    let world = world().await;
    set(world.store.clone(), "a").await.unwrap();
    let reads: Vec<_> = (0..200)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.read(|tx| Box::pin(async move { tx.setting("a").await })).await })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), Ok(Some("1".to_owned())));
    }
}
