//! The life of a request: every transition is one guarded `UPDATE`, and its affected row is the proof.
//!
//! ```text
//! pending            -> approved                 a phone, in time
//! pending            -> mismatch                 a phone, with a wrong number
//! pending, approved  -> denied, reported         a phone; a no wins until the request is consumed
//! pending, approved  -> cancelled                the browser that waits
//! pending            -> superseded               the same browser, starting again
//! pending, approved  -> expired                  any reader, once its time has passed
//! pending, approved  -> revoked                  removal of phone or account, bad evidence
//! approved           -> consumed                 the browser that waits, in time
//! ```
//!
//! Every other state is final. One whose time has passed has expired for everybody who reads it, whether that was
//! written down yet or not, and ends in no other way.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, ApprovalId, PhoneId},
    secret::TokenHash,
};

use crate::{approval::ApprovalState, error::StoreError, params, row::Row, seal::Sealed, tx::Tx};

/// A phone's decision, as it is kept with the request.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The request.
    pub id: ApprovalId,
    /// The phone; it must have been asked.
    pub phone_id: PhoneId,
    /// The hash of the decision, to know a repeated one.
    pub decision_hash: String,
    /// What the phone is answered, for a repeated decision.
    pub answer: String,
    /// The decision and its evidence, sealed for [`Place::ApprovalEvidence`](crate::Place::ApprovalEvidence).
    pub evidence: Option<Sealed>,
}

/// A request that came to its end, with what the audit tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The request.
    pub id: ApprovalId,
    /// Whose it was; none of a decoy.
    pub account_id: Option<AccountId>,
    /// What it was for.
    pub operation: String,
    /// How it ended.
    pub state: ApprovalState,
}

/// The two ways to say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It was me: cancel it.
    Denied,
    /// It was not me.
    Reported,
}

impl Tx {
    /// `pending -> approved`, by a phone that was asked and isn't removed, in time. The right number and the evidence
    /// were checked before.
    pub async fn approve_approval(
        &mut self,
        answered: &Answered,
        now: Timestamp,
        claim_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = 'approved', claim_until = $4, phone_id = $2, decision_hash = $5, \
                   answer = $6, evidence = $7 WHERE id = $1 AND state = 'pending' AND expires_at > $3 \
                   AND EXISTS (SELECT m.phone_id FROM approval_messages m JOIN phones p ON p.id = m.phone_id \
                   WHERE m.approval_id = approvals.id AND m.phone_id = $2 AND p.revoked_at IS NULL)";
        let Answered { id, phone_id, decision_hash, answer, evidence } = answered;
        let params = params![id, phone_id, now, claim_until, decision_hash, answer, evidence.as_ref()];
        self.changed(sql, params).await
    }

    /// `pending -> mismatch`: a wrong number is final, because one that may be tried twice can be guessed.
    pub async fn mismatch_approval(&mut self, answered: &Answered, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = 'mismatch', settled_at = $3, phone_id = $2, decision_hash = $4, \
                   answer = $5, evidence = $6 WHERE id = $1 AND state = 'pending' AND expires_at > $3 \
                   AND EXISTS (SELECT m.phone_id FROM approval_messages m \
                   WHERE m.approval_id = approvals.id AND m.phone_id = $2)";
        let Answered { id, phone_id, decision_hash, answer, evidence } = answered;
        let params = params![id, phone_id, now, decision_hash, answer, evidence.as_ref()];
        self.changed(sql, params).await
    }

    /// `pending, approved -> denied` or `reported`, by any phone that was asked.
    pub async fn deny_approval(
        &mut self,
        answered: &Answered,
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = $7, settled_at = $3, phone_id = $2, decision_hash = $4, \
                   answer = $5, evidence = $6 WHERE id = $1 \
                   AND ((state = 'pending' AND expires_at > $3) OR (state = 'approved' AND claim_until > $3)) \
                   AND EXISTS (SELECT m.phone_id FROM approval_messages m \
                   WHERE m.approval_id = approvals.id AND m.phone_id = $2)";
        let state = match refusal {
            Refusal::Denied => ApprovalState::Denied,
            Refusal::Reported => ApprovalState::Reported,
        };
        let Answered { id, phone_id, decision_hash, answer, evidence } = answered;
        let params = params![id, phone_id, now, decision_hash, answer, evidence.as_ref(), state];
        self.changed(sql, params).await
    }

