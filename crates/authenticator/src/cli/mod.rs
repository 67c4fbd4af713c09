//! The command line: arguments, and which command does what. No secret is ever taken from it, as others can read the
//! arguments of a running program.

mod account_commands;
mod enrol;
mod failure;
mod moment;
mod screen;
mod texts;
mod vault_door;
mod watch;

use std::{path::PathBuf, process::ExitCode};

use akkoord_protocols::text::{Id, Name};
use clap::{Args, Parser, Subcommand};

use failure::Failure;
use screen::Screen;
use texts::Texts;
use vault_door::Door;

/// A phone in a terminal: enrols for an account and approves its sign-ins.
#[derive(Debug, Parser)]
#[command(name = "akkoord-authenticator", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(flatten)]
    common: Settings,
    #[command(subcommand)]
    command: Command,
}

/// What all commands take.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    /// The sealed file with the accounts of this device.
    #[arg(long, global = true, env = "AKKOORD_VAULT", value_name = "PATH")]
    vault: Option<PathBuf>,
    /// A file that holds the passphrase of the vault.
    #[arg(long, global = true, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    /// Seals a new vault with a passphrase instead of a key file beside it.
    #[arg(long, global = true)]
    with_passphrase: bool,
    /// Trusts the certificates of this PEM file and no others.
    #[arg(long, global = true, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The account: its user name, or the phone's id. Needed where there are several.
    #[arg(long, short, global = true, value_name = "NAME")]
    account: Option<String>,
    /// Prints one JSON object a line.
    #[arg(long, global = true)]
    json: bool,
    /// The language: en or nl.
    #[arg(long, global = true, env = "LANG", hide_env = true, value_name = "LANGUAGE")]
    lang: Option<String>,
    #[arg(long, global = true, env = "XDG_DATA_HOME", hide = true)]
    data_home: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Adds an account, from the link under the page's QR code or from its typed code.
    Enrol(EnrolArguments),
    /// Lists the accounts of this device.
    Accounts,
    /// Shows the current verification codes.
    Codes,
    /// Waits for requests and asks what to answer.
    Watch(WatchArguments),
    /// Shows the account's sign-ins; one that was not you can be reported.
    History {
        /// Reports this one as not you: its sessions end.
        #[arg(long, value_name = "ID")]
        report: Option<Id>,
    },
    /// Tells the server that you are signing in now, where notifications are paused.
    Expect,
    /// Gives this device another name.
    Rename {
        /// The new name.
        name: Name,
    },
    /// Changes the PIN.
    ChangePin {
        /// A file that holds the present PIN.
        #[arg(long, value_name = "FILE")]
        pin_file: Option<PathBuf>,
        /// A file that holds the new PIN.
        #[arg(long, value_name = "FILE")]
        new_pin_file: Option<PathBuf>,
    },
    /// Replaces this device's key.
    Rotate,
    /// Removes an account from this device and this device from the account.
    Remove {
        /// Does not ask.
        #[arg(long)]
        yes: bool,
        /// Forgets the account here without telling the server.
        #[arg(long)]
        forget: bool,
    },
}

/// How to enrol.
#[derive(Debug, Args)]
pub(crate) struct EnrolArguments {
    /// The link under the QR code; `-` reads it from standard input.
    #[arg(value_name = "LINK", required_unless_present = "code", conflicts_with_all = ["server", "username", "code"])]
    link: Option<String>,
    /// The server's address for phones, with a typed code.
    #[arg(long, value_name = "ADDRESS", requires = "code")]
    server: Option<String>,
    /// The user name, with a typed code.
    #[arg(long, requires = "code")]
    username: Option<String>,
    /// The eight-character code of the page, which works once and for five minutes; `-` reads it from standard input.
    #[arg(long, requires_all = ["server", "username"])]
    code: Option<String>,
    /// What this device is called on the account page.
    #[arg(long, default_value = "Terminal")]
    name: Name,
    /// A file that holds the PIN to set.
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
}

/// How to watch.
#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// Ends after the first request.
    #[arg(long)]
    once: bool,
    /// Reads the number from this file once a request came; `-` reads a line of standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["deny", "report"])]
    number_from: Option<PathBuf>,
    /// A file that holds the PIN.
    #[arg(long, value_name = "FILE")]
    pin_file: Option<PathBuf>,
    /// Declines: it was me, but don't.
    #[arg(long, conflicts_with = "report")]
    deny: bool,
    /// Reports: it was not me.
    #[arg(long)]
    report: bool,
    /// Gives up when no request came for this many seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// What a command works with.
pub(crate) struct Session {
    pub(crate) screen: Screen,
    pub(crate) settings: Settings,
}

impl Session {
    pub(crate) fn door(&self) -> Door<'_> {
        Door::new(self)
    }
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let Arguments { common, command } = Arguments::parse();
    let texts = Texts::for_language(common.lang.as_deref().unwrap_or("en"));
    let session = Session { screen: Screen::new(texts, common.json), settings: common };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return session.screen.fail(&Failure::defect(error)),
    };
    let result = runtime.block_on(async {
        tokio::select! {
            result = run(&session, command) => result,
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    });
    // A prompt may still be waiting for a line; it is not waited for.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => session.screen.fail(&failure),
    }
}

async fn run(session: &Session, command: Command) -> Result<(), Failure> {
    match command {
        Command::Enrol(arguments) => enrol::enrol(session, &arguments).await,
        Command::Watch(arguments) => watch::watch(session, &arguments).await,
        Command::Accounts => account_commands::accounts(session).await,
        Command::Codes => account_commands::codes(session).await,
        Command::History { report: None } => account_commands::history(session).await,
        Command::History { report: Some(id) } => account_commands::report(session, &id).await,
        Command::Expect => account_commands::expect(session).await,
        Command::Rename { name } => account_commands::rename(session, name).await,
        Command::ChangePin { pin_file, new_pin_file } => {
            account_commands::change_pin(session, pin_file.as_deref(), new_pin_file.as_deref()).await
        }
        Command::Rotate => account_commands::rotate(session).await,
        Command::Remove { yes, forget } => account_commands::remove(session, yes, forget).await,
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 something else failed, 2 wrong arguments, 3 the server can't be reached, \
4 the server refused, 5 the vault can't be used, 6 wrong or locked PIN, 7 the enrolment was stopped because somebody \
may stand between, 8 the request ended without an approval or none came, 130 interrupted.";

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_each_other() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_code_needs_a_server_and_a_name_and_a_link_needs_neither() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("a enrol http://phone.localhost/app/e#1.a.b").is_ok());
        assert!(parse("a enrol --server http://p --username u --code ABCD2345").is_ok());
        assert!(parse("a enrol").is_err());
        assert!(parse("a enrol --code ABCD2345").is_err());
        assert!(parse("a enrol link --code ABCD2345 --server s --username u").is_err());
        assert!(parse("a watch --deny --report").is_err());
        assert!(parse("a watch --deny --number-from -").is_err());
    }
}
