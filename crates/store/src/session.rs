//! Sessions: a browser that is signed in. Found by the cookie's hash.

use std::time::Duration;

use akkoord_core::{
    Timestamp,
    ids::{AccountId, ApprovalId, PhoneId, SessionId},
    secret::TokenHash,
};

use crate::{
    account::{AccountRow, account, account_columns},
    error::StoreError,
    organisation::{OrganisationRow, organisation, organisation_columns},
    params,
    row::Row,
    tx::Tx,
};

/// A session to begin.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Its id, for lists and logs.
    pub id: SessionId,
    /// The hash of the browser's session cookie.
    pub token_hash: TokenHash,
    /// Who is signed in.
    pub account_id: AccountId,
    /// The request that a phone approved for it.
    pub approval_id: Option<ApprovalId>,
    /// The phone that approved.
    pub phone_id: Option<PhoneId>,
    /// What was proved, JSON.
    pub proved: String,
    /// How strong that is, a word.
    pub acr: String,
    /// The browser, from our own list.
    pub browser: String,
    /// The browser's address.
    pub address: String,
    /// When the person was last proven to be there.
    pub authenticated_at: Timestamp,
    /// When it begins.
    pub created_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Set where this browser stays signed in.
    pub stays_at: Option<Timestamp>,
}

/// A session, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id, for lists and logs.
    pub id: SessionId,
    /// Who is signed in.
    pub account_id: AccountId,
    /// The request that a phone approved for it.
    pub approval_id: Option<ApprovalId>,
    /// The phone that approved.
    pub phone_id: Option<PhoneId>,
    /// What was proved, JSON.
    pub proved: String,
    /// How strong that is, a word.
    pub acr: String,
    /// The browser, from our own list.
    pub browser: String,
    /// The browser's address.
    pub address: String,
    /// When the person was last proven to be there.
    pub authenticated_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
    /// Since when it is one that stays: it may be idle.
    pub stays_at: Option<Timestamp>,
}

macro_rules! columns {
    () => {
        "s.id, s.account_id, s.approval_id, s.phone_id, s.proved, s.acr, s.browser, s.address, s.authenticated_at, \
         s.created_at, s.last_seen_at, s.expires_at, s.stays_at"
    };
}

/// How many columns that are.
const COLUMNS: usize = 13;

impl Tx {
    /// Begins a session.
    pub async fn add_session(&mut self, new: &NewSession) -> Result<(), StoreError> {
        let sql = "INSERT INTO sessions (id, token_hash, account_id, approval_id, phone_id, proved, acr, browser, \
                   address, authenticated_at, created_at, last_seen_at, expires_at, stays_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)";
        let params = params![
            &new.id,
            &new.token_hash,
            &new.account_id,
            new.approval_id.as_ref(),
            new.phone_id.as_ref(),
            &new.proved,
            &new.acr,
            &new.browser,
            &new.address,
            new.authenticated_at,
            new.created_at,
            new.expires_at,
            new.stays_at,
        ];
        self.execute(sql, params).await.map(drop)
    }

    /// The session of a cookie with its account and organisation, if it counts: not ended, not too old, and of an
    /// account that isn't disabled. That is asked here, each time, so that no session outlives its account. One statement,
    /// because every page of a signed-in person asks it.
    pub async fn session_by_token(
        &mut self,
        token: &TokenHash,
        now: Timestamp,
    ) -> Result<Option<(SessionRow, AccountRow, Option<OrganisationRow>)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", ",
            account_columns!(),
            ", ",
            organisation_columns!(),
            " FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN organisations o ON o.id = a.organisation_id \
             WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND a.disabled_at IS NULL"
        );
        let Some(mut row) = self.query_opt(sql, params![token, now]).await? else { return Ok(None) };
        let mut of_account = row.split_off(COLUMNS);
        let of_organisation = of_account.split_off_joined(crate::account::COLUMNS);
        let organisation = of_organisation.as_ref().map(organisation).transpose()?;
        Ok(Some((session(&row)?, account(&of_account)?, organisation)))
    }

    /// The sessions of an account that haven't ended, the last used first.
    pub async fn sessions_of(&mut self, account: &AccountId, now: Timestamp) -> Result<Vec<SessionRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s WHERE s.account_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 \
             ORDER BY s.last_seen_at DESC, s.id"
        );
        self.query_all(sql, params![account, now]).await?.iter().map(session).collect()
    }

    /// The newest sessions of an account that no phone let in, also those that have ended.
    pub async fn sessions_without_request(
        &mut self,
        account: &AccountId,
        limit: i64,
    ) -> Result<Vec<SessionRow>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s WHERE s.account_id = $1 AND s.approval_id IS NULL ORDER BY s.created_at DESC, s.id LIMIT $2"
        );
        self.query_all(sql, params![account, limit]).await?.iter().map(session).collect()
    }

    /// Keeps that a session was used; at most once a minute, because every page would write otherwise.
    pub async fn touch_session(&mut self, id: &SessionId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND ended_at IS NULL AND last_seen_at <= $3";
        self.changed(sql, params![id, now, now - TOUCH_INTERVAL]).await
    }

    /// Lets a session stay from now on, or no longer, and gives it another end.
    pub async fn set_session_stays(
        &mut self,
        id: &SessionId,
        since: Option<Timestamp>,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET stays_at = $2, expires_at = $3 WHERE id = $1 AND ended_at IS NULL";
        self.changed(sql, params![id, since, expires_at]).await
    }

    /// Ends a session of an account.
    pub async fn end_session(
        &mut self,
        id: &SessionId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $3 WHERE id = $1 AND account_id = $2 AND ended_at IS NULL";
        self.changed(sql, params![id, account, now]).await
    }

    /// Ends all sessions of an account, but one that may be kept; returns how many.
    pub async fn end_sessions_of_account(
        &mut self,
        account: &AccountId,
        but: Option<&SessionId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $3 WHERE account_id = $1 AND ended_at IS NULL \
                   AND (CAST($2 AS TEXT) IS NULL OR id <> $2)";
        self.execute(sql, params![account, but, now]).await
    }

    /// Ends the sessions that a request led to; returns how many.
    pub async fn end_sessions_of_approval(&mut self, approval: &ApprovalId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $2 WHERE approval_id = $1 AND ended_at IS NULL";
        self.execute(sql, params![approval, now]).await
    }

    /// Ends the sessions that a phone approved; returns how many.
    pub async fn end_sessions_of_phone(&mut self, phone: &PhoneId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE sessions SET ended_at = $2 WHERE phone_id = $1 AND ended_at IS NULL";
        self.execute(sql, params![phone, now]).await
    }
}

fn session(row: &Row) -> Result<SessionRow, StoreError> {
    Ok(SessionRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        approval_id: row.get(2)?,
        phone_id: row.get(3)?,
        proved: row.get(4)?,
        acr: row.get(5)?,
        browser: row.get(6)?,
        address: row.get(7)?,
        authenticated_at: row.get(8)?,
        created_at: row.get(9)?,
        last_seen_at: row.get(10)?,
        expires_at: row.get(11)?,
        stays_at: row.get(12)?,
    })
}

/// How exactly "last used" is kept.
pub(crate) const TOUCH_INTERVAL: Duration = Duration::from_secs(60);
