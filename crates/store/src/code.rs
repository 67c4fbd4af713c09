//! Verification codes: what makes them for an account, which was accepted last, and how often none was right.
//!
//! Codes are made by the account's phones and by its generators, which are any authenticators that were given a secret.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, CodeGeneratorId, PhoneId},
};

use crate::{error::StoreError, params, row::Row, seal::Sealed, tx::Tx};

/// A generator to add. Its first code was right.
#[derive(Clone, Debug)]
pub struct NewCodeGenerator {
    /// Its id.
    pub id: CodeGeneratorId,
    /// Whose it is.
    pub account_id: AccountId,
    /// What its person calls it.
    pub name: String,
    /// Its secret.
    pub secret: Sealed,
    /// The step of the code that confirmed it, which is used up.
    pub code_step: i64,
    /// When it is added.
    pub created_at: Timestamp,
}

/// A generator, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeGeneratorRow {
    /// Its id.
    pub id: CodeGeneratorId,
    /// What its person calls it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When a code of it was last accepted.
    pub last_used_at: Option<Timestamp>,
}

/// What makes codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeSource {
    /// A phone, by the app on it.
    Phone(PhoneId),
    /// Another authenticator.
    Generator(CodeGeneratorId),
}

/// A secret that codes are made from.
#[derive(Clone, Debug)]
pub struct CodeSecret {
    /// What holds it.
    pub source: CodeSource,
    /// The secret.
    pub secret: Sealed,
    /// The step of the last code that was accepted.
    pub step: i64,
}

/// Codes that were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeTries {
    /// Since the last right one.
    pub failures: i64,
    /// Until when none counts, and none is right.
    pub wait_until: Timestamp,
}

impl Tx {
    /// Adds a generator. False where there is one of this id: its form was sent twice.
    pub async fn add_code_generator(&mut self, new: &NewCodeGenerator) -> Result<bool, StoreError> {
        let sql = "INSERT INTO code_generators (id, account_id, name, secret, code_step, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let NewCodeGenerator { id, account_id, name, secret, code_step, created_at } = new;
        self.changed(sql, params![id, account_id, name, secret, *code_step, *created_at]).await
    }

    /// The generators of an account, oldest first.
    pub async fn code_generators_of(&mut self, account: &AccountId) -> Result<Vec<CodeGeneratorRow>, StoreError> {
        let sql = "SELECT id, name, created_at, last_used_at FROM code_generators WHERE account_id = $1 \
                   ORDER BY created_at, id";
        self.query_all(sql, params![account]).await?.iter().map(generator).collect()
    }

    /// Removes a generator of an account, and its secret with it.
    pub async fn remove_code_generator(
        &mut self,
        id: &CodeGeneratorId,
        account: &AccountId,
    ) -> Result<bool, StoreError> {
        self.changed("DELETE FROM code_generators WHERE id = $1 AND account_id = $2", params![id, account]).await
    }

    /// All secrets that make codes for an account.
    pub async fn code_secrets_of(&mut self, account: &AccountId) -> Result<Vec<CodeSecret>, StoreError> {
        let sql = "SELECT id, code_secret, code_step FROM phones \
                   WHERE account_id = $1 AND revoked_at IS NULL AND code_secret IS NOT NULL ORDER BY created_at, id";
        let phones = self.query_all(sql, params![account]).await?;
        let sql = "SELECT id, secret, code_step FROM code_generators WHERE account_id = $1 ORDER BY created_at, id";
        let generators = self.query_all(sql, params![account]).await?;
        let of_phone = |row: &Row| {
            Ok(CodeSecret { source: CodeSource::Phone(row.get(0)?), secret: row.get(1)?, step: row.get(2)? })
        };
        let of_generator = |row: &Row| {
            Ok(CodeSecret { source: CodeSource::Generator(row.get(0)?), secret: row.get(1)?, step: row.get(2)? })
        };
        phones.iter().map(of_phone).chain(generators.iter().map(of_generator)).collect()
    }

    /// Uses the code of a step up, and with it all before: false where it, or a later one, was used already.
    pub async fn use_code(&mut self, source: &CodeSource, step: i64, now: Timestamp) -> Result<bool, StoreError> {
        match source {
            CodeSource::Phone(id) => {
                let sql = "UPDATE phones SET code_step = $2, last_used_at = $3 \
                           WHERE id = $1 AND code_step < $2 AND revoked_at IS NULL";
                self.changed(sql, params![id, step, now]).await
            }
            CodeSource::Generator(id) => {
                let sql = "UPDATE code_generators SET code_step = $2, last_used_at = $3 \
                           WHERE id = $1 AND code_step < $2";
                self.changed(sql, params![id, step, now]).await
            }
        }
    }

    /// The codes that were tried for an account.
    pub async fn code_tries(&mut self, account: &AccountId) -> Result<CodeTries, StoreError> {
        let sql = "SELECT code_failures, codes_wait_until FROM accounts WHERE id = $1";
        let row = self.query_opt(sql, params![account]).await?.ok_or(StoreError::Lost)?;
        Ok(CodeTries { failures: row.get(0)?, wait_until: row.get(1)? })
    }

    /// Counts a try before it is looked at. It counts only as the one after those that were read, and not while codes wait.
    pub async fn count_code_try(
        &mut self,
        account: &AccountId,
        read: CodeTries,
        wait_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET code_failures = code_failures + 1, codes_wait_until = $3 \
                   WHERE id = $1 AND code_failures = $2 AND codes_wait_until <= $4";
        self.changed(sql, params![account, read.failures, wait_until, now]).await
    }

    /// A code was right: those before it are forgotten.
    pub async fn forget_code_tries(&mut self, account: &AccountId) -> Result<(), StoreError> {
        let sql = "UPDATE accounts SET code_failures = 0, codes_wait_until = 0 WHERE id = $1";
        self.execute(sql, params![account]).await.map(drop)
    }

    /// Switches two-step verification on, since now if it was off. Whether it was.
    pub async fn switch_two_step_on(&mut self, account: &AccountId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET two_step_at = $2 WHERE id = $1 AND two_step_at IS NULL";
        self.changed(sql, params![account, now]).await
    }

    /// Switches two-step verification off, and phone sign-in on each phone with it, which needs it. Whether it was on.
    pub async fn switch_two_step_off(&mut self, account: &AccountId) -> Result<bool, StoreError> {
        let sql = "UPDATE accounts SET two_step_at = NULL WHERE id = $1 AND two_step_at IS NOT NULL";
        if !self.changed(sql, params![account]).await? {
            return Ok(false);
        }
        let sql = "UPDATE phones SET phone_sign_in_at = NULL WHERE account_id = $1 AND revoked_at IS NULL";
        self.execute(sql, params![account]).await.map(|_| true)
    }
}

fn generator(row: &Row) -> Result<CodeGeneratorRow, StoreError> {
    Ok(CodeGeneratorRow { id: row.get(0)?, name: row.get(1)?, created_at: row.get(2)?, last_used_at: row.get(3)? })
}
