//! Who is subscribed, who is connected, what waits for whom, and what came in.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio::sync::{mpsc::UnboundedSender, watch};

use crate::{
    chromium, clock,
    clock::Clock,
    delivery::Delivery,
    faults::Fault,
    firefox,
    origins::{Endpoint, token_of},
};

/// To a browser that is connected, in the form that its line speaks.
pub(crate) type Line = UnboundedSender<Vec<u8>>;

/// Whom a subscription belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subscriber {
    /// A device, one of its applications, and the key that it asked for.
    Chromium(chromium::App),
    /// A browser and one of its channels.
    Firefox(firefox::Channel),
    /// No browser: what comes waits until it is collected.
    Plain,
}

impl Subscriber {
    /// Who has to be connected for a message to arrive.
    fn agent(&self) -> Option<&str> {
        match self {
            Self::Chromium(app) => Some(&app.device),
            Self::Firefox(channel) => Some(&channel.browser),
            Self::Plain => None,
        }
    }

    fn frame(&self, message: &Message) -> Vec<u8> {
        match self {
            Self::Chromium(app) => app.frame(message),
            Self::Firefox(channel) => channel.frame(message),
            Self::Plain => message.body.clone(),
        }
    }
}

/// A push that was accepted.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) encoding: String,
    pub(crate) body: Vec<u8>,
    pub(crate) topic: Option<String>,
    pub(crate) ttl: u64,
}

struct Waiting {
    topic: Option<String>,
    expires: u64,
    frame: Vec<u8>,
}

struct Subscription {
    subscriber: Subscriber,
    endpoints: Vec<Endpoint>,
    key: Option<Vec<u8>>,
    waiting: Vec<Waiting>,
    gone: bool,
}

#[derive(Default)]
struct State {
    subscriptions: HashMap<String, Subscription>,
    lines: HashMap<String, Line>,
    faults: HashMap<String, VecDeque<Fault>>,
    deliveries: Vec<Delivery>,
}

/// What a push has to fit.
pub(crate) struct Target {
    pub(crate) audiences: Vec<String>,
    pub(crate) key: Option<Vec<u8>>,
}

/// How a push address is known.
pub(crate) enum Found {
    Nobody,
    Gone,
    Here(Target),
}

/// All of it.
pub(crate) struct Switchboard {
    state: Mutex<State>,
    /// Told of each push and each end of a subscription.
    changed: watch::Sender<()>,
    clock: Clock,
}

impl Switchboard {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { state: Mutex::default(), changed: watch::Sender::new(()), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    /// Subscribes, at these addresses of one token.
    pub(crate) fn subscribe(
        &self,
        token: &str,
        subscriber: Subscriber,
        endpoints: Vec<Endpoint>,
        key: Option<Vec<u8>>,
    ) {
        let new = Subscription { subscriber, endpoints, key, waiting: Vec::new(), gone: false };
        self.state().subscriptions.insert(token.to_owned(), new);
    }

    /// The token of a subscription that is still there.
    pub(crate) fn token_of(&self, subscriber: &Subscriber) -> Option<String> {
        let state = self.state();
        let mut found = state.subscriptions.iter();
        let found = found.find(|(_, subscription)| subscription.subscriber == *subscriber && !subscription.gone);
        found.map(|(token, _)| token.clone())
    }

    /// Ends the subscriptions that these are: their addresses are gone from now on.
    pub(crate) fn end(&self, which: impl Fn(&Subscriber) -> bool) {
        for subscription in self.state().subscriptions.values_mut() {
            subscription.gone |= which(&subscription.subscriber);
        }
        self.changed.send_replace(());
    }

    /// Ends the subscription at an address.
    pub(crate) fn expire(&self, endpoint: &str) {
        if let Some(subscription) = self.state().subscriptions.get_mut(token_of(endpoint)) {
            subscription.gone = true;
        }
        self.changed.send_replace(());
    }

    /// Has this browser a subscription?
    pub(crate) fn knows(&self, agent: &str) -> bool {
        self.state().subscriptions.values().any(|found| found.subscriber.agent() == Some(agent))
    }

    /// A browser is there: it gets what waited for it, and what comes from now on.
    pub(crate) fn connect(&self, agent: &str, line: &Line) {
        let now = clock::seconds(self.now());
        let mut state = self.state();
        state.lines.insert(agent.to_owned(), line.clone());
        for subscription in state.subscriptions.values_mut() {
            if subscription.subscriber.agent() == Some(agent) {
                for waiting in subscription.waiting.drain(..).filter(|waiting| waiting.expires > now) {
                    line.send(waiting.frame).ok();
                }
            }
        }
    }

