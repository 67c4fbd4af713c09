//! What budgets and pauses are counted from: marks on the account, and its last requests.
//!
//! Who changes an account's requests and its marks in one transaction takes the account first: two that take them in
//! different orders would stop each other.

use akkoord_core::{
    Timestamp,
    budget::{Marks, Past},
    ids::AccountId,
};
use akkoord_protocols::phone::request::Operation;

use crate::{approval::ApprovalState, error::StoreError, params, row::Row, tx::Tx};

impl Tx {
    /// What stands on an account, which stays ours until the transaction ends: what is then counted and placed is
    /// counted and placed by one at a time. `None` where there is no such account.
    pub async fn hold_account(&mut self, id: &AccountId) -> Result<Option<Marks>, StoreError> {
        self.marks_of_held_account(id).await?.as_ref().map(marks).transpose()
    }

    /// An account's requests since then that rang, were denied or got a wrong number. Those that only waited are passed
    /// over by the index: a stranger can make many of them.
    pub async fn past_requests(&mut self, account: &AccountId, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        let sql = "SELECT r.id, r.known_at, r.rings_at, r.state, r.settled_at, r.operation FROM approvals r \
                   WHERE r.account_id = $1 AND r.created_at > $2 \
                   AND (r.rings_at IS NOT NULL OR r.state IN ('denied', 'mismatch'))";
        self.query_all(sql, params![account, since]).await?.iter().map(past).collect()
    }

    /// Counts a wrong number, in the transaction that settles its request; the `limit`th in a row locks phone approval.
    /// Whether this one did.
    pub async fn count_wrong_number(
        &mut self,
        account: &AccountId,
        limit: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET wrong_numbers = wrong_numbers + 1 WHERE id = $1";
        self.execute(sql, params![account]).await?;
        let sql = "UPDATE accounts SET approval_locked_at = $3 \
                   WHERE id = $1 AND wrong_numbers >= $2 AND approval_locked_at IS NULL";
        self.changed(sql, params![account, limit, now]).await
    }

    /// Forgets wrong numbers: a right one came. A lock stays.
    pub async fn forget_wrong_numbers(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET wrong_numbers = 0 WHERE id = $1 AND wrong_numbers > 0";
        self.changed(sql, params![account]).await
    }

    /// Forgives all wrong numbers, those that pause too, and ends a lock. Whether there was one.
    pub async fn unlock_approval(&mut self, account: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET wrong_numbers = 0, approval_unlocked_at = $2 WHERE id = $1";
        self.execute(sql, params![account, now]).await?;
        let sql = "UPDATE accounts SET approval_locked_at = NULL WHERE id = $1 AND approval_locked_at IS NOT NULL";
        self.changed(sql, params![account]).await
    }

    /// Keeps that one of an account's phones reported a request.
    pub async fn note_report(&mut self, account: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET reported_at = $2 WHERE id = $1", params![account, now]).await
    }

    /// Locks phone approval of an account again as it was before a restore.
    pub async fn restore_approval_lock(&mut self, account: &AccountId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET approval_locked_at = $2 WHERE id = $1 AND approval_locked_at IS NULL";
        self.changed(sql, params![account, at]).await
    }
}

fn marks(row: &Row) -> Result<Marks, StoreError> {
    Ok(Marks {
        locked_at: row.get(1)?,
        unlocked_at: row.get(2)?,
        reported_at: row.get(3)?,
        unknown_browsers_at: row.get(4)?,
    })
}

fn past(row: &Row) -> Result<Past, StoreError> {
    let known: Option<Timestamp> = row.get(1)?;
    let state: ApprovalState = row.get(3)?;
    let settled_at: Option<Timestamp> = row.get(4)?;
    let settled_as = |wanted| settled_at.filter(|_| state == wanted);
    Ok(Past {
        known: known.is_some(),
        practice: row.get::<String>(5)? == Operation::Practice.as_str(),
        rang_at: row.get(2)?,
        denied_at: settled_as(ApprovalState::Denied),
        mismatch_at: settled_as(ApprovalState::Mismatch),
    })
}
