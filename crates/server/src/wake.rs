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
    count: usize,
}

/// One who waits. Dropped, it is forgotten.
pub struct Waiting {
    wake: Wake,
    topic: Topic,
    notify: Arc<Notify>,
}

impl Wake {
    fn lock(&self) -> MutexGuard<'_, HashMap<Topic, Waiters>> {
        // A panic while the map was held leaves a map that is still a map.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Starts to wait. What happens from here on is not missed, also before the first [`Waiting::changed`].
    pub fn wait(&self, topic: Topic) -> Waiting {
        let mut topics = self.lock();
        let waiters =
            topics.entry(topic.clone()).or_insert_with(|| Waiters { notify: Arc::new(Notify::new()), count: 0 });
        waiters.count += 1;
        Waiting { wake: self.clone(), topic, notify: Arc::clone(&waiters.notify) }
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
        self.lock().values().map(|waiters| waiters.count).sum()
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
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut topics = self.wake.lock();
        if let Some(waiters) = topics.get_mut(&self.topic) {
            waiters.count -= 1;
            if waiters.count == 0 {
                topics.remove(&self.topic);
            }
        }
    }
}

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
