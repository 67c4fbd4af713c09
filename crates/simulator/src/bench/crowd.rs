//! `bench load`: sign-ins at a steady rate beside thousands of waiting browsers, without and with a flood of strangers,
//! then an orderly stop and a start under all of them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use akkoord_authenticator::Network;
use clap::Args;
use tokio::sync::watch;

use super::{
    BenchError, Method,
    fleet::{self, Pair},
    flood::{self, Flooded},
    load::{self, Held, Run},
    millis, percentile, process, raise_file_limit,
    report::Report,
};
use crate::{folder::Folder, server::Server, story};

/// What is measured and for how long.
#[derive(Clone, Debug, Args)]
pub struct LoadOptions {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    akkoord: PathBuf,
    /// Browsers that wait on their pages all the while.
    #[arg(long, default_value_t = 10_000)]
    waiting: usize,
    /// Seconds of each run. The last run with the flood is twice as long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Runs of each kind, of which minimum, median and maximum are shown.
    #[arg(long, default_value_t = 2)]
    runs: usize,
    /// Accounts with a phone and a known browser each, which sign in.
    #[arg(long, default_value_t = 64)]
    accounts: usize,
    /// Sign-ins started each second.
    #[arg(long, default_value_t = 100)]
    rate: u64,
    /// Sign-ins that strangers start each second.
    #[arg(long, default_value_t = 300)]
    flood: u64,
    /// Where the server keeps its data. It must be a real disk for the figures to be durable ones.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Prints the figures as JSON on the last line.
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true)]
    file_limit_raised: bool,
}

impl LoadOptions {
    /// Makes sure that enough files can be open; may begin this program anew.
    pub fn raise_file_limit(&self) {
        raise_file_limit(self.waiting + BESIDES, self.file_limit_raised);
    }

    /// How many browsers can wait: each takes a file here and one in the server, which takes a bounded number.
    fn waiting_possible(&self) -> usize {
        let allowed = process::open_files_allowed().unwrap_or(usize::MAX);
        let possible = self.waiting.min(allowed.saturating_sub(BESIDES)).min(SERVER_TAKES - BESIDES);
        if possible < self.waiting {
            story::line(&format!(
                "NOTE: {possible} browsers wait instead of {}: {allowed} open files are allowed here, and the server \
                 takes {SERVER_TAKES} connections. `ulimit -n {}` as root allows more.",
                self.waiting,
                self.waiting + BESIDES
            ));
        }
        possible
    }
}

/// Runs the bench and prints its figures.
pub async fn load(options: &LoadOptions) -> Result<(), String> {
    measure(options).await.map_err(|error| error.to_string())
}

/// A bench under way.
struct Bench<'a> {
    options: &'a LoadOptions,
    network: Network,
    data: PathBuf,
    port: u16,
    server: Server,
    pairs: Vec<Pair>,
    report: Report,
}

async fn measure(options: &LoadOptions) -> Result<(), BenchError> {
    let folder = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    configuration(options, &folder);
    let waiting = options.waiting_possible();
    let own = Folder::under(&folder, "bench")?;
    let mut bench = prepare(options, own.join("data")).await?;
    let held = bench.open_crowd(waiting).await?;
    for _ in 0..options.runs.max(1) {
        bench.run("calm", options.seconds, 0).await?;
        bench.run("flood", options.seconds, options.flood).await?;
    }
    bench.run("long_flood", options.seconds * 2, options.flood).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    bench.note_memory("rss_after_mib")?;
    bench.flood_price();
    let report = bench.stop_and_go_on(held).await?;
    report.print(options.json);
    match report.broken_bounds() {
        broken if broken.is_empty() => Ok(()),
        broken => Err(BenchError::Wrong(broken.join("; "))),
    }
}

/// Enrols the people and starts the server as an operator would: behind a proxy, which is this program.
async fn prepare(options: &LoadOptions, data: PathBuf) -> Result<Bench<'_>, BenchError> {
    story::line(&format!("\nPreparing {} accounts ...", options.accounts));
    let network = Network::loopback()?;
    let more = ["--accounts".to_owned(), options.accounts.to_string()];
    let server = Server::start(&options.akkoord, &data, None, &more).await?;
    let port = server.port().ok_or_else(|| BenchError::Wrong("the server names no port".to_owned()))?;
    let pairs = fleet::enrol(&network, &server, options.accounts, 32).await?;
    server.stop().await?;
    // Longer than the whole bench, so that nobody's time is up in the middle of it.
    set_policy(&options.akkoord, &data, port, &["request_seconds=300"])?;
    let server = serve(options, &data, port).await?;
    let mut bench = Bench { options, network, data, port, server, pairs, report: Report::new("load") };
    // Connections, caches and the database's pages are warm before anything is counted.
    load::closed(&mut bench.pairs, Method::Webauthn, 16, Duration::from_secs(2)).await?;
    Ok(bench)
}

