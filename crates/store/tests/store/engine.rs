//! Transactions: what is kept, what is undone, and what a closure may not do.

use akkoord_core::ids::AccountId;
use akkoord_store::{Constraint, FromValue, Row, StoreError, Value};

use super::world;
use crate::fixtures::{Counted, new_account, new_session};

#[tokio::test]
async fn a_closure_that_ends_well_is_kept_and_one_that_fails_is_not() {
    let Some(world) = world().await else { return };
    world.write(|tx| Box::pin(async move { tx.set_setting("kept", "1").await })).await;
    let refused: Result<(), StoreError> = world
        .store
        .write(|tx| {
            Box::pin(async move {
                tx.set_setting("undone", "1").await?;
                Err(StoreError::Lost)
            })
        })
        .await;
    assert_eq!(refused, Err(StoreError::Lost));
    let read = world.read(|tx| Box::pin(async move { Ok((tx.setting("kept").await?, tx.setting("undone").await?)) }));
    assert_eq!(read.await, (Some("1".to_owned()), None));
}

#[tokio::test]
async fn a_use_case_has_an_error_of_its_own() {
    #[derive(Debug, PartialEq)]
    enum Refused {
        Rule,
        Store(StoreError),
    }
    impl From<StoreError> for Refused {
        fn from(error: StoreError) -> Self {
            Self::Store(error)
        }
    }
    let Some(world) = world().await else { return };
    let account = AccountId::new(&Counted);
    let refused: Result<(), Refused> = world
        .store
        .write(|tx| {
            Box::pin(async move {
                match tx.account(&account).await? {
                    Some(_) => Ok(()),
                    None => Err(Refused::Rule),
                }
            })
        })
        .await;
    assert_eq!(refused, Err(Refused::Rule));
}

#[tokio::test]
async fn a_write_may_come_from_another_task() {
    let Some(world) = world().await else { return };
    let store = world.store.clone();
    let task = tokio::spawn(async move {
        store.write(|tx| Box::pin(async move { tx.add_setting("a", "b").await })).await?;
        store.read(|tx| Box::pin(async move { tx.setting("a").await })).await
    });
    assert_eq!(task.await.unwrap(), Ok(Some("b".to_owned())));
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let Some(world) = world().await else { return };
    world
        .write(|tx| {
            Box::pin(async move {
                tx.execute("CREATE TABLE kinds (id TEXT, number BIGINT, bytes BYTEA)", &[]).await?;
                let texts = ["", "0012", "1e3", "na\u{ef}ve \u{1f600} 'quoted' $1"];
                let bytes: [&[u8]; 4] = [b"", b"123", b"\0\xff\xfe", b"text"];
                let numbers = [0, i64::MAX, i64::MIN, -1];
                for ((text, bytes), number) in texts.into_iter().zip(bytes).zip(numbers) {
                    let params = [Value::from(text), Value::from(number), Value::from(bytes)];
                    // In SQLite `BYTEA` has numeric affinity: bytes that look like a number must stay bytes.
                    tx.execute("INSERT INTO kinds (id, number, bytes) VALUES ($1, $2, $3)", &params).await?;
                    let sql = "SELECT id, number, bytes FROM kinds WHERE number = $2 AND id = $1 AND bytes = $3";
                    let row = tx.query_opt(sql, &params).await?.unwrap();
                    assert_eq!(row.get::<String>(0)?, text);
                    assert_eq!(row.get::<i64>(1)?, number);
                    assert_eq!(row.get::<Vec<u8>>(2)?, bytes);
                }
                let nothing = [Value::Null, Value::Null, Value::Null];
                tx.execute("INSERT INTO kinds (id, number, bytes) VALUES ($1, $2, $3)", &nothing).await?;
                let row = tx.query_opt("SELECT id, number, bytes FROM kinds WHERE id IS NULL", &[]).await?.unwrap();
                assert_eq!(row.get::<Option<String>>(0)?, None);
                assert_eq!(row.get::<Option<i64>>(1)?, None);
                assert_eq!(row.get::<Option<Vec<u8>>>(2)?, None);
                Ok(())
            })
        })
        .await;
}

#[tokio::test]
async fn a_value_of_another_kind_is_corrupt_and_named() {
    let Some(world) = world().await else { return };
    world.write(|tx| Box::pin(async move { tx.set_setting("name", "value").await })).await;
    let wrong = |row: &Row| (row.get::<i64>(1).unwrap_err(), row.get::<Vec<u8>>(1).unwrap_err());
    let (number, bytes) = world
        .read(move |tx| {
            Box::pin(async move {
                let sql = "SELECT name, value FROM settings WHERE name = 'name'";
                Ok(wrong(&tx.query_opt(sql, &[]).await?.unwrap()))
            })
        })
        .await;
    let expected =
        StoreError::Corrupt { table: "settings".to_owned(), column: "value".to_owned(), id: "name".to_owned() };
    assert_eq!((number, bytes), (expected.clone(), expected));
    assert_eq!(AccountId::from_value(&Value::Text("not an id".to_owned())), None);
    let row = world.write(|tx| {
        Box::pin(async move {
            let sql = "UPDATE settings SET value = $1 WHERE name = 'name' RETURNING name, value";
            tx.query_opt(sql, &[Value::from("other")]).await
        })
    });
    let error = row.await.unwrap().get::<i64>(1).unwrap_err();
    assert_eq!(error.to_string(), "settings.value of row \"name\" is not a value that we wrote");
}

