//! `akkoord-authenticator`: a phone in a terminal. It enrols, waits for requests and answers them.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
