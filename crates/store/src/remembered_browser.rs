//! Browsers that are spared the second step. One cookie holds for all accounts of a browser, with a row for each.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, RememberedBrowserId},
    secret::TokenHash,
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A browser to spare the second step.
#[derive(Clone, Debug)]
pub struct NewRememberedBrowser {
    /// Its id.
    pub id: RememberedBrowserId,
    /// The hash of its cookie.
    pub token_hash: TokenHash,
    /// The account that made the second step in it.
    pub account_id: AccountId,
    /// Which browser it is, from our own list.
    pub browser: String,
    /// When that was.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A browser that is spared the second step, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedBrowserRow {
    /// Which browser it is.
    pub browser: String,
    /// When its person asked for it.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Tx {
    /// Gives all that a cookie stands for to another: a copy of the old one is worth nothing then.
    pub async fn move_remembered_browsers(&mut self, from: &TokenHash, to: &TokenHash) -> Result<u64, StoreError> {
        self.execute("UPDATE remembered_browsers SET token_hash = $2 WHERE token_hash = $1", params![from, to]).await
    }

    /// Spares a browser the second step of an account; of one that is spared already the times are new.
    pub async fn add_remembered_browser(&mut self, new: &NewRememberedBrowser) -> Result<(), StoreError> {
        let sql = "INSERT INTO remembered_browsers (id, token_hash, account_id, browser, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (token_hash, account_id) \
                   DO UPDATE SET browser = excluded.browser, created_at = excluded.created_at, \
                   expires_at = excluded.expires_at";
        let NewRememberedBrowser { id, token_hash, account_id, browser, created_at, expires_at } = new;
        self.execute(sql, params![id, token_hash, account_id, browser, *created_at, *expires_at]).await.map(drop)
    }

    /// Whether this cookie spares the second step of this account, if that was asked for after `since`.
    pub async fn is_remembered(
        &mut self,
        token: &TokenHash,
        account: &AccountId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT id FROM remembered_browsers \
                   WHERE token_hash = $1 AND account_id = $2 AND created_at > $3 AND expires_at > $4";
        Ok(self.query_opt(sql, params![token, account, since, now]).await?.is_some())
    }

    /// The browsers that an account spares the second step, the latest first.
    pub async fn remembered_browsers_of(
        &mut self,
        account: &AccountId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<RememberedBrowserRow>, StoreError> {
        let sql = "SELECT browser, created_at, expires_at FROM remembered_browsers \
                   WHERE account_id = $1 AND created_at > $2 AND expires_at > $3 ORDER BY created_at DESC, id";
        let row = |row: &Row| {
            Ok(RememberedBrowserRow { browser: row.get(0)?, created_at: row.get(1)?, expires_at: row.get(2)? })
        };
        self.query_all(sql, params![account, since, now]).await?.iter().map(row).collect()
    }

    /// Asks every browser for the second step of an account again; returns how many that are.
    pub async fn forget_remembered_browsers(&mut self, account: &AccountId) -> Result<u64, StoreError> {
        self.execute("DELETE FROM remembered_browsers WHERE account_id = $1", params![account]).await
    }
}
