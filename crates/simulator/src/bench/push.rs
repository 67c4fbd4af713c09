//! `bench push`: from the number on the screen to the push at its service, how many pushes a second, and their price.
//!
//! What a browser and its phone do with a push after that can't be measured here: how long a notice takes to be seen
//! depends on the push service, the network and the phone.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use akkoord_authenticator::Network;
use akkoord_fake_push::{FakePush, PlainSubscription, Service};
use akkoord_protocols::webpush::Subscription;
use clap::Args;
use tokio::task::JoinSet;

use super::{
    BenchError, Method, crowd,
    fleet::{self, Pair},
    load::{self, KNOWN_BROWSER},
    millis, percentile, process,
    report::Report,
    sealing,
};
use crate::{
    folder::Folder,
    server::Server,
    steps::{self, PATIENCE},
    story,
};

/// What is measured and for how long.
#[derive(Clone, Debug, Args)]
pub struct PushOptions {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    akkoord: PathBuf,
    /// Seconds of the run at the steady rate, and of each run under full load at most.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Accounts with a phone and a browser each. One in four is never rung and shows what all but the push costs.
    #[arg(long, default_value_t = 192)]
    accounts: usize,
    /// Sign-ins under way at once under full load.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Sign-ins started each second at the steady rate.
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// Where the server keeps its data. It must be a real disk for the figures to be durable ones.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Prints the figures as JSON on the last line.
    #[arg(long)]
    json: bool,
}

/// Runs the bench and prints its figures.
pub async fn push(options: &PushOptions) -> Result<(), String> {
    measure(options).await.map_err(|error| error.to_string())
}

async fn measure(options: &PushOptions) -> Result<(), BenchError> {
    let folder = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let own = Folder::under(&folder, "bench")?;
    let (data, mut report) = (own.join("data"), Report::new("push"));
    configuration(options, &folder);
    story::line("\nThe floor of this machine, one core:");
    sealing::measure(&mut report)?;

    story::line(&format!("\nPreparing {} accounts ...", options.accounts));
    let (network, service) = (Network::loopback()?, FakePush::start().await?);
    let more = ["--accounts".to_owned(), options.accounts.to_string()];
    let server = Server::start(&options.akkoord, &data, None, &more).await?;
    let port = server.port().ok_or_else(|| BenchError::Wrong("the server names no port".to_owned()))?;
    // As many pushes as an organisation may allow. After that the server rings nobody, and that is right.
    let [ten_minutes, day] = [format!("known_pushes_10_minutes={STARTS}"), format!("known_pushes_day={STARTS}")];
    crowd::set_policy(&options.akkoord, &data, port, &[&ten_minutes, &day])?;
    let pairs = fleet::enrol(&network, &server, options.accounts, options.concurrency).await?;
    let (mut quiet, mut rung) = callers(pairs, &service).await?;

    story::line(&format!("{} sign-ins a second for {} s ...", options.rate, options.seconds));
    let time = Duration::from_secs(options.seconds);
    note_delays(&mut report, &steady(&mut rung, options.rate, time).await?);
    story::line("As many as possible, first without pushes, then with them ...");
    let without = full(&server, &mut quiet, options.concurrency, time).await?;
    let with = full(&server, &mut rung, options.concurrency, time).await?;
    report.set("starts_per_second", without.per_second());
    report.set("pushes_per_second", with.per_second());
    report.set("server_cpu_ms_per_start", without.cpu_each());
    report.set("server_cpu_ms_per_start_and_push", with.cpu_each());
    report.set("server_cpu_ms_per_push", with.cpu_each() - without.cpu_each());
    server.stop().await?;
    report.print(options.json);
    Ok(())
}

/// An account whose sign-ins ring its phone, if that has a subscription.
struct Caller {
    pair: Pair,
    subscription: Option<PlainSubscription>,
    /// How many sign-ins may still ring.
    left: usize,
}