/// The server's program with its whole configuration: run in a folder where no other lies.
fn program(akkoord: &Path, data: &Path, port: u16) -> Result<Command, BenchError> {
    let mut command = Command::new(akkoord.canonicalize()?);
    command
        .env_clear()
        .env("AKKOORD_DATA_DIR", data)
        .env("AKKOORD_LISTEN", format!("127.0.0.1:{port}"))
        .env("AKKOORD_TRUSTED_PROXIES", "[\"127.0.0.0/8\"]")
        .env("AKKOORD_LOG__LEVEL", "warn")
        .current_dir(data);
    Ok(command)
}

/// Changes members of the policy of the demo's organisation.
pub(super) fn set_policy(akkoord: &Path, data: &Path, port: u16, members: &[&str]) -> Result<(), BenchError> {
    let mut command = program(akkoord, data, port)?;
    let changed = command.args(["organisation", "policy", "Example School"]).args(members).output()?;
    if changed.status.success() {
        return Ok(());
    }
    Err(BenchError::Wrong(String::from_utf8_lossy(&changed.stderr).into_owned()))
}

async fn serve(options: &LoadOptions, data: &Path, port: u16) -> Result<Server, BenchError> {
    let mut command = program(&options.akkoord, data, port)?;
    command.arg("serve");
    Ok(Server::run(command, data).await?)
}

impl Bench<'_> {
    fn note_memory(&mut self, name: &str) -> Result<f64, BenchError> {
        let kib = process::resident_kib(self.server.ready.pid)?;
        self.report.set(name, kib / 1024.0);
        Ok(kib)
    }

    /// Opens the waiting browsers, behind names that nobody has: their pages wait like any other.
    async fn open_crowd(&mut self, count: usize) -> Result<Vec<Held>, BenchError> {
        story::line(&format!("\n{count} browsers open their pages and wait ..."));
        let names: Vec<String> = (0..count.max(1)).map(|number| format!("waiting{number:05}@example.org")).collect();
        // The first pages fill caches and pools, which is not the price of waiting.
        let warm = load::wait_in_browsers(&self.network, &self.server, &names, count.min(100)).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = self.note_memory("rss_before_mib")?;
        let opening = Instant::now();
        let mut held = load::wait_in_browsers(&self.network, &self.server, &names, count - warm.len()).await?;
        let opened = f64::from(u32::try_from(held.len()).unwrap_or(u32::MAX)).max(1.0);
        self.report.set("waiting_opened_per_second", opened / opening.elapsed().as_secs_f64());
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = self.note_memory("rss_waiting_mib")?;
        self.report.set("waiting_browser_kib", (after - before).max(0.0) / opened);
        held.extend(warm);
        self.report.set("waiting_browsers", f64::from(u32::try_from(held.len()).unwrap_or(u32::MAX)));
        Ok(held)
    }

    /// Sign-ins at the steady rate, with `rate` starts of strangers a second beside them.
    async fn run(&mut self, name: &str, seconds: u64, rate: u64) -> Result<(), BenchError> {
        let beside = if rate > 0 { format!(" beside {rate} strangers a second") } else { String::new() };
        story::line(&format!("{} sign-ins a second for {seconds} s{beside} ...", self.options.rate));
        let (stop, stopped) = watch::channel(false);
        let pid = self.server.ready.pid;
        let memory = tokio::spawn(most_memory(pid, stopped.clone()));
        let (server, names) = (&self.server, self.pairs.iter().map(|pair| pair.username.clone()).collect());
        let before = process::cpu(pid)?;
        let signing_in = async {
            let time = Duration::from_secs(seconds);
            let run = load::steady(&mut self.pairs, Method::Webauthn, self.options.rate, time).await;
            stop.send_replace(true);
            run
        };
        let (run, flooded) = if rate > 0 {
            let (run, flooded) = tokio::join!(signing_in, flood::flood(server, names, rate, stopped));
            (run?, Some(flooded?))
        } else {
            (signing_in.await?, None)
        };
        let cpu = process::cpu(pid)?.saturating_sub(before);
        let memory = memory.await.map_err(|error| BenchError::Wrong(error.to_string()))?;
        self.note_run(name, &run, cpu);
        self.report.add(&format!("{name}_rss_most_mib"), memory / 1024.0);
        if let Some(flooded) = flooded {
            self.note_flood(name, &flooded);
        }
        Ok(())
    }

    fn note_run(&mut self, name: &str, run: &Run, cpu: Duration) {
        let mut add = |figure: &str, value: f64| self.report.add(&format!("{name}_{figure}"), value);
        add("sign_ins_per_second", run.count() / run.time.as_secs_f64());
        add("not_asked", f64::from(run.not_asked));
        add("server_cpu_percent", 100.0 * cpu.as_secs_f64() / run.time.as_secs_f64());
        let heard = run.each(|took| took.decision_to_browser);
        let (finish, all) = (run.each(|took| took.finish), run.each(|took| took.all));
        for (figure, times) in [("decision_to_browser", heard), ("finish", finish), ("sign_in", all)] {
            add(&format!("{figure}_p50_ms"), percentile(&times, 50));
            add(&format!("{figure}_p99_ms"), percentile(&times, 99));
        }
    }

    fn note_flood(&mut self, name: &str, flooded: &Flooded) {
        let mut add = |figure: &str, value: f64| self.report.add(&format!("{name}_{figure}"), value);
        add("starts_per_second", flooded.starts() / flooded.time.as_secs_f64());
        add("stranger_p99_ms", flooded.waited_p99());
        for (status, count) in &flooded.statuses {
            add(&format!("answers_{status}"), f64::from(*count));
        }
    }

    /// What the flood cost: the difference between the runs with it and those without.
    fn flood_price(&mut self) {
        let calm = self.report.median("calm_server_cpu_percent");
        for name in ["flood", "long_flood"] {
            let percent = self.report.median(&format!("{name}_server_cpu_percent")) - calm;
            let starts = self.report.median(&format!("{name}_starts_per_second"));
            self.report.set(&format!("{name}_cpu_percent"), percent);
            self.report.set(&format!("{name}_cpu_ms_per_start"), percent * 10.0 / starts);
        }
        // A flood that lasts takes no more memory than a short one.
        let most = |name: &str| self.report.median(&format!("{name}_rss_most_mib"));
        let growth = most("long_flood") - most("flood");
        self.report.set("flood_growth_mib", growth);
    }

    /// Stops the server under its crowd, looks how each stream ended, and lets the crowd come back to the next server.
    async fn stop_and_go_on(self, held: Vec<Held>) -> Result<Report, BenchError> {
        story::line("An orderly stop with all who wait, and a start ...");
        let Self { options, data, port, server, mut report, .. } = self;
        let asked = Instant::now();
        server.stop().await?;
        report.set("stop_ms", millis(asked.elapsed()));
        let (mut cut, mut browsers) = (0, Vec::with_capacity(held.len()));
        for (browser, events) in held {
            cut += u32::from(!load::ended_well(events).await);
            browsers.push(browser);
        }
        report.set("stop_streams_cut", f64::from(cut));
        let server = serve(options, &data, port).await?;
        let back = Instant::now();
        let held = load::come_back(browsers).await?;
        report.set("stop_all_back_ms", millis(back.elapsed()));
        drop(held);
        server.stop().await?;
        Ok(report)
    }
}

