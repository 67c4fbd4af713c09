//! `akkoord-simulator`: the hands-free demo and the benches, behind `cargo xtask`.

use std::{io::Write, path::PathBuf, process::ExitCode};

use akkoord_simulator::{
    bench::{self, LoadOptions, Options, PushOptions},
    hands_free::{self, Programs},
};
use clap::{Parser, Subcommand};

/// Many phones and browsers over the real protocol.
#[derive(Debug, Parser)]
#[command(name = "akkoord-simulator", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a server, enrols the terminal authenticator and signs in with it, telling each step.
    HandsFree {
        /// The server's program.
        #[arg(long, value_name = "PATH")]
        akkoord: PathBuf,
        /// The terminal authenticator's program; the one beside this program if left out.
        #[arg(long, value_name = "PATH")]
        authenticator: Option<PathBuf>,
    },
    /// Measures a server.
    Bench {
        #[command(subcommand)]
        scenario: Scenario,
    },
}

#[derive(Debug, Subcommand)]
enum Scenario {
    /// Complete sign-ins by phone: how many, how fast, and what they cost.
    Approvals(Options),
    /// Sign-ins beside thousands of waiting browsers and a flood of strangers, and the server's end under that load.
    Load(LoadOptions),
    /// From the number on the screen to the push at its service, and what a push costs.
    Push(PushOptions),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Bench { scenario } = &arguments.command {
        // Each waiting browser takes a file here and in the server; this comes back only if it could not be raised.
        match scenario {
            Scenario::Approvals(options) => options.raise_file_limit(),
            Scenario::Load(options) => options.raise_file_limit(),
            Scenario::Push(_) => {}
        }
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let result = runtime.block_on(async {
        tokio::select! {
            result = run(arguments.command) => result,
            () = interrupted() => Err("interrupted".to_owned()),
        }
    });
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn run(command: Command) -> Result<(), String> {
    match command {
        Command::HandsFree { akkoord, authenticator } => {
            hands_free::run(&Programs::find(&akkoord, authenticator.as_deref())).await
        }
        Command::Bench { scenario: Scenario::Approvals(options) } => bench::approvals(&options).await,
        Command::Bench { scenario: Scenario::Load(options) } => bench::load(&options).await,
        Command::Bench { scenario: Scenario::Push(options) } => bench::push(&options).await,
    }
}

/// Ends with an error on the signals that stop a program, so that the server it started is stopped too.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};

    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

fn fail(error: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "\nFailed: {error}");
    ExitCode::FAILURE
}
