//! Recovery codes: a set for each account that has made one, each good once.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, RecoveryCodeId},
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A recovery code, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryCodeRow {
    /// Its id.
    pub id: RecoveryCodeId,
    /// Whose it is.
    pub account_id: AccountId,
    /// Sixteen bits of a MAC of it, so that one slow hash is compared and not ten.
    pub lookup: i64,
    /// Its slow hash, a PHC string. What was hashed is a MAC of the code: without the root key nobody can try any.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Tx {
    /// Puts a set in the place of the one that an account had. What was on paper before is worth nothing then.
    pub async fn replace_recovery_codes(
        &mut self,
        account: &AccountId,
        codes: &[RecoveryCodeRow],
    ) -> Result<(), StoreError> {
        self.remove_recovery_codes(account).await?;
        for RecoveryCodeRow { id, account_id, lookup, hash, created_at, used_at } in codes {
            let sql = "INSERT INTO recovery_codes (id, account_id, lookup, hash, created_at, used_at) \
                       VALUES ($1, $2, $3, $4, $5, $6)";
            self.execute(sql, params![id, account_id, *lookup, hash, *created_at, *used_at]).await?;
        }
        Ok(())
    }

    /// The set of an account, used ones too.
    pub async fn recovery_codes_of(&mut self, account: &AccountId) -> Result<Vec<RecoveryCodeRow>, StoreError> {
        let sql = "SELECT id, account_id, lookup, hash, created_at, used_at FROM recovery_codes \
                   WHERE account_id = $1 ORDER BY id";
        self.query_all(sql, params![account]).await?.iter().map(recovery_code).collect()
    }

    /// Uses a code up. Of two uses at once one happens, and none after its set was replaced.
    pub async fn use_recovery_code(&mut self, id: &RecoveryCodeId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed("UPDATE recovery_codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL", params![id, now]).await
    }

    /// Removes the set of an account; how many codes it had.
    pub async fn remove_recovery_codes(&mut self, account: &AccountId) -> Result<u64, StoreError> {
        self.execute("DELETE FROM recovery_codes WHERE account_id = $1", params![account]).await
    }
}

fn recovery_code(row: &Row) -> Result<RecoveryCodeRow, StoreError> {
    Ok(RecoveryCodeRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        lookup: row.get(2)?,
        hash: row.get(3)?,
        created_at: row.get(4)?,
        used_at: row.get(5)?,
    })
}
