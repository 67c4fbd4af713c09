//! `bench approvals`: complete sign-ins by phone against a real server process, with what they cost. `bench load`: a
//! crowd of waiting browsers and a flood of strangers beside them, in `crowd`. `bench push`: what ringing a phone takes.
//!
//! Server and load generator share the machine. The server's CPU time per sign-in hardly depends on that; the rates
//! and latencies do, so floors of the same machine are measured in the same run.

mod crowd;
mod fleet;
mod flood;
mod floors;
mod load;
mod process;
mod push;
mod report;
mod sealing;

use std::{
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use akkoord_authenticator::{Network, NetworkError};
use clap::{Args, ValueEnum};

use crate::{
    browser::Browser,
    folder::Folder,
    server::{Server, ServerError},
    steps::StepError,
    story,
};
pub use crowd::{LoadOptions, load};
use fleet::Pair;
use process::ProcessError;
pub use push::{PushOptions, push};
use report::Report;

/// What is measured and for how long.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The server's program.
    #[arg(long, value_name = "PATH")]
    akkoord: PathBuf,
    /// Seconds of each run under full load, and of each run at the steady rate.
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Runs of each kind, of which minimum, median and maximum are shown.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Accounts with a phone and a browser each.
    #[arg(long, default_value_t = 64)]
    accounts: usize,
    /// Sign-ins under way at once under full load. With few of them the disk's latency is measured, not the server.
    #[arg(long, default_value_t = 32)]
    concurrency: usize,
    /// Sign-ins started each second at the steady rate.
    #[arg(long, default_value_t = 100)]
    rate: u64,
    /// The unlock method; both, one after the other, if left out.
    #[arg(long, value_enum)]
    unlock: Option<Method>,
    /// Browsers that wait on their pages while memory is measured.
    #[arg(long, default_value_t = 1000)]
    waiting: usize,
    /// Restarts, of which the median is taken.
    #[arg(long, default_value_t = 5)]
    restarts: usize,
    /// Where the server keeps its data. It must be a real disk for the figures to be durable ones.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Prints the figures as JSON on the last line.
    #[arg(long)]
    json: bool,
    #[arg(long, hide = true)]
    file_limit_raised: bool,
}

/// With what the phones unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// A WebAuthn-style key.
    Webauthn,
    /// A PIN hardened by the server, with its stretching left out of the client.
    Pin,
}

impl Method {
    /// What stands before the names of its figures.
    fn prefix(self) -> &'static str {
        match self {
            Self::Webauthn => "",
            Self::Pin => "pin_",
        }
    }
}