    /// A browser's line has ended, if it has no other by now.
    pub(crate) fn disconnect(&self, agent: &str, line: &Line) {
        let mut state = self.state();
        if state.lines.get(agent).is_some_and(|found| found.same_channel(line)) {
            state.lines.remove(agent);
        }
    }

    /// Who is behind the target of a request.
    pub(crate) fn find(&self, target: &str) -> Found {
        match self.state().subscriptions.get(token_of(target)) {
            Some(subscription) if subscription.gone => Found::Gone,
            Some(subscription) => {
                let fitting = subscription.endpoints.iter().filter(|endpoint| endpoint.target == target);
                let audiences: Vec<_> = fitting.map(|endpoint| endpoint.origin.clone()).collect();
                if audiences.is_empty() {
                    return Found::Nobody;
                }
                Found::Here(Target { audiences, key: subscription.key.clone() })
            }
            None => Found::Nobody,
        }
    }

    /// Hands a message over, or keeps it until its subscriber comes. One with the topic of another that still waits
    /// takes its place (RFC 8030 section 5.4); one that may not wait is dropped (section 5.2).
    pub(crate) fn deliver(&self, target: &str, message: &Message) {
        let now = clock::seconds(self.now());
        let mut state = self.state();
        let State { subscriptions, lines, .. } = &mut *state;
        let Some(subscription) = subscriptions.get_mut(token_of(target)) else { return };
        let frame = subscription.subscriber.frame(message);
        let line = subscription.subscriber.agent().and_then(|agent| lines.get(agent));
        if line.is_some_and(|line| line.send(frame.clone()).is_ok()) {
            return;
        }
        if message.topic.is_some() {
            subscription.waiting.retain(|waiting| waiting.topic != message.topic);
        }
        if message.ttl > 0 {
            let expires = now.saturating_add(message.ttl);
            subscription.waiting.push(Waiting { topic: message.topic.clone(), expires, frame });
        }
    }

    /// What waits at an address and has not expired; it no longer waits.
    pub(crate) fn collect(&self, endpoint: &str) -> Vec<Vec<u8>> {
        let now = clock::seconds(self.now());
        let mut state = self.state();
        let Some(subscription) = state.subscriptions.get_mut(token_of(endpoint)) else { return Vec::new() };
        let waiting = subscription.waiting.drain(..).filter(|waiting| waiting.expires > now);
        waiting.map(|waiting| waiting.frame).collect()
    }

    /// Orders faults for the next pushes to an address, one each.
    pub(crate) fn order(&self, endpoint: &str, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.entry(token_of(endpoint).to_owned()).or_default().extend(faults);
    }

    /// The fault that was ordered for the next push to this target.
    pub(crate) fn next_fault(&self, target: &str) -> Option<Fault> {
        self.state().faults.get_mut(token_of(target))?.pop_front()
    }

    /// Writes a push down.
    pub(crate) fn record(&self, delivery: Delivery) {
        self.state().deliveries.push(delivery);
        self.changed.send_replace(());
    }

    /// What came in so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.state().deliveries.clone()
    }

    /// Waits until so many have come in.
    pub(crate) async fn wait_for(&self, count: usize) {
        self.until(|state| state.deliveries.len() >= count).await;
    }

    /// Waits until the subscription at this address has ended.
    pub(crate) async fn wait_for_end(&self, endpoint: &str) {
        let token = token_of(endpoint);
        self.until(|state| state.subscriptions.get(token).is_some_and(|subscription| subscription.gone)).await;
    }

    /// Waits until something waits at an address.
    pub(crate) async fn wait_for_arrival(&self, endpoint: &str) {
        let token = token_of(endpoint);
        let waits = |state: &State| state.subscriptions.get(token).is_some_and(|found| !found.waiting.is_empty());
        self.until(waits).await;
    }

    async fn until(&self, condition: impl Fn(&State) -> bool) {
        // Its sender is a field of this very value, so it cannot have ended.
        self.changed.subscribe().wait_for(|()| condition(&self.state())).await.ok();
    }
}

/// A token that cannot be guessed, in the length that services use.
pub(crate) fn new_token() -> String {
    URL_SAFE_NO_PAD.encode(clock::random::<48>())
}
