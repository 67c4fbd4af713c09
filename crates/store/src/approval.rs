//! Requests to phones: how they are placed, found and listed. Their life stands in [`crate::approval_life`].

use akkoord_core::{
    Timestamp,
    approval::{SLOTS, STRANGER_SLOTS},
    ids::{AccountId, ApprovalId, OrganisationId, PhoneId},
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
    /// Where a request stands.
    ApprovalState {
        /// It waits for a phone.
        Pending = "pending",
        /// A phone said yes; its browser hasn't come for it yet.
        Approved = "approved",
        /// Its browser came. Final.
        Consumed = "consumed",
        /// A phone said no. Final.
        Denied = "denied",
        /// A phone said that this was somebody else. Final.
        Reported = "reported",
        /// A phone sent a wrong number. Final.
        Mismatch = "mismatch",
        /// It, or its approval, got too old. Final.
        Expired = "expired",
        /// Its browser gave up. Final.
        Cancelled = "cancelled",
        /// Its browser began anew. Final.
        Superseded = "superseded",
        /// Its phone or account was removed, or bad evidence came too often. Final.
        Revoked = "revoked",
    }
}

/// A request to place.
#[derive(Clone, Debug)]
pub struct NewApproval {
    /// Its id.
    pub id: ApprovalId,
    /// Whom it is for. For a name that nobody has, an id that no account has.
    pub account_id: AccountId,
    /// Whether it is a decoy: behind the same page, and no phone ever sees it.
    pub decoy: bool,
    /// The organisation whose policy counts.
    pub organisation_id: Option<OrganisationId>,
    /// The hash of the flow cookie of the browser that waits.
    pub flow_hash: TokenHash,
    /// What it is for, a word of the protocol.
    pub operation: String,
    /// The app that asks.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// What is known of the browser, JSON.
    pub context: String,
    /// How the number is answered, JSON or a word.
    pub mode: String,
    /// The ways to unlock that suffice, JSON.
    pub unlock: String,
    /// When it is placed.
    pub created_at: Timestamp,
    /// Set where its browser is known or its phone announced it: it may take the place that strangers can't.
    pub known_at: Option<Timestamp>,
    /// Set where its phones may be rung.
    pub rings_at: Option<Timestamp>,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
}

/// A request, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRow {
    /// Its id.
    pub id: ApprovalId,
    /// Whom it is for; none for a decoy.
    pub account_id: Option<AccountId>,
    /// The organisation whose policy counts.
    pub organisation_id: Option<OrganisationId>,
    /// The hash of the flow cookie of the browser that waits, as text.
    pub flow_hash: String,
    /// Which of the account's places it took.
    pub slot: Option<i64>,
    /// What it is for, a word of the protocol.
    pub operation: String,
    /// The app that asks.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// What is known of the browser, JSON.
    pub context: String,
    /// How the number is answered.
    pub mode: String,
    /// The number on the screen.
    pub number: String,
    /// The ways to unlock that suffice, JSON.
    pub unlock: String,
    /// Where it stands. A row that is past its time may still say otherwise: see [`ApprovalRow::is_overdue`].
    pub state: ApprovalState,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Set where its browser was known or its phone announced it.
    pub known_at: Option<Timestamp>,
    /// When its phones could be rung.
    pub rings_at: Option<Timestamp>,
    /// Until when it may be answered.
    pub expires_at: Timestamp,
    /// Until when an approved one may be consumed.
    pub claim_until: Option<Timestamp>,
    /// When it came to its end.
    pub settled_at: Option<Timestamp>,
    /// The phone that answered.
    pub phone_id: Option<PhoneId>,
    /// The hash of the decision, to know a repeated one.
    pub decision_hash: Option<String>,
    /// What the phone was answered, for a repeated decision.
    pub answer: Option<String>,
    /// The decision and its evidence, sealed.
    pub evidence: Option<Sealed>,
    /// How often evidence didn't hold.
    pub bad_evidence: i64,
    /// When its number was on the screen.
    pub shown_at: Option<Timestamp>,
    /// When it was reported after it had been consumed.
    pub reported_at: Option<Timestamp>,
}

/// A request as its phone gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingMessage {
    /// The request.
    pub approval_id: ApprovalId,
    /// The signed message.
    pub message: String,
}

/// What came of placing a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It stands, with this number.
    Placed {
        /// Which of the account's places it took.
        slot: i64,
        /// The number, the first of those offered that no other waiting request of the account has.
        number: String,
    },
    /// Only a decoy stands: one was asked for, or the account has no place for this request.
    Decoy,
    /// Each offered number is that of another waiting request: draw new ones.
    NumbersTaken,
    /// This browser has a waiting request already: supersede it first.
    FlowTaken,
}

