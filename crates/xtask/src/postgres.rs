//! A private PostgreSQL for one test run: a fresh cluster in a temporary folder, on loopback, gone afterwards.
//! It owns that folder and nothing else, and never touches a PostgreSQL that the machine runs already.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::{Failure, tools};

/// Databases refuse to run as root, so as root one of these accounts runs it; the first comes with the Debian package.
const ACCOUNTS: &[&str] = &["postgres", "nobody"];

/// `fsync` stays on: the races and the crash tests are about what a real server does.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
fsync = on
logging_collector = off
log_min_messages = warning
";

/// A running cluster. Dropping it stops the server and removes the folder.
pub(crate) struct Postgres {
    port: u16,
    guard: Child,
}

/// The programs of one PostgreSQL version.
pub(crate) struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The version in the path, else the newest that Debian's packages installed.
    pub(crate) fn find() -> Option<Self> {
        let mut installed: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .collect();
        installed.sort();
        let installed: Vec<PathBuf> = installed.into_iter().rev().map(|(_, folder)| folder).collect();
        // A link in the path leads to the folder in which the sibling programs stand as well.
        let initdb = tools::find("initdb", &installed)?.canonicalize().ok()?;
        let folder = initdb.parent()?.to_path_buf();
        ["pg_ctl", "postgres", "createdb"].iter().all(|name| folder.join(name).is_file()).then_some(Self { folder })
    }
}

impl Postgres {
    /// Makes a cluster and starts it; returns when it answers.
    pub(crate) fn start(binaries: &Binaries) -> Result<Self, Failure> {
        let account = account()?;
        let folder = make_folder(account)?;
        // From here on the folder goes when this process ends, however it ends.
        let guard = guard(binaries, account, &folder).inspect_err(|_| {
            // Best effort: the failure above is the one to tell.
            drop(std::fs::remove_dir_all(&folder));
        })?;
        let mut started = Self { port: 0, guard };
        let data = folder.join("data");
        quietly(program(binaries, account, "initdb", &folder).arg("--pgdata").arg(&data).args([
            "--username=akkoord",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
        ]))?;
        configure(&data, &folder)?;
        started.port = listen(binaries, account, &folder, &data)?;
        quietly(
            program(binaries, account, "createdb", &folder)
                .args(["--host=127.0.0.1", "--username=akkoord"])
                .arg(format!("--port={}", started.port))
                .arg("akkoord"),
        )?;
        Ok(started)
    }

    /// The address for `TEST_POSTGRES_URL`.
    pub(crate) fn url(&self) -> String {
        format!("postgres://akkoord@127.0.0.1:{}/akkoord", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The guard reads the end of its input as our end, cleans up and leaves.
        drop(self.guard.stdin.take());
        if let Err(error) = self.guard.wait() {
            eprintln!("xtask: the private PostgreSQL may still run: {error}");
        }
    }
}

/// The account that runs the database: ourselves, or as root the first that the machine has.
fn account() -> Result<Option<&'static str>, Failure> {
    if !tools::is_root() {
        return Ok(None);
    }
    ACCOUNTS
        .iter()
        .copied()
        .find(|account| tools::output_of(Command::new("id").args(["-u", account])).is_some())
        .map(Some)
        .ok_or_else(|| {
            Failure::new(
                "PostgreSQL refuses to run as root, and there is no account `postgres` or `nobody` to run it as",
            )
        })
}

/// A new folder under the temporary one that only the database's account may enter.
fn make_folder(account: Option<&str>) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("akkoord-postgres-{}", std::process::id()));
    let fail = |error: std::io::Error| Failure::new(format!("can't make {}: {error}", folder.display()));
    std::fs::create_dir(&folder).map_err(fail)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
    if let Some(account) = account {
        let number = tools::output_of(Command::new("id").args(["-u", account])).and_then(|text| text.parse().ok());
        std::os::unix::fs::chown(&folder, number, None).map_err(fail)?;
    }
    Ok(folder)
}

/// [Note: The guard] `std` can't handle ctrl-c, and nothing handles a kill. So a small shell in a process group of its
/// own waits for the end of a pipe that only we hold: when we are gone, for whatever reason, it stops the database and
/// removes the folder. A normal end closes the same pipe, so there is one way of cleaning up, used every time.
fn guard(binaries: &Binaries, account: Option<&str>, folder: &Path) -> Result<Child, Failure> {
    const SCRIPT: &str = r#"
cat >/dev/null
folder=$1
shift
if [ -f "$folder/data/postmaster.pid" ]; then "$@" >/dev/null 2>&1; fi
rm -rf "$folder"
"#;
    let mut stop = program(binaries, account, "pg_ctl", folder);
    stop.args(["stop", "--mode=immediate", "--wait", "--timeout=30", "--pgdata"]).arg(folder.join("data"));
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "guard"])
        .arg(folder)
        .arg(stop.get_program())
        .args(stop.get_args())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| Failure::new(format!("can't start /bin/sh: {error}")))
}

