//! Enrolments: how a phone comes to hold keys of an account. Rows and how they are found; their steps stand in
//! [`crate::enrolment_life`].

use akkoord_core::{
    Timestamp,
    ids::{AccountId, EnrolmentId, PhoneId, SessionId},
    secret::TokenHash,
};

use crate::{
    error::StoreError,
    params,
    row::{Row, words},
    seal::Sealed,
    tx::Tx,
};

words! {
    /// Where an enrolment stands.
    EnrolmentState {
        /// Its code is on the screen.
        Created = "created",
        /// A phone has taken the code.
        Claimed = "claimed",
        /// The phone has proved its keys; its digits are awaited.
        Proved = "proved",
        /// The phone belongs to the account. Final.
        Active = "active",
        /// Something didn't fit. Final.
        Rejected = "rejected",
        /// It took too long. Final.
        Expired = "expired",
        /// The person, or another start, ended it. Final.
        Cancelled = "cancelled",
    }
}

/// An enrolment to start.
#[derive(Clone, Debug)]
pub struct NewEnrolment {
    /// Its id.
    pub id: EnrolmentId,
    /// The account.
    pub account_id: AccountId,
    /// The id that the phone will have.
    pub phone_id: PhoneId,
    /// The session that started it, if a browser did.
    pub session_id: Option<SessionId>,
    /// The phone that started it, if a phone did.
    pub started_by_phone: Option<PhoneId>,
    /// The hash of the token in the QR code.
    pub token_hash: TokenHash,
    /// The MAC of the typed code, as text.
    pub code_mac: String,
    /// How often the typed code may be wrong.
    pub code_left: i64,
    /// `n_s`, sealed for [`Place::EnrolmentServerNonce`](crate::Place::EnrolmentServerNonce).
    pub server_nonce: Sealed,
    /// The key that will harden the PIN, sealed for [`Place::EnrolmentOprfKey`](crate::Place::EnrolmentOprfKey).
    pub oprf_key: Sealed,
    /// The public half of it.
    pub voprf: String,
    /// How often the proof may be wrong.
    pub prove_left: i64,
    /// How often the digits may be wrong.
    pub digits_left: i64,
    /// When it is started.
    pub created_at: Timestamp,
    /// Until when it may be claimed.
    pub expires_at: Timestamp,
}

/// An enrolment, as stored. Its secrets are gone once it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// Its id.
    pub id: EnrolmentId,
    /// The account.
    pub account_id: AccountId,
    /// The id that the phone has, or would have had.
    pub phone_id: PhoneId,
    /// Where it stands. A row that is past `expires_at` may still say otherwise.
    pub state: EnrolmentState,
    /// The session that started it, if a browser did.
    pub session_id: Option<SessionId>,
    /// The phone that started it, if a phone did.
    pub started_by_phone: Option<PhoneId>,
    /// The MAC of the typed code, as text.
    pub code_mac: String,
    /// How often the typed code may still be wrong.
    pub code_left: i64,
    /// The answer to the claim, sealed.
    pub claim_answer: Option<Sealed>,
    /// `c`, what the phone committed itself to.
    pub commitment: Option<String>,
    /// Set where the code was typed, not scanned.
    pub typed_code_at: Option<Timestamp>,
    /// When another device tried to take the code too.
    pub taken_at: Option<Timestamp>,
    /// `n_s`, sealed.
    pub server_nonce: Option<Sealed>,
    /// The key that will harden the PIN, sealed.
    pub oprf_key: Option<Sealed>,
    /// The public half of it.
    pub voprf: String,
    /// What the library keeps while a platform authenticator registers, sealed.
    pub webauthn: Option<Sealed>,
    /// The hash of the offer.
    pub offer_hash: Option<String>,
    /// The key that signed the offer.
    pub offer_kid: Option<String>,
    /// How often a PIN was evaluated.
    pub pin_evaluations: i64,
    /// How often the proof may still be wrong.
    pub prove_left: i64,
    /// How often the digits may still be wrong.
    pub digits_left: i64,
    /// The six digits, sealed.
    pub digits: Option<Sealed>,
    /// The hash of the phone's enrol message, to know a repeated one.
    pub enrol_hash: Option<String>,
    /// What the phone proved, sealed.
    pub proved: Option<Sealed>,
    /// The key of the phone's messages, a JWK.
    pub phone_key: Option<String>,
    /// What the phone calls itself.
    pub phone_name: Option<String>,
    /// The phone's kind of machine.
    pub phone_platform: Option<String>,
    /// When it was started.
    pub created_at: Timestamp,
    /// Until when the present step may be taken.
    pub expires_at: Timestamp,
    /// When it ended, well or not.
    pub ended_at: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, account_id, phone_id, state, session_id, started_by_phone, code_mac, code_left, claim_answer, ",
            "commitment, typed_code_at, taken_at, server_nonce, oprf_key, voprf, webauthn, offer_hash, offer_kid, ",
            "pin_evaluations, prove_left, digits_left, digits, enrol_hash, proved, phone_key, phone_name, ",
            "phone_platform, created_at, expires_at, ended_at FROM enrolments ",
            $rest
        )
    };
}