/// What passed until a push had arrived and was opened.
#[derive(Clone, Copy)]
struct Delays {
    typed_to_push: Duration,
    shown_to_push: Duration,
}

/// Makes each browser known by a first sign-in, and lets three of four phones be rung. Those that are not come first.
async fn callers(pairs: Vec<Pair>, service: &FakePush) -> Result<(Vec<Caller>, Vec<Caller>), BenchError> {
    let (mut quiet, mut rung) = (Vec::new(), Vec::new());
    for (index, mut pair) in pairs.into_iter().enumerate() {
        load::sign_in(&mut pair, Method::Webauthn).await?;
        let subscription = if index % 4 == 0 { None } else { Some(subscribe(&pair, service).await?) };
        let into = if subscription.is_some() { &mut rung } else { &mut quiet };
        into.push(Caller { pair, subscription, left: STARTS });
    }
    // Connections, also those to the push service, and caches are warm before anything is counted.
    for caller in quiet.iter_mut().chain(&mut rung) {
        caller.start().await?;
    }
    Ok((quiet, rung))
}

async fn subscribe(pair: &Pair, service: &FakePush) -> Result<PlainSubscription, BenchError> {
    let subscription = service.subscribe_plain(Service::Own, None)?;
    let told: Subscription = serde_json::from_value(subscription.json())
        .map_err(|error| BenchError::Wrong(format!("a subscription does not read: {error}")))?;
    pair.phone.set_push(&told).await?;
    Ok(subscription)
}

impl Caller {
    /// Begins a sign-in, waits for its push if there is to be one, and gives the sign-in up.
    async fn start(&mut self) -> Result<Option<Delays>, BenchError> {
        let Self { pair: Pair { username, browser, .. }, subscription, left } = self;
        *left = left.saturating_sub(1);
        browser.cookies.keep_only(KNOWN_BROWSER);
        browser.open("/signin").await?;
        let typed = Instant::now();
        steps::type_username(browser, username).await?;
        let shown = Instant::now();
        // The push may well be there before the answer to who asked for it.
        let arrival = async {
            let Some(subscription) = subscription else { return Ok(None) };
            let arrived = tokio::time::timeout(PATIENCE, subscription.arrival()).await;
            match arrived.map(|opened| opened.map(|messages| messages.len())) {
                Ok(Ok(1)) => Ok(Some(Instant::now())),
                Ok(Ok(more)) => Err(BenchError::Wrong(format!("{more} pushes came for one sign-in of {username}"))),
                Ok(Err(error)) => Err(BenchError::Wrong(format!("the push for {username} does not open: {error}"))),
                Err(_) => Err(BenchError::Wrong(format!("no push came for {username}"))),
            }
        };
        let (told, arrived) = tokio::join!(steps::number_is_shown(browser), arrival);
        told?;
        let delays = arrived?.map(|at| Delays { typed_to_push: at - typed, shown_to_push: at - shown });
        browser.submit("/signin/cancel", &[]).await?;
        Ok(delays)
    }
}

/// Sign-ins started at a steady rate, by each account in turn.
async fn steady(callers: &mut Vec<Caller>, rate: u32, time: Duration) -> Result<Vec<Delays>, BenchError> {
    let mut free: VecDeque<Caller> = callers.drain(..).collect();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    let (mut tasks, mut all) = (JoinSet::new(), Vec::new());
    let started = Instant::now();
    loop {
        let ended = tokio::select! {
            biased;
            Some(ended) = tasks.join_next() => ended,
            // Where all accounts are busy the start is late; one without pushes left rests.
            _ = ticks.tick(), if started.elapsed() < time && free.iter().any(|caller| caller.left > 0) => {
                let next = free.iter().position(|caller| caller.left > 0).and_then(|index| free.remove(index));
                let Some(mut caller) = next else { continue };
                tasks.spawn(async move {
                    let delays = caller.start().await;
                    (caller, delays)
                });
                continue;
            }
            else => break,
        };
        let (caller, delays) = ended.map_err(|error| BenchError::Wrong(error.to_string()))?;
        free.push_back(caller);
        all.extend(delays?);
    }
    callers.extend(free);
    Ok(all)
}

