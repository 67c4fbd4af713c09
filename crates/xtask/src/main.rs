//! The project's one front door: what a newcomer, a developer and CI type. It finds and starts other programs and
//! knows no rule of the product; whatever can be said by `akkoord` or `akkoord-simulator` is said there.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program's output is its purpose")]
#![expect(clippy::disallowed_methods, reason = "a front door reads the environment of the machine it stands on")]

mod bench;
mod demo;
mod histories;
mod postgres;
mod rust_text;
mod test;
mod tidy;
mod tools;
mod web;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <command>

  demo                 build Akkoord and its app, start it with an example organisation, and leave it up to try
  demo --hands-free    without the app: enrol the terminal authenticator and sign in with it, step by step
       --domain NAME --cert FILE --key FILE     for a real phone: login.NAME and phone.NAME over TLS
       --release       with the optimised build; anything else goes to `akkoord demo` as it is
  web                  build the authenticator app into web/dist, from where the server takes it
  test                 what CI runs: formatting, lints, tidy, the app, all tests on both databases, the hands-free demo
       --all           the long run: races and demo in the optimised build, histories, two benches once, cargo deny
       --install       install what is missing (Debian packages), also when not root (with sudo)
  histories            random sign-ins on both databases while things break, checked: for 5 minutes
       --minutes N --database sqlite|postgres|both --seed N --release
  tidy                 the rules of this repository that no compiler holds
  bench approvals      sign-ins per second and their price; --json for the figures on the last line
  bench load           sign-ins beside 10,000 waiting browsers and a flood of strangers: memory, delays, a stop
  bench push           from the number on the screen to the push at its service, and what a push costs
  bench app            what a first visit of the app loads, and how long it takes on a slow phone";

/// Why the command stopped, as a sentence for the person who typed it, and the code it stops with.
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Passes on the exit code of a program that has said why itself.
    pub(crate) fn with_code(self, code: u8) -> Self {
        Self { code, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let top = top_folder()?;
    match arguments.split_first() {
        Some((command, rest)) => match command.as_str() {
            "demo" => demo::run(&top, rest),
            "test" => test::run(&top, rest),
            "web" if rest.is_empty() => web::build(&top),
            "tidy" if rest.is_empty() => tidy::run(&top),
            "bench" => bench::run(&top, rest),
            "histories" => histories::run(&top, rest),
            "help" | "--help" | "-h" => {
                println!("{USAGE}");
                Ok(())
            }
            _ => Err(usage(&format!("unknown: {}", arguments.join(" ")))),
        },
        None => Err(usage("which command?")),
    }
}

/// The failure for a command line that makes no sense.
pub(crate) fn usage(problem: &str) -> Failure {
    Failure::new(format!("{problem}\n\n{USAGE}")).with_code(2)
}

/// The top of the repository: the folder above `crates/`, wherever the command was typed.
pub(crate) fn top_folder() -> Result<PathBuf, Failure> {
    // Cargo tells a program that it runs where its manifest is; a binary started by hand asks from its folder upwards.
    let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_dir().map_err(|error| Failure::new(format!("where am I? {error}")))?,
    };
    start
        .ancestors()
        .find(|folder| folder.join("crates/xtask/Cargo.toml").is_file())
        .map(Path::to_path_buf)
        .ok_or_else(|| Failure::new("this is not inside the repository"))
}