#[tokio::test]
async fn a_read_cannot_write() {
    let Some(world) = world().await else { return };
    let refused = world.store.read(|tx| Box::pin(async move { tx.set_setting("a", "b").await })).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(world.read(|tx| Box::pin(async move { tx.setting("a").await })).await, None);
}

#[tokio::test]
async fn a_taken_user_name_is_a_conflict_and_harms_nothing_else() {
    let Some(world) = world().await else { return };
    let first = new_account();
    let mut second = new_account();
    second.username = first.username.clone();
    let third = new_account();
    let id = third.id.clone();
    let refused = world.write(|tx| {
        Box::pin(async move {
            tx.add_account(&first).await?;
            let refused = tx.add_account(&second).await;
            // On PostgreSQL an error would have spoiled the transaction: this one must still be kept.
            tx.add_account(&third).await?;
            Ok(refused)
        })
    });
    assert_eq!(refused.await, Err(StoreError::Conflict(Constraint::Username)));
    assert!(world.read(|tx| Box::pin(async move { tx.account(&id).await })).await.is_some());
}

#[tokio::test]
async fn a_row_that_names_nothing_is_a_conflict() {
    let Some(world) = world().await else { return };
    let session = new_session(&AccountId::new(&Counted));
    let refused = world.store.write(|tx| Box::pin(async move { tx.add_session(&session).await })).await;
    assert_eq!(refused, Err(StoreError::Conflict(Constraint::Reference)));
}

#[tokio::test]
async fn nothing_is_kept_of_a_transaction_with_a_failed_statement_even_if_it_went_on() {
    let Some(world) = world().await else { return };
    let kept = new_account();
    let (id, twin) = (kept.id.clone(), kept.clone());
    world.write(|tx| Box::pin(async move { tx.add_account(&kept).await })).await;
    let session = new_session(&AccountId::new(&Counted));
    let refused = world.store.write(|tx| {
        Box::pin(async move {
            tx.set_account_name(&twin.id, "Changed").await?;
            // The failure is overlooked.
            tx.add_session(&session).await.ok();
            Ok::<_, StoreError>(())
        })
    });
    assert_eq!(refused.await, Err(StoreError::Conflict(Constraint::Reference)));
    let account = world.read(|tx| Box::pin(async move { tx.account(&id).await })).await;
    assert_eq!(account.unwrap().name, "Ada");
}

#[tokio::test]
async fn a_panic_in_a_transaction_undoes_it_and_the_store_works_on() {
    let Some(world) = world().await else { return };
    let failed: Result<(), StoreError> = world
        .store
        .write(|tx| {
            Box::pin(async move {
                tx.set_setting("undone", "1").await?;
                panic!("on purpose");
            })
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
    world.write(|tx| Box::pin(async move { tx.set_setting("kept", "1").await })).await;
    let read = world.read(|tx| Box::pin(async move { Ok((tx.setting("kept").await?, tx.setting("undone").await?)) }));
    assert_eq!(read.await, (Some("1".to_owned()), None));
}

#[tokio::test]
async fn a_closed_store_answers_unavailable() {
    let Some(world) = world().await else { return };
    world.write(|tx| Box::pin(async move { tx.set_setting("a", "1").await })).await;
    world.store.close().await;
    let write = world.store.write(|tx| Box::pin(async move { tx.set_setting("a", "2").await })).await;
    assert!(matches!(write, Err(StoreError::Unavailable(_))), "{write:?}");
    let read = world.store.read(|tx| Box::pin(async move { tx.setting("a").await })).await;
    assert!(matches!(read, Err(StoreError::Unavailable(_))), "{read:?}");
    world.store.close().await;
}

#[tokio::test]
async fn statements_are_kept_once_somebody_asks() {
    let Some(world) = world().await else { return };
    world.read(|tx| Box::pin(async move { tx.setting("a").await })).await;
    assert!(world.store.take_statements().is_empty());
    world.read(|tx| Box::pin(async move { tx.setting("a").await })).await;
    world.write(|tx| Box::pin(async move { tx.set_setting("a", "1").await })).await;
    let kept = world.store.take_statements();
    assert_eq!(kept.len(), 2);
    assert!(kept[0].starts_with("SELECT") && kept[1].starts_with("INSERT"), "{kept:?}");
    assert!(world.store.take_statements().is_empty());
}
