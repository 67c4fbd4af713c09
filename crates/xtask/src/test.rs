//! `cargo xtask test`: every check in one order, each with its name and time, all of them even if one fails. What the
//! stages print goes out as it is, because CI and people read the test runner's own lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::postgres::{Binaries, Postgres};
use crate::{Failure, demo, histories, tidy, tools, usage, web};

/// What the long run of the tests looks at: more rounds, more threads.
const LONG: &str = "AKKOORD_LONG";
const POSTGRES_URL: &str = "TEST_POSTGRES_URL";
/// The browser that the tests of the pages drive.
pub(crate) const CHROMIUM: &str = "TEST_CHROMIUM";
/// The program of the Firefox that the long run tries the app in as well.
const FIREFOX: &str = "TEST_FIREFOX";
/// The folder for pictures of all pages, which the long run takes.
const PICTURES: &str = "AKKOORD_PICTURES";

/// Tests and optimised builds that lack the authenticator app fail, instead of passing without it.
const REQUIRE_APP: &str = "AKKOORD_REQUIRE_APP";

/// How long the benches of the long run may measure: they show that they work, not how fast the server is.
const SMOKE: [&[&str]; 3] = [
    &["approvals", "--seconds", "5"],
    &["push", "--seconds", "2"],
    &["load", "--waiting", "2000", "--seconds", "5", "--runs", "1"],
];

struct Stage {
    name: &'static str,
    took: Duration,
    failure: Option<String>,
    /// Why a stage could not look, if it neither held nor failed.
    unchecked: Option<&'static str>,
}

/// The stages that have run.
struct Report {
    stages: Vec<Stage>,
}

impl Report {
    /// Runs one stage and keeps what came of it.
    fn stage<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let (value, failure) = match work() {
            Ok(value) => (Some(value), None),
            Err(failure) => {
                println!("{failure}");
                (None, Some(failure.to_string()))
            }
        };
        let took = start.elapsed();
        println!("== {name}: {} in {}", if failure.is_none() { "good" } else { "FAILED" }, seconds(took));
        self.stages.push(Stage { name, took, failure, unchecked: None });
        value
    }

    /// Marks the stage that ran last as one that could not look.
    fn could_not_look(&mut self, why: &'static str) {
        if let Some(stage) = self.stages.last_mut() {
            println!("== {}: NOT CHECKED: {why}", stage.name);
            stage.unchecked = Some(why);
        }
    }

    /// Prints the table; fails if a stage did.
    fn close(self) -> Result<(), Failure> {
        let total = self.stages.iter().map(|stage| stage.took).sum();
        println!();
        for stage in &self.stages {
            let outcome = match (&stage.failure, stage.unchecked) {
                (Some(failure), _) => {
                    format!("FAILED: {}", failure.lines().next().unwrap_or_default())
                }
                (None, Some(why)) => format!("NOT CHECKED: {why}"),
                (None, None) => "good".to_owned(),
            };
            println!("{:<28} {:>9}  {outcome}", stage.name, seconds(stage.took));
        }
        println!("{:<28} {:>9}", "together", seconds(total));
        let failed: Vec<&str> =
            self.stages.iter().filter(|stage| stage.failure.is_some()).map(|stage| stage.name).collect();
        if failed.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("failed: {}", failed.join(", "))))
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

