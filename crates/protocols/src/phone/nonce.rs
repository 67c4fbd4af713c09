//! The nonce of proofs: stateless, so that any node checks what another gave out.

use aws_lc_rs::hmac;

use crate::bytes::{decode, encode};

/// How long a nonce is good, in seconds.
pub const LIFETIME: i64 = 300;

/// Makes and checks nonces with a key that all nodes share.
pub struct NonceKey(hmac::Key);

impl NonceKey {
    /// The key of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// A nonce of this second: the time and a MAC over it.
    pub fn make(&self, seconds: i64) -> String {
        let time = seconds.to_be_bytes();
        let tag = hmac::sign(&self.0, &time);
        let mut nonce = time.to_vec();
        nonce.extend(tag.as_ref().iter().take(16));
        encode(&nonce)
    }

    /// Whether a nonce is ours and at most [`LIFETIME`] old. One from a second ahead is another node's clock.
    pub fn check(&self, nonce: &str, now: i64) -> bool {
        let Ok(bytes) = decode(nonce) else { return false };
        let Some((time, tag)) = bytes.split_first_chunk::<8>() else { return false };
        let made = i64::from_be_bytes(*time);
        let fresh = made <= now.saturating_add(5) && now.saturating_sub(made) <= LIFETIME;
        let expected = hmac::sign(&self.0, time);
        let right = expected
            .as_ref()
            .get(..16)
            .is_some_and(|expected| bool::from(subtle::ConstantTimeEq::ct_eq(expected, tag)));
        fresh && right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_five_minutes_and_only_under_its_key() {
        let key = NonceKey::new(&[1; 32]);
        let nonce = key.make(1000);
        assert!(key.check(&nonce, 1000) && key.check(&nonce, 1300));
        assert!(!key.check(&nonce, 1301) && !key.check(&nonce, 900));
        assert!(!NonceKey::new(&[2; 32]).check(&nonce, 1000));
        assert!(!key.check("", 1000) && !key.check("AAAA", 1000));
    }
}
