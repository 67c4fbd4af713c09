//! Strangers: starts of sign-ins under names that exist and names that don't, from many addresses.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use akkoord_authenticator::{Network, SystemRandom};
use akkoord_protocols::random;
use tokio::{sync::watch, task::JoinSet};

use super::{BenchError, percentile};
use crate::{
    browser::{Browser, form},
    server::Server,
};

/// What the strangers were answered.
#[derive(Debug, Default)]
pub(super) struct Flooded {
    /// How often each status; 0 stands for no answer at all.
    pub(super) statuses: BTreeMap<u16, u32>,
    /// How long each waited for it.
    pub(super) waited: Vec<Duration>,
    /// How long the flood went on.
    pub(super) time: Duration,
}

impl Flooded {
    /// How many starts there were.
    pub(super) fn starts(&self) -> f64 {
        f64::from(self.statuses.values().sum::<u32>())
    }

    /// How long a stranger waited, in milliseconds.
    pub(super) fn waited_p99(&self) -> f64 {
        percentile(&self.waited, 99)
    }
}

/// What each stranger sends. One page's token is good for all of them: nobody who floods loads a page for each start.
struct Form {
    address: String,
    origin: String,
    cookie: String,
    token: String,
    names: Vec<String>,
}

/// Strangers that start `rate` sign-ins each second until told to stop. Each of `names` is typed as often as a name that
/// nobody has. Nine of ten come from a network of their own, the tenth always from the same one.
pub(super) async fn flood(
    server: &Server,
    names: Vec<String>,
    rate: u64,
    mut stop: watch::Receiver<bool>,
) -> Result<Flooded, BenchError> {
    let network = Network::loopback()?;
    let mut browser = Browser::new(&network, &server.ready.login);
    browser.open("/signin").await?;
    let token = browser.page.form_token("/signin").ok_or_else(|| BenchError::Wrong("no form".to_owned()))?;
    let form = Arc::new(Form {
        address: format!("{}/signin", browser.origin()),
        origin: browser.origin().to_owned(),
        cookie: browser.cookies.header("/signin").unwrap_or_default(),
        token,
        names,
    });
    let each = Duration::from_secs(1) / u32::try_from(rate.max(1)).unwrap_or(u32::MAX);
    let mut ticks = tokio::time::interval(each);
    let started = Instant::now();
    let (mut tasks, mut flooded) = (JoinSet::new(), Flooded::default());
    while !*stop.borrow_and_update() {
        tokio::select! {
            _ = ticks.tick() => drop(tasks.spawn(start(network.clone(), Arc::clone(&form)))),
            Some(ended) = tasks.join_next() => flooded.count(ended.unwrap_or_default()),
            _ = stop.changed() => {}
        }
    }
    flooded.time = started.elapsed();
    while let Some(ended) = tasks.join_next().await {
        flooded.count(ended.unwrap_or_default());
    }
    Ok(flooded)
}

impl Flooded {
    fn count(&mut self, (status, waited): (u16, Duration)) {
        *self.statuses.entry(status).or_default() += 1;
        self.waited.push(waited);
    }
}

/// One start of a stranger, with the status of the answer.
async fn start(network: Network, form_of_page: Arc<Form>) -> (u16, Duration) {
    let Form { address, origin, cookie, token, names } = &*form_of_page;
    let [chance, a, b, c] = random::bytes::<4>(&SystemRandom);
    let nobody = format!("nobody{a:02x}{b:02x}{c:02x}@example.org");
    let known = names.get(usize::from(a) % names.len().max(1));
    let name = known.filter(|_| chance % 2 == 0).unwrap_or(&nobody);
    // 198.18.0.0/15 is kept for benches (RFC 2544); so are these, as no packet goes there.
    let from = if chance < 26 { format!("203.0.113.{a}") } else { format!("10.{a}.{b}.{c}") };
    let body = form([("csrf", token.as_str()), ("username", name.as_str())]);
    let request = network.client().post(address).body(body);
    let request = request
        .header("origin", origin)
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", from)
        .timeout(PATIENCE);
    let started = Instant::now();
    let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
    (status, started.elapsed())
}

/// How long a stranger waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
