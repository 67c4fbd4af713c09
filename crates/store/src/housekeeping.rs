//! Deletes what nobody needs any more. Each function takes a bite of at most `limit` rows, so that no sweep holds the
//! others up, and returns how many it took.

use akkoord_core::Timestamp;

use crate::{error::StoreError, params, tx::Tx};

impl Tx {
    /// Sign-ins that could be finished until before then: anybody can begin one.
    pub async fn delete_sign_ins(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sign_ins WHERE id IN (SELECT id FROM sign_ins WHERE expires_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Decoys that were placed before then: anybody can cause one.
    pub async fn delete_decoys(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM approvals WHERE id IN \
                   (SELECT id FROM approvals WHERE account_id IS NULL AND created_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// The evidence of requests that were placed before then: personal data with a limit of its own.
    pub async fn forget_evidence(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "UPDATE approvals SET evidence = NULL WHERE id IN (SELECT id FROM approvals \
                   WHERE account_id IS NOT NULL AND evidence IS NOT NULL AND created_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Sessions that ended by themselves before then, or that were ended.
    pub async fn delete_sessions(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
                   WHERE expires_at < $1 OR ended_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Enrolments that ended before then.
    pub async fn delete_enrolments(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM enrolments WHERE id IN (SELECT id FROM enrolments WHERE ended_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// PIN changes that could be finished until before then.
    pub async fn delete_pin_changes(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM pin_changes WHERE id IN (SELECT id FROM pin_changes WHERE expires_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Revocation links that worked until before then.
    pub async fn delete_revocation_links(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM revocation_links WHERE token_hash IN \
                   (SELECT token_hash FROM revocation_links WHERE expires_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Browsers that were last seen before then.
    pub async fn delete_browsers(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM browsers WHERE id IN (SELECT id FROM browsers WHERE last_used_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Jobs that were done before then.
    pub async fn delete_done_jobs(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE done_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Audit events from before then.
    pub async fn delete_audit_events(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }
}
