//! The program `akkoord`. What it does stands in the library, so that tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    akkoord_server::cli::main()
}
