//! `bench push`: from the number on the screen to the push at its service, and what a push costs.

use std::{
    collections::HashMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use akkoord_authenticator::{Network, SystemRandom};
use akkoord_fake_push::{FakePush, Outcome, PlainSubscription, Service};
use akkoord_protocols::{
    bytes::Bytes,
    jose::SigningKey,
    webpush::{self, Subscription},
};
use aws_lc_rs::agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey};
use clap::Args;
use tokio::task::JoinSet;

use super::{
    BenchError,
    fleet::{self, Pair},
    floors::per_second,
    millis, percentile, process,
    report::Report,
};
use crate::{folder::Folder, server::Server, steps, story};

/// What is measured.
#[derive(Clone, Debug, Args)]
pub struct PushOptions {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    akkoord: PathBuf,
    /// Accounts with a phone and a browser each. All of them sign in side by side.
    #[arg(long, default_value_t = 24)]
    accounts: usize,
    /// Sign-ins of each account without pushes, and then with: more than the budget allows would ring nobody.
    #[arg(long, default_value_t = 4)]
    rounds: usize,
    /// Where the server keeps its data.
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
    let mut report = Report::new("push");
    story::line("Pushes. What is measured, and how:");
    for line in [
        format!(
            "{} on {} cores, {} on {}",
            process::processor(),
            process::cores(),
            process::file_system(&folder),
            folder.display()
        ),
        format!("server: {}, SQLite; a push service on loopback, on the same cores", options.akkoord.display()),
        format!("{} accounts side by side, {} sign-ins each, known browsers", options.accounts, options.rounds),
        "delay: from `POST /signin/shown`, as the page sends it, to the push, read by its service".to_owned(),
        "floor: an ephemeral key, one agreement and the public key, as every push needs them (aws-lc)".to_owned(),
    ] {
        story::line(&format!("  {line}"));
    }
    sealing(&mut report)?;

    let (network, service) = (Network::loopback()?, FakePush::start().await?);
    let more = ["--accounts".to_owned(), options.accounts.to_string()];
    let server = Server::start(&options.akkoord, &own.join("data"), None, &more).await?;
    let mut pairs = fleet::enrol(&network, &server, options.accounts, 8).await?;
    // What the starts cost by themselves; the first ones only warm caches.
    sign_ins(&mut pairs, 1).await?;
    let quiet = cpu_per_start(&server, &mut pairs, options.rounds).await?.0;

    let mut subscriptions = Vec::with_capacity(pairs.len());
    for pair in &pairs {
        let subscription = service.subscribe_plain(Service::Own, None)?;
        let wanted: Subscription = serde_json::from_value(subscription.json())
            .map_err(|error| BenchError::Wrong(format!("a subscription: {error}")))?;
        pair.phone.set_push(&wanted).await?;
        subscriptions.push(subscription);
    }
    let (ringing, shown) = cpu_per_start(&server, &mut pairs, options.rounds).await?;
    service.wait_for(pairs.len() * options.rounds).await?;
    let delays = delays(&service, &subscriptions, &shown);
    report.set("pushes", f64::from(u32::try_from(delays.len()).unwrap_or(u32::MAX)));
    report.set("shown_to_push_p50_ms", percentile(&delays, 50));
    report.set("shown_to_push_p99_ms", percentile(&delays, 99));
    report.set("server_cpu_ms_per_push", millis(ringing.saturating_sub(quiet)));
    server.stop().await?;
    report.print(options.json);
    Ok(())
}

