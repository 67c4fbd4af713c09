//! Limits kept in this node's memory: calls per neighbourhood, proofs that were seen, and lines of the log.
//!
//! All is bounded, and only blunts an attack: what must hold after a restart is decided in the database.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use akkoord_core::Timestamp;
use akkoord_protocols::bytes::sha256;

use crate::config::Network;

/// Remembers keys for at least one span and at most two, in two generations, each bounded.
struct Generations<K, V> {
    span: Duration,
    most: usize,
    turned_at: Timestamp,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Generations<K, V> {
    fn new(span: Duration, most: usize) -> Self {
        Self { span, most, turned_at: Timestamp(0), young: HashMap::new(), old: HashMap::new() }
    }

    fn turn(&mut self, now: Timestamp) {
        if now >= self.turned_at + self.span || self.young.len() >= self.most {
            let both_past = now >= self.turned_at + self.span * 2;
            self.old = if both_past { HashMap::new() } else { std::mem::take(&mut self.young) };
            self.young.clear();
            self.turned_at = now;
        }
    }
}

/// Proof ids that were seen: a proof counts once (`protocol.md` 4).
pub struct SeenProofs(Mutex<Generations<[u8; 16], ()>>);

impl SeenProofs {
    /// A memory of ten minutes, twice the life of a nonce.
    pub fn new() -> Self {
        Self(Mutex::new(Generations::new(Duration::from_secs(600), 500_000)))
    }

    /// Whether this phone's proof is new; remembers it.
    pub fn is_new(&self, now: Timestamp, phone: &str, jti: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.turn(now);
        let hash = sha256(&[phone.as_bytes(), b" ", jti.as_bytes()]);
        let mut key = [0; 16];
        key.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        !seen.old.contains_key(&key) && seen.young.insert(key, ()).is_none()
    }
}

impl Default for SeenProofs {
    fn default() -> Self {
        Self::new()
    }
}

/// Calls without proof, counted per neighbourhood and span.
pub struct CallLimit {
    counts: Mutex<Generations<u64, u32>>,
    most: u32,
}

impl CallLimit {
    /// At most `most` calls per `span` and neighbourhood (IPv4 /24, IPv6 /64).
    pub fn new(most: u32, span: Duration) -> Self {
        Self { counts: Mutex::new(Generations::new(span, 100_000)), most }
    }

    /// Counts a call; false if it is one too many.
    pub fn allows(&self, now: Timestamp, address: IpAddr) -> bool {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.turn(now);
        let count = counts.young.entry(Network::of_neighbours(address).key()).or_insert(0);
        *count = count.saturating_add(1);
        *count <= self.most
    }
}

/// Holds back lines of the log that anybody can cause as often as they like: one in a second.
#[derive(Default)]
pub struct LogLimit(AtomicI64);

impl LogLimit {
    /// Whether a line may be written now.
    pub fn allows(&self, now: Timestamp) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let due = (now.0 - last).unsigned_abs() >= 1000;
        due && self.0.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_in_a_second_is_logged_also_when_the_clock_was_put_back() {
        let limit = LogLimit::default();
        let logged = [10_000, 10_500, 10_999, 11_000, 11_001, 12_500, 3_000, 3_999, 4_000];
        assert_eq!(
            logged.map(|now| limit.allows(Timestamp(now))),
            [true, false, false, true, false, true, true, false, true]
        );
    }

    #[test]
    fn a_proof_counts_once_for_ten_minutes() {
        let seen = SeenProofs::new();
        assert!(seen.is_new(Timestamp(0), "p", "j"));
        assert!(!seen.is_new(Timestamp(1), "p", "j"));
        assert!(seen.is_new(Timestamp(1), "q", "j"));
        assert!(!seen.is_new(Timestamp(599_999), "p", "j"));
        assert!(!seen.is_new(Timestamp(900_000), "p", "j"));
        assert!(seen.is_new(Timestamp(2_200_000), "p", "j"));
    }

    #[test]
    fn a_neighbourhood_has_its_limit() {
        let limit = CallLimit::new(2, Duration::from_secs(60));
        let (near, far) = ("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
        assert!(limit.allows(Timestamp(0), near) && limit.allows(Timestamp(0), near));
        assert!(!limit.allows(Timestamp(0), near) && limit.allows(Timestamp(0), far));
        assert!(limit.allows(Timestamp(61_000), near));
    }
}
