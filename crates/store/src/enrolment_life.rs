//! The steps of an enrolment: `created -> claimed -> proved -> active`, or `rejected`, `expired`, `cancelled`.
//!
//! Each is one guarded statement. A step that ends an enrolment also forgets its secrets, which nobody needs any more.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, EnrolmentId},
    secret::TokenHash,
};

use crate::{error::StoreError, params, row::Row, seal::Sealed, tx::Tx};

/// What a claim keeps.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// `c`, what the phone committed itself to.
    pub commitment: String,
    /// The hash of the phone's new token.
    pub claim_hash: TokenHash,
    /// The answer, for a repeated claim; sealed for [`Place::EnrolmentClaimAnswer`](crate::Place::EnrolmentClaimAnswer).
    pub claim_answer: Sealed,
    /// The hash of the offer.
    pub offer_hash: String,
    /// The key that signed the offer.
    pub offer_kid: String,
    /// What the library keeps while a platform authenticator registers, sealed for
    /// [`Place::EnrolmentWebauthn`](crate::Place::EnrolmentWebauthn).
    pub webauthn: Option<Sealed>,
    /// Whether the code was typed, not scanned.
    pub typed_code: bool,
    /// Until when the phone may prove.
    pub expires_at: Timestamp,
}

/// What a proof keeps.
#[derive(Clone, Debug)]
pub struct Proved {
    /// The six digits, sealed for [`Place::EnrolmentDigits`](crate::Place::EnrolmentDigits).
    pub digits: Sealed,
    /// The hash of the phone's enrol message.
    pub enrol_hash: String,
    /// What the phone proved, sealed for [`Place::EnrolmentProved`](crate::Place::EnrolmentProved).
    pub proved: Sealed,
    /// The key of the phone's messages, a JWK.
    pub phone_key: String,
    /// What the phone calls itself.
    pub phone_name: String,
    /// The phone's kind of machine.
    pub phone_platform: String,
    /// Until when the digits may be typed.
    pub expires_at: Timestamp,
}

/// An `UPDATE` that ends enrolments and forgets their secrets; `$2` is the time.
macro_rules! end {
    ($state:literal, $rest:literal) => {
        concat!(
            "UPDATE enrolments SET state = ",
            $state,
            ", ended_at = $2, claim_answer = NULL, server_nonce = NULL, oprf_key = NULL, webauthn = NULL, ",
            "digits = NULL, proved = NULL WHERE ended_at IS NULL AND ",
            $rest
        )
    };
}

impl Tx {
    /// `created -> claimed`: the first phone that shows the token or the code. Of many at once, one gets `true`.
    pub async fn claim_enrolment(
        &mut self,
        id: &EnrolmentId,
        now: Timestamp,
        claimed: &Claimed,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE enrolments SET state = 'claimed', commitment = $3, claim_hash = $4, claim_answer = $5, \
                   offer_hash = $6, offer_kid = $7, webauthn = $8, typed_code_at = $9, expires_at = $10 \
                   WHERE id = $1 AND state = 'created' AND expires_at > $2";
        let params = params![
            id,
            now,
            &claimed.commitment,
            &claimed.claim_hash,
            &claimed.claim_answer,
            &claimed.offer_hash,
            &claimed.offer_kid,
            claimed.webauthn.as_ref(),
            claimed.typed_code.then_some(now),
            claimed.expires_at,
        ];
        self.changed(sql, params).await
    }

    /// Counts a wrong code typed for this account and returns how often it may still be wrong; at none, the enrolment is
    /// rejected, and its QR code with it. `None` where no code is open.
    pub async fn count_code_failure(&mut self, account: &AccountId, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE enrolments SET code_left = code_left - 1 \
                   WHERE account_id = $1 AND state = 'created' AND expires_at > $2 AND code_left > 0 \
                   RETURNING id, code_left";
        let Some(row) = self.query_opt(sql, params![account, now]).await? else { return Ok(None) };
        let (id, left): (EnrolmentId, i64) = (row.get(0)?, row.get(1)?);
        if left == 0 {
            self.reject_enrolment(&id, now).await?;
        }
        Ok(Some(left))
    }

    /// Keeps that another device tried to take the code, for the page to say so.
    pub async fn note_taken(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE enrolments SET taken_at = $2 WHERE id = $1 AND taken_at IS NULL";
        self.changed(sql, params![id, now]).await
    }

