//! A subscription without a browser.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    rfc8291::{Broken, Receiver},
    switchboard::Switchboard,
};

/// What a browser would hold: an endpoint and the keys that messages to it open with.
pub struct PlainSubscription {
    pub(crate) endpoint: String,
    pub(crate) receiver: Receiver,
    pub(crate) state: Arc<Switchboard>,
}

impl PlainSubscription {
    /// Where to push to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// PushSubscriptionJSON, as a page would send it to its server.
    pub fn json(&self) -> Value {
        let p256dh = URL_SAFE_NO_PAD.encode(self.receiver.public_key());
        let auth = URL_SAFE_NO_PAD.encode(self.receiver.auth());
        json!({ "endpoint": self.endpoint, "keys": { "p256dh": p256dh, "auth": auth } })
    }

    /// The keys.
    pub fn receiver(&self) -> &Receiver {
        &self.receiver
    }

    /// The plain text of a sealed message.
    pub fn open(&self, message: &[u8]) -> Result<Vec<u8>, Broken> {
        self.receiver.open(message)
    }

    /// Waits until a message is there, and collects: its plain text, and that of others that came with it.
    pub async fn arrival(&self) -> Result<Vec<Vec<u8>>, Broken> {
        self.state.wait_for_arrival(&self.endpoint).await;
        self.collect()
    }

    /// Comes online for a moment: the plain text of what was accepted since the last time, without what has expired or
    /// was replaced under its topic.
    pub fn collect(&self) -> Result<Vec<Vec<u8>>, Broken> {
        self.state.collect(&self.endpoint).iter().map(|message| self.open(message)).collect()
    }
}
