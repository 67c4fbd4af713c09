//! Push subscriptions: one a phone, sealed, because whoever knows one can ring the phone.

use akkoord_core::{Timestamp, ids::PhoneId};

use crate::{error::StoreError, params, seal::Sealed, tx::Tx};

/// A subscription, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscriptionRow {
    /// The phone.
    pub phone_id: PhoneId,
    /// Endpoint and keys, sealed for [`Place::PushSubscription`](crate::Place::PushSubscription).
    pub subscription: Sealed,
    /// When this one was told.
    pub created_at: Timestamp,
}

impl Tx {
    /// Keeps a phone's subscription in place of the one before. False where the phone was removed.
    pub async fn set_push_subscription(
        &mut self,
        phone: &PhoneId,
        subscription: &Sealed,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO push_subscriptions (phone_id, subscription, created_at) \
                   SELECT id, $2, $3 FROM phones WHERE id = $1 AND revoked_at IS NULL \
                   ON CONFLICT (phone_id) DO UPDATE SET subscription = excluded.subscription, \
                   created_at = excluded.created_at";
        self.changed(sql, params![phone, subscription, now]).await
    }

    /// A phone's subscription.
    pub async fn push_subscription(&mut self, phone: &PhoneId) -> Result<Option<PushSubscriptionRow>, StoreError> {
        let sql = "SELECT phone_id, subscription, created_at FROM push_subscriptions WHERE phone_id = $1";
        let row = self.query_opt(sql, params![phone]).await?;
        row.map(|row| {
            Ok(PushSubscriptionRow { phone_id: row.get(0)?, subscription: row.get(1)?, created_at: row.get(2)? })
        })
        .transpose()
    }

    /// Forgets a phone's subscription.
    pub async fn delete_push_subscription(&mut self, phone: &PhoneId) -> Result<bool, StoreError> {
        self.changed("DELETE FROM push_subscriptions WHERE phone_id = $1", params![phone]).await
    }
}
