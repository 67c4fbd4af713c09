//! That the checker can fail. The same program with the same people, but the guards are blanked out of its statements, as
//! they stand in a copy of its file: each use case still reads the state first, asks the rules and writes then, which
//! is what one might write without thinking. Nothing of this is in the source of the program, or could be switched on.

use std::path::{Path, PathBuf};

use akkoord_simulator::{
    folder::Folder,
    histories::{Deed, Violation},
};

use super::{
    ONE_AT_A_TIME, akkoord, cast,
    database::{Kind, any_seed, execute},
    machine::{Machine, rules},
    say, script,
};

/// Guards as they stand in the statements, and what is left there.
const GUARDS: &[(&str, &str)] = &[
    ("WHERE id = $1 AND state = 'pending' AND expires_at > $3", "WHERE id = $1 AND expires_at > $3"),
    ("AND ((state = 'pending' AND expires_at > $3) OR (state = 'approved' AND claim_until > $3))", ""),
    ("AND state = 'pending' AND expires_at > $2 RETURNING", "AND expires_at > $2 RETURNING"),
    ("AND state = 'approved' AND claim_until > $3", ""),
    ("AND finished_at IS NULL AND expires_at > $3", "AND expires_at > $3"),
];

/// How often it is played, at most, until the fault shows.
const EPISODES: u32 = 6;

/// What keeps two starts for one account from reading its places at the same moment, on PostgreSQL.
const ONE_START_AT_A_TIME: &[(&str, &str)] = &[("WHERE a.id = $1 FOR NO KEY UPDATE", "WHERE a.id = $1")];

/// A copy of the program without these guards.
fn program_without(guards: &[(&str, &str)], folder: &Path) -> PathBuf {
    let mut program = std::fs::read(akkoord()).unwrap();
    for (guard, left) in guards {
        let blanked = format!("{left:<width$}", width = guard.len());
        assert!(replace(&mut program, guard.as_bytes(), blanked.as_bytes()) > 0, "no statement has the guard {guard}");
    }
    let path = folder.join("akkoord-without-guards");
    std::fs::copy(akkoord(), &path).unwrap();
    std::fs::write(&path, program).unwrap();
    path
}

/// Replaces each occurrence by as many other bytes; returns how many there were.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while let Some(found) = bytes[at..].windows(from.len()).position(|window| window == from) {
        at += found;
        bytes[at..at + to.len()].copy_from_slice(to);
        at += to.len();
        count += 1;
    }
    count
}

/// Plays until something wrong was seen; nothing is broken meanwhile.
async fn violations(machine: &Machine, kind: Kind, seed: u64, wanted: impl Fn(&Violation) -> bool) -> Vec<Violation> {
    let mut seen = Vec::new();
    for episode in 0..EPISODES {
        let mut cast = cast(machine, episode).await;
        cast.act(&script(seed.wrapping_add(episode.into()), super::SHORT / 2)).await;
        for history in cast.settle().await.unwrap() {
            seen.extend(history.check(&rules(kind)).violations);
        }
        if seen.iter().any(&wanted) {
            break;
        }
    }
    seen
}

async fn is_caught(kind: Kind) {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (seed, folder) = (any_seed(), Folder::new("naive").unwrap());
    let program = program_without(GUARDS, folder.path());
    let Some(machine) = Machine::new(kind, "naive", &program, seed).await else { return };
    let is_unexplained = |violation: &Violation| violation.sentence.starts_with("no order");
    let is_wanted = |violation: &Violation| match kind {
        // A finish reads and writes in one go, so that no two windows are let in.
        Kind::Sqlite => is_unexplained(violation),
        Kind::Postgres => violation.sentence.starts_with("2 sessions of"),
    };
    let seen = violations(&machine, kind, seed, is_wanted).await;
    machine.clear().await;
    let shown = seen.iter().filter(|violation| is_unexplained(violation));
    let smallest = shown.min_by_key(|violation| violation.requests[0].1.len());
    let smallest = smallest.unwrap_or_else(|| panic!("seed {seed}: the fault was not seen, but {seen:#?}"));
    say(&format!("{}, seed {seed}: {} violations, the smallest:\n{smallest}", kind.name(), seen.len()));
    let calls = &smallest.requests[0].1;
    assert!(calls.len() <= 8, "a person can read it: {smallest}");
    assert_eq!(calls[0].deed, Deed::Start, "{smallest}");
    assert!(seen.iter().any(is_wanted), "seed {seed}: no two windows were let in");
}

/// T-RACE-1: that the plays can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_the_checker_catches_the_program_without_its_guards_on_sqlite() {
    is_caught(Kind::Sqlite).await;
}

/// T-RACE-1, T-RACE-2: that the plays can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_the_checker_catches_the_program_without_its_guards_on_postgres() {
    is_caught(Kind::Postgres).await;
}

/// T-RACE-3: that the plays can fail. On SQLite a start looks for its place and takes it in one go, so that nobody can
/// come in between; on PostgreSQL it holds its account meanwhile, and should it not, the two unique indexes are what holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_3_the_checker_catches_places_without_their_unique_indexes() {
    let _turn = ONE_AT_A_TIME.lock().await;
    let (seed, folder) = (any_seed(), Folder::new("naive").unwrap());
    let program = program_without(ONE_START_AT_A_TIME, folder.path());
    let Some(machine) = Machine::new(Kind::Postgres, "places", &program, seed).await else { return };
    let schema = machine.schema.as_ref().unwrap();
    let beside = schema.beside().await.unwrap();
    for index in ["approvals_slot", "approvals_number"] {
        execute(&beside, &format!("DROP INDEX {}.{index}", schema.name)).await.unwrap();
    }
    beside.close().await;
    let mut seen = Vec::new();
    for episode in 0..EPISODES {
        let mut cast = cast(&machine, episode).await;
        let mut script = script(seed.wrapping_add(episode.into()), super::SHORT / 2);
        (script.browsers, script.administrator, script.pause) = (8, false, std::time::Duration::from_millis(5));
        cast.act(&script).await;
        for history in cast.settle().await.unwrap() {
            seen.extend(history.check(&rules(Kind::Postgres)).violations);
        }
        if seen.iter().any(|violation| violation.sentence.contains("wait at once")) {
            break;
        }
    }
    machine.clear().await;
    let found = seen.iter().find(|violation| violation.sentence.contains("wait at once"));
    let found = found.unwrap_or_else(|| panic!("seed {seed}: the fault was not seen, but {seen:#?}"));
    say(&format!("seed {seed}: {found}"));
}
