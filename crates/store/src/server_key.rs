//! The server's signing keys, `K_srv`: all that phones may have pinned, oldest first.

use akkoord_core::Timestamp;

use crate::{error::StoreError, params, row::Row, seal::Sealed, tx::Tx};

/// A key to add.
#[derive(Clone, Debug)]
pub struct NewServerKey {
    /// Its thumbprint.
    pub kid: String,
    /// The public half, a JWK.
    pub public_key: String,
    /// The private half, sealed for [`Place::ServerPrivateKey`](crate::Place::ServerPrivateKey) with the `kid` as id.
    pub private_key: Sealed,
    /// The message of the key before it that announces it; none for the first.
    pub roll: Option<String>,
    /// When it is made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub current_from: Timestamp,
}

/// A key, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKeyRow {
    /// Its thumbprint.
    pub kid: String,
    /// The public half, a JWK.
    pub public_key: String,
    /// The private half, sealed.
    pub private_key: Sealed,
    /// The message of the key before it that announces it; none for the first.
    pub roll: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it signs.
    pub current_from: Timestamp,
}

impl Tx {
    /// Adds the first key; of several nodes that start at once, one gets `true` and the others read its key.
    pub async fn add_first_server_key(&mut self, new: &NewServerKey) -> Result<bool, StoreError> {
        if !self.add_setting("server_key.first", &new.kid).await? {
            return Ok(false);
        }
        self.add_server_key(new).await.map(|()| true)
    }

    /// Adds the next key.
    pub async fn add_server_key(&mut self, new: &NewServerKey) -> Result<(), StoreError> {
        let sql = "INSERT INTO server_keys (kid, public_key, private_key, roll, created_at, current_from) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let NewServerKey { kid, public_key, private_key, roll, created_at, current_from } = new;
        let params = params![kid, public_key, private_key, roll.as_deref(), *created_at, *current_from];
        self.execute(sql, params).await.map(drop)
    }

    /// All keys, the one that signed first first.
    pub async fn server_keys(&mut self) -> Result<Vec<ServerKeyRow>, StoreError> {
        let sql = "SELECT kid, public_key, private_key, roll, created_at, current_from FROM server_keys \
                   ORDER BY current_from, kid";
        self.query_all(sql, &[]).await?.iter().map(server_key).collect()
    }
}

fn server_key(row: &Row) -> Result<ServerKeyRow, StoreError> {
    Ok(ServerKeyRow {
        kid: row.get(0)?,
        public_key: row.get(1)?,
        private_key: row.get(2)?,
        roll: row.get(3)?,
        created_at: row.get(4)?,
        current_from: row.get(5)?,
    })
}
