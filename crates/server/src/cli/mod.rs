//! The command line: the server itself, and what an operator does beside it.
//!
//! A command parses, calls use cases and prints. It takes no secret as an argument, because arguments can be read by
//! everybody on the machine and stay in the shell's history; what it makes of secrets it prints once.

mod access_pass;
mod account;
mod audit;
mod backup;
mod demo;
mod doctor;
mod duration;
mod held_back;
mod key;
mod opened;
mod organisation;
mod output;
mod password;
mod phone;
mod restore;
mod serve;
mod setup;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use akkoord_store::{OpenError, StoreError};
use clap::{Parser, Subcommand};

use self::output::Output;
use crate::{
    app::StartError,
    config::ConfigError,
    serve::{LockError, ServeError, TlsError},
};

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs a command line and returns the exit code: 0 done, 1 failed, 2 not understood.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = match CommandLine::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // An error of printing means that nobody reads.
            error.print().ok();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    let CommandLine { config, json, command } = parsed;
    let global = Global { config, output: Output::new(json) };
    let result = runtime(&command).and_then(|runtime| runtime.block_on(dispatch(&global, command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(CliError::Reported) => ExitCode::from(FAILED),
        Err(CliError::Usage(message)) => {
            global.output.error(&message);
            ExitCode::from(USAGE)
        }
        Err(error) => {
            global.output.error(&format!("{error}{}", error.advice()));
            ExitCode::from(FAILED)
        }
    }
}

const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// Akkoord: a sign-in service with phone approval.
#[derive(Debug, Parser)]
#[command(name = "akkoord", version, arg_required_else_help = true, max_term_width = 100)]
struct CommandLine {
    /// The configuration file [default: $AKKOORD_CONFIG, ./akkoord.toml, /etc/akkoord/akkoord.toml].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the server.
    Serve(serve::Arguments),
    /// Start a server with an example organisation, to try things on this machine.
    Demo(demo::Arguments),
    /// Make the first organisation and its owner, and print the owner's access pass.
    Setup(setup::Arguments),
    /// Add and list organisations, and set their policy.
    #[command(subcommand)]
    Organisation(organisation::Action),
    /// Add, list, disable, enable and unlock accounts.
    #[command(subcommand)]
    Account(account::Action),
    /// Print a new access pass for an account, for its first phone or after a loss.
    AccessPass(access_pass::Arguments),
    /// List an account's phones, and remove one.
    #[command(subcommand)]
    Phone(phone::Action),
    /// Change the key that signs requests.
    #[command(subcommand)]
    Key(key::Action),
    /// List what happened, newest first.
    Audit(audit::Arguments),
    /// Copy the database into a file, also while the server runs.
    Backup(backup::Arguments),
    /// Put a backup back. Ends all sessions and everything that was open.
    Restore(restore::Arguments),
    /// Check the installation and say what to do.
    Doctor,
}

/// What every command is given.
struct Global {
    config: Option<PathBuf>,
    output: Output,
}

/// Why a command ended without doing what was asked.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// It cannot be meant like that.
    #[error("{0}")]
    Usage(String),
    /// It did not work.
    #[error("{0}")]
    Failed(String),
    /// It did not work, and that was printed already.
    #[error("failed")]
    Reported,
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl CliError {
    fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// What to do where the error only knows what happened.
    fn advice(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Unavailable(_))
            | Self::Start(StartError::Store(StoreError::Unavailable(_)))
            | Self::Start(StartError::Open(OpenError::Store(StoreError::Unavailable(_)))) => {
                "; see that the database runs and no other program holds it, that its disk has room, and that database.url \
                 or data_dir is right"
            }
            _ => "",
        }
    }
}

async fn dispatch(global: &Global, command: Command) -> Result<(), CliError> {
    crate::serve::install_tls_provider();
    match command {
        Command::Serve(arguments) => serve::run(global, arguments).await,
        Command::Demo(arguments) => demo::run(global, arguments).await,
        Command::Setup(arguments) => setup::run(global, arguments).await,
        Command::Organisation(action) => organisation::run(global, action).await,
        Command::Account(action) => account::run(global, action).await,
        Command::AccessPass(arguments) => access_pass::run(global, arguments).await,
        Command::Phone(action) => phone::run(global, action).await,
        Command::Key(action) => key::run(global, action).await,
        Command::Audit(arguments) => audit::run(global, arguments).await,
        Command::Backup(arguments) => backup::run(global, arguments).await,
        Command::Restore(arguments) => restore::run(global, arguments).await,
        Command::Doctor => doctor::run(global).await,
    }
}

/// A server gets a thread per processor, up to four: the rest of the work is the database's writer and hashing, which
/// have their own. Every other command does one thing after the other.
fn runtime(command: &Command) -> Result<tokio::runtime::Runtime, CliError> {
    let mut builder = if matches!(command, Command::Serve(_) | Command::Demo(_)) {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(std::thread::available_parallelism().map_or(1, |cores| cores.get().min(4)));
        builder
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.enable_all().build().map_err(|error| CliError::failed(format!("cannot start: {error}")))
}

#[cfg(test)]
mod tests;
