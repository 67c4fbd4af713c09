//! `cargo xtask bench`: builds what operators and phones run, then lets the simulator or a browser measure it.

use std::path::Path;
use std::process::Command;

use crate::{Failure, test, tools, usage, web};

/// Runs the named bench of the simulator against the optimised server.
pub(crate) fn run(top: &Path, arguments: &[String]) -> Result<(), Failure> {
    let Some((scenario, passed_on)) = arguments.split_first() else {
        return Err(usage("which bench? There are `approvals`, `load`, `push`, `codes`, `password` and `app`"));
    };
    match scenario.as_str() {
        "approvals" | "load" | "push" => simulated(top, scenario, passed_on),
        "codes" | "password" if passed_on.is_empty() => in_process(top, scenario),
        "app" if passed_on.is_empty() => app(top),
        _ => {
            let told = arguments.join(" ");
            Err(usage(&format!(
                "no bench is called {told}: there are `approvals`, `load`, `push`, `codes`, `password` and `app`"
            )))
        }
    }
}

/// What a first visit loads, and how long the app lets somebody wait on a slow phone, in a real browser.
fn app(top: &Path) -> Result<(), Failure> {
    // The build says the sizes.
    web::build(top)?;
    let chromium = test::find_chromium().ok_or_else(|| {
        Failure::new("no program `chromium` in the path, so the times are not measured: install Debian's `chromium`")
    })?;
    let arguments = ["bench", "--locked", "--quiet", "--package=akkoord-server", "--bench=app"];
    tools::run(tools::cargo(top, &arguments).env(test::CHROMIUM, chromium))
}

/// A bench that calls the server's own code: what it measures is behind steps that would hide it.
fn in_process(top: &Path, name: &str) -> Result<(), Failure> {
    let arguments = ["bench", "--locked", "--quiet", "--package=akkoord-server", "--bench", name];
    tools::run(&mut tools::cargo(top, &arguments))
}

fn simulated(top: &Path, scenario: &str, passed_on: &[String]) -> Result<(), Failure> {
    let programs = tools::build_programs(top, true)?;
    let mut command = Command::new(&programs.simulator);
    command.args(["bench", scenario, "--akkoord"]).arg(&programs.akkoord).args(passed_on).current_dir(top);
    tools::run(&mut command)
}