impl Tx {
    /// Starts an enrolment; `false` while the account has an open one. One that is only overdue is expired first.
    pub async fn add_enrolment(&mut self, new: &NewEnrolment) -> Result<bool, StoreError> {
        self.expire_enrolments_of(&new.account_id, new.created_at).await?;
        let sql = "INSERT INTO enrolments (id, account_id, phone_id, state, session_id, started_by_phone, token_hash, \
                   code_mac, code_left, server_nonce, oprf_key, voprf, pin_evaluations, prove_left, digits_left, \
                   created_at, expires_at) \
                   VALUES ($1, $2, $3, 'created', $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14, $15) \
                   ON CONFLICT DO NOTHING";
        let params = params![
            &new.id,
            &new.account_id,
            &new.phone_id,
            new.session_id.as_ref(),
            new.started_by_phone.as_ref(),
            &new.token_hash,
            &new.code_mac,
            new.code_left,
            &new.server_nonce,
            &new.oprf_key,
            &new.voprf,
            new.prove_left,
            new.digits_left,
            new.created_at,
            new.expires_at,
        ];
        self.changed(sql, params).await
    }

    /// An enrolment.
    pub async fn enrolment(&mut self, id: &EnrolmentId) -> Result<Option<EnrolmentRow>, StoreError> {
        self.query_opt(select!("WHERE id = $1"), params![id]).await?.as_ref().map(enrolment).transpose()
    }

    /// The enrolment of a scanned token.
    pub async fn enrolment_by_token(&mut self, token: &TokenHash) -> Result<Option<EnrolmentRow>, StoreError> {
        self.query_opt(select!("WHERE token_hash = $1"), params![token]).await?.as_ref().map(enrolment).transpose()
    }

    /// The enrolment of a typed code, while it is open: codes are short, and an old one means nothing.
    pub async fn enrolment_by_code(
        &mut self,
        account: &AccountId,
        code_mac: &str,
    ) -> Result<Option<EnrolmentRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND code_mac = $2 AND ended_at IS NULL");
        self.query_opt(sql, params![account, code_mac]).await?.as_ref().map(enrolment).transpose()
    }

    /// The enrolment of the token that its phone got with the claim.
    pub async fn enrolment_by_claim(&mut self, token: &TokenHash) -> Result<Option<EnrolmentRow>, StoreError> {
        self.query_opt(select!("WHERE claim_hash = $1"), params![token]).await?.as_ref().map(enrolment).transpose()
    }

    /// The enrolment of the phone that it makes.
    pub async fn enrolment_by_phone(&mut self, phone: &PhoneId) -> Result<Option<EnrolmentRow>, StoreError> {
        self.query_opt(select!("WHERE phone_id = $1"), params![phone]).await?.as_ref().map(enrolment).transpose()
    }

    /// The account's open enrolment.
    pub async fn open_enrolment_of(&mut self, account: &AccountId) -> Result<Option<EnrolmentRow>, StoreError> {
        let sql = select!("WHERE account_id = $1 AND ended_at IS NULL");
        self.query_opt(sql, params![account]).await?.as_ref().map(enrolment).transpose()
    }
}

fn enrolment(row: &Row) -> Result<EnrolmentRow, StoreError> {
    Ok(EnrolmentRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        phone_id: row.get(2)?,
        state: row.get(3)?,
        session_id: row.get(4)?,
        started_by_phone: row.get(5)?,
        code_mac: row.get(6)?,
        code_left: row.get(7)?,
        claim_answer: row.get(8)?,
        commitment: row.get(9)?,
        typed_code_at: row.get(10)?,
        taken_at: row.get(11)?,
        server_nonce: row.get(12)?,
        oprf_key: row.get(13)?,
        voprf: row.get(14)?,
        webauthn: row.get(15)?,
        offer_hash: row.get(16)?,
        offer_kid: row.get(17)?,
        pin_evaluations: row.get(18)?,
        prove_left: row.get(19)?,
        digits_left: row.get(20)?,
        digits: row.get(21)?,
        enrol_hash: row.get(22)?,
        proved: row.get(23)?,
        phone_key: row.get(24)?,
        phone_name: row.get(25)?,
        phone_platform: row.get(26)?,
        created_at: row.get(27)?,
        expires_at: row.get(28)?,
        ended_at: row.get(29)?,
    })
}
