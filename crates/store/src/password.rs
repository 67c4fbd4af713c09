//! Passwords: the slow hash of each, and how often it was not given.

use akkoord_core::{Timestamp, ids::AccountId};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A password to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPassword {
    /// Whose it is.
    pub account_id: AccountId,
    /// Its slow hash, a PHC string. What was hashed is a MAC of the password: without the root key nobody can try any.
    pub hash: String,
    /// The version of the key of that MAC.
    pub pepper: i64,
    /// When it is set.
    pub set_at: Timestamp,
    /// Since when its person is to choose another, because somebody else chose this one.
    pub must_change_at: Option<Timestamp>,
}

/// A password, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRow {
    /// Whose it is.
    pub account_id: AccountId,
    /// Its slow hash, a PHC string.
    pub hash: String,
    /// The version of the key under it.
    pub pepper: i64,
    /// When it was set.
    pub set_at: Timestamp,
    /// Since when its person is to choose another.
    pub must_change_at: Option<Timestamp>,
    /// Tries since the last right one.
    pub failures: i64,
    /// Until when no try counts, and none is right.
    pub waits_until: Timestamp,
}

impl Tx {
    /// Forgets wrong passwords, and with them the wait; whether the password waited.
    pub async fn forgive_password_tries(&mut self, account: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE passwords SET failures = 0, waits_until = 0 WHERE account_id = $1 AND waits_until > $2";
        let waited = self.changed(sql, params![account, now]).await?;
        self.execute("UPDATE passwords SET failures = 0 WHERE account_id = $1", params![account]).await?;
        Ok(waited)
    }

    /// The password of an account.
    pub async fn password(&mut self, account: &AccountId) -> Result<Option<PasswordRow>, StoreError> {
        let sql = "SELECT account_id, hash, pepper, set_at, must_change_at, failures, waits_until FROM passwords \
                   WHERE account_id = $1";
        self.query_opt(sql, params![account]).await?.as_ref().map(password).transpose()
    }

    /// Gives an account its first password; whether it had none.
    pub async fn add_password(&mut self, new: &NewPassword) -> Result<bool, StoreError> {
        let sql = "INSERT INTO passwords (account_id, hash, pepper, set_at, must_change_at, failures, waits_until) \
                   VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT DO NOTHING";
        let NewPassword { account_id, hash, pepper, set_at, must_change_at } = new;
        self.changed(sql, params![account_id, hash, *pepper, *set_at, *must_change_at]).await
    }

    /// Puts another in the place of the password whose hash was read. Of two changes at once one happens.
    pub async fn replace_password(&mut self, new: &NewPassword, read: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE passwords SET hash = $3, pepper = $4, set_at = $5, must_change_at = $6, failures = 0, \
                   waits_until = 0 WHERE account_id = $1 AND hash = $2";
        let NewPassword { account_id, hash, pepper, set_at, must_change_at } = new;
        self.changed(sql, params![account_id, read, hash, *pepper, *set_at, *must_change_at]).await
    }

    /// Removes the password of an account; whether it had one.
    pub async fn remove_password(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        self.changed("DELETE FROM passwords WHERE account_id = $1", params![account]).await
    }

    /// Counts a try before it is looked at, so that as many at once as somebody likes are no more than one after the
    /// other. It counts only as the try after `failures`, not while the password waits, and not on a disabled account.
    pub async fn count_password_try(
        &mut self,
        account: &AccountId,
        failures: i64,
        waits_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE passwords SET failures = failures + 1, waits_until = $3 \
                   WHERE account_id = $1 AND failures = $2 AND waits_until <= $4 \
                   AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = $1 AND a.disabled_at IS NULL)";
        self.changed(sql, params![account, failures, waits_until, now]).await
    }

    /// The password that was read was right: takes the counts back, and keeps its hash as one would make it now. False
    /// where the password was changed or the account disabled meanwhile.
    pub async fn password_was_right(
        &mut self,
        account: &AccountId,
        read: &str,
        hash: &str,
        pepper: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE passwords SET failures = 0, waits_until = 0, hash = $3, pepper = $4 \
                   WHERE account_id = $1 AND hash = $2 \
                   AND EXISTS (SELECT 1 FROM accounts a WHERE a.id = $1 AND a.disabled_at IS NULL)";
        self.changed(sql, params![account, read, hash, pepper]).await
    }
}

fn password(row: &Row) -> Result<PasswordRow, StoreError> {
    Ok(PasswordRow {
        account_id: row.get(0)?,
        hash: row.get(1)?,
        pepper: row.get(2)?,
        set_at: row.get(3)?,
        must_change_at: row.get(4)?,
        failures: row.get(5)?,
        waits_until: row.get(6)?,
    })
}
