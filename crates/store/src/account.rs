//! Accounts: whom a sign-in is for.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, OrganisationId},
};

use crate::{
    error::{Constraint, StoreError},
    params,
    row::Row,
    tx::Tx,
};

/// An account to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// The organisation it belongs to; none for a personal account.
    pub organisation_id: Option<OrganisationId>,
    /// `work` or `personal`.
    pub kind: String,
    /// What is typed to sign in, normalised by the caller.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
    /// What the account may do, a word.
    pub role: String,
    /// The person's language, a tag.
    pub language: Option<String>,
    /// When it is made.
    pub created_at: Timestamp,
}

/// An account, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// The organisation it belongs to; none for a personal account.
    pub organisation_id: Option<OrganisationId>,
    /// `work` or `personal`.
    pub kind: String,
    /// What is typed to sign in, normalised.
    pub username: String,
    /// The person's name.
    pub name: String,
    /// Where notices go.
    pub email: Option<String>,
    /// What the account may do, a word.
    pub role: String,
    /// The person's language, a tag.
    pub language: Option<String>,
    /// Until when the phone has said "I am signing in now".
    pub expect_until: Option<Timestamp>,
    /// Since when phone approval is locked after wrong numbers.
    pub approval_locked_at: Option<Timestamp>,
    /// When that was last ended: wrong numbers of before are forgiven.
    pub approval_unlocked_at: Option<Timestamp>,
    /// When one of its phones last said that somebody else had begun a sign-in.
    pub reported_at: Option<Timestamp>,
    /// Since when two-step verification is on.
    pub two_step_at: Option<Timestamp>,
    /// The second step that is asked for first, a word.
    pub default_step: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was disabled.
    pub disabled_at: Option<Timestamp>,
}

macro_rules! account_columns {
    () => {
        "a.id, a.organisation_id, a.kind, a.username, a.name, a.email, a.role, a.language, a.expect_until, \
         a.approval_locked_at, a.approval_unlocked_at, a.reported_at, a.two_step_at, a.default_step, a.created_at, \
         a.disabled_at"
    };
}
pub(crate) use account_columns;

/// How many columns that are.
pub(crate) const COLUMNS: usize = 16;

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", account_columns!(), " FROM accounts a ", $rest)
    };
}

impl Tx {
    /// Adds an account. A user name that is taken is [`Constraint::Username`].
    pub async fn add_account(&mut self, new: &NewAccount) -> Result<(), StoreError> {
        let sql = "INSERT INTO accounts (id, organisation_id, kind, username, name, email, role, language, created_at, \
                   wrong_numbers) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING";
        let params = params![
            &new.id,
            new.organisation_id.as_ref(),
            &new.kind,
            &new.username,
            &new.name,
            new.email.as_deref(),
            &new.role,
            new.language.as_deref(),
            new.created_at,
        ];
        if self.changed(sql, params).await? { Ok(()) } else { Err(StoreError::Conflict(Constraint::Username)) }
    }

    /// An account.
    pub async fn account(&mut self, id: &AccountId) -> Result<Option<AccountRow>, StoreError> {
        self.query_opt(select!("WHERE id = $1"), params![id]).await?.as_ref().map(account).transpose()
    }

    /// The account of a normalised user name.
    pub async fn account_by_username(&mut self, username: &str) -> Result<Option<AccountRow>, StoreError> {
        self.query_opt(select!("WHERE username = $1"), params![username]).await?.as_ref().map(account).transpose()
    }

    /// Accounts by user name, the next `limit` after `after`; of one organisation, or of all.
    pub async fn accounts(
        &mut self,
        organisation: Option<&OrganisationId>,
        after: &str,
        limit: i64,
    ) -> Result<Vec<AccountRow>, StoreError> {
        let sql = select!(
            "WHERE (CAST($1 AS TEXT) IS NULL OR organisation_id = $1) AND username > $2 ORDER BY username LIMIT $3"
        );
        self.query_all(sql, params![organisation, after, limit]).await?.iter().map(account).collect()
    }

    /// The enabled accounts that administer an organisation.
    pub async fn administrators_of(&mut self, organisation: &OrganisationId) -> Result<Vec<AccountRow>, StoreError> {
        let sql = select!(
            "WHERE organisation_id = $1 AND role IN ('administrator', 'owner') AND disabled_at IS NULL ORDER BY username"
        );
        self.query_all(sql, params![organisation]).await?.iter().map(account).collect()
    }

    /// Disables an account. The same transaction then revokes its requests and ends its sessions, in this order.
    pub async fn disable_account(&mut self, id: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
        self.changed(sql, params![id, now]).await
    }

    /// Enables a disabled account.
    pub async fn enable_account(&mut self, id: &AccountId) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
        self.changed(sql, params![id]).await
    }

    /// Changes where notices go.
    pub async fn set_account_email(&mut self, id: &AccountId, email: Option<&str>) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET email = $2 WHERE id = $1", params![id, email]).await
    }

    /// Changes the person's name.
    pub async fn set_account_name(&mut self, id: &AccountId, name: &str) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET name = $2 WHERE id = $1", params![id, name]).await
    }

    /// Changes what the account may do.
    pub async fn set_account_role(&mut self, id: &AccountId, role: &str) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET role = $2 WHERE id = $1", params![id, role]).await
    }

    /// Changes the person's language.
    pub async fn set_account_language(&mut self, id: &AccountId, language: Option<&str>) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET language = $2 WHERE id = $1", params![id, language]).await
    }

    /// Keeps which second step is asked for first.
    pub async fn set_default_step(&mut self, id: &AccountId, step: Option<&str>) -> Result<bool, StoreError> {
        self.changed("UPDATE accounts SET default_step = $2 WHERE id = $1", params![id, step]).await
    }

    /// Keeps that the person is about to sign in.
    pub async fn expect_sign_in(&mut self, id: &AccountId, until: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET expect_until = $2 WHERE id = $1 AND disabled_at IS NULL";
        self.changed(sql, params![id, until]).await
    }

    /// Uses up that the person was about to sign in: it counts for one start.
    pub async fn use_expectation(&mut self, id: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET expect_until = NULL WHERE id = $1 AND expect_until > $2";
        self.changed(sql, params![id, now]).await
    }
}

pub(crate) fn account(row: &Row) -> Result<AccountRow, StoreError> {
    Ok(AccountRow {
        id: row.get(0)?,
        organisation_id: row.get(1)?,
        kind: row.get(2)?,
        username: row.get(3)?,
        name: row.get(4)?,
        email: row.get(5)?,
        role: row.get(6)?,
        language: row.get(7)?,
        expect_until: row.get(8)?,
        approval_locked_at: row.get(9)?,
        approval_unlocked_at: row.get(10)?,
        reported_at: row.get(11)?,
        two_step_at: row.get(12)?,
        default_step: row.get(13)?,
        created_at: row.get(14)?,
        disabled_at: row.get(15)?,
    })
}
