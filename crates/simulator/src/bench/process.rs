//! Figures of processes and the machine, read from `/proc`.

use std::{path::Path, process::Command, time::Duration};

/// A figure can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{file} can't be read for a figure")]
pub(crate) struct ProcessError {
    file: String,
}

fn read(file: String) -> Result<String, ProcessError> {
    std::fs::read_to_string(&file).map_err(|_| ProcessError { file })
}

/// The CPU time that a process has used, in its own code and in the kernel.
pub(super) fn cpu(pid: u32) -> Result<Duration, ProcessError> {
    let file = format!("/proc/{pid}/stat");
    let text = read(file.clone())?;
    cpu_ticks(&text).map(|ticks| Duration::from_secs(1) * ticks / ticks_per_second()).ok_or(ProcessError { file })
}

/// Fields 14 and 15. The second field is the program's name in brackets, which may hold blanks.
fn cpu_ticks(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?);
    Some(user + system)
}

fn ticks_per_second() -> u32 {
    let asked = Command::new("getconf").arg("CLK_TCK").output().ok();
    let told = asked.and_then(|output| String::from_utf8_lossy(&output.stdout).trim().parse().ok());
    told.filter(|ticks| *ticks > 0).unwrap_or(100)
}

/// The resident memory of a process in KiB.
pub(super) fn resident_kib(pid: u32) -> Result<f64, ProcessError> {
    let file = format!("/proc/{pid}/status");
    let text = read(file.clone())?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let figure = line.and_then(|rest| rest.split_whitespace().next()).and_then(|figure| figure.parse().ok());
    figure.ok_or(ProcessError { file })
}

/// How many files this process may have open.
pub(super) fn open_files_allowed() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The processor's name.
pub(super) fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    name.map_or_else(|| "a processor without a name".to_owned(), |(_, name)| name.to_owned())
}

/// How many cores there are.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The kind of file system under a path. On one in memory nothing is durable, and the figures say nothing.
pub(super) fn file_system(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut best = (0, "an unknown file system".to_owned());
    for line in mounts.lines() {
        let mut fields = line.split_whitespace().skip(1);
        let (Some(place), Some(kind)) = (fields.next(), fields.next()) else { continue };
        if path.starts_with(place) && place.len() >= best.0 {
            let warning = if kind == "tmpfs" { " (in memory: NOT durable)" } else { "" };
            best = (place.len(), format!("{kind}{warning}"));
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_this_process_can_be_read() {
        assert!(resident_kib(std::process::id()).unwrap() > 500.0);
        assert!(cpu(std::process::id()).is_ok());
        assert!(open_files_allowed().unwrap() > 10);
        assert!(cpu(0).is_err());
    }

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_confuse() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 30 12 13 14";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("7 a"), None);
    }
}
