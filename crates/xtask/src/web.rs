//! `cargo xtask web`: the authenticator app, from `web/` to `web/dist`, from where the server takes it. Node builds and
//! checks it; nothing of Node is needed to run the server, nor to build it when `web/dist` is there.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Failure, tools};

/// What `web/package.json` asks for under `engines`: the versions that the build tool runs on.
const NODE: &str = "20.19 or later of 20, or 22.12 or later";

/// Builds the app, installing its libraries where they are not those of the lock file.
pub(crate) fn build(top: &Path) -> Result<(), Failure> {
    install(top)?;
    npm(top, &["run", "--silent", "build"])
}

/// Everything that the app's own sources promise, without a browser.
pub(crate) fn check(top: &Path) -> Result<(), Failure> {
    install(top)?;
    npm(top, &["run", "--silent", "check"])?;
    npm(top, &["test", "--silent"])
}

/// Whether Node is here and new enough, else the sentence that says what to do.
pub(crate) fn check_tools() -> Result<(), String> {
    let told = tools::output_of(Command::new("node").arg("--version"));
    let Some(told) = told else {
        return Err(format!("Node {NODE} with npm, which builds the authenticator app: https://nodejs.org"));
    };
    if !is_new_enough(&told) {
        return Err(format!("Node {NODE}, which builds the authenticator app (this is {told}): https://nodejs.org"));
    }
    match tools::output_of(Command::new("npm").arg("--version")) {
        Some(_) => Ok(()),
        None => Err("npm, which comes with Node".to_owned()),
    }
}

fn is_new_enough(told: &str) -> bool {
    let mut numbers = told.trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    match (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) {
        (20, minor) => minor >= 19,
        (22, minor) => minor >= 12,
        (major, _) => major > 22,
    }
}

/// Installs exactly what the lock file names, once for each state of it.
fn install(top: &Path) -> Result<(), Failure> {
    check_tools().map_err(|missing| Failure::new(format!("a tool is missing: {missing}")))?;
    let lock = top.join("web/package-lock.json");
    let installed = top.join("web/node_modules/.akkoord-installed.json");
    let wanted =
        std::fs::read(&lock).map_err(|error| Failure::new(format!("can't read {}: {error}", lock.display())))?;
    if std::fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    npm(top, &["ci"])?;
    // Written last: an installation that was cut off is done again.
    std::fs::write(&installed, wanted)
        .map_err(|error| Failure::new(format!("can't write {}: {error}", installed.display())))
}

fn npm(top: &Path, arguments: &[&str]) -> Result<(), Failure> {
    // npm repeats each of its warnings about a machine's own settings at every call; what fails still speaks.
    tools::run(
        Command::new("npm")
            .args(arguments)
            .current_dir(top.join("web"))
            .env("npm_config_loglevel", "error")
            .stdin(Stdio::null()),
    )
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn only_versions_that_the_build_tool_runs_on_are_taken() {
        for good in ["v20.19.0", "v20.20.2", "v22.12.0", "v23.0.0", "v24.1.3"] {
            assert!(is_new_enough(good), "{good}");
        }
        for bad in ["v18.20.4", "v20.18.9", "v21.9.0", "v22.11.0", "", "vx"] {
            assert!(!is_new_enough(bad), "{bad}");
        }
    }
}
