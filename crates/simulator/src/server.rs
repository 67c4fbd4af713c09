//! The server as a program of its own: started on a folder, ready when it says so, stopped on every path.

use std::{
    fs::OpenOptions,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde::Deserialize;

/// How long a start may take.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a stop may take before the server is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);
/// How often the ready file is looked for. The measured start is this much too long at most.
const LOOK_EACH: Duration = Duration::from_millis(1);

/// Why the server is not there.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It could not be started.
    #[error("can't start {program}: {error}")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// It ended instead of getting ready.
    #[error("the server ended before it was ready ({status}); its last words:\n{log}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// What it said last.
        log: String,
    },
    /// It did not get ready in time.
    #[error("the server was not ready after {} seconds; its last words:\n{log}", START_TIMEOUT.as_secs())]
    Slow {
        /// What it said last.
        log: String,
    },
    /// The ready file is not what it must be.
    #[error("the server's ready file can't be read: {0}")]
    Ready(String),
    /// It did not stop when asked to.
    #[error("the server did not stop within {} seconds and was killed", STOP_TIMEOUT.as_secs())]
    Stuck,
    /// It stopped with another exit code than 0.
    #[error("the server stopped with {status}; its last words:\n{log}")]
    Unclean {
        /// How.
        status: ExitStatus,
        /// What it said last.
        log: String,
    },
    /// Its folder or process can't be read.
    #[error("{0}")]
    Files(#[from] std::io::Error),
}

/// What the server tells in its ready file.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// The address of the pages.
    pub login: String,
    /// The address of the phone protocol.
    pub phone: String,
    /// The accounts of the example organisation; another server tells none.
    #[serde(default)]
    pub accounts: Vec<ReadyAccount>,
    /// The server's process.
    pub pid: u32,
}

/// An account of the example organisation.
#[derive(Clone, Debug, Deserialize)]
pub struct ReadyAccount {
    /// The user name.
    pub username: String,
    /// A temporary access pass for the first phone.
    #[serde(default)]
    pub access_pass: Option<String>,
}

/// A running server. Dropped, it is killed.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    /// What it told when it was ready.
    pub ready: Ready,
    /// How long that took.
    pub started_in: Duration,
    /// When it was started.
    pub started_at: Instant,
}

impl Server {
    /// Starts `akkoord demo` on the folder `data` and waits until it is ready. Without a port the system chooses one;
    /// what was enrolled before needs the same one again, as the server's name holds it.
    pub async fn start(akkoord: &Path, data: &Path, port: Option<u16>, more: &[String]) -> Result<Self, ServerError> {
        let mut command = Command::new(akkoord);
        command.args(["demo", "--listen", &format!("127.0.0.1:{}", port.unwrap_or(0)), "--data"]).arg(data).args(more);
        Self::run(command, data).await
    }

    /// Starts a command that serves, and waits until it is ready. Its ready file and its log lie beside the folder
    /// `data`; the log is continued.
    pub async fn run(mut command: Command, data: &Path) -> Result<Self, ServerError> {
        let (ready_file, log) = (data.with_extension("ready"), data.with_extension("log"));
        if ready_file.exists() {
            std::fs::remove_file(&ready_file)?;
        }
        let output = OpenOptions::new().create(true).append(true).open(&log)?;
        command.arg("--ready-file").arg(&ready_file);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let program = command.get_program().to_string_lossy().into_owned();
        let started = Instant::now();
        let child = command.spawn().map_err(|error| ServerError::Start { program, error })?;
        // From here on the child is owned by something that kills it.
        let ready = Ready { login: String::new(), phone: String::new(), accounts: Vec::new(), pid: child.id() };
        let mut server = Self { child, log, ready, started_in: Duration::ZERO, started_at: started };
        loop {
            if ready_file.exists() {
                server.started_in = started.elapsed();
                break;
            }
            if let Some(status) = server.child.try_wait()? {
                return Err(ServerError::Ended { status, log: server.last_words() });
            }
            if started.elapsed() > START_TIMEOUT {
                return Err(ServerError::Slow { log: server.last_words() });
            }
            tokio::time::sleep(LOOK_EACH).await;
        }
        let text = std::fs::read(&ready_file)?;
        server.ready = serde_json::from_slice(&text).map_err(|error| ServerError::Ready(error.to_string()))?;
        Ok(server)
    }

    /// The port it listens on.
    pub fn port(&self) -> Option<u16> {
        url::Url::parse(&self.ready.login).ok()?.port()
    }

    /// Asks the server to stop and waits until it has.
    pub async fn stop(mut self) -> Result<(), ServerError> {
        self.signal("TERM")?;
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                let log = self.last_words();
                return if status.success() { Ok(()) } else { Err(ServerError::Unclean { status, log }) };
            }
            if asked.elapsed() > STOP_TIMEOUT {
                return Err(ServerError::Stuck);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills the server as a power cut would.
    pub fn kill(mut self) {
        self.end();
    }

    /// Sends a signal by name, with the shell's own `kill`: sending one from here would take unsafe code.
    fn signal(&self, name: &str) -> Result<(), ServerError> {
        let pid = self.child.id().to_string();
        Command::new("sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid]).status()?;
        Ok(())
    }

    /// How it ended, if it has ended by itself.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        Ok(self.child.try_wait()?)
    }

    /// The last lines of what the server wrote.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(15)).map(|line| format!("  {line}\n")).collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