    /// `pending, approved -> cancelled`, by the browser that waits.
    pub async fn cancel_approval(
        &mut self,
        id: &ApprovalId,
        flow: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = 'cancelled', settled_at = $3 WHERE id = $1 AND flow_hash = $2 \
                   AND ((state = 'pending' AND expires_at > $3) OR (state = 'approved' AND claim_until > $3))";
        self.changed(sql, params![id, flow, now]).await
    }

    /// `pending -> superseded`: this browser's own request, because it starts again. Returns it.
    pub async fn supersede_approvals(&mut self, flow: &TokenHash, now: Timestamp) -> Result<Vec<Ended>, StoreError> {
        let sql = "UPDATE approvals SET state = 'superseded', settled_at = $2 \
                   WHERE flow_hash = $1 AND state = 'pending' AND expires_at > $2 \
                   RETURNING id, account_id, operation, state";
        ended(self.query_all(sql, params![flow, now]).await?)
    }

    /// `pending, approved -> expired`, if its time has passed. Any reader may do this.
    pub async fn expire_approval(&mut self, id: &ApprovalId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = 'expired', settled_at = $2 WHERE id = $1 \
                   AND ((state = 'pending' AND expires_at <= $2) OR (state = 'approved' AND claim_until <= $2))";
        self.changed(sql, params![id, now]).await
    }

    /// Expires what is overdue, at most `limit`, and returns them. Housekeeping: nothing rests on it.
    pub async fn expire_overdue_approvals(&mut self, now: Timestamp, limit: i64) -> Result<Vec<Ended>, StoreError> {
        ended(self.expire_some_approvals(now, limit).await?)
    }

    /// `pending, approved -> revoked` after a phone was removed: what it approved, and what only it was asked of the
    /// phones that are left. What is overdue has expired instead. Returns them.
    pub async fn revoke_approvals_of_phone(
        &mut self,
        phone: &PhoneId,
        now: Timestamp,
    ) -> Result<Vec<Ended>, StoreError> {
        let sql = "UPDATE approvals SET settled_at = $2, state = CASE WHEN (state = 'pending' AND expires_at <= $2) \
                   OR (state = 'approved' AND claim_until <= $2) THEN 'expired' ELSE 'revoked' END \
                   WHERE (state = 'approved' AND phone_id = $1) OR (state = 'pending' \
                   AND id IN (SELECT m.approval_id FROM approval_messages m WHERE m.phone_id = $1) \
                   AND NOT EXISTS (SELECT o.phone_id FROM approval_messages o JOIN phones p ON p.id = o.phone_id \
                   WHERE o.approval_id = approvals.id AND o.phone_id <> $1 AND p.revoked_at IS NULL)) \
                   RETURNING id, account_id, operation, state";
        ended(self.query_all(sql, params![phone, now]).await?)
    }