/// One of PostgreSQL's programs, run as the database's account.
fn program(binaries: &Binaries, account: Option<&str>, name: &str, folder: &Path) -> Command {
    let path = binaries.folder.join(name);
    let mut command = match account {
        None => Command::new(path),
        Some(account) => {
            let mut command = Command::new("runuser");
            command.args(["-u", account, "--"]).arg(path);
            command
        }
    };
    command.current_dir(folder).stdin(Stdio::null());
    // A developer's own PGHOST or PGPORT would lead somewhere else.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

fn configure(data: &Path, folder: &Path) -> Result<(), Failure> {
    let path = data.join("postgresql.conf");
    // A socket's path has room for 107 bytes; without the socket loopback is enough.
    let socket = folder.display().to_string();
    let socket = if socket.len() < 80 { socket } else { String::new() };
    OpenOptions::new()
        .append(true)
        .open(&path)
        .and_then(|mut file| writeln!(file, "{SETTINGS}unix_socket_directories = '{socket}'"))
        .map_err(|error| Failure::new(format!("can't write {}: {error}", path.display())))
}

/// Starts the server on a free port. Between finding a port and using it somebody else may take it, so it tries again.
fn listen(binaries: &Binaries, account: Option<&str>, folder: &Path, data: &Path) -> Result<u16, Failure> {
    let log = folder.join("log");
    let mut last = Failure::new("no port was free");
    for _ in 0..3 {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Failure::new(format!("no free port: {error}")))?
            .port();
        let mut start = program(binaries, account, "pg_ctl", folder);
        start
            .args(["start", "--wait", "--timeout=60", "--silent"])
            .arg(format!("--options=-p {port}"))
            .arg("--log")
            .arg(&log)
            .arg("--pgdata")
            .arg(data);
        match quietly(&mut start) {
            Ok(()) => return Ok(port),
            Err(failure) => {
                let told = std::fs::read_to_string(&log).unwrap_or_default();
                last = Failure::new(format!("{failure}\n{told}"));
            }
        }
    }
    Err(last)
}

/// Runs a program whose output matters only when it fails. The output goes to a file: the server that `pg_ctl` leaves
/// behind inherits it, and with a pipe we would wait for its end.
fn quietly(command: &mut Command) -> Result<(), Failure> {
    let told = tools::describe(command);
    let path = std::env::temp_dir().join(format!("akkoord-xtask-{}.out", std::process::id()));
    let fail = |error: std::io::Error| Failure::new(format!("can't run {told}: {error}"));
    let file = std::fs::File::create(&path).map_err(fail)?;
    let copy = file.try_clone().map_err(fail)?;
    let status = command.stdout(file).stderr(copy).status().map_err(fail)?;
    let output = std::fs::read_to_string(&path).unwrap_or_default();
    // Best effort: an empty file left in the temporary folder harms nobody.
    drop(std::fs::remove_file(&path));
    tools::passed(status, &told).map_err(|failure| Failure::new(format!("{failure}\n{output}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T>(result: Result<T, Failure>) -> Result<T, String> {
        result.map_err(|failure| failure.to_string())
    }

    /// Where no PostgreSQL is installed there is nothing to try; `cargo xtask test` installs it.
    #[test]
    fn a_private_cluster_answers_and_is_gone_afterwards() {
        let Some(binaries) = Binaries::find() else {
            return;
        };
        let folder = std::env::temp_dir().join(format!("akkoord-postgres-{}", std::process::id()));
        let postgres = told(Postgres::start(&binaries)).unwrap();
        assert!(folder.join("data").is_dir());
        let mut question = Command::new(binaries.folder.join("psql"));
        question.arg(postgres.url()).args(["--no-psqlrc", "--tuples-only", "--no-align", "--command=SHOW fsync"]);
        assert_eq!(tools::output_of(&mut question).as_deref(), Some("on"));
        let port = postgres.port;
        drop(postgres);
        assert!(!folder.exists());
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn a_program_that_fails_says_what_it_printed() {
        let failure = told(quietly(Command::new("sh").args(["-c", "echo reason; exit 3"])));
        assert!(failure.unwrap_err().contains("reason"));
    }
}
