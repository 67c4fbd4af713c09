//! Organisations: who sets the policy of their accounts.

use akkoord_protocols::text::Name;

use crate::{ids::OrganisationId, policy::Policy};

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// Its name, shown on each of its pages.
    pub name: Name,
    /// Whom to ask where a person cannot go on.
    pub help_contact: Option<String>,
    /// Its policy.
    pub policy: Policy,
}
