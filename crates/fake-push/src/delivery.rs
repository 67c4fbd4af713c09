//! What came in, as tests look at it.

use std::time::Instant;

use crate::{Claims, Fault, vapid};

/// A push that came in, accepted or not.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// When it had been read.
    pub at: Instant,
    /// Path and query that were asked for. Public origins lead here by [`crate::FakePush::origin_map`], so the origin
    /// stands in the claims alone.
    pub target: String,
    /// The headers, their names in small letters, in the order that they came in.
    pub headers: Vec<(String, String)>,
    /// What the sender says about itself, if it can be read. Whether it holds is in the outcome.
    pub claims: Option<Claims>,
    /// The sealed message.
    pub body: Vec<u8>,
    /// What was made of it.
    pub outcome: Outcome,
}

impl Delivery {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What was made of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// 201, and handed over or kept.
    Accepted,
    /// Refused, for this reason.
    Refused(Refusal),
    /// A fault that the test had ordered.
    Faulted(Fault),
}

/// Why a push is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// RFC 8030 section 5.
    #[error("a push is sent with POST")]
    Method,
    /// Nobody was ever subscribed there.
    #[error("no such push address")]
    Unknown,
    /// RFC 8030 section 7.3: the subscription has ended.
    #[error("the subscription has ended")]
    Gone,
    /// RFC 8030 section 7.2: 4096 bytes are what every service has to take, and most take no more.
    #[error("the message has more than 4096 bytes")]
    TooLarge,
    /// RFC 8030 section 5.2.
    #[error("TTL is missing or no number of seconds")]
    Ttl,
    /// RFC 8030 section 5.3.
    #[error("Urgency is none of very-low, low, normal and high")]
    Urgency,
    /// RFC 8030 section 5.4.
    #[error("Topic has more than 32 letters, or others than those of base64url")]
    Topic,
    /// RFC 8291 section 4.
    #[error("Content-Encoding is not aes128gcm")]
    Encoding,
    /// RFC 8292 section 4.2.
    #[error("the subscription is restricted, and nobody says who sends")]
    Unsigned,
    /// RFC 8292 section 4.2.
    #[error("VAPID: {0}")]
    Vapid(#[from] vapid::Broken),
}

impl Refusal {
    /// The status that it is answered with.
    pub fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Unknown => 404,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::Ttl | Self::Urgency | Self::Topic | Self::Encoding => 400,
            Self::Unsigned => 401,
            Self::Vapid(_) => 403,
        }
    }
}