/// Runs the stages that CI runs, with `--all` the long ones too.
pub(crate) fn run(top: &Path, arguments: &[String]) -> Result<(), Failure> {
    let (mut all, mut install) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--all" => all = true,
            "--install" => install = true,
            other => return Err(usage(&format!("test knows no {other}"))),
        }
    }
    if all {
        let minutes = histories::long_minutes();
        println!("the histories alone take {minutes} minutes; {}=2 makes them shorter", histories::MINUTES);
    }
    let mut report = Report { stages: Vec::new() };
    let Some(found) = report.stage("tools", || check_tools(top, install, all)) else {
        // Without its tools every stage would say the same.
        return report.close();
    };
    report.stage("formatting", || tools::run(&mut tools::cargo(top, &["fmt", "--all", "--check"])));
    report.stage("lints", || {
        let arguments = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
        tools::run(&mut tools::cargo(top, &arguments))
    });
    report.stage("tidy", || tidy::run(top));
    report.stage("app, checked", || web::check(top));
    report.stage("app, built", || web::build(top));
    let database = report.stage("private PostgreSQL", || Database::new(&found.postgres));
    if let Some(database) = &database {
        report.stage("tests", || {
            tools::run(
                tools::cargo(top, &["test", "--locked", "--workspace", "--no-fail-fast"])
                    .env(POSTGRES_URL, database.url())
                    .env(CHROMIUM, &found.chromium)
                    .env(REQUIRE_APP, "1")
                    .env_remove(histories::MINUTES),
            )
        });
    }
    report.stage("demo, hands-free", || demo::run(top, &["--hands-free".to_owned()]));
    if all {
        long(top, &mut report, database.as_ref(), &found);
    }
    drop(database);
    if all {
        // They crash their database, so that they start one of their own.
        report.stage("histories", || histories::run_long(top));
    }
    report.close()
}

/// The stages that only the long run has.
fn long(top: &Path, report: &mut Report, database: Option<&Database>, found: &Found) {
    let pictures = top.join("target/pictures");
    if let Some(database) = database {
        report.stage("tests, release and long", || {
            let arguments = ["test", "--locked", "--workspace", "--no-fail-fast", "--release"];
            tools::run(
                tools::cargo(top, &arguments)
                    .env(POSTGRES_URL, database.url())
                    .env(CHROMIUM, &found.chromium)
                    .env(FIREFOX, found.firefox.as_deref().unwrap_or(Path::new("")))
                    .env(REQUIRE_APP, "1")
                    .env(PICTURES, &pictures)
                    .env(LONG, "1")
                    .env_remove(histories::MINUTES),
            )?;
            println!("pictures of all pages: {}", pictures.display());
            Ok(())
        });
    }
    report.stage("demo, release", || demo::run(top, &["--hands-free".to_owned(), "--release".to_owned()]));
    report.stage("benches, once", || {
        SMOKE.iter().try_for_each(|words| {
            let arguments: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
            crate::bench::run(top, &arguments)
        })
    });
    let deny = report.stage("licences, bans, sources", || {
        if tools::output_of(&mut tools::cargo(top, &["deny", "--version"])).is_none() {
            return Err(Failure::new("cargo deny is missing: `cargo install --locked cargo-deny`"));
        }
        let arguments = ["deny", "--locked", "check", "licenses", "bans", "sources"];
        tools::run(&mut tools::cargo(top, &arguments))
    });
    if deny.is_some() && report.stage("advisories", || advisories(top)) == Some(false) {
        report.could_not_look("the advisory database can't be fetched from here");
    }
}

/// Known advisories against the tree; false if their database, which is no part of any registry, can't be reached.
fn advisories(top: &Path) -> Result<bool, Failure> {
    let mut command = tools::cargo(top, &["deny", "--locked", "check", "advisories"]);
    let output = command.output().map_err(|error| Failure::new(format!("can't start cargo: {error}")))?;
    let told = String::from_utf8_lossy(&output.stderr);
    print!("{told}{}", String::from_utf8_lossy(&output.stdout));
    if !output.status.success() && told.contains("failed to fetch advisory database") {
        return Ok(false);
    }
    tools::passed(output.status, "cargo deny check advisories").map(|()| true)
}

/// The PostgreSQL of this run: one that the caller named, or our own.
enum Database {
    Given(String),
    Private(Postgres),
}

impl Database {
    fn new(binaries: &Option<Binaries>) -> Result<Self, Failure> {
        if let Ok(url) = std::env::var(POSTGRES_URL) {
            println!("{POSTGRES_URL} is set: using that one");
            return Ok(Self::Given(url));
        }
        let binaries = binaries.as_ref().ok_or_else(|| Failure::new("PostgreSQL is missing"))?;
        let postgres = Postgres::start(binaries)?;
        println!("running at {}", postgres.url());
        Ok(Self::Private(postgres))
    }

    fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Private(postgres) => postgres.url(),
        }
    }
}

/// What the stages need of this machine.
struct Found {
    postgres: Option<Binaries>,
    chromium: PathBuf,
    firefox: Option<PathBuf>,
}

/// The browser that the caller named, or one in the path.
pub(crate) fn find_chromium() -> Option<PathBuf> {
    let named = std::env::var_os(CHROMIUM).filter(|path| !path.is_empty());
    named.map(PathBuf::from).or_else(|| tools::find("chromium", &[]))
}

fn find_firefox() -> Option<PathBuf> {
    let named = std::env::var_os(FIREFOX).filter(|path| !path.is_empty());
    named.map(PathBuf::from).or_else(|| tools::find("firefox-esr", &[])).or_else(|| tools::find("firefox", &[]))
}

/// Looks for what the stages need, installs what it may, and says the exact command for the rest.
fn check_tools(top: &Path, install: bool, all: bool) -> Result<Found, Failure> {
    let mut missing = Vec::new();
    check_rust(top, &mut missing);
    let mut packages = Vec::new();
    if tools::find("cc", &[]).is_none() {
        packages.push("build-essential");
    }
    let needs_postgres = std::env::var_os(POSTGRES_URL).is_none();
    if needs_postgres && Binaries::find().is_none() {
        packages.push("postgresql");
    }
    if find_chromium().is_none() {
        packages.push("chromium");
    }
    if all && find_firefox().is_none() {
        packages.push("firefox-esr");
    }
    missing.extend(web::check_tools().err());
    if !packages.is_empty() {
        let root = tools::is_root();
        if root || install {
            install_packages(&packages, root)?;
        } else {
            missing.push(format!(
                "sudo apt-get update && sudo apt-get install --yes {}    (or run this again with --install)",
                packages.join(" ")
            ));
        }
    }
    if !missing.is_empty() {
        return Err(Failure::new(format!("some tools are missing:\n  {}", missing.join("\n  "))));
    }
    let postgres = Binaries::find();
    if needs_postgres && postgres.is_none() {
        return Err(Failure::new(
            "PostgreSQL's initdb and pg_ctl are neither in the path nor in /usr/lib/postgresql/*/bin: install Debian's `postgresql`",
        ));
    }
    let chromium = find_chromium().ok_or_else(|| {
        Failure::new(format!(
            "no program `chromium` in the path: install Debian's `chromium`, or name one by {CHROMIUM}"
        ))
    })?;
    Ok(Found { postgres, chromium, firefox: find_firefox() })
}

fn check_rust(top: &Path, missing: &mut Vec<String>) {
    let wanted = std::fs::read_to_string(top.join("rust-toolchain.toml"))
        .ok()
        .and_then(|text| text.parse::<toml::Table>().ok())
        .and_then(|table| Some(table.get("toolchain")?.get("channel")?.as_str()?.to_owned()))
        .unwrap_or_default();
    let found = tools::output_of(Command::new("rustc").arg("--version").current_dir(top)).unwrap_or_default();
    println!("{found}");
    let version = found.split(' ').nth(1).unwrap_or_default();
    if version != wanted {
        missing.push(format!(
            "rustup toolchain install {wanted} --component clippy,rustfmt    (rust-toolchain.toml asks for {wanted}, this is {})",
            if version.is_empty() { "no rustc at all" } else { version }
        ));
        return;
    }
    for component in ["fmt", "clippy"] {
        if tools::output_of(&mut tools::cargo(top, &[component, "--version"])).is_none() {
            missing.push("rustup component add clippy rustfmt".to_owned());
            return;
        }
    }
}

fn install_packages(packages: &[&str], root: bool) -> Result<(), Failure> {
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(if root { "apt-get" } else { "sudo" });
        if !root {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null());
        tools::run(&mut command)
    };
    apt(&["update"])?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&install)
}
