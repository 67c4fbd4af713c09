//! Web Push: how a browser is rung by way of its push service. The message is encrypted for the browser (RFC 8291 over
//! RFC 8188), and its sender names itself by a signature (VAPID, RFC 8292).

mod encryption;
mod subscription;
mod vapid;

pub use encryption::{EncryptError, MAX_PLAIN, encrypt};
pub use subscription::{Keys, Subscription, SubscriptionError, is_public};
pub use vapid::{VapidError, authorization};

#[cfg(test)]
mod tests;