    /// `pending, approved -> revoked`: all of an account, when it is disabled. What is overdue has expired instead.
    /// Returns them.
    pub async fn revoke_approvals_of_account(
        &mut self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<Ended>, StoreError> {
        let sql = "UPDATE approvals SET settled_at = $2, state = CASE WHEN (state = 'pending' AND expires_at <= $2) \
                   OR (state = 'approved' AND claim_until <= $2) THEN 'expired' ELSE 'revoked' END \
                   WHERE account_id = $1 AND state IN ('pending', 'approved') RETURNING id, account_id, operation, state";
        ended(self.query_all(sql, params![account, now]).await?)
    }

    /// Counts evidence that didn't hold and returns how often there was some; the `limit`th revokes the request. `None`
    /// where it doesn't wait any more.
    pub async fn count_bad_evidence(
        &mut self,
        id: &ApprovalId,
        limit: i64,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE approvals SET bad_evidence = bad_evidence + 1, \
                   state = CASE WHEN bad_evidence + 1 >= $2 THEN 'revoked' ELSE state END, \
                   settled_at = CASE WHEN bad_evidence + 1 >= $2 THEN CAST($3 AS BIGINT) ELSE settled_at END \
                   WHERE id = $1 AND state = 'pending' RETURNING bad_evidence";
        self.query_opt(sql, params![id, limit, now]).await?.map(|row| row.get(0)).transpose()
    }

    /// `approved -> consumed`: by the browser that waits, in time, while the account and the phone that approved are
    /// active. The same transaction adds the session.
    pub async fn consume_approval(
        &mut self,
        id: &ApprovalId,
        flow: &TokenHash,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.hold_account_and_phone(id).await?;
        let sql = "UPDATE approvals SET state = 'consumed', settled_at = $3 \
                   WHERE id = $1 AND flow_hash = $2 AND state = 'approved' AND claim_until > $3 \
                   AND EXISTS (SELECT a.id FROM accounts a \
                   WHERE a.id = approvals.account_id AND a.disabled_at IS NULL) \
                   AND EXISTS (SELECT p.id FROM phones p WHERE p.id = approvals.phone_id \
                   AND p.account_id = approvals.account_id AND p.revoked_at IS NULL)";
        self.changed(sql, params![id, flow, now]).await
    }

    /// Reports a request that no browser has come back for; true if it was one. Its phone need not be the one that
    /// answered: the account's other phones may say so too.
    pub async fn report_open(
        &mut self,
        id: &ApprovalId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET state = 'reported', settled_at = $3, reported_at = $3 \
                   WHERE id = $1 AND account_id = $2 \
                   AND ((state = 'pending' AND expires_at > $3) OR (state = 'approved' AND claim_until > $3))";
        self.changed(sql, params![id, account, now]).await
    }

    /// Keeps that a consumed request was reported, once. The same transaction ends its sessions.
    pub async fn report_consumed(
        &mut self,
        id: &ApprovalId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET reported_at = $3 \
                   WHERE id = $1 AND account_id = $2 AND state = 'consumed' AND reported_at IS NULL";
        self.changed(sql, params![id, account, now]).await
    }

    /// Keeps that the number is on the screen, once; then the phones may be told.
    pub async fn note_shown(&mut self, id: &ApprovalId, flow: &TokenHash, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE approvals SET shown_at = $3 WHERE id = $1 AND flow_hash = $2 AND shown_at IS NULL";
        self.changed(sql, params![id, flow, now]).await
    }

    /// Takes overdue requests of an account from their places, which makes room for a new one. They end later, when
    /// somebody reads them or the sweeper comes by: a start that ended them and told the audit of each would take longer
    /// for names that somebody has.
    pub async fn free_overdue_places(&mut self, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE approvals SET slot = NULL \
                   WHERE account_id = $1 AND state = 'pending' AND slot IS NOT NULL AND expires_at <= $2";
        self.execute(sql, params![account, now]).await
    }

    /// Expires an account's waiting requests that are overdue. Returns them.
    pub async fn expire_approvals_of(&mut self, account: &AccountId, now: Timestamp) -> Result<Vec<Ended>, StoreError> {
        let sql = "UPDATE approvals SET state = 'expired', settled_at = $2 \
                   WHERE account_id = $1 AND state = 'pending' AND expires_at <= $2 \
                   RETURNING id, account_id, operation, state";
        ended(self.query_all(sql, params![account, now]).await?)
    }
}

fn ended(rows: Vec<Row>) -> Result<Vec<Ended>, StoreError> {
    let one =
        |row: &Row| Ok(Ended { id: row.get(0)?, account_id: row.get(1)?, operation: row.get(2)?, state: row.get(3)? });
    rows.iter().map(one).collect()
}
