//! The load: complete sign-ins, as many as possible or at a steady rate, and browsers that only wait.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use akkoord_authenticator::{Network, Stretched, Unlocking};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};

use super::{
    BenchError, Method,
    fleet::{Pair, STRETCHED_PIN},
};
use crate::{
    browser::{Browser, PageEvents},
    server::Server,
    steps::{self, PATIENCE},
};

/// What a run gave.
#[derive(Debug)]
pub(super) struct Run {
    /// Complete sign-ins.
    pub(super) sign_ins: u32,
    /// How long the run took.
    pub(super) took: Duration,
    /// Of each sign-in: all of it under full load, decision to browser at the steady rate.
    pub(super) durations: Vec<Duration>,
}

/// What one sign-in took.
struct Took {
    all: Duration,
    decision_to_browser: Duration,
}

/// The cookie that says that this browser is known, which outlives a sign-out.
const KNOWN_BROWSER: &str = "__Host-browser";

/// One complete sign-in.
async fn sign_in(pair: &mut Pair, method: Method) -> Result<Took, BenchError> {
    let started = Instant::now();
    let browser = &mut pair.browser;
    browser.cookies.keep_only(KNOWN_BROWSER);
    let number = steps::start_sign_in(browser, &pair.username).await?;
    let mut events = browser.events("/signin/events").await?;
    let requests = pair.phone.pending().await?;
    let waiting = requests.waiting.last();
    let waiting = waiting.ok_or_else(|| BenchError::Wrong(format!("nothing waits for {}", pair.username)))?;
    let unlocking = match method {
        Method::Webauthn => Unlocking::Platform,
        Method::Pin => Unlocking::Stretched(Stretched::precomputed(STRETCHED_PIN)),
    };
    let prepared = pair.phone.prepare_approval(waiting, &number, &unlocking).await?;
    // The browser listens in its own task, so that the moment is the event's and not that of the phone's answer.
    let heard = tokio::spawn(async move {
        let state = events.state("approved", PATIENCE).await;
        state.map(|()| Instant::now())
    });
    let decided = Instant::now();
    pair.phone.decide(&prepared).await?;
    let heard = heard.await.map_err(|error| BenchError::Wrong(error.to_string()))??;
    steps::finish_sign_in(browser).await?;
    Ok(Took { all: started.elapsed(), decision_to_browser: heard.saturating_duration_since(decided) })
}

/// As many sign-ins as possible, `at_once` under way at any moment.
pub(super) async fn closed(
    pairs: &mut Vec<Pair>,
    method: Method,
    at_once: usize,
    time: Duration,
) -> Result<Run, BenchError> {
    let workers = at_once.clamp(1, pairs.len().max(1));
    let mut shares: Vec<Vec<Pair>> = (0..workers).map(|_| Vec::new()).collect();
    for (index, pair) in pairs.drain(..).enumerate() {
        if let Some(share) = shares.get_mut(index % workers) {
            share.push(pair);
        }
    }
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for mut share in shares {
        tasks.spawn(async move {
            let mut durations = Vec::new();
            let result = async {
                loop {
                    for pair in &mut share {
                        if started.elapsed() >= time {
                            return Ok(());
                        }
                        durations.push(sign_in(pair, method).await?.all);
                    }
                }
            }
            .await;
            (share, durations, result)
        });
    }
    let (mut durations, mut failed) = (Vec::new(), None);
    while let Some(ended) = tasks.join_next().await {
        let (share, took, result) = ended.map_err(|error| BenchError::Wrong(error.to_string()))?;
        pairs.extend(share);
        durations.extend(took);
        failed = failed.or(result.err());
    }
    let took = started.elapsed();
    match failed {
        Some(error) => Err(error),
        None => Ok(Run { sign_ins: u32::try_from(durations.len()).unwrap_or(u32::MAX), took, durations }),
    }
}

/// Sign-ins started at a steady rate, however long each takes.
pub(super) async fn steady(
    pairs: &mut Vec<Pair>,
    method: Method,
    rate: u64,
    time: Duration,
) -> Result<Run, BenchError> {
    let each = Duration::from_secs(1) / u32::try_from(rate.max(1)).unwrap_or(u32::MAX);
    let (give_back, free) = mpsc::unbounded_channel();
    for pair in pairs.drain(..) {
        let _ = give_back.send(pair);
    }
    let free = Arc::new(Mutex::new(free));
    let mut ticks = tokio::time::interval(each);
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    while started.elapsed() < time {
        ticks.tick().await;
        let (free, give_back) = (Arc::clone(&free), give_back.clone());
        tasks.spawn(async move {
            // Where all accounts are busy the start is late, which the rate that was reached shows.
            let pair = free.lock().await.recv().await;
            let mut pair = pair.ok_or_else(|| BenchError::Wrong("no account is left".to_owned()))?;
            let took = sign_in(&mut pair, method).await;
            let _ = give_back.send(pair);
            took
        });
    }
    let (mut durations, mut failed) = (Vec::new(), None);
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(|error| BenchError::Wrong(error.to_string()))? {
            Ok(took) => durations.push(took.decision_to_browser),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let took = started.elapsed();
    drop(give_back);
    let mut free = free.lock().await;
    while let Some(pair) = free.recv().await {
        pairs.push(pair);
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(Run { sign_ins: u32::try_from(durations.len()).unwrap_or(u32::MAX), took, durations }),
    }
}

/// Opens browsers that wait on their number page. They wait until the streams are dropped.
pub(super) async fn wait_in_browsers(
    network: &Network,
    server: &Server,
    names: &[&str],
    count: usize,
) -> Result<Vec<PageEvents>, BenchError> {
    let mut held = Vec::with_capacity(count);
    for name in names.iter().cycle().take(count) {
        let mut browser = Browser::new(network, &server.ready.login);
        steps::start_sign_in(&mut browser, name).await?;
        held.push(browser.events("/signin/events").await?);
    }
    Ok(held)
}
