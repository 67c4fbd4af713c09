//! Plays in which time passes: the clock of the test runs fifty times as fast as ours and is put back now and then, so
//! that requests and approvals expire while they are answered, swept and replaced.

use std::{sync::Arc, time::Duration};

use akkoord_core::{approval::State, policy::Policy};
use akkoord_server::jobs::housekeeping;
use akkoord_simulator::histories::{Cast, Chance, Operator, Recorder, Rules, Stage};
use tokio::time::Instant;

use super::{
    EPISODE, ONE_AT_A_TIME, Tally, akkoord,
    database::{Kind, Schema, any_seed, variable},
    script,
};
use crate::support::TestApp;

/// The clock moves this often.
const TICK: Duration = Duration::from_millis(50);
const FORWARD: Duration = Duration::from_secs(5);
/// It is put back by this at most, each so many ticks.
const BACK: Duration = Duration::from_secs(2);
const BACK_ONE_IN: usize = 15;
/// So many requests must have expired.
const ENOUGH: usize = 4;
const MOST_EPISODES: u32 = 20;

/// Requests live for the shortest time that policy allows; the clock may have been put back twice in a long call.
fn rules() -> Rules {
    Rules { life_ms: 60_000, claim_ms: 60_000, put_back_ms: 2 * 2_000 }
}

async fn app(kind: Kind) -> Option<(TestApp, Option<Schema>)> {
    let policy = Policy { request_seconds: 60, ..Policy::default() };
    let networks = ("AKKOORD_NETWORKS", "{ \"This computer\" = [\"127.0.0.0/8\"] }".to_owned());
    let schema = match kind {
        Kind::Sqlite => None,
        Kind::Postgres => Some(Schema::new("timed").await?),
    };
    let url = schema.iter().map(|schema| ("AKKOORD_DATABASE__URL", schema.url()));
    let variables: Vec<_> = std::iter::once(networks).chain(url).collect();
    Some((TestApp::today_with(policy, &variables).await, schema))
}

/// Lets time pass until then, and sweeps what it ends.
async fn let_time_pass(app: &TestApp, until: Instant, mut chance: Chance) {
    while Instant::now() < until {
        tokio::time::sleep(TICK).await;
        if chance.one_in(BACK_ONE_IN) {
            app.put_back(chance.time(Duration::ZERO, BACK));
        } else {
            app.pass(chance.time(Duration::ZERO, FORWARD));
        }
        if chance.one_in(10) {
            housekeeping::sweep(&app.app).await.unwrap();
        }
    }
    housekeeping::sweep(&app.app).await.unwrap();
}

async fn play(kind: Kind) {
    let seed = variable("TEST_HISTORIES_SEED").map_or_else(any_seed, |seed| seed.parse().unwrap());
    let _turn = ONE_AT_A_TIME.lock().await;
    let Some((app, schema)) = app(kind).await else { return };
    let clock = app.clock();
    let stage = Arc::new(Stage {
        login: app.app.config.public_url.clone(),
        network: app.network.clone(),
        recorder: Recorder::new(Arc::new(move || clock.now().0)),
        operator: Operator::new(akkoord(), app.environment()),
        busy_changes_nothing: kind == Kind::Sqlite,
    });
    let (mut tally, mut expired) = (Tally::default(), 0);
    // On a machine that is busy with other things people get little done before time is over.
    while expired < ENOUGH && tally.violations.is_empty() && tally.episodes < MOST_EPISODES {
        let names = ["ada", "ben", "eva"].map(|name| format!("{name}{}@example.org", tally.episodes));
        let mut cast = Cast::enrol(&stage, &names, 3).await.unwrap();
        let mut script = script(seed.wrapping_add(tally.episodes.into()), EPISODE / 2);
        // The command line has a clock of its own.
        script.administrator = false;
        script.pause = Duration::from_millis(150);
        script.stays_away = Duration::from_millis(2_500);
        let until = Instant::now() + script.time;
        tokio::join!(cast.act(&script), let_time_pass(&app, until, Chance::new(script.seed, 0)));
        for history in cast.settle().await.unwrap() {
            expired += history.end.values().filter(|state| **state == State::Expired).count();
            tally.add(history.check(&rules()));
        }
        tally.episodes += 1;
    }
    drop(app);
    if let Some(schema) = schema {
        schema.run(&format!("DROP SCHEMA {} CASCADE", schema.name)).await;
    }
    assert!(expired >= ENOUGH || !tally.violations.is_empty(), "time passed too slowly: {expired}");
    tally.close(kind, seed);
}

/// T-RACE-1, against time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_histories_in_which_time_passes_keep_to_the_table_on_sqlite() {
    play(Kind::Sqlite).await;
}

/// T-RACE-1, against time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_race_1_histories_in_which_time_passes_keep_to_the_table_on_postgres() {
    play(Kind::Postgres).await;
}
