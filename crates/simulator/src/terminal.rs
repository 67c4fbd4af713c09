//! The terminal authenticator as a program of its own, driven as a script would drive it.

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::mpsc;

/// How long the program may take for its next word. Stretching a PIN takes a while on a small machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Why the terminal authenticator did not do its part.
#[derive(Debug, thiserror::Error)]
pub enum TerminalError {
    /// It could not be started.
    #[error("can't start {program}, which `cargo build --package akkoord-authenticator` makes: {error}")]
    Start {
        /// Which program.
        program: String,
        /// Why.
        error: std::io::Error,
    },
    /// It did not say what was expected.
    #[error("the authenticator did not say `{expected}`; its last words: {last}")]
    Silent {
        /// What was expected.
        expected: &'static str,
        /// What it said last.
        last: String,
    },
    /// It ended with a failure.
    #[error("the authenticator ended with {status}: {last}")]
    Failed {
        /// How.
        status: std::process::ExitStatus,
        /// What it said last.
        last: String,
    },
    /// A file or pipe.
    #[error(transparent)]
    Files(#[from] std::io::Error),
}

/// Where the program and its files are.
#[derive(Clone, Debug)]
pub struct Terminal {
    program: PathBuf,
    vault: PathBuf,
    pin_file: PathBuf,
}

impl Terminal {
    /// A terminal authenticator with a vault and a PIN file in a folder.
    pub fn new(program: &Path, folder: &Path, pin: &str) -> Result<Self, TerminalError> {
        let pin_file = folder.join("pin");
        std::fs::write(&pin_file, format!("{pin}\n"))?;
        Ok(Self { program: program.to_owned(), vault: folder.join("phone").join("vault"), pin_file })
    }

    /// Starts to enrol from a link, up to the six digits, which are returned.
    pub async fn enrol(&self, link: &str) -> Result<(Running, String), TerminalError> {
        // The link goes through standard input: arguments can be read by everybody on the machine.
        let mut running = self.start(&["enrol", "-", "--pin-file", &self.pin_file.to_string_lossy()])?;
        running.type_line(link)?;
        let event = running.event("digits").await?;
        let digits = event.get("digits").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok((running, digits))
    }

    /// Waits for a request, which is returned; then the program waits for the number.
    pub async fn watch(&self) -> Result<(Running, Value), TerminalError> {
        let pin_file = self.pin_file.to_string_lossy();
        let mut running = self.start(&["watch", "--once", "--number-from", "-", "--pin-file", &pin_file])?;
        let event = running.event("request").await?;
        let request = event.get("request").cloned().unwrap_or_default();
        Ok((running, request))
    }

    fn start(&self, arguments: &[&str]) -> Result<Running, TerminalError> {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--json", "--lang", "en", "--vault"]).arg(&self.vault);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child =
            started.map_err(|error| TerminalError::Start { program: self.program.display().to_string(), error })?;
        let (tell, lines) = mpsc::unbounded_channel();
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Running { input: child.stdin.take(), child, lines, last: String::new() })
    }
}

/// The program while it runs. Dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
    last: String,
}

impl Running {
    /// Types a line.
    pub fn type_line(&mut self, line: &str) -> Result<(), TerminalError> {
        if let Some(input) = &mut self.input {
            writeln!(input, "{line}")?;
            input.flush()?;
        }
        Ok(())
    }

    /// Waits for an event of this name.
    async fn event(&mut self, expected: &'static str) -> Result<Value, TerminalError> {
        let waited = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = self.lines.recv().await {
                let event: Value = serde_json::from_str(&line).unwrap_or_default();
                self.last = line;
                if event.get("event").and_then(Value::as_str) == Some(expected) {
                    return Some(event);
                }
            }
            None
        });
        let event = waited.await.ok().flatten();
        event.ok_or_else(|| TerminalError::Silent { expected, last: self.last.clone() })
    }

    /// Waits for this event and for the program's end, which must be a success.
    pub async fn finish(mut self, expected: &'static str) -> Result<Value, TerminalError> {
        let event = self.event(expected).await?;
        for _ in 0..PATIENCE.as_millis() / 20 {
            if let Some(status) = self.child.try_wait()? {
                let last = std::mem::take(&mut self.last);
                return if status.success() { Ok(event) } else { Err(TerminalError::Failed { status, last }) };
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(TerminalError::Silent { expected: "its end", last: self.last.clone() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
