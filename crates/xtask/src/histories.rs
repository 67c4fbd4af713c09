//! `cargo xtask histories`: lets the server's history checker play on both databases for as long as it is told. What it
//! plays and checks stands in `crates/server/tests/it/histories` and `crates/simulator/src/histories`.

use std::path::Path;

use crate::postgres::{Binaries, Postgres};
use crate::{Failure, tools, usage};

/// How long each database is played on, for `cargo xtask test --all` too.
pub(crate) const MINUTES: &str = "TEST_HISTORIES_MINUTES";
const SEED: &str = "TEST_HISTORIES_SEED";
/// Allows the plays to crash the database, which must be theirs alone for that.
const MAY_CRASH: &str = "TEST_POSTGRES_MAY_CRASH";
const POSTGRES_URL: &str = "TEST_POSTGRES_URL";

const USUAL_MINUTES: &str = "5";
/// In the long run of all tests.
const LONG_MINUTES: &str = "30";

const ON_SQLITE: &str = "histories::t_race_1_histories_with_faults_keep_to_the_table_on_sqlite";
const ON_POSTGRES: &str = "histories::t_race_1_histories_with_faults_keep_to_the_table_on_postgres";

/// What is played.
#[derive(Debug, PartialEq)]
struct Wanted {
    minutes: String,
    seed: Option<String>,
    plays: Vec<&'static str>,
    /// With the optimised build, which gets more done in a minute.
    release: bool,
}

/// Plays as the command line says.
pub(crate) fn run(top: &Path, arguments: &[String]) -> Result<(), Failure> {
    play(top, &parse(arguments)?)
}

/// Plays as long as the long run of all tests does: 30 minutes, or as many as the environment says.
pub(crate) fn run_long(top: &Path) -> Result<(), Failure> {
    let minutes = long_minutes();
    play(top, &Wanted { minutes, seed: None, plays: vec![ON_SQLITE, ON_POSTGRES], release: true })
}

/// How many minutes that are.
pub(crate) fn long_minutes() -> String {
    std::env::var(MINUTES).ok().filter(|minutes| !minutes.is_empty()).unwrap_or_else(|| LONG_MINUTES.to_owned())
}

fn parse(arguments: &[String]) -> Result<Wanted, Failure> {
    let plays = vec![ON_SQLITE, ON_POSTGRES];
    let mut wanted = Wanted { minutes: USUAL_MINUTES.to_owned(), seed: None, plays, release: false };
    let mut rest = arguments.iter();
    while let Some(flag) = rest.next() {
        if flag == "--release" {
            wanted.release = true;
            continue;
        }
        let value = rest.next().ok_or_else(|| usage(&format!("{flag} needs a value")))?;
        match flag.as_str() {
            "--minutes" if value.parse::<f64>().is_ok_and(|minutes| minutes > 0.0) => {
                value.clone_into(&mut wanted.minutes)
            }
            "--seed" if value.parse::<u64>().is_ok() => wanted.seed = Some(value.clone()),
            "--database" => {
                wanted.plays = match value.as_str() {
                    "sqlite" => vec![ON_SQLITE],
                    "postgres" => vec![ON_POSTGRES],
                    "both" => vec![ON_SQLITE, ON_POSTGRES],
                    _ => return Err(usage("--database is sqlite, postgres or both")),
                }
            }
            _ => return Err(usage(&format!("histories knows no {flag} {value}"))),
        }
    }
    Ok(wanted)
}

fn play(top: &Path, wanted: &Wanted) -> Result<(), Failure> {
    // A database of our own, because it is crashed again and again.
    let database = if wanted.plays.contains(&ON_POSTGRES) {
        let binaries = Binaries::find().ok_or_else(|| {
            Failure::new("PostgreSQL is missing: install Debian's `postgresql`, or play with --database sqlite")
        })?;
        Some(Postgres::start(&binaries)?)
    } else {
        None
    };
    println!("each database is played on for {} minutes; the seeds make the same choices again", wanted.minutes);
    let mut command = tools::cargo(top, &["test", "--locked", "--package=akkoord-server", "--test=it"]);
    command
        .args(wanted.release.then_some("--release"))
        .args(["--", "--exact", "--nocapture", "--test-threads=2"])
        .args(&wanted.plays);
    command.env(MINUTES, &wanted.minutes);
    command.env_remove(POSTGRES_URL).env_remove(SEED);
    command.envs(database.iter().map(|database| (POSTGRES_URL, database.url())));
    command.envs(database.iter().map(|_| (MAY_CRASH, "1")));
    command.envs(wanted.seed.iter().map(|seed| (SEED, seed)));
    tools::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Wanted, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&arguments).map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_command_line_says_how_long_where_and_with_which_choices() {
        let plays = vec![ON_SQLITE, ON_POSTGRES];
        let usual = Wanted { minutes: "5".to_owned(), seed: None, plays, release: false };
        assert_eq!(parsed(""), Ok(usual));
        let (minutes, seed) = ("0.5".to_owned(), Some("7".to_owned()));
        let told = Wanted { minutes, seed, plays: vec![ON_POSTGRES], release: true };
        assert_eq!(parsed("--minutes 0.5 --release --database postgres --seed 7"), Ok(told));
        for wrong in ["--minutes", "--minutes none", "--minutes 0", "--database mysql", "--seed x", "--fast 1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
