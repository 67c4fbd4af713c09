//! Opening a database: what is made, what is checked, and what is refused.

use std::sync::Arc;

use akkoord_core::Timestamp;
use akkoord_store::{OpenError, RootKey, Seal, Store, Value};

use super::world;
use crate::fixtures::{Counted, NOW, World, seal};

/// How many there are by now.
const MIGRATIONS: i64 = 9;

#[tokio::test]
async fn a_database_is_new_until_it_is_opened() {
    let Some(empty) = super::empty().await else { return };
    assert!(empty.database.is_new().await.unwrap());
    let store = Store::open(&empty.database, seal(), NOW).await.unwrap();
    assert!(!empty.database.is_new().await.unwrap());
    store.close().await;
    assert!(!empty.database.is_new().await.unwrap());
}

#[tokio::test]
async fn an_opened_database_keeps_what_it_has() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    world.store.close().await;
    let again = World::open(world.empty).await;
    assert!(again.read(|tx| Box::pin(async move { tx.account(&account).await })).await.is_some());
}

#[tokio::test]
async fn processes_that_start_at_once_on_an_empty_database_make_it_once() {
    let Some(empty) = super::empty().await else { return };
    for _ in ["on an empty database", "on a finished one"] {
        let starts = (0..6).map(|_| {
            let database = empty.database.clone();
            tokio::spawn(async move { Store::open(&database, seal(), NOW).await })
        });
        for start in starts.collect::<Vec<_>>() {
            let store = start.await.unwrap().unwrap();
            let sql = "SELECT COUNT(*) FROM schema_migrations";
            let row =
                store.read(move |tx| Box::pin(async move { tx.query_opt(sql, &[]).await })).await.unwrap().unwrap();
            assert_eq!(row.get::<i64>(0), Ok(MIGRATIONS));
            store.close().await;
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let Some(world) = world().await else { return };
    let sql = "INSERT INTO schema_migrations (version, applied_at, checksum) VALUES ($1, $2, $3)";
    let params = [Value::from(9_000_i64), Value::from(NOW), Value::from("of the future")];
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
    world.store.close().await;
    let error = Store::open(&world.empty.database, seal(), NOW).await.err().unwrap();
    assert!(matches!(error, OpenError::Newer { database: 9_000, .. }), "{error}");
    assert!(error.to_string().contains("start the newer program again"), "{error}");
}

#[tokio::test]
async fn a_command_beside_a_server_does_not_migrate() {
    let Some(world) = world().await else { return };
    let database = world.empty.database.clone();
    let beside = Store::open_as_is(&database, seal()).await.unwrap();
    let sql = "DELETE FROM schema_migrations";
    beside.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await.unwrap();
    let sql = "SELECT COUNT(*) FROM schema_migrations";
    for _ in ["refused", "refused again, and nothing was changed"] {
        let error = Store::open_as_is(&database, seal()).await.err().unwrap();
        assert_eq!(error, OpenError::Older { database: 0, program: MIGRATIONS });
        assert!(error.to_string().contains("restart the server with this program"), "{error}");
        let rows = world.read(move |tx| Box::pin(async move { tx.query_opt(sql, &[]).await })).await;
        assert_eq!(rows.unwrap().get::<i64>(0), Ok(0));
    }
    beside.close().await;
}

#[tokio::test]
async fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
    let Some(world) = world().await else { return };
    let sql = "UPDATE schema_migrations SET checksum = 'another' WHERE version = 1";
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await;
    world.store.close().await;
    let error = Store::open(&world.empty.database, seal(), NOW).await.err();
    assert_eq!(error, Some(OpenError::Changed { version: 1 }));
}

#[tokio::test]
async fn another_root_key_is_refused_and_changes_nothing() {
    let Some(world) = world().await else { return };
    world.store.close().await;
    let other = Seal::new(&RootKey::from_bytes([8; 32]), Arc::new(Counted));
    let error = Store::open(&world.empty.database, other, NOW).await.err().unwrap();
    assert!(matches!(error, OpenError::WrongRootKey { .. }), "{error}");
    assert!(error.to_string().contains("put back the root key file"), "{error}");
    Store::open(&world.empty.database, seal(), NOW).await.unwrap();
}

#[tokio::test]
async fn a_canary_moved_from_another_class_is_refused() {
    let Some(world) = world().await else { return };
    let sql = "UPDATE settings SET value = (SELECT value FROM settings WHERE name = 'canary.oprf') \
               WHERE name = 'canary.signing'";
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &[]).await })).await;
    world.store.close().await;
    let error = Store::open(&world.empty.database, seal(), NOW).await.err();
    assert_eq!(error, Some(OpenError::WrongRootKey { class: "signing" }));
}

#[tokio::test]
async fn the_time_of_a_migration_is_kept() {
    let Some(world) = world().await else { return };
    let sql = "SELECT version, applied_at FROM schema_migrations ORDER BY version";
    let rows = world.read(move |tx| Box::pin(async move { tx.query_all(sql, &[]).await })).await;
    let applied: Vec<(i64, Timestamp)> = rows.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
    assert_eq!(applied, (1..=MIGRATIONS).map(|version| (version, NOW)).collect::<Vec<_>>());
}
