//! Push subscriptions: one a phone, sealed, because whoever knows one can ring the phone.

use akkoord_core::{
    Timestamp,
    ids::{ApprovalId, PhoneId},
};

use crate::{error::StoreError, params, seal::Sealed, tx::Tx};

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushSubscription {
    /// Names the endpoint without telling it ([`Purpose::PushEndpoint`](crate::Purpose::PushEndpoint)): one browser may
    /// be the phone of several accounts, or of one account twice.
    pub endpoint_mac: String,
    /// Endpoint and keys, sealed for [`Place::PushSubscription`](crate::Place::PushSubscription).
    pub sealed: Sealed,
}

impl Tx {
    /// Keeps a phone's subscription in place of the one before. False where the phone was removed.
    pub async fn set_push_subscription(
        &mut self,
        phone: &PhoneId,
        subscription: &PushSubscription,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO push_subscriptions (phone_id, endpoint_mac, subscription, created_at) \
                   SELECT id, $2, $3, $4 FROM phones WHERE id = $1 AND revoked_at IS NULL \
                   ON CONFLICT (phone_id) DO UPDATE SET endpoint_mac = excluded.endpoint_mac, \
                   subscription = excluded.subscription, created_at = excluded.created_at";
        let PushSubscription { endpoint_mac, sealed } = subscription;
        self.changed(sql, params![phone, endpoint_mac, sealed, now]).await
    }

    /// A phone's subscription.
    pub async fn push_subscription(&mut self, phone: &PhoneId) -> Result<Option<PushSubscription>, StoreError> {
        let sql = "SELECT endpoint_mac, subscription FROM push_subscriptions WHERE phone_id = $1";
        let row = self.query_opt(sql, params![phone]).await?;
        row.map(|row| Ok(PushSubscription { endpoint_mac: row.get(0)?, sealed: row.get(1)? })).transpose()
    }

    /// How many phones can be rung.
    pub async fn count_push_subscriptions(&mut self) -> Result<i64, StoreError> {
        let row = self.query_opt("SELECT COUNT(*) FROM push_subscriptions", &[]).await?;
        row.map_or(Ok(0), |row| row.get(0))
    }

    /// Forgets a phone's subscription.
    pub async fn delete_push_subscription(&mut self, phone: &PhoneId) -> Result<bool, StoreError> {
        self.changed("DELETE FROM push_subscriptions WHERE phone_id = $1", params![phone]).await
    }

    /// Forgets a phone's subscription that its push service knows no more, unless the phone has told a new one since.
    pub async fn delete_dead_push_subscription(
        &mut self,
        phone: &PhoneId,
        endpoint_mac: &str,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM push_subscriptions WHERE phone_id = $1 AND endpoint_mac = $2";
        self.changed(sql, params![phone, endpoint_mac]).await
    }

    /// Of the phones that a request asks, those to ring: with a subscription, with notifications on, and each browser
    /// once; none where the request may not ring, and of a decoy.
    pub async fn phones_to_ring(&mut self, approval: &ApprovalId) -> Result<Vec<PhoneId>, StoreError> {
        let sql = "SELECT MIN(s.phone_id) FROM approval_messages m JOIN push_subscriptions s ON s.phone_id = m.phone_id \
                   JOIN phones p ON p.id = m.phone_id JOIN approvals r ON r.id = m.approval_id \
                   WHERE m.approval_id = $1 AND r.rings_at IS NOT NULL AND p.revoked_at IS NULL AND p.notifications_off_at IS NULL \
                   GROUP BY s.endpoint_mac ORDER BY 1";
        self.query_all(sql, params![approval]).await?.iter().map(|row| row.get(0)).collect()
    }
}