/// What sealing a push takes, beside what no sender can do without.
fn sealing(report: &mut Report) -> Result<(), BenchError> {
    let broken = |what: &str| BenchError::Wrong(format!("{what} does not work on this machine"));
    let browser = PrivateKey::generate(&ECDH_P256).map_err(|_| broken("ECDH"))?;
    let point = browser.compute_public_key().map_err(|_| broken("ECDH"))?;
    let p256dh: [u8; 65] = point.as_ref().try_into().map_err(|_| broken("ECDH"))?;
    let floor = || {
        let Ok(own) = PrivateKey::generate(&ECDH_P256) else { return false };
        let theirs = UnparsedPublicKey::new(&ECDH_P256, p256dh);
        own.compute_public_key().is_ok() && agreement::agree(&own, theirs, (), |_| Ok(())).is_ok()
    };
    let keys = webpush::Keys { p256dh: Bytes(p256dh), auth: Bytes([1; 16]) };
    let seal = || webpush::encrypt(&keys, br#"{"v":1,"k":"w"}"#, &SystemRandom).is_ok();
    for _ in 0..3 {
        let (floor, sealed) = (per_second(floor)?, per_second(seal)?);
        report.add("floor_ecdh_per_second", floor);
        report.add("push_sealed_per_second", sealed);
        report.add("push_sealed_over_floor", floor / sealed);
    }
    let key = SigningKey::generate().map_err(|_| broken("signing"))?;
    let sign = || webpush::authorization(&key, "https://push.example.net", 1, "mailto:a@example.net").is_ok();
    report.set("vapid_signed_per_second", per_second(sign)?);
    Ok(())
}

type Shown = HashMap<String, Vec<Instant>>;

/// The server's CPU time for each start, and when each number was shown, by account.
async fn cpu_per_start(server: &Server, pairs: &mut Vec<Pair>, rounds: usize) -> Result<(Duration, Shown), BenchError> {
    let before = process::cpu(server.ready.pid)?;
    let shown = sign_ins(pairs, rounds).await?;
    // The last pushes are still on their way.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let used = process::cpu(server.ready.pid)?.saturating_sub(before);
    let count = u32::try_from(pairs.len() * rounds).unwrap_or(u32::MAX).max(1);
    Ok((used / count, shown))
}

/// Each account begins sign-ins and gives them up a moment later.
async fn sign_ins(pairs: &mut Vec<Pair>, rounds: usize) -> Result<Shown, BenchError> {
    let mut tasks = JoinSet::new();
    for mut pair in pairs.drain(..) {
        tasks.spawn(async move {
            let mut shown = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                steps::start_sign_in(&mut pair.browser, &pair.username).await?;
                shown.push(Instant::now());
                steps::number_is_shown(&mut pair.browser).await?;
                tokio::time::sleep(BETWEEN).await;
                pair.browser.submit("/signin/cancel", &[]).await?;
            }
            Ok::<_, BenchError>((pair, shown))
        });
    }
    let mut all = Shown::new();
    while let Some(ended) = tasks.join_next().await {
        let (pair, shown) = ended.map_err(|error| BenchError::Wrong(error.to_string()))??;
        all.insert(pair.username.clone(), shown);
        pairs.push(pair);
    }
    pairs.sort_by(|a, b| a.username.cmp(&b.username));
    Ok(all)
}

/// From each number shown to its push. The subscriptions are in the order of the accounts' names.
fn delays(service: &FakePush, subscriptions: &[PlainSubscription], shown: &Shown) -> Vec<Duration> {
    let mut accounts: Vec<_> = shown.iter().collect();
    accounts.sort_by(|a, b| a.0.cmp(b.0));
    let deliveries = service.deliveries();
    let of = |(subscription, (_, shown)): (&PlainSubscription, (&String, &Vec<Instant>))| {
        let came: Vec<_> = deliveries
            .iter()
            .filter(|one| one.outcome == Outcome::Accepted && subscription.endpoint().ends_with(&one.target))
            .map(|one| one.at)
            .collect();
        shown.iter().zip(came).map(|(shown, came)| came.saturating_duration_since(*shown)).collect::<Vec<_>>()
    };
    subscriptions.iter().zip(accounts).flat_map(of).collect()
}

/// How long a sign-in waits before it is given up: longer than a push takes.
const BETWEEN: Duration = Duration::from_millis(400);
