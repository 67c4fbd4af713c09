//! Wakes pages and phones that wait, without polling: whoever changes a row tells its topic.
//!
//! Waking is a hint. Who is woken reads the row again; who is not woken (another node changed it, or a hint was
//! lost) reads it at the latest when its own patience ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::Notify;

/// What one can wait for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A request changed.
    Approval(String),
    /// An enrolment changed.
    Enrolment(String),
    /// Something changed for a phone.
    Phone(String),
}

/// All who wait.
#[derive(Clone, Default)]
pub struct Wake(Arc<Mutex<HashMap<Topic, Waiters>>>);

struct Waiters {
    notify: Arc<Notify>,
    /// Their numbers, oldest first.
    numbers: Vec<u32>,
    next: u32,
}

/// One who waits. Dropped, it is forgotten.
pub struct Waiting {
    wake: Wake,
    topic: Topic,
    notify: Arc<Notify>,
    number: u32,
}

impl Wake {
    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, Waiters>> {
        // A panic while the map was held leaves a map that is still a map.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Starts to wait. What happens from here on is not missed, also before the first [`Waiting::changed`]. Beyond
    /// [`MOST`] the oldest one gives way, so that nobody can pile up connections behind one cookie or key. The newest is
    /// not refused, because a phone that changes networks leaves dead connections behind.
    pub fn wait(&self, topic: Topic) -> Waiting {
        let mut topics = self.lock();
        let waiters = topics.entry(topic.clone()).or_insert_with(|| Waiters {
            notify: Arc::new(Notify::new()),
            numbers: Vec::with_capacity(1),
            next: 0,
        });
        let number = waiters.next;
        waiters.next = number.wrapping_add(1);
        waiters.numbers.push(number);
        if waiters.numbers.len() > MOST {
            waiters.numbers.remove(0);
            waiters.notify.notify_waiters();
        }
        Waiting { wake: self.clone(), topic, notify: Arc::clone(&waiters.notify), number }
    }

    /// Wakes all who wait for the topic.
    pub fn tell(&self, topic: &Topic) {
        if let Some(waiters) = self.lock().get(topic) {
            waiters.notify.notify_waiters();
        }
    }

    /// Wakes everybody, when the server is about to stop.
    pub fn tell_all(&self) {
        for waiters in self.lock().values() {
            waiters.notify.notify_waiters();
        }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lock().values().map(|waiters| waiters.numbers.len()).sum()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Waiting {
    /// A future that ends at the next [`Wake::tell`] after this call. Make it before reading the row, await it after:
    /// then a change in between is not lost.
    pub fn changed(&self) -> tokio::sync::futures::OwnedNotified {
        Arc::clone(&self.notify).notified_owned()
    }

    /// Whether it had to give way to newer ones.
    pub fn is_displaced(&self) -> bool {
        let topics = self.wake.lock();
        !topics.get(&self.topic).is_some_and(|waiters| waiters.numbers.contains(&self.number))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut topics = self.wake.lock();
        if let Some(waiters) = topics.get_mut(&self.topic) {
            waiters.numbers.retain(|number| *number != self.number);
            if waiters.numbers.is_empty() {
                topics.remove(&self.topic);
            }
        }
    }
}

/// How many may wait for one thing: as many as one person has windows and devices open on it.
pub const MOST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_between_reading_and_waiting_is_not_lost() {
        let wake = Wake::default();
        let topic = Topic::Approval("a".to_owned());
        let waiting = wake.wait(topic.clone());
        let changed = waiting.changed();
        wake.tell(&topic);
        tokio::time::timeout(std::time::Duration::from_secs(1), changed).await.expect("woken");
    }

    #[tokio::test]
    async fn beyond_a_few_the_oldest_gives_way_and_is_woken_for_that() {
        let wake = Wake::default();
        let topic = Topic::Phone("p".to_owned());
        let other = wake.wait(Topic::Phone("q".to_owned()));
        let first = wake.wait(topic.clone());
        let changed = first.changed();
        let more: Vec<Waiting> = (1..MOST).map(|_| wake.wait(topic.clone())).collect();
        assert!(!first.is_displaced());
        let newest = wake.wait(topic.clone());
        tokio::time::timeout(std::time::Duration::from_secs(1), changed).await.expect("woken");
        assert!(first.is_displaced() && !newest.is_displaced() && !other.is_displaced());
        assert!(more.iter().all(|waiting| !waiting.is_displaced()));
        drop(first);
        assert_eq!(wake.len(), MOST + 1, "its place was taken already");
        drop(more);
        let _again = wake.wait(topic);
        assert!(!newest.is_displaced(), "those that went make room");
    }

    #[test]
    fn who_goes_is_forgotten() {
        let wake = Wake::default();
        let first = wake.wait(Topic::Phone("p".to_owned()));
        let second = wake.wait(Topic::Phone("p".to_owned()));
        assert_eq!(wake.len(), 2);
        drop(first);
        assert_eq!(wake.len(), 1);
        drop(second);
        assert!(wake.is_empty() && wake.lock().is_empty());
    }
}