/// Why a bench stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The network client.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A page.
    #[error(transparent)]
    Step(#[from] StepError),
    /// A phone.
    #[error("a phone failed: {0}")]
    Phone(#[from] akkoord_authenticator::PhoneError),
    /// An enrolment.
    #[error("an enrolment failed: {0}")]
    Enrol(#[from] akkoord_authenticator::EnrolError),
    /// A sign-in was begun, and no phone was asked.
    #[error("nothing waits for {0}")]
    NotAsked(String),
    /// Figures of a process.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file.
    #[error(transparent)]
    Files(#[from] std::io::Error),
    /// Something else.
    #[error("{0}")]
    Wrong(String),
}

impl From<crate::browser::BrowserError> for BenchError {
    fn from(error: crate::browser::BrowserError) -> Self {
        Self::Step(error.into())
    }
}

impl Options {
    /// Makes sure that enough files can be open; may begin this program anew.
    pub fn raise_file_limit(&self) {
        raise_file_limit(self.waiting + self.concurrency * 8 + 200, self.file_limit_raised);
    }
}

/// Starts this program again with as many open files as the machine allows, where too few are allowed. The server is
/// started with the same limit.
fn raise_file_limit(needed: usize, tried: bool) {
    let enough = process::open_files_allowed().is_some_and(|allowed| allowed >= needed);
    if enough || tried {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n \"$(ulimit -H -n)\" 2>/dev/null; exec \"$0\" \"$@\""]).arg(program);
    let _ = command.args(std::env::args_os().skip(1)).arg("--file-limit-raised").exec();
}

/// Runs the bench and prints its figures.
pub async fn approvals(options: &Options) -> Result<(), String> {
    measure(options).await.map_err(|error| error.to_string())
}

async fn measure(options: &Options) -> Result<(), BenchError> {
    let folder = match &options.folder {
        Some(path) => path.clone(),
        None => std::env::temp_dir(),
    };
    let own = Folder::under(&folder, "bench")?;
    let data = own.join("data");
    let network = Network::loopback()?;
    let mut report = Report::new("approvals");
    configuration(options, &folder);

    story::line("\nFloors of this machine, one core:");
    floors::measure(own.path(), &mut report)?;
    report.set("binary_mib", mebibytes(std::fs::metadata(&options.akkoord)?.len()));

    // The first start is one without the accounts of the bench, whose passes take a while to hash.
    for run in 0..options.restarts.max(1) {
        let server = Server::start(&options.akkoord, &own.join(&format!("first-{run}")), None, &[]).await?;
        report.add("first_start_ms", millis(first_page(&network, &server).await?));
        server.stop().await?;
    }
    let more = ["--accounts".to_owned(), options.accounts.to_string()];
    let server = Server::start(&options.akkoord, &data, None, &more).await?;
    let port = server.port().ok_or_else(|| BenchError::Wrong("the server names no port".to_owned()))?;
    story::line(&format!("\nPreparing {} accounts ...", options.accounts));
    let mut pairs = fleet::enrol(&network, &server, options.accounts, options.concurrency).await?;
    server.stop().await?;

    let server = restarts(options, &data, port, &network, &mut report).await?;
    // A moment for what starts in the background.
    tokio::time::sleep(Duration::from_secs(2)).await;
    report.set("idle_rss_mib", process::resident_kib(server.ready.pid)? / 1024.0);

    for method in [Method::Webauthn, Method::Pin] {
        if options.unlock.is_none_or(|wanted| wanted == method) {
            under_load(options, &server, method, &mut pairs, &mut report).await?;
        }
    }
    report.set("loaded_rss_mib", process::resident_kib(server.ready.pid)? / 1024.0);
    server.stop().await?;

    let server = Server::start(&options.akkoord, &data, Some(port), &[]).await?;
    waiting_browsers(options, &server, &network, &pairs, &mut report).await?;
    server.stop().await?;

    report.print(options.json);
    Ok(())
}

/// The bench's own configuration, printed beside the figures because they mean nothing without it.
fn configuration(options: &Options, folder: &Path) {
    story::line("Complete sign-ins by phone. What is measured, and how:");
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
        format!(
            "{} accounts, each with a browser that is known and a phone; {} sign-ins at once",
            options.accounts, options.concurrency
        ),
        format!(
            "{} runs of {} s under full load and {} runs of {} s at {} sign-ins a second",
            options.runs, options.seconds, options.runs, options.seconds, options.rate
        ),
        "one sign-in: sign-in page, user name, number page, its event stream, the phone's question what waits,"
            .to_owned(),
        "  its decision (with a PIN one evaluation before), the event in the browser, finish, account page".to_owned(),
        "left out: style sheets and scripts, notifications, the stretching of the PIN (it is the phone's work)"
            .to_owned(),
    ] {
        story::line(&format!("  {line}"));
    }
}

/// A start is over when the first page was answered, not when the server says that it is ready.
async fn first_page(network: &Network, server: &Server) -> Result<Duration, BenchError> {
    Browser::new(network, &server.ready.login).open("/signin").await?;
    Ok(server.started_at.elapsed())
}

async fn restarts(
    options: &Options,
    data: &Path,
    port: u16,
    network: &Network,
    report: &mut Report,
) -> Result<Server, BenchError> {
    for _ in 0..options.restarts.max(1) {
        let server = Server::start(&options.akkoord, data, Some(port), &[]).await?;
        report.add("ready_ms", millis(first_page(network, &server).await?));
        server.stop().await?;
    }
    Ok(Server::start(&options.akkoord, data, Some(port), &[]).await?)
}

async fn under_load(
    options: &Options,
    server: &Server,
    method: Method,
    pairs: &mut Vec<Pair>,
    report: &mut Report,
) -> Result<(), BenchError> {
    let (prefix, seconds) = (method.prefix(), Duration::from_secs(options.seconds));
    story::line(&format!("\nLoad with {} ...", if method == Method::Pin { "a PIN" } else { "a WebAuthn-style key" }));
    // Connections, caches and the database's pages are warm before anything is counted.
    load::closed(pairs, method, options.concurrency, seconds.min(Duration::from_secs(2))).await?;
    for _ in 0..options.runs.max(1) {
        let (server_before, own_before) = (process::cpu(server.ready.pid)?, process::cpu(std::process::id())?);
        let run = load::closed(pairs, method, options.concurrency, seconds).await?;
        let count = run.count().max(1.0);
        let per_sign_in = |cpu: Duration| millis(cpu) / count;
        report.add(&format!("{prefix}sign_ins_per_second"), count / run.time.as_secs_f64());
        let server_cpu = process::cpu(server.ready.pid)?.saturating_sub(server_before);
        report.add(&format!("{prefix}server_cpu_ms_per_sign_in"), per_sign_in(server_cpu));
        let own_cpu = process::cpu(std::process::id())?.saturating_sub(own_before);
        report.add(&format!("{prefix}generator_cpu_ms_per_sign_in"), per_sign_in(own_cpu));
        report.add(&format!("{prefix}sign_in_p50_ms"), percentile(&run.each(|took| took.all), 50));
    }
    for _ in 0..options.runs.max(1) {
        let run = load::steady(pairs, method, options.rate, seconds).await?;
        let heard = run.each(|took| took.decision_to_browser);
        report.add(&format!("{prefix}decision_to_browser_p50_ms"), percentile(&heard, 50));
        report.add(&format!("{prefix}decision_to_browser_p99_ms"), percentile(&heard, 99));
        report.add(&format!("{prefix}steady_sign_ins_per_second"), run.count() / run.time.as_secs_f64());
    }
    Ok(())
}

async fn waiting_browsers(
    options: &Options,
    server: &Server,
    network: &Network,
    pairs: &[Pair],
    report: &mut Report,
) -> Result<(), BenchError> {
    if options.waiting == 0 {
        return Ok(());
    }
    story::line(&format!("\n{} browsers wait on their pages ...", options.waiting));
    let names: Vec<String> = pairs.iter().map(|pair| pair.username.clone()).collect();
    // The first pages fill caches and pools, which is not the price of waiting.
    let warm = load::wait_in_browsers(network, server, &names, options.waiting.min(100)).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = process::resident_kib(server.ready.pid)?;
    let held = load::wait_in_browsers(network, server, &names, options.waiting).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = process::resident_kib(server.ready.pid)?;
    let count = u32::try_from(held.len()).unwrap_or(u32::MAX);
    report.set("waiting_browser_kib", (after - before).max(0.0) / f64::from(count.max(1)));
    drop((warm, held));
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files and memory are far below 2^53")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// The value below which this share of the durations lies, in milliseconds.
fn percentile(durations: &[Duration], percent: usize) -> f64 {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().map_or(f64::NAN, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let durations: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!((percentile(&durations, 50), percentile(&durations, 99)), (50.0, 99.0));
        assert_eq!(percentile(&durations[..1], 99), 100.0);
        assert!(percentile(&[], 50).is_nan());
    }
}
