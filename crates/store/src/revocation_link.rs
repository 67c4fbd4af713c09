//! "This was not me": links in notices that remove a phone, also for somebody who can't sign in any more.

use akkoord_core::{Timestamp, ids::PhoneId, secret::TokenHash};

use crate::{error::StoreError, params, tx::Tx};

/// A link, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationLinkRow {
    /// The phone that it removes.
    pub phone_id: PhoneId,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

impl Tx {
    /// Adds a link.
    pub async fn add_revocation_link(
        &mut self,
        token: &TokenHash,
        phone: &PhoneId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO revocation_links (token_hash, phone_id, expires_at) VALUES ($1, $2, $3)";
        self.execute(sql, params![token, phone, expires_at]).await.map(drop)
    }

    /// A link, for the page before its button; also one that is used or too old.
    pub async fn revocation_link(&mut self, token: &TokenHash) -> Result<Option<RevocationLinkRow>, StoreError> {
        let sql = "SELECT phone_id, expires_at, used_at FROM revocation_links WHERE token_hash = $1";
        let row = self.query_opt(sql, params![token]).await?;
        row.map(|row| Ok(RevocationLinkRow { phone_id: row.get(0)?, expires_at: row.get(1)?, used_at: row.get(2)? }))
            .transpose()
    }

    /// Uses a link, once, and returns the phone to remove in the same transaction.
    pub async fn use_revocation_link(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<PhoneId>, StoreError> {
        let sql = "UPDATE revocation_links SET used_at = $2 \
                   WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING phone_id";
        self.query_opt(sql, params![token, now]).await?.map(|row| row.get(0)).transpose()
    }
}
