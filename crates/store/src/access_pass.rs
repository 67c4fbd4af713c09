//! Temporary access passes: how somebody without a phone gets in to enrol one.

use akkoord_core::{
    Timestamp,
    ids::{AccessPassId, AccountId},
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A pass to add.
#[derive(Clone, Debug)]
pub struct NewAccessPass {
    /// Its id.
    pub id: AccessPassId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Its slow hash, a PHC string.
    pub hash: String,
    /// When it is made.
    pub created_at: Timestamp,
    /// Who made it, an actor as text.
    pub created_by: String,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

/// A pass, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessPassRow {
    /// Its id.
    pub id: AccessPassId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Its slow hash, a PHC string.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it, an actor as text.
    pub created_by: String,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, hash, created_at, created_by, expires_at, used_at, revoked_at FROM access_passes ",
            $rest
        )
    };
}

impl Tx {
    /// Adds a pass.
    pub async fn add_access_pass(&mut self, new: &NewAccessPass) -> Result<(), StoreError> {
        let sql = "INSERT INTO access_passes (id, account_id, hash, created_at, created_by, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let NewAccessPass { id, account_id, hash, created_at, created_by, expires_at } = new;
        self.execute(sql, params![id, account_id, hash, *created_at, created_by, *expires_at]).await.map(drop)
    }

    /// The passes of an account that may be used now, newest first.
    pub async fn usable_access_passes(
        &mut self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<AccessPassRow>, StoreError> {
        let sql = select!(
            "WHERE account_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2 \
             ORDER BY created_at DESC, id"
        );
        self.query_all(sql, params![account, now]).await?.iter().map(access_pass).collect()
    }

    /// All passes of an account, newest first, for those who made them.
    pub async fn access_passes_of(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<AccessPassRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 ORDER BY created_at DESC, id LIMIT $2");
        self.query_all(sql, params![account, limit]).await?.iter().map(access_pass).collect()
    }

    /// Uses a pass, once. Its hash was compared before.
    pub async fn use_access_pass(&mut self, id: &AccessPassId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE access_passes SET used_at = $2 \
                   WHERE id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2";
        self.changed(sql, params![id, now]).await
    }

    /// Withdraws what an account has of passes that weren't used.
    pub async fn revoke_access_passes_of(&mut self, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE access_passes SET revoked_at = $2 \
                   WHERE account_id = $1 AND used_at IS NULL AND revoked_at IS NULL";
        self.execute(sql, params![account, now]).await
    }
}

fn access_pass(row: &Row) -> Result<AccessPassRow, StoreError> {
    Ok(AccessPassRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        hash: row.get(2)?,
        created_at: row.get(3)?,
        created_by: row.get(4)?,
        expires_at: row.get(5)?,
        used_at: row.get(6)?,
        revoked_at: row.get(7)?,
    })
}