    /// Takes one of the `limit` evaluations that a phone has while it wraps its first PIN key.
    pub async fn take_enrolment_pin_evaluation(
        &mut self,
        id: &EnrolmentId,
        now: Timestamp,
        limit: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE enrolments SET pin_evaluations = pin_evaluations + 1 \
                   WHERE id = $1 AND state = 'claimed' AND expires_at > $2 AND pin_evaluations < $3";
        self.changed(sql, params![id, now, limit]).await
    }

    /// `claimed -> proved`.
    pub async fn prove_enrolment(
        &mut self,
        id: &EnrolmentId,
        now: Timestamp,
        proved: &Proved,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE enrolments SET state = 'proved', digits = $3, enrol_hash = $4, proved = $5, phone_key = $6, \
                   phone_name = $7, phone_platform = $8, expires_at = $9 \
                   WHERE id = $1 AND state = 'claimed' AND expires_at > $2";
        let params = params![
            id,
            now,
            &proved.digits,
            &proved.enrol_hash,
            &proved.proved,
            &proved.phone_key,
            &proved.phone_name,
            &proved.phone_platform,
            proved.expires_at,
        ];
        self.changed(sql, params).await
    }

    /// Counts a wrong proof and returns how many are left; at none, the enrolment is rejected.
    pub async fn count_prove_failure(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE enrolments SET prove_left = prove_left - 1 \
                   WHERE id = $1 AND state = 'claimed' AND expires_at > $2 AND prove_left > 0 RETURNING prove_left";
        let left = left(self.query_opt(sql, params![id, now]).await?)?;
        if left == Some(0) {
            self.reject_enrolment(id, now).await?;
        }
        Ok(left)
    }

    /// `proved -> active`: the digits were right. The same transaction adds the phone.
    pub async fn confirm_enrolment(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<bool, StoreError> {
        let sql = end!("'active'", "id = $1 AND state = 'proved' AND expires_at > $2");
        self.changed(sql, params![id, now]).await
    }

    /// Counts wrong digits and returns how many tries are left; at none, the enrolment is rejected.
    pub async fn count_digit_failure(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<Option<i64>, StoreError> {
        let sql = "UPDATE enrolments SET digits_left = digits_left - 1 \
                   WHERE id = $1 AND state = 'proved' AND expires_at > $2 AND digits_left > 0 RETURNING digits_left";
        let left = left(self.query_opt(sql, params![id, now]).await?)?;
        if left == Some(0) {
            self.reject_enrolment(id, now).await?;
        }
        Ok(left)
    }

    /// `created, claimed, proved -> rejected`: such as a commitment that doesn't open.
    pub async fn reject_enrolment(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed(end!("'rejected'", "id = $1"), params![id, now]).await
    }

    /// `created, claimed, proved -> cancelled`: the person stopped it.
    pub async fn cancel_enrolment(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed(end!("'cancelled'", "id = $1"), params![id, now]).await
    }

    /// Ends the account's open enrolment, because it starts another one or is disabled.
    pub async fn end_open_enrolments(&mut self, account: &AccountId, now: Timestamp) -> Result<u64, StoreError> {
        let sql = end!("CASE WHEN expires_at <= $2 THEN 'expired' ELSE 'cancelled' END", "account_id = $1");
        self.execute(sql, params![account, now]).await
    }

    /// `created, claimed, proved -> expired`, if it is overdue. Any reader may do this.
    pub async fn expire_enrolment(&mut self, id: &EnrolmentId, now: Timestamp) -> Result<bool, StoreError> {
        self.changed(end!("'expired'", "id = $1 AND expires_at <= $2"), params![id, now]).await
    }

    /// Expires overdue enrolments, at most `limit`; returns them, for whoever watches one.
    pub async fn expire_overdue_enrolments(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<EnrolmentId>, StoreError> {
        let sql = end!(
            "'expired'",
            "expires_at <= $2 AND id IN (SELECT id FROM enrolments WHERE ended_at IS NULL AND expires_at <= $2 \
             ORDER BY expires_at LIMIT $1) RETURNING id"
        );
        self.query_all(sql, params![limit, now]).await?.iter().map(|row| row.get(0)).collect()
    }

    pub(crate) async fn expire_enrolments_of(
        &mut self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.execute(end!("'expired'", "account_id = $1 AND expires_at <= $2"), params![account, now]).await
    }
}

fn left(row: Option<Row>) -> Result<Option<i64>, StoreError> {
    row.map(|row| row.get(0)).transpose()
}
