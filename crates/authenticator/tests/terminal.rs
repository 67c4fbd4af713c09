//! The program as a script sees it: exit codes, output, and files.

#![expect(clippy::unwrap_used, reason = "a test that can't prepare its folder or its program fails loudly")]

use std::{
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("akkoord-terminal-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_akkoord-authenticator"))
            .args(arguments)
            .env("AKKOORD_VAULT", self.0.join("vault"))
            .env("LANG", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Well formed, and nobody listens on port 1.
const LINK: &str = "http://phone.localhost:1/app/e#1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.\
                    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn an_empty_device_has_no_accounts_and_nothing_is_written() {
    let folder = Folder::new("empty");
    let out = folder.run(&["accounts"], "");
    assert!(out.status.success() && text(&out.stdout).contains("No account"));
    let out = folder.run(&["accounts", "--lang", "nl"], "");
    assert!(text(&out.stdout).contains("Nog geen account"));
    let out = folder.run(&["accounts", "--json"], "");
    assert!(out.status.success() && out.stdout.is_empty());
    assert_eq!(folder.run(&["watch"], "").status.code(), Some(2));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn the_exit_code_says_what_kind_of_failure_it_was() {
    let folder = Folder::new("codes");
    let code = |arguments: &[&str], input: &str| folder.run(arguments, input).status.code();
    assert_eq!(code(&["enrol"], ""), Some(2));
    assert_eq!(code(&["enrol", "-"], "http://phone.localhost/app/e#nonsense\n"), Some(2));
    assert_eq!(code(&["enrol", &LINK.replace("localhost:1", "example.org")], ""), Some(7), "no TLS");
    assert_eq!(code(&["enrol", LINK], ""), Some(3), "nobody is there");
    assert_eq!(code(&["enrol", "--server", "http://phone.localhost:1", "--username", "a", "--code", "U"], ""), Some(2));
    assert_eq!(code(&["rename", "a\u{202e}b"], ""), Some(2));
    std::fs::write(folder.0.join("vault"), "garbage").unwrap();
    let out = folder.run(&["accounts"], "");
    assert_eq!(out.status.code(), Some(5), "readable by others, or broken");
    assert_eq!(std::fs::read(folder.0.join("vault")).unwrap(), b"garbage");
}

#[test]
fn a_failure_is_one_line_of_json_where_that_was_asked_for() {
    let folder = Folder::new("json");
    let out = folder.run(&["enrol", "-", "--json"], &format!("{LINK}\n"));
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!((told["event"].as_str(), told["exit"].as_u64()), (Some("failed"), Some(3)));
}
