//! Whoever runs the server: its command line, beside the running server.

use std::{path::PathBuf, process::Command};

use serde_json::Value;

/// The program and what it is told of its surroundings.
#[derive(Clone, Debug)]
pub struct Operator {
    program: PathBuf,
    environment: Vec<(String, String)>,
}

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[error("`akkoord {command}`: {said}")]
pub struct OperatorError {
    command: String,
    said: String,
}

impl Operator {
    /// Runs this program with this environment and no other.
    pub fn new(program: PathBuf, environment: Vec<(String, String)>) -> Self {
        Self { program, environment }
    }

    /// Runs a command and returns what it printed as JSON.
    pub async fn run(&self, arguments: &[&str]) -> Result<Value, OperatorError> {
        let line = arguments.join(" ");
        let failed = |said: String| OperatorError { command: line.clone(), said };
        let mut command = Command::new(&self.program);
        command.arg("--json").args(arguments).env_clear().envs(self.environment.iter().cloned());
        let ran = tokio::task::spawn_blocking(move || command.output()).await;
        let output = ran.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
    }
}
