//! Browsers that have signed an account in before: a signal, never a factor.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, BrowserId},
    secret::TokenHash,
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A browser to remember.
#[derive(Clone, Debug)]
pub struct NewBrowser {
    /// Its id, for lists.
    pub id: BrowserId,
    /// The hash of its long-lived cookie.
    pub token_hash: TokenHash,
    /// The account that it signed in.
    pub account_id: AccountId,
    /// Which browser it is, from our own list.
    pub browser: String,
    /// When it signed in.
    pub now: Timestamp,
}

/// A remembered browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrowserRow {
    /// Its id, for lists.
    pub id: BrowserId,
    /// The account that it signed in.
    pub account_id: AccountId,
    /// Which browser it is.
    pub browser: String,
    /// When it first signed in.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_used_at: Timestamp,
    /// Whether it stays signed in, a word; nothing where its person was not asked.
    pub stays: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, account_id, browser, created_at, last_used_at, stays FROM browsers ", $rest)
    };
}

impl Tx {
    /// Remembers that a browser signed an account in; a browser that was forgotten is known again, as it has proved
    /// itself anew.
    pub async fn remember_browser(&mut self, new: &NewBrowser) -> Result<(), StoreError> {
        let sql = "INSERT INTO browsers (id, token_hash, account_id, browser, created_at, last_used_at) \
                   VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (token_hash, account_id) \
                   DO UPDATE SET last_used_at = excluded.last_used_at, browser = excluded.browser, \
                   stays = CASE WHEN browsers.revoked_at IS NULL THEN browsers.stays END, revoked_at = NULL";
        let NewBrowser { id, token_hash, account_id, browser, now } = new;
        self.execute(sql, params![id, token_hash, account_id, browser, *now]).await.map(drop)
    }

    /// What is known of a browser that shows this cookie for this account.
    pub async fn known_browser(
        &mut self,
        token: &TokenHash,
        account: &AccountId,
    ) -> Result<Option<BrowserRow>, StoreError> {
        let sql = select!("WHERE token_hash = $1 AND account_id = $2 AND revoked_at IS NULL");
        self.query_opt(sql, params![token, account]).await?.as_ref().map(browser).transpose()
    }

    /// Keeps whether a browser stays signed in to an account that knows it, or that its person is to be asked.
    pub async fn set_browser_stays(
        &mut self,
        token: &TokenHash,
        account: &AccountId,
        stays: Option<&str>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE browsers SET stays = $3 WHERE token_hash = $1 AND account_id = $2 AND revoked_at IS NULL";
        self.changed(sql, params![token, account, stays]).await
    }

    /// The browsers that an account knows, the last used first.
    pub async fn browsers_of(&mut self, account: &AccountId) -> Result<Vec<BrowserRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND revoked_at IS NULL ORDER BY last_used_at DESC, id");
        self.query_all(sql, params![account]).await?.iter().map(browser).collect()
    }

    /// Forgets a browser of an account.
    pub async fn forget_browser(
        &mut self,
        id: &BrowserId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE browsers SET revoked_at = $3 WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";
        self.changed(sql, params![id, account, now]).await
    }

    /// Forgets all browsers of an account; returns how many.
    pub async fn forget_browsers_of(&mut self, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE browsers SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL";
        self.execute(sql, params![account, now]).await
    }
}

fn browser(row: &Row) -> Result<BrowserRow, StoreError> {
    Ok(BrowserRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        browser: row.get(2)?,
        created_at: row.get(3)?,
        last_used_at: row.get(4)?,
        stays: row.get(5)?,
    })
}