/// What a run under full load gave.
struct Full {
    starts: f64,
    time: Duration,
    /// What the server used.
    cpu: Duration,
}

impl Full {
    fn per_second(&self) -> f64 {
        self.starts / self.time.as_secs_f64()
    }

    fn cpu_each(&self) -> f64 {
        millis(self.cpu) / self.starts.max(1.0)
    }
}

/// As many sign-ins as possible, until the time is over or all pushes are used up.
async fn full(server: &Server, callers: &mut Vec<Caller>, at_once: usize, time: Duration) -> Result<Full, BenchError> {
    let mut free: VecDeque<Caller> = callers.drain(..).filter(|caller| caller.left > 0).collect();
    let (mut tasks, mut starts) = (JoinSet::new(), 0);
    let (started, before) = (Instant::now(), process::cpu(server.ready.pid)?);
    loop {
        while tasks.len() < at_once.max(1) && started.elapsed() < time {
            let Some(mut caller) = free.pop_front() else { break };
            tasks.spawn(async move { caller.start().await.map(|_| caller) });
        }
        let Some(ended) = tasks.join_next().await else { break };
        let caller = ended.map_err(|error| BenchError::Wrong(error.to_string()))??;
        starts += 1;
        if caller.left > 0 {
            free.push_back(caller);
        }
    }
    let time = started.elapsed();
    let cpu = process::cpu(server.ready.pid)?.saturating_sub(before);
    Ok(Full { starts: count(starts), time, cpu })
}

fn note_delays(report: &mut Report, all: &[Delays]) {
    let typed: Vec<_> = all.iter().map(|delays| delays.typed_to_push).collect();
    let shown: Vec<_> = all.iter().map(|delays| delays.shown_to_push).collect();
    report.set("steady_pushes", count(all.len()));
    for (name, times) in [("typed_to_push", typed), ("shown_to_push", shown)] {
        report.set(&format!("{name}_p50_ms"), percentile(&times, 50));
        report.set(&format!("{name}_p99_ms"), percentile(&times, 99));
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The bench's own configuration, printed beside the figures because they mean nothing without it.
fn configuration(options: &PushOptions, folder: &Path) {
    story::line("Pushes. What is measured, and how:");
    let PushOptions { seconds, accounts, concurrency, rate, .. } = options;
    for line in [
        format!(
            "{} on {} cores, {} on {}",
            process::processor(),
            process::cores(),
            process::file_system(folder),
            folder.display()
        ),
        format!("server: {}, SQLite, plain HTTP on loopback; load generator and", options.akkoord.display()),
        "  push service, which checks and keeps each push, on the same cores".to_owned(),
        format!("{accounts} accounts with a browser that is known; three of four phones can be rung"),
        format!("{seconds} s at {rate} sign-ins a second; then at most {seconds} s with {concurrency} at once, while"),
        format!("  pushes are left: {STARTS} for each account, the most that an organisation may allow"),
        "one sign-in: sign-in page, user name, number page, `POST /signin/shown` as its script sends it, the push,"
            .to_owned(),
        "  giving up; a push has arrived when its service has taken it and its receiver has opened it".to_owned(),
        "server_cpu_ms_per_push: such sign-ins less those that ring nobody".to_owned(),
        "floor: a key, its point, one agreement and one sealed record, straight from the library".to_owned(),
        "left out: the way from the push service to the phone, and the notice that its browser shows. Only real"
            .to_owned(),
        "  browsers and phones can tell how long these take".to_owned(),
    ] {
        story::line(&format!("  {line}"));
    }
}

/// Sign-ins of each account that may ring in ten minutes, the first one apart: the most that a policy may say.
const STARTS: usize = 20;
