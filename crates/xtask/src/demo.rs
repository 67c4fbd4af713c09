//! `cargo xtask demo`: builds, then hands over. What the demo does stands in the server and the simulator.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::{Failure, tools, web};

/// Starts the demo for a person to try, or with `--hands-free` lets the simulator walk through it.
pub(crate) fn run(top: &Path, arguments: &[String]) -> Result<(), Failure> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let passed_on = arguments.iter().filter(|argument| !matches!(argument.as_str(), "--hands-free" | "--release"));
    if !has("--hands-free") {
        build_app(top)?;
    }
    let programs = tools::build_programs(top, has("--release"))?;
    if has("--hands-free") {
        let mut command = Command::new(&programs.simulator);
        command.arg("hands-free").arg("--akkoord").arg(&programs.akkoord).args(passed_on).current_dir(top);
        return tools::run(&mut command);
    }
    // The server takes this process over, so that ctrl-c and the exit code are its own.
    let error = Command::new(&programs.akkoord).arg("demo").args(passed_on).exec();
    Err(Failure::new(format!("can't start {}: {error}", programs.akkoord.display())))
}

/// The app for phones. Somebody without Node can still try everything with the terminal authenticator.
fn build_app(top: &Path) -> Result<(), Failure> {
    match web::check_tools() {
        Ok(()) => web::build(top),
        Err(missing) => {
            eprintln!("xtask: the demo goes on without the app for phones. To build it, install {missing}");
            Ok(())
        }
    }
}
