//! The history checker at work: the real program over HTTP, its people at random, and things that break.
//!
//! In each run of the tests it is a matter of seconds; `cargo xtask histories` goes on for as long as it is told.

mod breaking;
mod database;
mod machine;
mod naive;
mod timed;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use akkoord_simulator::histories::{Cast, Chance, Checked, Script, Violation};
use tokio::{sync::Mutex, time::Instant};

use self::{
    breaking::Broken,
    database::{Kind, any_seed, variable},
    machine::{Machine, rules},
};

/// How long each episode of a long play is; in a run of the tests there is one.
const EPISODE: Duration = Duration::from_secs(12);
const SHORT: Duration = Duration::from_secs(6);
/// A play takes a processor for itself, so in a run of the tests there is one at a time. Long ones play side by side.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
/// How often a long play tells where it stands.
const TOLD_ONE_IN: u32 = 5;
/// One in so many episodes is slow enough that requests expire by themselves.
const SLOW_ONE_IN: u32 = 8;
const SLOW: Duration = Duration::from_secs(100);

/// What a play came to.
#[derive(Debug, Default)]
struct Tally {
    episodes: u32,
    calls: usize,
    requests: usize,
    sessions: usize,
    too_wide: usize,
    broken: Broken,
    cuts: u64,
    violations: Vec<Violation>,
    complaints: Vec<String>,
}

impl Tally {
    fn add(&mut self, checked: Checked) {
        self.requests += checked.explained;
        self.too_wide += checked.too_wide;
        self.sessions += checked.sessions;
        self.calls += checked.calls;
        self.violations.extend(checked.violations);
    }

    fn tell(&self, kind: Kind, seed: u64) {
        let Self { episodes, calls, requests, sessions, too_wide, cuts, .. } = self;
        let Broken { kills, held_for_writing, held_by_readers, connections_ended, crashes } = self.broken;
        say(&format!(
            "{}, seed {seed}: {episodes} episodes, {calls} calls on {requests} requests, {sessions} sessions. Broken: {kills} \
             kills, {cuts} cut connections, {held_for_writing} times held for writing and {held_by_readers} by readers, \
             {connections_ended} times all connections ended, {crashes} crashes of the database. Too wide to check: {too_wide}. \
             Violations: {}",
            kind.name(),
            self.violations.len() + self.complaints.len()
        ));
    }

    /// Fails with what was found, which is kept in a file as well.
    fn close(self, kind: Kind, seed: u64) {
        self.tell(kind, seed);
        let mut text = String::new();
        for violation in &self.violations {
            writeln!(text, "{violation}").unwrap();
        }
        for complaint in &self.complaints {
            writeln!(text, "{complaint}").unwrap();
        }
        if !text.is_empty() {
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("histories");
            std::fs::create_dir_all(&folder).unwrap();
            let file = folder.join(format!("{}-{seed}.txt", kind.name()));
            std::fs::write(&file, &text).unwrap();
            let most: String = text.chars().take(6_000).collect();
            panic!("seed {seed}; all of it in {}\n{most}", file.display());
        }
        assert!(self.sessions > 0 && self.too_wide * 20 < self.requests, "it checked too little");
    }
}

/// Tells whoever watches a long play, and whoever looks after a test that failed.
#[expect(clippy::print_stdout, reason = "a long play that says nothing looks like one that hangs")]
fn say(text: &str) {
    println!("{text}");
}

fn akkoord() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_akkoord"))
}

fn script(seed: u64, time: Duration) -> Script {
    Script {
        seed,
        time,
        browsers: 4,
        administrator: true,
        pause: Duration::from_millis(40),
        stays_away: Duration::ZERO,
    }
}

/// A cast of three accounts with three phones each.
async fn cast(machine: &Machine, episode: u32) -> Cast {
    let names: Vec<String> = ["ada", "ben", "eva"].map(|name| format!("{name}{episode}@example.org")).to_vec();
    Cast::enrol(&machine.stage, &names, 3).await.unwrap()
}

/// Plays for so long, or one short episode.
async fn play(kind: Kind) {
    let seed = variable("TEST_HISTORIES_SEED").map_or_else(any_seed, |seed| seed.parse().unwrap());
    let minutes = variable("TEST_HISTORIES_MINUTES").map(|minutes| minutes.parse::<f64>().unwrap());
    let _turn = if minutes.is_none() { Some(ONE_AT_A_TIME.lock().await) } else { None };
    let Some(mut machine) = Machine::new(kind, "faults", &akkoord(), seed).await else { return };
    say(&format!("{}, seed {seed}", kind.name()));
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs_f64(minutes * 60.0));
    let mut tally = Tally::default();
    while tally.violations.is_empty() && tally.complaints.is_empty() {
        let slow = minutes.is_some() && tally.episodes % SLOW_ONE_IN == SLOW_ONE_IN - 1;
        let time = if minutes.is_none() {
            SHORT
        } else if slow {
            SLOW
        } else {
            EPISODE
        };
        let choices = seed.wrapping_add(tally.episodes.into());
        let mut script = script(choices, time);
        if slow {
            script.stays_away = Duration::from_secs(70);
            script.pause = Duration::from_secs(2);
        }
        let mut cast = cast(&machine, tally.episodes).await;
        let until = Instant::now() + time;
        let chance = Chance::new(choices, u64::MAX - 2);
        let (broken, ()) = tokio::join!(breaking::break_until(&mut machine, until, chance), cast.act(&script));
        for history in cast.settle().await.unwrap() {
            tally.add(history.check(&rules(kind)));
        }
        tally.broken.add(broken);
        tally.cuts = machine.wire.cuts();
        tally.complaints.extend(machine.complaints());
        tally.episodes += 1;
        let Some(end) = end else { break };
        if Instant::now() >= end {
            break;
        }
        if tally.episodes.is_multiple_of(TOLD_ONE_IN) {
            tally.tell(kind, seed);
        }
    }
    machine.clear().await;
    tally.close(kind, seed);
}

/// T-RACE-1, T-RACE-2, T-RACE-3.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_histories_with_faults_keep_to_the_table_on_sqlite() {
    play(Kind::Sqlite).await;
}

/// T-RACE-1, T-RACE-2, T-RACE-3, on two servers that share a database.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_histories_with_faults_keep_to_the_table_on_postgres() {
    play(Kind::Postgres).await;
}
