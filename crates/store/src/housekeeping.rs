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
        let sql = "DELETE FROM approvals WHERE id IN (SELECT r.id FROM approvals r \
                   WHERE r.account_id IS NULL AND r.created_at < $1 \
                   AND NOT EXISTS (SELECT m.phone_id FROM approval_messages m WHERE m.approval_id = r.id) LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Their messages, which stand on them and go first.
    pub async fn delete_decoy_messages(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM approval_messages WHERE approval_id IN (SELECT r.id FROM approvals r \
                   JOIN approval_messages m ON m.approval_id = r.id \
                   WHERE r.account_id IS NULL AND r.created_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// The events of decoys from before then: those of a request and of no account.
    pub async fn delete_events_of_decoys(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE account_id IS NULL \
                   AND event IN ('request.started', 'request.settled') AND at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// The messages of requests that ended before then. They go first, as they stand on their request.
    pub async fn delete_approval_messages(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM approval_messages WHERE approval_id IN (SELECT r.id FROM approvals r \
                   JOIN approval_messages m ON m.approval_id = r.id WHERE r.settled_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Requests that ended before then, with their signatures and addresses: personal data. One whose session has not
    /// ended stays, because it is what can be reported.
    pub async fn delete_approvals(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM approvals WHERE id IN (SELECT r.id FROM approvals r WHERE r.settled_at < $1 \
                   AND NOT EXISTS (SELECT m.phone_id FROM approval_messages m WHERE m.approval_id = r.id) \
                   AND NOT EXISTS (SELECT s.id FROM sessions s WHERE s.approval_id = r.id AND s.ended_at IS NULL) \
                   LIMIT $2)";
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

    /// Links of notices that worked until before then.
    pub async fn delete_notice_links(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM notice_links WHERE token_hash IN \
                   (SELECT token_hash FROM notice_links WHERE expires_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Browsers that were last seen before then.
    pub async fn delete_browsers(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM browsers WHERE id IN (SELECT id FROM browsers WHERE last_used_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Challenges that could be answered until before then.
    pub async fn delete_answered_challenges(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM answered_challenges WHERE challenge IN \
                   (SELECT challenge FROM answered_challenges WHERE expires_at < $1 LIMIT $2)";
        self.execute(sql, params![before, limit]).await
    }

    /// Browsers that were spared the second step until before then.
    pub async fn delete_remembered_browsers(&mut self, before: Timestamp, limit: i64) -> Result<u64, StoreError> {
        let sql = "DELETE FROM remembered_browsers WHERE id IN \
                   (SELECT id FROM remembered_browsers WHERE expires_at < $1 LIMIT $2)";
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
