//! The real program as one or two processes on a database, behind a wire, with its people.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use akkoord_authenticator::Network;
use akkoord_server::clock::{Clock, SystemClock};
use akkoord_simulator::{
    folder::Folder,
    histories::{Operator, Recorder, Rules, Stage, Wire},
    server::Server,
};

use super::database::{Kind, Schema};
use crate::faults::quiet_port;

/// How long a request waits: the least that policy allows.
const LIFE: &str = "request_seconds=60";
/// How long the database may take to be back after it crashed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program, its people and its database.
pub struct Machine {
    pub stage: Arc<Stage>,
    pub wire: Wire,
    pub schema: Option<Schema>,
    pub nodes: Vec<Node>,
    /// Gone at last, after the nodes.
    pub folder: Folder,
}

/// One process.
pub struct Node {
    program: PathBuf,
    data: PathBuf,
    environment: Vec<(String, String)>,
    server: Option<Server>,
}

/// The rules of what runs here. Clocks are the machine's own, and several nodes correct theirs by the database's.
pub fn rules(kind: Kind) -> Rules {
    let put_back_ms = if kind == Kind::Sqlite { 0 } else { 100 };
    Rules { life_ms: 60_000, claim_ms: 60_000, put_back_ms }
}

impl Machine {
    /// Sets the program up on a fresh database and starts it: on PostgreSQL twice. `None` where there is no PostgreSQL.
    pub async fn new(kind: Kind, name: &str, program: &Path, seed: u64) -> Option<Self> {
        let schema = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Schema::new(name).await?),
        };
        let folder = Folder::new("histories").unwrap();
        let count = if kind == Kind::Sqlite { 1 } else { 2 };
        let ports: Vec<u16> = (0..count).map(|_| quiet_port()).collect();
        let servers = ports.iter().map(|port| ([127, 0, 0, 1], *port).into()).collect();
        let wire = Wire::listen(servers, seed).await.unwrap();
        let login = format!("http://login.localhost:{}", wire.port());
        let environment = |node: usize, port: u16| {
            let mut environment = vec![
                ("AKKOORD_LISTEN".to_owned(), format!("127.0.0.1:{port}")),
                ("AKKOORD_PUBLIC_URL".to_owned(), login.clone()),
                ("AKKOORD_NETWORKS".to_owned(), "{ \"This computer\" = [\"127.0.0.0/8\"] }".to_owned()),
                ("AKKOORD_LOG__LEVEL".to_owned(), "warn".to_owned()),
                ("AKKOORD_DATA_DIR".to_owned(), folder.join(&format!("node{node}")).display().to_string()),
            ];
            environment.extend(schema.iter().map(|schema| ("AKKOORD_DATABASE__URL".to_owned(), schema.url())));
            environment
        };
        let nodes: Vec<Node> = ports
            .iter()
            .enumerate()
            .map(|(node, port)| Node {
                program: program.to_owned(),
                data: folder.join(&format!("node{node}")),
                environment: environment(node, *port),
                server: None,
            })
            .collect();
        let operator = Operator::new(program.to_owned(), nodes[0].environment.clone());
        let setup = ["setup", "--organisation", "School", "--username", "owner", "--name", "Owner"];
        operator.run(&setup).await.unwrap();
        operator.run(&["organisation", "policy", "School", LIFE]).await.unwrap();
        let recorder = Recorder::new(Arc::new(|| SystemClock.now().0));
        let network = Network::loopback().unwrap();
        let busy_changes_nothing = kind == Kind::Sqlite;
        let stage = Arc::new(Stage { login, network, recorder, operator, busy_changes_nothing });
        let mut machine = Self { stage, wire, schema, nodes, folder };
        machine.copy_root_key();
        for node in &mut machine.nodes {
            node.start().await;
        }
        Some(machine)
    }

    /// Nodes of one database have nothing in common but this.
    fn copy_root_key(&self) {
        let (first, others) = self.nodes.split_first().unwrap();
        for other in others {
            std::fs::create_dir_all(&other.data).unwrap();
            std::fs::copy(first.data.join("root.key"), other.data.join("root.key")).unwrap();
        }
    }

    /// Whether a node ended that nobody killed, or failed in a way that must not be: what its log says of that.
    pub fn complaints(&mut self) -> Vec<String> {
        let mut complaints = Vec::new();
        for node in &mut self.nodes {
            if let Some(server) = &mut node.server
                && let Some(status) = server.has_ended().unwrap()
            {
                complaints.push(format!("a server ended by itself ({status}):\n{}", server.last_words()));
            }
            let log = std::fs::read_to_string(node.data.with_extension("log")).unwrap_or_default();
            let wrong =
                |line: &&str| ["panicked", "is not a value that we wrote"].iter().any(|word| line.contains(word));
            complaints.extend(log.lines().filter(wrong).map(str::to_owned));
        }
        complaints
    }

    /// Kills every node once more and starts it again: what counts is what the database holds.
    pub async fn kill_and_start_all(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
        for node in &mut self.nodes {
            node.start().await;
        }
    }

    /// Removes what lies in PostgreSQL.
    pub async fn clear(mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
        if let Some(schema) = &self.schema {
            schema.run(&format!("DROP SCHEMA {} CASCADE", schema.name)).await;
        }
    }
}

impl Node {
    /// As a power cut would.
    pub fn kill(&mut self) {
        if let Some(server) = self.server.take() {
            server.kill();
        }
    }

    /// Starts it. A database that is just recovering is waited for, as whoever runs the program does.
    pub async fn start(&mut self) {
        let begun = Instant::now();
        loop {
            let mut command = Command::new(&self.program);
            command.arg("serve").env_clear().envs(self.environment.iter().cloned());
            match Server::run(command, &self.data).await {
                Ok(server) => {
                    self.server = Some(server);
                    return;
                }
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
