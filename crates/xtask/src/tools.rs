//! Finding and starting programs: cargo, the binaries it builds, and what the machine has in its path.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::Failure;

/// A `cargo` command at the top of the repository. Versions come from Cargo.lock as committed, here as in CI.
pub(crate) fn cargo(top: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(top).stdin(Stdio::null());
    // They describe xtask's own package, and build scripts of others would be run again because of them.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name == "CARGO_MANIFEST_DIR"
            || name == "CARGO_MANIFEST_PATH"
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command with its output going to ours as it is, and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let told = describe(command);
    let status = command.status().map_err(|error| Failure::new(format!("can't start {told}: {error}")))?;
    passed(status, &told)
}

/// Fails with the exit code of a program that failed.
pub(crate) fn passed(status: ExitStatus, told: &str) -> Result<(), Failure> {
    if status.success() {
        return Ok(());
    }
    let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
    Err(Failure::new(format!("{told} failed ({status})")).with_code(code))
}

/// A command line as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(command.get_program()).to_string_lossy()];
    words.extend(command.get_args().map(|argument| argument.to_string_lossy()));
    words.join(" ")
}

/// What a command prints, or nothing if it can't be started or fails.
pub(crate) fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Where the program `name` stands, if the path or one of the folders `besides` has it.
pub(crate) fn find(name: &str, besides: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(besides.iter().cloned())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Whether we are the machine's root.
pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).as_deref() == Some("0")
}

/// The server and the simulator, built.
pub(crate) struct Programs {
    pub(crate) akkoord: PathBuf,
    pub(crate) simulator: PathBuf,
}

/// Builds the server and the simulator and asks cargo where it put them, because that is a setting of the machine.
pub(crate) fn build_programs(top: &Path, release: bool) -> Result<Programs, Failure> {
    let mut arguments = vec![
        "build",
        "--locked",
        "--package=akkoord-server",
        "--package=akkoord-simulator",
        "--package=akkoord-authenticator",
        "--bins",
        "--message-format=json-render-diagnostics",
    ];
    if release {
        arguments.push("--release");
    }
    let mut command = cargo(top, &arguments);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format!("can't start cargo: {error}")))?;
    passed(output.status, "the build of the server and the simulator")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let program = |name: &str| {
        executable(&text, name).ok_or_else(|| {
            Failure::new(format!(
                "the build made no program `{name}`: its crate has no src/main.rs or [[bin]] of that name yet"
            ))
        })
    };
    Ok(Programs { akkoord: program("akkoord")?, simulator: program("akkoord-simulator")? })
}

/// The executable of the binary target `name` in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message.pointer("/target/name").and_then(|found| found.as_str()) == Some(name))
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
}
