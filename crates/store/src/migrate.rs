//! Brings a database to the program's version, once, and checks that it is the one this root key belongs to.

use akkoord_core::Timestamp;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    error::OpenError,
    params,
    seal::{Class, Place, Sealed},
    tx::Tx,
};

/// Applies what is missing and refuses a database that isn't ours. Runs in one transaction, alone.
pub(crate) async fn prepare(tx: &mut Tx, migrations: &[Migration], now: Timestamp) -> Result<(), OpenError> {
    tx.lock_for_migration().await?;
    tx.batch(TABLE).await?;
    let done = newest_applied(tx, migrations).await?;
    for migration in migrations.iter().filter(|migration| migration.version > done) {
        tx.batch(migration.sql).await?;
        let sql = "INSERT INTO schema_migrations (version, applied_at, checksum) VALUES ($1, $2, $3)";
        tx.execute(sql, params![migration.version, now, migration.checksum()]).await?;
    }
    for (place, name) in missing_canaries(tx).await? {
        let sealed: Sealed = tx.seal().seal(place, &name, CANARY);
        tx.set_setting(&name, &URL_SAFE_NO_PAD.encode(sealed.as_bytes())).await?;
    }
    Ok(())
}

/// Checks the same and changes nothing: a server of the older program may be running.
pub(crate) async fn check(tx: &mut Tx, migrations: &[Migration]) -> Result<(), OpenError> {
    let done = newest_applied(tx, migrations).await?;
    let newest = newest(migrations);
    if done < newest {
        return Err(OpenError::Older { database: done, program: newest });
    }
    missing_canaries(tx).await.map(drop)
}

fn newest(migrations: &[Migration]) -> i64 {
    migrations.last().map_or(0, |migration| migration.version)
}

/// The newest migration that was applied; all of them are known and unchanged.
async fn newest_applied(tx: &mut Tx, migrations: &[Migration]) -> Result<i64, OpenError> {
    let applied = tx.query_all("SELECT version, checksum FROM schema_migrations ORDER BY version", &[]).await?;
    let newest = newest(migrations);
    let mut done = 0;
    for row in &applied {
        let version: i64 = row.get(0)?;
        let checksum: String = row.get(1)?;
        if version > newest {
            return Err(OpenError::Newer { database: version, program: newest });
        }
        let known = migrations.iter().find(|migration| migration.version == version);
        if known.is_none_or(|migration| migration.checksum() != checksum) {
            return Err(OpenError::Changed { version });
        }
        done = version;
    }
    Ok(done)
}

/// A migration: portable SQL, never edited or deleted once it was released.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) sql: &'static str,
}

impl Migration {
    fn checksum(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.sql.as_bytes()))
    }
}

/// Opens the canary of each class, and tells which have none because the class is new. A server with another root key would otherwise
/// start, sign people in, and fail at the first sealed value it needs.
async fn missing_canaries(tx: &mut Tx) -> Result<Vec<(Place, String)>, OpenError> {
    let mut missing = Vec::new();
    for class in Class::ALL {
        let (place, name) = (Place::Canary(class), canary_name(class));
        let Some(kept) = tx.setting(&name).await? else {
            missing.push((place, name));
            continue;
        };
        let sealed = URL_SAFE_NO_PAD.decode(kept).map(Sealed::from_stored);
        let opened = sealed.ok().and_then(|sealed| tx.seal().open(place, &name, &sealed).ok());
        if opened.is_none_or(|text| text.as_slice() != CANARY) {
            return Err(OpenError::WrongRootKey { class: class.as_str() });
        }
    }
    Ok(missing)
}

fn canary_name(class: Class) -> String {
    format!("canary.{}", class.as_str())
}

pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, sql: include_str!("../migrations/0001_main_job.sql") },
    Migration { version: 2, sql: include_str!("../migrations/0002_numbers.sql") },
    Migration { version: 3, sql: include_str!("../migrations/0003_passwords.sql") },
    Migration { version: 4, sql: include_str!("../migrations/0004_codes.sql") },
    Migration { version: 5, sql: include_str!("../migrations/0005_recovery_codes.sql") },
    Migration { version: 6, sql: include_str!("../migrations/0006_credentials.sql") },
    Migration { version: 7, sql: include_str!("../migrations/0007_remembered_browsers.sql") },
    Migration { version: 8, sql: include_str!("../migrations/0008_choices.sql") },
    Migration { version: 9, sql: include_str!("../migrations/0009_notice_links.sql") },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    applied_at BIGINT NOT NULL,
    checksum TEXT NOT NULL
)";
const CANARY: &[u8] = b"akkoord/canary/v1\0";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use akkoord_core::Timestamp;
    use akkoord_protocols::random::Random;
    use rusqlite::Connection;

    use super::{MIGRATIONS, Migration, prepare};
    use crate::{
        OpenError, RootKey, Seal,
        tx::{Shared, Tx},
        writer::ready,
    };

    struct Fixed;

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(3);
        }
    }

    /// What a start of a program with these migrations does to the database.
    fn start(tx: &mut Tx, migrations: &[Migration]) -> Result<(), OpenError> {
        ready(tx.begin()).unwrap().unwrap();
        let prepared = ready(prepare(tx, migrations, Timestamp(1))).unwrap();
        let ended = if prepared.is_ok() { ready(tx.commit()) } else { ready(tx.roll_back()) };
        ended.unwrap().unwrap();
        prepared
    }

    #[test]
    fn an_update_applies_what_is_missing_and_a_failed_one_nothing() {
        let seal = Seal::new(&RootKey::from_bytes([7; 32]), Arc::new(Fixed));
        let mut tx = Tx::sqlite(Connection::open_in_memory().unwrap(), Shared::new(seal), true);
        let first = || Migration { version: 1, sql: MIGRATIONS[0].sql };
        let second = |sql| Migration { version: 2, sql };
        assert_eq!(start(&mut tx, &[first()]), Ok(()));
        let broken = second("CREATE TABLE later (id TEXT); CREATE TABLE settings (id TEXT)");
        assert!(matches!(start(&mut tx, &[first(), broken]), Err(OpenError::Store(_))));
        let mended = || second("CREATE TABLE later (id TEXT)");
        assert_eq!(start(&mut tx, &[first(), mended()]), Ok(()));
        assert_eq!(start(&mut tx, &[first(), mended()]), Ok(()));
        assert_eq!(start(&mut tx, &[first()]), Err(OpenError::Newer { database: 2, program: 1 }));
    }
}
