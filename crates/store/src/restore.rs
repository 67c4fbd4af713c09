//! What a restore must kill. A backup holds a moment that is over: what was used up, ended or taken back since then
//! would come back to life.

use akkoord_core::Timestamp;

use crate::{error::StoreError, params, tx::Tx};

impl Tx {
    /// Ends all sessions.
    pub async fn end_all_sessions(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute("UPDATE sessions SET ended_at = $1 WHERE ended_at IS NULL", params![now]).await
    }

    /// Ends all sign-ins that are not finished.
    pub async fn end_all_sign_ins(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute("UPDATE sign_ins SET finished_at = $1 WHERE finished_at IS NULL", params![now]).await
    }

    /// `pending, approved -> revoked`: all requests, whatever their account.
    pub async fn revoke_all_approvals(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE approvals SET state = 'revoked', settled_at = $1 WHERE state IN ('pending', 'approved')";
        self.execute(sql, params![now]).await
    }

    /// `created, claimed, proved -> cancelled`: all open enrolments, with what they held.
    pub async fn cancel_all_enrolments(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT id FROM enrolments WHERE ended_at IS NULL";
        let mut cancelled = 0;
        for row in self.query_all(sql, &[]).await? {
            cancelled += u64::from(self.cancel_enrolment(&row.get(0)?, now).await?);
        }
        Ok(cancelled)
    }

    /// Withdraws all access passes that were not used.
    pub async fn revoke_all_access_passes(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE access_passes SET revoked_at = $1 WHERE used_at IS NULL AND revoked_at IS NULL";
        self.execute(sql, params![now]).await
    }

    /// Leaves phones at most `tries` for their PIN: who counted on a restore gets no five new ones.
    pub async fn lower_pin_tries(&mut self, tries: i64) -> Result<u64, StoreError> {
        let sql = "UPDATE phones SET pin_left = $1 WHERE pin_left > $1 AND revoked_at IS NULL";
        self.execute(sql, params![tries]).await
    }

    /// Ends all PIN changes that are not finished.
    pub async fn end_all_pin_changes(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute("UPDATE pin_changes SET finished_at = $1 WHERE finished_at IS NULL", params![now]).await
    }

    /// Uses up all links of notices.
    pub async fn use_all_notice_links(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute("UPDATE notice_links SET used_at = $1 WHERE used_at IS NULL", params![now]).await
    }

    /// Forgets which browsers are known: one that was disowned since would be known again.
    pub async fn forget_all_browsers(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.execute("UPDATE browsers SET revoked_at = $1 WHERE revoked_at IS NULL", params![now]).await
    }

    /// Asks every browser for the second step again: a choice that was taken back since would hold again.
    pub async fn forget_all_remembered_browsers(&mut self) -> Result<u64, StoreError> {
        self.execute("DELETE FROM remembered_browsers", &[]).await
    }

    /// Forgets who said that they were about to sign in.
    pub async fn forget_all_expectations(&mut self) -> Result<u64, StoreError> {
        self.execute("UPDATE accounts SET expect_until = NULL WHERE expect_until IS NOT NULL", &[]).await
    }

    /// Drops the jobs that waited, with what was in them: mails that were sent long ago.
    pub async fn drop_open_jobs(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE jobs SET done_at = $1, payload = $2, claimed_until = NULL WHERE done_at IS NULL";
        self.execute(sql, params![now, Vec::new()]).await
    }
}
