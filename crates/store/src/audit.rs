//! The audit: what happened, written in the transaction in which it happened.

use akkoord_core::{
    Timestamp,
    ids::{AccountId, EventId},
};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// An event to keep.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, a dotted word.
    pub event: String,
    /// Who did it, an actor as text.
    pub actor: String,
    /// The account that it is about.
    pub account_id: Option<AccountId>,
    /// The thing that it is about, an id.
    pub subject: Option<String>,
    /// The request in which it happened.
    pub request_id: String,
    /// More of it, JSON.
    pub detail: String,
}

/// An event, as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEventRow {
    /// Its id.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened, a dotted word.
    pub event: String,
    /// Who did it, an actor as text.
    pub actor: String,
    /// The account that it is about.
    pub account_id: Option<AccountId>,
    /// The thing that it is about, an id.
    pub subject: Option<String>,
    /// The request in which it happened.
    pub request_id: String,
    /// More of it, JSON.
    pub detail: String,
}

/// Which events to list; an empty one lists all.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Those about this account.
    pub account_id: Option<AccountId>,
    /// Those of this kind.
    pub event: Option<String>,
    /// Those at or after this time.
    pub from: Option<Timestamp>,
    /// Those before this time.
    pub to: Option<Timestamp>,
    /// Those that come after this one in the list: the last one of the page before.
    pub before: Option<EventId>,
}

impl Tx {
    /// Keeps an event.
    pub async fn add_audit_event(&mut self, new: &NewAuditEvent) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit_events (id, at, event, actor, account_id, subject, request_id, detail) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let params = params![
            &new.id,
            new.at,
            &new.event,
            &new.actor,
            new.account_id.as_ref(),
            new.subject.as_deref(),
            &new.request_id,
            &new.detail,
        ];
        self.execute(sql, params).await.map(drop)
    }

    /// Events, newest first, at most `limit`. Without an index of its own for each filter it reads the log: for
    /// administrators, never for a page that everybody opens.
    pub async fn audit_events(&mut self, filter: &AuditFilter, limit: i64) -> Result<Vec<AuditEventRow>, StoreError> {
        let sql = "SELECT id, at, event, actor, account_id, subject, request_id, detail FROM audit_events \
                   WHERE (CAST($1 AS TEXT) IS NULL OR account_id = $1) AND (CAST($2 AS TEXT) IS NULL OR event = $2) \
                   AND (CAST($3 AS BIGINT) IS NULL OR at >= $3) AND (CAST($4 AS BIGINT) IS NULL OR at < $4) \
                   AND (CAST($5 AS TEXT) IS NULL \
                   OR (at, id) < (SELECT b.at, b.id FROM audit_events b WHERE b.id = $5)) \
                   ORDER BY at DESC, id DESC LIMIT $6";
        let AuditFilter { account_id, event, from, to, before } = filter;
        let params = params![account_id.as_ref(), event.as_deref(), *from, *to, before.as_ref(), limit];
        self.query_all(sql, params).await?.iter().map(audit_event).collect()
    }
}

fn audit_event(row: &Row) -> Result<AuditEventRow, StoreError> {
    Ok(AuditEventRow {
        id: row.get(0)?,
        at: row.get(1)?,
        event: row.get(2)?,
        actor: row.get(3)?,
        account_id: row.get(4)?,
        subject: row.get(5)?,
        request_id: row.get(6)?,
        detail: row.get(7)?,
    })
}
