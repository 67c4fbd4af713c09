//! "This was not me": links in notices, also for somebody who can't sign in any more.

use akkoord_core::{Timestamp, ids::AccountId, secret::TokenHash};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A link, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeLinkRow {
    /// The account that the notice was about.
    pub account_id: AccountId,
    /// What the notice told of, a word.
    pub what: String,
    /// Which one of these: an id, or a moment.
    pub subject: String,
    /// When the notice was written.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Tx {
    /// Adds a link.
    pub async fn add_notice_link(&mut self, token: &TokenHash, new: &NoticeLinkRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO notice_links (token_hash, account_id, what, subject, created_at, expires_at, used_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let NoticeLinkRow { account_id, what, subject, created_at, expires_at, used_at } = new;
        self.execute(sql, params![token, account_id, what, subject, *created_at, *expires_at, *used_at]).await.map(drop)
    }

    /// A link, for the page before its button; also one that is used or too old.
    pub async fn notice_link(&mut self, token: &TokenHash) -> Result<Option<NoticeLinkRow>, StoreError> {
        let sql = "SELECT account_id, what, subject, created_at, expires_at, used_at FROM notice_links \
                   WHERE token_hash = $1";
        self.query_opt(sql, params![token]).await?.as_ref().map(link).transpose()
    }

    /// Uses a link, once; whether it could be used.
    pub async fn use_notice_link(&mut self, token: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE notice_links SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2";
        self.changed(sql, params![token, now]).await
    }
}

fn link(row: &Row) -> Result<NoticeLinkRow, StoreError> {
    Ok(NoticeLinkRow {
        account_id: row.get(0)?,
        what: row.get(1)?,
        subject: row.get(2)?,
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        used_at: row.get(5)?,
    })
}
