//! Organisations: who accounts belong to, and whose policy counts for them.

use akkoord_core::{Timestamp, ids::OrganisationId};

use crate::{error::StoreError, params, row::Row, tx::Tx};

/// An organisation to add.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, as people read it.
    pub name: String,
    /// Where its people get help.
    pub help_contact: Option<String>,
    /// Its policy, JSON.
    pub policy: String,
    /// When it is made.
    pub created_at: Timestamp,
}

/// An organisation, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganisationRow {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, as people read it.
    pub name: String,
    /// Where its people get help.
    pub help_contact: Option<String>,
    /// Its policy, JSON.
    pub policy: String,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! organisation_columns {
    () => {
        "o.id, o.name, o.help_contact, o.policy, o.created_at"
    };
}
pub(crate) use organisation_columns;

impl Tx {
    /// Adds an organisation.
    pub async fn add_organisation(&mut self, new: &NewOrganisation) -> Result<(), StoreError> {
        let sql = "INSERT INTO organisations (id, name, help_contact, policy, created_at) VALUES ($1, $2, $3, $4, $5)";
        let NewOrganisation { id, name, help_contact, policy, created_at } = new;
        self.execute(sql, params![id, name, help_contact.as_deref(), policy, *created_at]).await.map(drop)
    }

    /// An organisation.
    pub async fn organisation(&mut self, id: &OrganisationId) -> Result<Option<OrganisationRow>, StoreError> {
        let sql = concat!("SELECT ", organisation_columns!(), " FROM organisations o WHERE o.id = $1");
        self.query_opt(sql, params![id]).await?.as_ref().map(organisation).transpose()
    }

    /// All organisations, oldest first.
    pub async fn organisations(&mut self) -> Result<Vec<OrganisationRow>, StoreError> {
        let sql = concat!("SELECT ", organisation_columns!(), " FROM organisations o ORDER BY o.created_at, o.id");
        self.query_all(sql, &[]).await?.iter().map(organisation).collect()
    }

    /// Changes how an organisation is named and where its people get help.
    pub async fn set_organisation_name(
        &mut self,
        id: &OrganisationId,
        name: &str,
        help_contact: Option<&str>,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE organisations SET name = $2, help_contact = $3 WHERE id = $1";
        self.changed(sql, params![id, name, help_contact]).await
    }

    /// Changes an organisation's policy, if it still is the one that the change was made from.
    pub async fn set_organisation_policy(
        &mut self,
        id: &OrganisationId,
        old: &str,
        new: &str,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE organisations SET policy = $3 WHERE id = $1 AND policy = $2";
        self.changed(sql, params![id, old, new]).await
    }
}

pub(crate) fn organisation(row: &Row) -> Result<OrganisationRow, StoreError> {
    Ok(OrganisationRow {
        id: row.get(0)?,
        name: row.get(1)?,
        help_contact: row.get(2)?,
        policy: row.get(3)?,
        created_at: row.get(4)?,
    })
}