macro_rules! columns {
    () => {
        columns!("r.evidence")
    };
    ($evidence:literal) => {
        concat!(
            "r.id, r.account_id, r.organisation_id, r.flow_hash, r.slot, r.operation, r.client_id, r.client_name, ",
            "r.context, r.mode, r.number, r.unlock, r.state, r.created_at, r.known_at, r.rings_at, r.expires_at, ",
            "r.claim_until, r.settled_at, r.phone_id, r.decision_hash, r.answer, ",
            $evidence,
            ", r.bad_evidence, r.shown_at, r.reported_at"
        )
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM approvals r ", $rest)
    };
}

impl Tx {
    /// Places a request of an account: in the first free of its places, with the first of `numbers` that is free. Both
    /// limits are unique indexes, so that starts at the same moment can't exceed them; what is read here only helps to
    /// choose. What is overdue holds its place until [`Tx::free_overdue_places`]. Beyond the places it becomes a decoy, so
    /// that a stranger can neither displace a waiting request nor learn that there is one. A decoy takes the same
    /// statements and as much writing, and its number too is none of those that wait: its person sees it, and might type
    /// it there.
    pub async fn place_approval(&mut self, new: &NewApproval, numbers: &[String]) -> Result<Placed, StoreError> {
        let places = if new.known_at.is_some() { SLOTS } else { STRANGER_SLOTS };
        // On SQLite the first try finds what it read. On PostgreSQL another start may come between: then it has taken
        // one of few places or of the offered numbers, and the next look shows it.
        for _ in 0..TRIES {
            let sql = "SELECT slot, number FROM approvals \
                       WHERE account_id = $1 AND state = 'pending' AND slot IS NOT NULL";
            let rows = self.query_all(sql, params![&new.account_id]).await?;
            let taken = rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?)));
            let taken: Vec<(Option<i64>, String)> = taken.collect::<Result<_, StoreError>>()?;
            let Some(number) = numbers.iter().find(|number| taken.iter().all(|(_, other)| other != *number)) else {
                return Ok(Placed::NumbersTaken);
            };
            let free = (0..places).find(|slot| taken.iter().all(|(other, _)| *other != Some(*slot)));
            let slot = free.filter(|_| !new.decoy);
            if self.insert_approval(new, slot, number).await? {
                let placed = |slot| Placed::Placed { slot, number: number.clone() };
                return Ok(slot.map_or(Placed::Decoy, placed));
            }
            let sql = "SELECT id FROM approvals WHERE flow_hash = $1 AND state = 'pending'";
            if self.query_opt(sql, params![&new.flow_hash]).await?.is_some() {
                return Ok(Placed::FlowTaken);
            }
        }
        Ok(Placed::NumbersTaken)
    }

    /// The numbers that an account's waiting requests show.
    pub async fn pending_numbers(&mut self, account: &AccountId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT number FROM approvals WHERE account_id = $1 AND state = 'pending' AND slot IS NOT NULL";
        self.query_all(sql, params![account]).await?.iter().map(|row| row.get(0)).collect()
    }

    /// Keeps the message of a request to one phone; of a decoy, to a phone that is not there.
    pub async fn add_approval_message(
        &mut self,
        approval: &ApprovalId,
        phone: &PhoneId,
        message: &str,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO approval_messages (approval_id, phone_id, message) VALUES ($1, $2, $3)";
        self.execute(sql, params![approval, phone, message]).await.map(drop)
    }

    /// The requests that wait for a phone, oldest first.
    pub async fn pending_messages(
        &mut self,
        phone: &PhoneId,
        now: Timestamp,
    ) -> Result<Vec<PendingMessage>, StoreError> {
        let sql = "SELECT m.approval_id, m.message FROM approval_messages m JOIN approvals r ON r.id = m.approval_id \
                   WHERE m.phone_id = $1 AND r.account_id IS NOT NULL AND r.state = 'pending' AND r.expires_at > $2 \
                   ORDER BY r.created_at, r.id";
        let rows = self.query_all(sql, params![phone, now]).await?;
        rows.iter().map(|row| Ok(PendingMessage { approval_id: row.get(0)?, message: row.get(1)? })).collect()
    }

    /// The phones that were asked.
    pub async fn phones_asked(&mut self, approval: &ApprovalId) -> Result<Vec<PhoneId>, StoreError> {
        let sql = "SELECT phone_id FROM approval_messages WHERE approval_id = $1 ORDER BY phone_id";
        self.query_all(sql, params![approval]).await?.iter().map(|row| row.get(0)).collect()
    }

    /// The names of the phones that were asked and are still there, the oldest phone first.
    pub async fn names_of_phones_asked(&mut self, approval: &ApprovalId) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT p.name FROM approval_messages m JOIN phones p ON p.id = m.phone_id \
                   WHERE m.approval_id = $1 AND p.revoked_at IS NULL ORDER BY p.created_at, p.id";
        self.query_all(sql, params![approval]).await?.iter().map(|row| row.get(0)).collect()
    }

    /// A request.
    pub async fn approval(&mut self, id: &ApprovalId) -> Result<Option<ApprovalRow>, StoreError> {
        self.query_opt(select!("WHERE r.id = $1"), params![id]).await?.as_ref().map(approval).transpose()
    }

    /// A request and its message to this phone; `None` for one that the phone was never asked.
    pub async fn approval_for_phone(
        &mut self,
        id: &ApprovalId,
        phone: &PhoneId,
    ) -> Result<Option<(ApprovalRow, String)>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", m.message FROM approvals r JOIN approval_messages m ON m.approval_id = r.id \
             WHERE r.id = $1 AND m.phone_id = $2 AND r.account_id IS NOT NULL"
        );
        let row = self.query_opt(sql, params![id, phone]).await?;
        row.map(|row| Ok((approval(&row)?, row.get(26)?))).transpose()
    }

    /// An account's requests, newest first, those before `before`, at most `limit`.
    pub async fn history(
        &mut self,
        account: &AccountId,
        before: Option<&ApprovalId>,
        limit: i64,
    ) -> Result<Vec<ApprovalRow>, StoreError> {
        // Without the evidence: it is as large as the rest of the row, and stands on pages of its own behind it.
        let sql = concat!(
            "SELECT ",
            columns!("CAST(NULL AS BYTEA)"),
            " FROM approvals r WHERE r.account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR (r.created_at, r.id) < ",
            "(SELECT b.created_at, b.id FROM approvals b WHERE b.id = $2 AND b.account_id = $1)) ",
            "ORDER BY r.created_at DESC, r.id DESC LIMIT $3"
        );
        self.query_all(sql, params![account, before, limit]).await?.iter().map(approval).collect()
    }

    async fn insert_approval(
        &mut self,
        new: &NewApproval,
        slot: Option<i64>,
        number: &str,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO approvals (id, account_id, organisation_id, flow_hash, slot, operation, client_id, \
                   client_name, context, mode, number, unlock, state, created_at, known_at, rings_at, expires_at, \
                   bad_evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'pending', $13, $14, $15, \
                   $16, 0) ON CONFLICT DO NOTHING";
        // Without a place it is a decoy: nobody's, and nothing rings for it.
        let is_real = slot.is_some();
        let params = params![
            &new.id,
            is_real.then_some(&new.account_id),
            new.organisation_id.as_ref().filter(|_| is_real),
            &new.flow_hash,
            slot,
            &new.operation,
            &new.client_id,
            &new.client_name,
            &new.context,
            &new.mode,
            number,
            &new.unlock,
            new.created_at,
            new.known_at.filter(|_| is_real),
            new.rings_at.filter(|_| is_real),
            new.expires_at,
        ];
        self.changed(sql, params).await
    }
}

