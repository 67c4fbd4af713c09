//! `cargo xtask bench`: builds what operators run, then lets the simulator measure it.

use std::path::Path;
use std::process::Command;

use crate::{Failure, tools, usage};

/// Runs the named bench of the simulator against the optimised server.
pub(crate) fn run(top: &Path, arguments: &[String]) -> Result<(), Failure> {
    let Some((scenario, passed_on)) = arguments.split_first() else {
        return Err(usage("which bench? There is `approvals`"));
    };
    if scenario != "approvals" {
        return Err(usage(&format!("no bench is called {scenario}: there is `approvals`")));
    }
    let programs = tools::build_programs(top, true)?;
    let mut command = Command::new(&programs.simulator);
    command.args(["bench", "approvals", "--akkoord"]).arg(&programs.akkoord).args(passed_on).current_dir(top);
    tools::run(&mut command)
}
