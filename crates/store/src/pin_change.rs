//! Changes of a phone's PIN: opened, then finished once with evidence.

use akkoord_core::{
    Timestamp,
    ids::{PhoneId, PinChangeId},
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// A change to open.
#[derive(Clone, Debug)]
pub struct NewPinChange {
    /// Its id.
    pub id: PinChangeId,
    /// The phone.
    pub phone_id: PhoneId,
    /// When it is opened.
    pub created_at: Timestamp,
    /// Until when it may be finished.
    pub expires_at: Timestamp,
}

/// A change, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinChangeRow {
    /// Its id.
    pub id: PinChangeId,
    /// The phone.
    pub phone_id: PhoneId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Until when it may be finished.
    pub expires_at: Timestamp,
    /// When the new PIN was evaluated.
    pub new_evaluated_at: Option<Timestamp>,
    /// When it was finished.
    pub finished_at: Option<Timestamp>,
}

impl Tx {
    /// Opens a change.
    pub async fn add_pin_change(&mut self, new: &NewPinChange) -> Result<(), StoreError> {
        let sql = "INSERT INTO pin_changes (id, phone_id, created_at, expires_at) VALUES ($1, $2, $3, $4)";
        self.execute(sql, params![&new.id, &new.phone_id, new.created_at, new.expires_at]).await.map(drop)
    }

    /// A change of this phone.
    pub async fn pin_change(&mut self, id: &PinChangeId, phone: &PhoneId) -> Result<Option<PinChangeRow>, StoreError> {
        let sql = "SELECT id, phone_id, created_at, expires_at, new_evaluated_at, finished_at FROM pin_changes \
                   WHERE id = $1 AND phone_id = $2";
        self.query_opt(sql, params![id, phone]).await?.as_ref().map(pin_change).transpose()
    }

    /// Takes the one evaluation of a new PIN that a change has.
    pub async fn take_new_pin_evaluation(
        &mut self,
        id: &PinChangeId,
        phone: &PhoneId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE pin_changes SET new_evaluated_at = $3 WHERE id = $1 AND phone_id = $2 \
                   AND new_evaluated_at IS NULL AND finished_at IS NULL AND expires_at > $3";
        self.changed(sql, params![id, phone, now]).await
    }

    /// Finishes a change, once.
    pub async fn finish_pin_change(
        &mut self,
        id: &PinChangeId,
        phone: &PhoneId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE pin_changes SET finished_at = $3 WHERE id = $1 AND phone_id = $2 \
                   AND finished_at IS NULL AND expires_at > $3";
        self.changed(sql, params![id, phone, now]).await
    }
}

fn pin_change(row: &Row) -> Result<PinChangeRow, StoreError> {
    Ok(PinChangeRow {
        id: row.get(0)?,
        phone_id: row.get(1)?,
        created_at: row.get(2)?,
        expires_at: row.get(3)?,
        new_evaluated_at: row.get(4)?,
        finished_at: row.get(5)?,
    })
}