impl ApprovalRow {
    /// Whether its time has passed, though nobody has written that down yet.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        match self.state {
            ApprovalState::Pending => self.expires_at <= now,
            ApprovalState::Approved => self.claim_until.is_none_or(|until| until <= now),
            _ => false,
        }
    }
}

fn approval(row: &Row) -> Result<ApprovalRow, StoreError> {
    Ok(ApprovalRow {
        id: row.get(0)?,
        account_id: row.get(1)?,
        organisation_id: row.get(2)?,
        flow_hash: row.get(3)?,
        slot: row.get(4)?,
        operation: row.get(5)?,
        client_id: row.get(6)?,
        client_name: row.get(7)?,
        context: row.get(8)?,
        mode: row.get(9)?,
        number: row.get(10)?,
        unlock: row.get(11)?,
        state: row.get(12)?,
        created_at: row.get(13)?,
        known_at: row.get(14)?,
        rings_at: row.get(15)?,
        expires_at: row.get(16)?,
        claim_until: row.get(17)?,
        settled_at: row.get(18)?,
        phone_id: row.get(19)?,
        decision_hash: row.get(20)?,
        answer: row.get(21)?,
        evidence: row.get(22)?,
        bad_evidence: row.get(23)?,
        shown_at: row.get(24)?,
        reported_at: row.get(25)?,
    })
}

/// More than there are places and offered numbers to lose to others.
const TRIES: usize = 16;
