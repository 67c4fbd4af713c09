//! What breaks while people sign in: servers are killed, the database is held by others, its connections end, it
//! crashes.

use std::time::Duration;

use akkoord_server::clock::system_random;
use akkoord_simulator::histories::Chance;
use akkoord_store::{Database, RootKey, Seal, Store, StoreError, Value};
use tokio::{runtime::Handle, time::Instant};

use super::{
    database::{execute, variable},
    machine::Machine,
};

/// How often what was broken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Broken {
    pub kills: u32,
    pub held_for_writing: u32,
    pub held_by_readers: u32,
    pub connections_ended: u32,
    pub crashes: u32,
}

impl Broken {
    pub fn add(&mut self, more: Self) {
        self.kills += more.kills;
        self.held_for_writing += more.held_for_writing;
        self.held_by_readers += more.held_by_readers;
        self.connections_ended += more.connections_ended;
        self.crashes += more.crashes;
    }
}

/// Once in so many exchanges between people and servers.
const CUT_ONE_IN: usize = 30;

/// Breaks something again and again until then; at the end everything runs.
pub async fn break_until(machine: &mut Machine, until: Instant, mut chance: Chance) -> Broken {
    let mut broken = Broken::default();
    machine.wire.cut_one_in(CUT_ONE_IN);
    let beside = beside(machine).await;
    loop {
        let pause = chance.time(Duration::from_millis(150), Duration::from_millis(900));
        tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
        if Instant::now() >= until {
            break;
        }
        match (chance.below(6), &machine.schema) {
            (0..=2, _) => {
                kill_one(machine, &mut chance).await;
                broken.kills += 1;
            }
            (3..=4, None) => {
                hold(&beside, chance.time(Duration::from_millis(100), Duration::from_secs(2))).await;
                broken.held_for_writing += 1;
            }
            (_, None) => {
                read_for_long(&beside, chance.time(Duration::from_millis(100), Duration::from_secs(2))).await;
                broken.held_by_readers += 1;
            }
            (5, Some(_)) if may_crash() => {
                // The command's parent is the server process of our own connection. When one is killed, PostgreSQL ends
                // all of them, recovers from its log as after a power cut, and starts anew.
                execute(&beside, "COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'").await.ok();
                broken.crashes += 1;
            }
            (_, Some(schema)) => {
                if end_connections(&beside, &schema.name).await.is_ok() {
                    broken.connections_ended += 1;
                }
            }
        }
    }
    machine.wire.cut_one_in(0);
    beside.close().await;
    machine.kill_and_start_all().await;
    broken
}

/// A connection to the database that is none of the program's.
async fn beside(machine: &Machine) -> Store {
    if let Some(schema) = &machine.schema {
        return schema.beside().await.unwrap();
    }
    let data = machine.folder.join("node0");
    let seal = Seal::new(&RootKey::load(&data.join("root.key")).unwrap(), system_random());
    Store::open_as_is(&Database::Sqlite { path: data.join("akkoord.db") }, seal).await.unwrap()
}

async fn kill_one(machine: &mut Machine, chance: &mut Chance) {
    let node = chance.below(machine.nodes.len());
    machine.nodes[node].kill();
    tokio::time::sleep(chance.time(Duration::ZERO, Duration::from_millis(200))).await;
    machine.nodes[node].start().await;
}

/// Holds the lock that a writer needs, as a backup tool or a forgotten shell would.
async fn hold(beside: &Store, time: Duration) {
    let held = beside.write(move |_| {
        std::thread::sleep(time);
        Box::pin(std::future::ready(Ok::<_, StoreError>(())))
    });
    // The server may be writing without a pause; then the lock was not to be had.
    held.await.ok();
}

/// Reads for long, so that the log can't be moved into the database file meanwhile.
async fn read_for_long(beside: &Store, time: Duration) {
    let beside = beside.clone();
    let reading = tokio::task::spawn_blocking(move || {
        Handle::current().block_on(beside.read(move |tx| {
            Box::pin(async move {
                let found = tx.organisations().await?;
                std::thread::sleep(time);
                Ok::<_, StoreError>(found)
            })
        }))
    });
    reading.await.unwrap().ok();
}

async fn end_connections(beside: &Store, application: &str) -> Result<(), StoreError> {
    let name = [Value::from(application)];
    let sql = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1";
    beside.read(move |tx| Box::pin(async move { tx.query_all(sql, &name).await.map(drop) })).await
}

/// Only the PostgreSQL of a run that has it for itself.
fn may_crash() -> bool {
    variable("TEST_POSTGRES_MAY_CRASH").is_some()
}
