//! The server's keys: the ones that sign offers and requests, and the one that signs pushes.

use std::time::Duration;

use akkoord_core::{Ctx, Timestamp, audit::Event};
use akkoord_protocols::{
    bytes::{decode, encode},
    jose::{KeySet, KeyWithId, SigningKey},
    phone::keyroll::Keyroll,
};
use akkoord_store::{NewServerKey, Place, Sealed, Store, StoreError};

use crate::app::StartError;

/// How long a roll is told to phones that have not heard of it.
const ROLL_TOLD: Duration = Duration::from_secs(400 * 24 * 3600);

/// A signing key.
struct LoadedKey {
    key: SigningKey,
    from: Timestamp,
    created: Timestamp,
    roll: Option<String>,
}

/// The signing keys, oldest first.
pub struct ServerKeys(Vec<LoadedKey>);

impl ServerKeys {
    /// The key that signs now.
    pub fn current(&self, now: Timestamp) -> Option<&SigningKey> {
        self.0.iter().rev().find(|key| key.from <= now).or_else(|| self.0.first()).map(|key| &key.key)
    }

    /// What a new phone pins: the current key, and the next one while a roll is under way.
    pub fn to_pin(&self, now: Timestamp) -> KeySet {
        let current = self.0.iter().rposition(|key| key.from <= now).unwrap_or(0);
        KeySet { keys: self.0.iter().skip(current).take(2).map(|key| KeyWithId::of(key.key.public())).collect() }
    }

    /// The rolls that phones may not have heard of, oldest first.
    pub fn rolls(&self, now: Timestamp) -> Vec<String> {
        self.0.iter().filter(|key| now < key.created + ROLL_TOLD).filter_map(|key| key.roll.clone()).collect()
    }
}

/// Reads the keys; makes the first one at the first start.
pub async fn load_or_create(store: &Store, ctx: &Ctx) -> Result<ServerKeys, StartError> {
    let keys = load(store).await?;
    if !keys.0.is_empty() {
        return Ok(keys);
    }
    let new = new_key(store, ctx.now, ctx.now, None)?;
    // Two nodes that start at once: one adds the key, both read it.
    store.write(|tx| Box::pin(async move { tx.add_first_server_key(&new).await })).await?;
    Ok(load(store).await?)
}

fn new_key(
    store: &Store,
    now: Timestamp,
    from: Timestamp,
    roll: Option<(&SigningKey, &str)>,
) -> Result<NewServerKey, StartError> {
    let defect = |error: &dyn std::fmt::Display| StartError::Defect(format!("cannot make a signing key: {error}"));
    let key = SigningKey::generate().map_err(|error| defect(&error))?;
    let kid = key.public().thumbprint().to_string();
    let pkcs8 = key.to_pkcs8().map_err(|error| defect(&error))?;
    let roll = match roll {
        None => None,
        Some((old, iss)) => {
            let claims = Keyroll {
                v: 1,
                iss: iss.to_owned(),
                iat: now.seconds(),
                jwk: key.public().jwk(),
                from: from.seconds(),
            };
            Some(claims.sign(old).map_err(|error| defect(&error))?)
        }
    };
    Ok(NewServerKey {
        private_key: store.seal().seal(Place::ServerPrivateKey, &kid, &pkcs8),
        public_key: serde_json::to_string(&key.public().jwk()).map_err(|error| defect(&error))?,
        kid,
        roll,
        created_at: now,
        current_from: from,
    })
}

/// Reads the keys.
pub async fn load(store: &Store) -> Result<ServerKeys, StoreError> {
    let rows = store.read(|tx| Box::pin(async move { tx.server_keys().await })).await?;
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let pkcs8 = store.seal().open(Place::ServerPrivateKey, &row.kid, &row.private_key)?;
        let key = SigningKey::from_pkcs8(&pkcs8).map_err(|_| StoreError::Corrupt {
            table: "server_keys".to_owned(),
            column: "private_key".to_owned(),
            id: row.kid.clone(),
        })?;
        keys.push(LoadedKey { key, from: row.current_from, created: row.created_at, roll: row.roll });
    }
    keys.sort_by_key(|key| (key.from, key.created));
    Ok(ServerKeys(keys))
}

/// Adds the next key, current from `from` on, announced by the newest one.
pub async fn roll(store: &Store, ctx: &Ctx, iss: &str, from: Timestamp) -> Result<String, StartError> {
    let keys = load(store).await?;
    let newest = keys.0.last().ok_or_else(|| StartError::Defect("there is no signing key yet".to_owned()))?;
    if newest.from > ctx.now {
        return Err(StartError::Defect("a roll is under way already; wait until its key is in use".to_owned()));
    }
    let new = new_key(store, ctx.now, from, Some((&newest.key, iss)))?;
    let kid = new.kid.clone();
    let ctx = ctx.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                tx.add_server_key(&new).await?;
                let detail = serde_json::json!({ "from": new.current_from });
                super::audit::record(tx, &ctx, Event::ServerKeyRolled, None, Some(&new.kid), detail).await
            })
        })
        .await?;
    Ok(kid)
}

/// The key that our pushes are signed with; made at the first start.
pub async fn push_key(store: &Store) -> Result<SigningKey, StartError> {
    const SETTING: &str = "push_key";
    let read = |store: Store| async move { store.read(|tx| Box::pin(async move { tx.setting(SETTING).await })).await };
    let defect = || StartError::Defect("the push key does not read".to_owned());
    let mut stored = read(store.clone()).await?;
    if stored.is_none() {
        let key = SigningKey::generate().map_err(|_| defect())?;
        let pkcs8 = key.to_pkcs8().map_err(|_| defect())?;
        let sealed = encode(store.seal().seal(Place::PushPrivateKey, SETTING, &pkcs8).as_bytes());
        store.write(move |tx| Box::pin(async move { tx.add_setting(SETTING, &sealed).await })).await?;
        stored = read(store.clone()).await?;
    }
    let sealed = stored.and_then(|text| decode(&text).ok()).map(Sealed::from_stored).ok_or_else(defect)?;
    let pkcs8 = store.seal().open(Place::PushPrivateKey, SETTING, &sealed)?;
    SigningKey::from_pkcs8(&pkcs8).map_err(|_| defect())
}
