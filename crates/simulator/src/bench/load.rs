//! The load: complete sign-ins, as many as possible or at a steady rate, and browsers that only wait.

use std::{
    net::{IpAddr, Ipv4Addr},
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
    browser::{Browser, Page, PageEvents},
    server::Server,
    steps::{self, PATIENCE},
};

/// What a run gave.
#[derive(Debug)]
pub(super) struct Run {
    /// Complete sign-ins.
    pub(super) sign_ins: Vec<Took>,
    /// Those that no phone was asked for.
    pub(super) not_asked: u32,
    /// How long the run took.
    pub(super) time: Duration,
}

/// What one sign-in took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// All of it.
    pub(super) all: Duration,
    /// From the phone's decision until the browser heard of it.
    pub(super) decision_to_browser: Duration,
    /// Finishing: the form that signs in, and the account page.
    pub(super) finish: Duration,
}

impl Run {
    /// How many sign-ins there were.
    pub(super) fn count(&self) -> f64 {
        f64::from(u32::try_from(self.sign_ins.len()).unwrap_or(u32::MAX))
    }

    /// One time of each sign-in.
    pub(super) fn each(&self, time: impl Fn(&Took) -> Duration) -> Vec<Duration> {
        self.sign_ins.iter().map(time).collect()
    }
}

/// The cookie that says that this browser is known, which outlives a sign-out.
pub(super) const KNOWN_BROWSER: &str = "__Host-browser";

/// One complete sign-in.
pub(super) async fn sign_in(pair: &mut Pair, method: Method) -> Result<Took, BenchError> {
    let started = Instant::now();
    let browser = &mut pair.browser;
    browser.cookies.keep_only(KNOWN_BROWSER);
    let number = steps::start_sign_in(browser, &pair.username).await?;
    let mut events = browser.events("/signin/events").await?;
    let requests = pair.phone.pending().await?;
    // A person goes by what the phone shows: strangers' requests are not from a browser that the account knows. Before
    // the flood each browser has become known by its first sign-in.
    let known = requests.waiting.iter().rfind(|waiting| waiting.checked.request.ctx.known);
    let waiting = known.or(requests.waiting.first().filter(|_| requests.waiting.len() == 1));
    let waiting = waiting.ok_or_else(|| BenchError::NotAsked(pair.username.clone()))?;
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
    let finishing = Instant::now();
    steps::finish_sign_in(browser).await?;
    Ok(Took {
        all: started.elapsed(),
        decision_to_browser: heard.saturating_duration_since(decided),
        finish: finishing.elapsed(),
    })
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
            let mut sign_ins = Vec::new();
            let result = async {
                loop {
                    for pair in &mut share {
                        if started.elapsed() >= time {
                            return Ok(());
                        }
                        sign_ins.push(sign_in(pair, method).await?);
                    }
                }
            }
            .await;
            (share, sign_ins, result)
        });
    }
    let (mut sign_ins, mut failed) = (Vec::new(), None);
    while let Some(ended) = tasks.join_next().await {
        let (share, done, result) = ended.map_err(|error| BenchError::Wrong(error.to_string()))?;
        pairs.extend(share);
        sign_ins.extend(done);
        failed = failed.or(result.err());
    }
    let time = started.elapsed();
    match failed {
        Some(error) => Err(error),
        None => Ok(Run { sign_ins, not_asked: 0, time }),
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
    let (mut sign_ins, mut not_asked, mut failed) = (Vec::new(), 0, None);
    while let Some(ended) = tasks.join_next().await {
        match ended.map_err(|error| BenchError::Wrong(error.to_string()))? {
            Ok(took) => sign_ins.push(took),
            Err(BenchError::NotAsked(_)) => not_asked += 1,
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let time = started.elapsed();
    drop(give_back);
    let mut free = free.lock().await;
    while let Some(pair) = free.recv().await {
        pairs.push(pair);
    }
    match failed {
        Some(error) => Err(error),
        None => Ok(Run { sign_ins, not_asked, time }),
    }
}

/// A browser that waits on its number page, and its stream.
pub(super) type Held = (Browser, PageEvents);

/// Opens browsers that wait on their number page, each at an address of its own. They wait until they are dropped.
pub(super) async fn wait_in_browsers(
    network: &Network,
    server: &Server,
    names: &[String],
    count: usize,
) -> Result<Vec<Held>, BenchError> {
    let mut numbers = 0..u32::try_from(count).unwrap_or(u32::MAX);
    let mut named = names.iter().cycle().cloned();
    let (mut held, mut tasks) = (Vec::with_capacity(count), JoinSet::new());
    loop {
        while tasks.len() < OPENING_AT_ONCE {
            let (Some(number), Some(name)) = (numbers.next(), named.next()) else { break };
            // Addresses that are kept for benches (RFC 2544), in turn from each neighbourhood of them: few start much.
            let address = IpAddr::V4(Ipv4Addr::from_bits(0xC612_0000 + number % 512 * 256 + number / 512 % 256));
            tasks.spawn(wait_in_browser(Browser::new(network, &server.ready.login).at_address(address), name));
        }
        match tasks.join_next().await {
            Some(Ok(opened)) => held.push(opened?),
            Some(Err(error)) => return Err(BenchError::Wrong(error.to_string())),
            None => return Ok(held),
        }
    }
}

async fn wait_in_browser(mut browser: Browser, name: String) -> Result<Held, BenchError> {
    steps::start_sign_in(&mut browser, &name).await?;
    // Of ten thousand pages only the cookies are needed any more.
    browser.page = Page::default();
    let events = browser.events("/signin/events").await?;
    Ok((browser, events))
}

/// Whether a stream was ended by the server, and not cut off.
pub(super) async fn ended_well(mut events: PageEvents) -> bool {
    loop {
        match events.next().await {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Browsers whose streams ended open them again, as the script of their page does.
pub(super) async fn come_back(browsers: Vec<Browser>) -> Result<Vec<PageEvents>, BenchError> {
    let (mut browsers, mut held, mut tasks) = (browsers.into_iter(), Vec::new(), JoinSet::new());
    loop {
        while tasks.len() < OPENING_AT_ONCE {
            let Some(browser) = browsers.next() else { break };
            tasks.spawn(async move { browser.events("/signin/events").await });
        }
        match tasks.join_next().await {
            Some(Ok(opened)) => held.push(opened?),
            Some(Err(error)) => return Err(BenchError::Wrong(error.to_string())),
            None => return Ok(held),
        }
    }
}

/// How many browsers open their pages at once.
const OPENING_AT_ONCE: usize = 16;
