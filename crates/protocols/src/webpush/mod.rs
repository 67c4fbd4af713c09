//! Web Push: how a browser is rung by way of its push service.

mod subscription;

pub use subscription::{Keys, Subscription, SubscriptionError, is_public};
