//! Sealed values and row MACs: what somebody who can write to the database, and lacks the root key, gets with it.

use akkoord_store::{Class, Place, Purpose, Sealed, StoreError, Value};

use super::world;
use crate::fixtures::{root_key, seal};

/// T-DB-2.
#[tokio::test]
async fn t_db_2_a_sealed_value_opens_in_no_other_row() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let (first, second) = (world.phone(&account).await, world.phone(&account).await);
    let sql = "UPDATE phones SET oprf_key = (SELECT o.oprf_key FROM phones o WHERE o.id = $2) WHERE id = $1";
    let params = [Value::from(&first), Value::from(&second)];
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
    let ids = (first.clone(), second.clone());
    let read = world.read(|tx| Box::pin(async move { Ok((tx.phone(&ids.0).await?, tx.phone(&ids.1).await?)) })).await;
    let (moved, kept) = (read.0.unwrap().oprf_key.unwrap(), read.1.unwrap().oprf_key.unwrap());
    let seal = world.store.seal();
    assert_eq!(seal.open(Place::PhoneOprfKey, second.as_str(), &kept).unwrap().as_slice(), b"oprf");
    let expected =
        StoreError::Corrupt { table: "phones".to_owned(), column: "oprf_key".to_owned(), id: first.to_string() };
    assert_eq!(seal.open(Place::PhoneOprfKey, first.as_str(), &moved).err(), Some(expected));
}

/// T-DB-2.
#[tokio::test]
async fn t_db_2_a_sealed_value_opens_in_no_other_column() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let phone = world.phone(&account).await;
    let sql = "UPDATE phones SET code_secret = oprf_key WHERE id = $1";
    let params = [Value::from(&phone)];
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
    let id = phone.clone();
    let row = world.read(|tx| Box::pin(async move { tx.phone(&id).await })).await.unwrap();
    let moved = row.code_secret.unwrap();
    assert!(world.store.seal().open(Place::PhoneCodeSecret, phone.as_str(), &moved).is_err());
    // Not even in a column of the same class, in a row of the same id.
    let sealed = world.store.seal().seal(Place::EnrolmentDigits, "id", b"123456");
    assert!(world.store.seal().open(Place::EnrolmentProved, "id", &sealed).is_err());
}

/// T-DB-2.
#[tokio::test]
async fn t_db_2_a_phone_key_that_was_swapped_in_the_database_is_refused() {
    let Some(world) = world().await else { return };
    let account = world.account().await;
    let swaps = [
        "UPDATE phones SET key = 'the attacker''s' WHERE id = $1",
        "UPDATE phones SET pin_key = 'the attacker''s' WHERE id = $1",
        "UPDATE phones SET pin_key = NULL WHERE id = $1",
        "UPDATE phones SET webauthn = 'the attacker''s' WHERE id = $1",
        "UPDATE phones SET previous_key = 'the attacker''s' WHERE id = $1",
        "UPDATE phones SET webauthn = pin_key, pin_key = NULL WHERE id = $1",
    ];
    for sql in swaps {
        let phone = world.phone(&account).await;
        let params = [Value::from(&phone)];
        world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
        let id = phone.clone();
        let read = world.store.read(|tx| Box::pin(async move { tx.phone(&id).await })).await;
        let expected =
            StoreError::Corrupt { table: "phones".to_owned(), column: "key_mac".to_owned(), id: phone.to_string() };
        assert_eq!(read, Err(expected), "{sql}");
    }
}

/// T-DB-2.
#[tokio::test]
async fn t_db_2_a_phone_moved_to_another_account_is_refused() {
    let Some(world) = world().await else { return };
    let (victim, attacker) = (world.account().await, world.account().await);
    let phone = world.phone(&attacker).await;
    let params = [Value::from(&phone), Value::from(&victim)];
    let sql = "UPDATE phones SET account_id = $2 WHERE id = $1";
    world.write(move |tx| Box::pin(async move { tx.execute(sql, &params).await })).await;
    let read = world.store.read(|tx| Box::pin(async move { tx.phones_of(&victim).await })).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
    let read = world.store.read(|tx| Box::pin(async move { tx.phone(&phone).await })).await;
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
}

#[test]
fn a_sealed_value_has_its_version_salt_and_tag() {
    let seal = seal();
    let sealed = seal.seal(Place::JobPayload, "job", b"payload");
    assert_eq!(sealed.as_bytes().len(), 1 + 32 + 7 + 16);
    assert_eq!(sealed.as_bytes()[0], 1);
    assert_ne!(sealed, seal.seal(Place::JobPayload, "job", b"payload"));
    assert_eq!(seal.open(Place::JobPayload, "job", &sealed).unwrap().as_slice(), b"payload");
    let empty = seal.seal(Place::JobPayload, "job", b"");
    assert_eq!(seal.open(Place::JobPayload, "job", &empty).unwrap().as_slice(), b"");
}

#[test]
fn any_changed_bit_of_a_sealed_value_is_noticed() {
    let seal = seal();
    let sealed = seal.seal(Place::ApprovalEvidence, "id", b"evidence");
    for index in 0..sealed.as_bytes().len() * 8 {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[index / 8] ^= 1 << (index % 8);
        assert!(seal.open(Place::ApprovalEvidence, "id", &Sealed::from_stored(bytes)).is_err(), "bit {index}");
    }
    for length in 0..sealed.as_bytes().len() {
        let bytes = sealed.as_bytes()[..length].to_vec();
        assert!(seal.open(Place::ApprovalEvidence, "id", &Sealed::from_stored(bytes)).is_err(), "{length} bytes");
    }
}

#[test]
fn places_of_different_classes_have_different_keys() {
    let mut names = Class::ALL.map(Class::as_str).to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Class::ALL.len());
    assert_eq!(Place::PhoneOprfKey.class(), Class::Oprf);
    assert_eq!(Place::ServerPrivateKey.column(), ("server_keys", "private_key"));
    let seal = seal();
    let sealed = seal.seal(Place::Canary(Class::Oprf), "name", b"text");
    assert!(seal.open(Place::Canary(Class::Job), "name", &sealed).is_err());
}

#[test]
fn a_mac_depends_on_its_purpose_and_on_where_its_parts_end() {
    let seal = seal();
    let mac = seal.mac(Purpose::EnrolmentCode, &[b"account", b"code"]);
    assert!(seal.mac_is(Purpose::EnrolmentCode, &[b"account", b"code"], &mac));
    assert!(!seal.mac_is(Purpose::PhoneKeys, &[b"account", b"code"], &mac));
    assert!(!seal.mac_is(Purpose::EnrolmentCode, &[b"accountc", b"ode"], &mac));
    assert!(!seal.mac_is(Purpose::EnrolmentCode, &[b"account", b"code", b""], &mac));
    assert!(!seal.mac_is(Purpose::EnrolmentCode, &[b"account", b"code"], &mac[..31]));
}

#[test]
fn keys_are_never_printed() {
    assert_eq!(format!("{:?} {:?}", root_key(), seal()), "[redacted] [redacted]");
}
