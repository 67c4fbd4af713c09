//! Sign-ins: one attempt of one browser, from the user name to the session. Found by the flow cookie's hash.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, ApprovalId, OrganisationId, SignInId},
    secret::TokenHash,
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A sign-in to begin.
#[derive(Clone, Debug)]
pub struct NewSignIn {
    /// Its id.
    pub id: SignInId,
    /// The hash of the browser's flow cookie.
    pub flow_hash: TokenHash,
    /// The user name as typed, normalised; it need not exist.
    pub username: String,
    /// The account of that name, if there is one.
    pub account_id: Option<AccountId>,
    /// The organisation whose policy counts.
    pub organisation_id: Option<OrganisationId>,
    /// What it is for, a word.
    pub purpose: String,
    /// Where the browser goes afterwards.
    pub return_to: Option<String>,
    /// What has been proved, JSON.
    pub proved: String,
    /// The method that the person chose.
    pub chosen: Option<String>,
    /// The request to the phones that it waits for; it is placed in the same transaction.
    pub approval_id: Option<ApprovalId>,
    /// Set where this browser has signed this account in before.
    pub known_browser_at: Option<Timestamp>,
    /// When it begins.
    pub created_at: Timestamp,
    /// Until when it may be finished.
    pub expires_at: Timestamp,
}

/// A sign-in, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// Its id.
    pub id: SignInId,
    /// The user name as typed, normalised; it need not exist.
    pub username: String,
    /// The account of that name, if there is one.
    pub account_id: Option<AccountId>,
    /// The organisation whose policy counts.
    pub organisation_id: Option<OrganisationId>,
    /// What it is for, a word.
    pub purpose: String,
    /// Where the browser goes afterwards.
    pub return_to: Option<String>,
    /// What has been proved, JSON.
    pub proved: String,
    /// The method that the person chose.
    pub chosen: Option<String>,
    /// The request to the phones that it waits for.
    pub approval_id: Option<ApprovalId>,
    /// Set where this browser has signed this account in before.
    pub known_browser_at: Option<Timestamp>,
    /// How many wrong passes were typed.
    pub pass_failures: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// Until when it may be finished.
    pub expires_at: Timestamp,
    /// When it was finished.
    pub finished_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, username, account_id, organisation_id, purpose, return_to, proved, chosen, approval_id, ",
            "known_browser_at, pass_failures, created_at, expires_at, finished_at FROM sign_ins ",
            $rest
        )
    };
}

impl Tx {
    /// Begins a sign-in.
    pub async fn add_sign_in(&mut self, new: &NewSignIn) -> Result<(), StoreError> {
        let sql = "INSERT INTO sign_ins (id, flow_hash, username, account_id, organisation_id, purpose, return_to, \
                   proved, chosen, approval_id, known_browser_at, pass_failures, created_at, expires_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13)";
        let params = params![
            &new.id,
            &new.flow_hash,
            &new.username,
            new.account_id.as_ref(),
            new.organisation_id.as_ref(),
            &new.purpose,
            new.return_to.as_deref(),
            &new.proved,
            new.chosen.as_deref(),
            new.approval_id.as_ref(),
            new.known_browser_at,
            new.created_at,
            new.expires_at,
        ];
        self.execute(sql, params).await.map(drop)
    }

    /// The sign-in of a flow cookie, also a finished or overdue one.
    pub async fn sign_in_by_flow(&mut self, flow: &TokenHash) -> Result<Option<SignInRow>, StoreError> {
        self.query_opt(select!("WHERE flow_hash = $1"), params![flow]).await?.as_ref().map(sign_in).transpose()
    }

    /// The sign-in that waits for a request, to wake its browser.
    pub async fn sign_in_by_approval(&mut self, approval: &ApprovalId) -> Result<Option<SignInRow>, StoreError> {
        let sql = select!("WHERE flow_hash = (SELECT flow_hash FROM approvals WHERE id = $1)");
        self.query_opt(sql, params![approval]).await?.as_ref().map(sign_in).transpose()
    }

    /// Keeps which method the person chose.
    pub async fn set_sign_in_method(
        &mut self,
        id: &SignInId,
        chosen: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sign_ins SET chosen = $2 WHERE id = $1 AND finished_at IS NULL AND expires_at > $3";
        self.changed(sql, params![id, chosen, now]).await
    }

    /// Keeps what has been proved, if that still is what it was read as: two steps at once must not lose one.
    pub async fn record_proved(
        &mut self,
        id: &SignInId,
        old: &str,
        new: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sign_ins SET proved = $3 \
                   WHERE id = $1 AND proved = $2 AND finished_at IS NULL AND expires_at > $4";
        self.changed(sql, params![id, old, new, now]).await
    }

    /// Counts a wrong pass and returns how many there were.
    pub async fn count_pass_failure(&mut self, id: &SignInId) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE sign_ins SET pass_failures = pass_failures + 1 \
                   WHERE id = $1 AND finished_at IS NULL RETURNING pass_failures";
        self.query_opt(sql, params![id]).await?.map(|row| row.get(0)).transpose()
    }

    /// Ends the sign-ins of an account that have proved something and are not finished: what they rest on is gone.
    pub async fn end_proved_sign_ins(&mut self, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE sign_ins SET finished_at = $2 \
                   WHERE account_id = $1 AND finished_at IS NULL AND proved <> ''";
        self.execute(sql, params![account, now]).await
    }

    /// Finishes a sign-in, once, with what was proved in all. The same transaction adds the session.
    pub async fn finish_sign_in(&mut self, id: &SignInId, proved: &str, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE sign_ins SET proved = $2, finished_at = $3 \
                   WHERE id = $1 AND finished_at IS NULL AND expires_at > $3";
        self.changed(sql, params![id, proved, now]).await
    }
}

fn sign_in(row: &Row) -> Result<SignInRow, StoreError> {
    Ok(SignInRow {
        id: row.get(0)?,
        username: row.get(1)?,
        account_id: row.get(2)?,
        organisation_id: row.get(3)?,
        purpose: row.get(4)?,
        return_to: row.get(5)?,
        proved: row.get(6)?,
        chosen: row.get(7)?,
        approval_id: row.get(8)?,
        known_browser_at: row.get(9)?,
        pass_failures: row.get(10)?,
        created_at: row.get(11)?,
        expires_at: row.get(12)?,
        finished_at: row.get(13)?,
    })
}
