//! Accounts and where they belong.

use akkoord_core::{
    Ctx,
    account::{Role, Username},
    audit::Event,
    ids::{AccountId, OrganisationId},
    organisation::Organisation,
    policy::Policy,
};
use akkoord_protocols::{
    phone::offer,
    text::{Handle, Name},
};
use akkoord_store::{AccountRow, NewAccount, NewOrganisation, OrganisationRow, StoreError, Tx};
use serde_json::json;

use super::audit;

/// Where an account belongs: its organisation, or the service itself for a personal account.
#[derive(Clone, Debug)]
pub struct Home {
    /// The name that its pages carry.
    pub name: String,
    /// Whom to ask.
    pub help_contact: Option<String>,
    /// The policy that holds for it.
    pub policy: Policy,
}

/// A row that does not read as what it must be.
pub fn corrupt(table: &str, column: &str, id: &str) -> StoreError {
    StoreError::Corrupt { table: table.to_owned(), column: column.to_owned(), id: id.to_owned() }
}

/// An organisation as the core knows it.
pub fn organisation(row: OrganisationRow) -> Result<Organisation, StoreError> {
    let broken = |column| corrupt("organisations", column, row.id.as_str());
    Ok(Organisation {
        name: row.name.parse().map_err(|_| broken("name"))?,
        policy: serde_json::from_str(&row.policy).map_err(|_| broken("policy"))?,
        help_contact: row.help_contact.clone(),
        id: row.id,
    })
}

/// Where an account belongs.
pub async fn home(tx: &mut Tx, account: &AccountRow, service: &str) -> Result<Home, StoreError> {
    let row = match &account.organisation_id {
        None => None,
        Some(id) => tx.organisation(id).await?,
    };
    home_of(account, row, service)
}

/// The same, of an account that was read together with its organisation.
pub fn home_of(account: &AccountRow, row: Option<OrganisationRow>, service: &str) -> Result<Home, StoreError> {
    match (row, &account.organisation_id) {
        (None, None) => Ok(Home { name: service.to_owned(), help_contact: None, policy: Policy::personal() }),
        (None, Some(_)) => Err(corrupt("accounts", "organisation_id", account.id.as_str())),
        (Some(row), _) => {
            let found = organisation(row)?;
            Ok(Home { name: found.name.into(), help_contact: found.help_contact, policy: found.policy })
        }
    }
}

/// An account as phones are told of it.
pub fn for_phone(account: &AccountRow, home: &Home) -> Result<offer::Account, StoreError> {
    let broken = |column| corrupt("accounts", column, account.id.as_str());
    let kind = akkoord_core::account::kind_from_word(&account.kind).map_err(|_| broken("kind"))?;
    Ok(offer::Account {
        id: account.id.as_str().parse::<Handle>().map_err(|_| broken("id"))?,
        username: account.username.parse::<Name>().map_err(|_| broken("username"))?,
        name: account.name.parse::<Name>().map_err(|_| broken("name"))?,
        organisation: match kind {
            offer::Kind::Work => Some(home.name.parse::<Name>().map_err(|_| broken("organisation_id"))?),
            offer::Kind::Personal => None,
        },
        kind,
    })
}

/// Adds an organisation.
pub async fn add_organisation(
    tx: &mut Tx,
    ctx: &Ctx,
    name: &Name,
    help_contact: Option<String>,
    policy: &Policy,
) -> Result<OrganisationId, StoreError> {
    let id = OrganisationId::new(&*ctx.random);
    let policy = serde_json::to_string(policy).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    tx.add_organisation(&NewOrganisation {
        id: id.clone(),
        name: name.as_str().to_owned(),
        help_contact,
        policy,
        created_at: ctx.now,
    })
    .await?;
    let detail = json!({ "name": name.as_str() });
    audit::record(tx, ctx, Event::OrganisationAdded, None, Some(id.as_str()), detail).await?;
    Ok(id)
}

/// What a new account is made from.
pub struct New {
    /// The organisation; none for a personal account.
    pub organisation: Option<OrganisationId>,
    /// The user name.
    pub username: Username,
    /// The person's name.
    pub name: Name,
    /// Where notices go.
    pub email: Option<String>,
    /// What it may do.
    pub role: Role,
}

/// Adds an account. A taken user name is `Conflict`.
pub async fn add(tx: &mut Tx, ctx: &Ctx, new: New) -> Result<AccountId, StoreError> {
    let id = AccountId::new(&*ctx.random);
    tx.add_account(&NewAccount {
        id: id.clone(),
        kind: if new.organisation.is_some() { "work" } else { "personal" }.to_owned(),
        organisation_id: new.organisation,
        username: new.username.as_str().to_owned(),
        name: new.name.into(),
        email: new.email,
        role: new.role.as_str().to_owned(),
        language: None,
        created_at: ctx.now,
    })
    .await?;
    let detail = json!({ "role": new.role.as_str() });
    audit::record(tx, ctx, Event::AccountAdded, Some(&id), Some(id.as_str()), detail).await?;
    Ok(id)
}
