//! Passkeys and security keys of accounts, and the challenges that they have answered.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, CredentialId},
};

use crate::{
    error::StoreError,
    params,
    row::{Row, words},
    seal::{Purpose, Seal},
    tx::Tx,
};

words! {
    /// What a credential is for.
    CredentialKind {
        /// Signs in alone, its user verified.
        Passkey = "passkey",
        /// Comes after a password.
        SecurityKey = "security-key",
    }
}

/// A credential to add.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its authenticator calls it, base64url.
    pub handle: String,
    /// What it is for.
    pub kind: CredentialKind,
    /// What its person calls it.
    pub name: String,
    /// Its public key, its counter and what its authenticator said of itself, JSON.
    pub credential: String,
    /// When it is added.
    pub created_at: Timestamp,
}

/// A credential, as stored, proven to be the one that we stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialRow {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its authenticator calls it, base64url.
    pub handle: String,
    /// What it is for.
    pub kind: CredentialKind,
    /// What its person calls it.
    pub name: String,
    /// Its public key, its counter and what its authenticator said of itself, JSON.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last signed somebody in.
    pub last_used_at: Option<Timestamp>,
    key_mac: Vec<u8>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, handle, kind, name, credential, created_at, last_used_at, key_mac FROM credentials ",
            $rest
        )
    };
}

impl Tx {
    /// Adds a credential, if the account has fewer than `most`. False where it has so many, or where the credential is
    /// somebody's already, also as a removed one. Who adds one holds the account, so that two at once are counted.
    pub async fn add_credential(&mut self, new: &NewCredential, most: i64) -> Result<bool, StoreError> {
        let mac = self.seal().mac(Purpose::Credential, &new.parts());
        // PostgreSQL asks for the types of a SELECT; a cast of the MAC itself would make a number of it in SQLite.
        let sql = "INSERT INTO credentials (id, account_id, handle, kind, name, credential, key_mac, created_at) \
                   SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), \
                   CAST($6 AS TEXT), COALESCE($7, CAST(NULL AS BYTEA)), CAST($8 AS BIGINT) \
                   WHERE (SELECT COUNT(*) FROM credentials WHERE account_id = $2 AND removed_at IS NULL) < $9 \
                   ON CONFLICT DO NOTHING";
        let NewCredential { id, account_id, handle, kind, name, credential, created_at } = new;
        self.changed(sql, params![id, account_id, handle, *kind, name, credential, &mac, *created_at, most]).await
    }

    /// The credential that its authenticator calls so, unless it was removed.
    pub async fn credential_by_handle(&mut self, handle: &str) -> Result<Option<CredentialRow>, StoreError> {
        let row = self.query_opt(select!("WHERE handle = $1 AND removed_at IS NULL"), params![handle]).await?;
        row.map(|row| credential(&row, self.seal())).transpose()
    }

    /// The credentials of an account that aren't removed, oldest first.
    pub async fn credentials_of(&mut self, account: &AccountId) -> Result<Vec<CredentialRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND removed_at IS NULL ORDER BY created_at, id");
        let rows = self.query_all(sql, params![account]).await?;
        rows.iter().map(|row| credential(row, self.seal())).collect()
    }

    /// Keeps that a credential was used, with its new counter. False where it was removed or used meanwhile, as far as its
    /// authenticator counts: of an authenticator and its copy at once one is let in.
    pub async fn use_credential(
        &mut self,
        read: &CredentialRow,
        credential: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let CredentialRow { id, account_id, handle, kind, key_mac, .. } = read;
        let mac = self.seal().mac(Purpose::Credential, &parts(id, account_id, handle, *kind, credential));
        let sql = "UPDATE credentials SET credential = $2, key_mac = $3, last_used_at = $4 \
                   WHERE id = $1 AND key_mac = $5 AND removed_at IS NULL";
        self.changed(sql, params![id, credential, &mac, now, key_mac.as_slice()]).await
    }

    /// Gives a credential of an account another name.
    pub async fn rename_credential(
        &mut self,
        id: &CredentialId,
        account: &AccountId,
        name: &str,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE credentials SET name = $3 WHERE id = $1 AND account_id = $2 AND removed_at IS NULL";
        self.changed(sql, params![id, account, name]).await
    }

    /// Removes a credential of an account.
    pub async fn remove_credential(
        &mut self,
        id: &CredentialId,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE credentials SET removed_at = $3 WHERE id = $1 AND account_id = $2 AND removed_at IS NULL";
        self.changed(sql, params![id, account, now]).await
    }

    /// The credentials that were removed from accounts, to remove them again after a restore.
    pub async fn removed_credentials(&mut self) -> Result<Vec<(CredentialId, AccountId)>, StoreError> {
        let sql = "SELECT id, account_id FROM credentials WHERE removed_at IS NOT NULL ORDER BY id";
        self.query_all(sql, &[]).await?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// Keeps that a challenge was answered; false where it was before. That the row is new is the proof: challenges are
    /// made from our key and stored nowhere until then, so that nobody fills the database by opening pages.
    pub async fn answer_challenge(&mut self, challenge: &str, expires_at: Timestamp) -> Result<bool, StoreError> {
        let sql = "INSERT INTO answered_challenges (challenge, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.changed(sql, params![challenge, expires_at]).await
    }
}

impl NewCredential {
    fn parts(&self) -> [&[u8]; 5] {
        parts(&self.id, &self.account_id, &self.handle, self.kind, &self.credential)
    }
}

fn parts<'p>(
    id: &'p CredentialId,
    account: &'p AccountId,
    handle: &'p str,
    kind: CredentialKind,
    credential: &'p str,
) -> [&'p [u8]; 5] {
    [
        id.as_str().as_bytes(),
        account.as_str().as_bytes(),
        handle.as_bytes(),
        kind.as_str().as_bytes(),
        credential.as_bytes(),
    ]
}

fn credential(row: &Row, seal: &Seal) -> Result<CredentialRow, StoreError> {
    let row = CredentialRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        handle: row.get(2)?,
        kind: row.get(3)?,
        name: row.get(4)?,
        credential: row.get(5)?,
        created_at: row.get(6)?,
        last_used_at: row.get(7)?,
        key_mac: row.get(8)?,
    };
    let parts = parts(&row.id, &row.account_id, &row.handle, row.kind, &row.credential);
    if seal.mac_is(Purpose::Credential, &parts, &row.key_mac) {
        return Ok(row);
    }
    let (table, column) = ("credentials".to_owned(), "key_mac".to_owned());
    Err(StoreError::Corrupt { table, column, id: row.id.to_string() })
}