/// The most memory that a process has until told to stop, in KiB.
async fn most_memory(pid: u32, mut stop: watch::Receiver<bool>) -> f64 {
    let mut most: f64 = 0.0;
    while !*stop.borrow_and_update() {
        most = most.max(process::resident_kib(pid).unwrap_or_default());
        tokio::time::timeout(Duration::from_millis(500), stop.changed()).await.ok();
    }
    most
}

/// The bench's own configuration, printed beside the figures because they mean nothing without it.
fn configuration(options: &LoadOptions, folder: &Path) {
    story::line("Sign-ins beside a crowd and a flood. What is measured, and how:");
    let LoadOptions { waiting, seconds, runs, accounts, rate, flood, .. } = options;
    for line in [
        format!(
            "{} on {} cores, {} on {}",
            process::processor(),
            process::cores(),
            process::file_system(folder),
            folder.display()
        ),
        format!(
            "server: {}, SQLite, plain HTTP on loopback, on the same cores as the load generator",
            options.akkoord.display()
        ),
        format!("{waiting} browsers wait with their event stream open, each with a connection of its own"),
        format!("{accounts} people with a known browser and a phone each sign in, {rate} a second, all pages included"),
        format!("{runs} runs of {seconds} s without and with the flood, then one with it that is twice as long"),
        format!("the flood: {flood} starts a second, each one form sent with a token that is good for all of them;"),
        "  every other under the name of somebody who signs in meanwhile, the rest under names that nobody has;"
            .to_owned(),
        "  through a trusted proxy that keeps its connections, nine of ten from a network of their own".to_owned(),
        "flood_cpu_percent: of one core, the server with the flood less the server without it".to_owned(),
    ] {
        story::line(&format!("  {line}"));
    }
}

/// Files for everything but those who wait, here and in the server.
const BESIDES: usize = 1000;
/// How many connections the server takes (`docs/operators/configuration.md`).
const SERVER_TAKES: usize = 16_384;
