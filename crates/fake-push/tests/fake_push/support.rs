//! A service whose clock is moved by hand, one subscription, and a sender.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use akkoord_fake_push::{
    FakePush, PlainSubscription, Service, rfc8291,
    sender::{Answered, Sender, post},
};
use serde_json::{Value, json};

pub const DAY: u64 = 24 * 60 * 60;
const START: u64 = 1_800_000_000;

pub struct Pair {
    pub fake: FakePush,
    pub sender: Sender,
    pub subscription: PlainSubscription,
    seconds: Arc<AtomicU64>,
}

impl Pair {
    pub async fn new() -> Self {
        Self::of(Service::Own).await
    }

    pub async fn of(service: Service) -> Self {
        let seconds = Arc::new(AtomicU64::new(START));
        let read = Arc::clone(&seconds);
        let clock = Arc::new(move || UNIX_EPOCH + Duration::from_secs(read.load(Ordering::SeqCst)));
        let fake = FakePush::start_at(clock).await.unwrap();
        let sender = Sender::new().unwrap();
        let subscription = fake.subscribe_plain(service, Some(sender.public_key())).unwrap();
        Self { fake, sender, subscription, seconds }
    }

    pub fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub fn now(&self) -> u64 {
        self.seconds.load(Ordering::SeqCst)
    }

    /// The endpoint's origin and what follows it.
    pub fn cut(&self) -> (String, String) {
        let url = self.subscription.endpoint();
        let at = url.find("//").unwrap() + 2;
        let at = at + url[at..].find('/').unwrap();
        (url[..at].to_owned(), url[at..].to_owned())
    }

    /// Claims that hold.
    pub fn claims(&self) -> Value {
        json!({ "aud": self.cut().0, "exp": self.now() + DAY, "sub": "mailto:ops@example.org" })
    }

    pub fn sealed(&self, text: &str) -> Vec<u8> {
        let to = self.subscription.receiver();
        rfc8291::seal(to.public_key(), to.auth(), text.as_bytes()).unwrap()
    }

    /// A push that is right in everything but what is changed. A header that is given as empty is left out.
    pub async fn push(&self, text: &str, changes: &[(&str, &str)]) -> Answered {
        let authorization = self.sender.authorization(&self.claims()).unwrap();
        let usual = [("ttl", "60"), ("content-encoding", "aes128gcm"), ("authorization", authorization.as_str())];
        let kept = usual.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        let headers: Vec<_> = kept.chain(changes).copied().filter(|(_, value)| !value.is_empty()).collect();
        post(&self.fake.base(), &self.cut().1, &headers, &self.sealed(text)).await.unwrap()
    }

    pub fn collect(&self) -> Vec<String> {
        let messages = self.subscription.collect().unwrap();
        messages.into_iter().map(|message| String::from_utf8(message).unwrap()).collect()
    }
}
