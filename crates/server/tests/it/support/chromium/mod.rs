//! A real browser, driven over the Chrome DevTools Protocol. Its messages go through a pipe and not through a port: no
//! other program of this machine can listen in, no library is needed, and the browser ends when this process does,
//! however it ends.

mod axe;
mod link;
mod phone;
pub mod steps;
mod tab;

use std::{
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Once,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use self::link::Link;
pub use self::tab::{Key, Tab};

/// No picture of the operating system, no calls home, no name but those of this machine.
const FLAGS: [&str; 11] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
];

/// The rules for host names of a browser that meets this machine alone.
pub const ONLY_LOCALHOST: &str = "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost";

/// Gives the browser the pipe as files 3 and 4, and removes its profile when it is gone.
const GUARD: &str = r#"profile=$1; shift; "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1; rm -rf "$profile""#;

/// How long a browser that was told to end may take.
const LAST_WORDS: Duration = Duration::from_secs(10);

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A running browser. A test ends with [`Chromium::finish`], which asserts that no page had anything to complain of.
pub struct Chromium {
    link: Arc<Link>,
    process: Child,
    finished: bool,
}

impl Chromium {
    /// Starts one, where `TEST_CHROMIUM` names its program; under `CI` it has to.
    pub async fn start() -> Option<Self> {
        Self::start_with(ONLY_LOCALHOST, &[]).await
    }

    /// Starts one with these rules for host names and these flags besides.
    pub async fn start_with(names: &str, flags: &[String]) -> Option<Self> {
        let program = program()?;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let profile = std::env::temp_dir().join(format!("akkoord-chromium-{}-{number}", std::process::id()));
        let mut process = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .arg(&profile)
            .arg(program)
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--host-resolver-rules={names}"))
            .args(flags)
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-c is for the tests: the browser ends with its pipe, and the guard cleans up after it.
            .process_group(0)
            .spawn()
            .expect("/bin/sh starts");
        let link = Link::new(process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let started = Self { link: Arc::new(link), process, finished: false };
        started.link.call(None, "Browser.getVersion", json!({})).await.expect("TEST_CHROMIUM names a Chromium");
        Some(started)
    }

    /// A profile of its own: nothing that another one knows.
    pub async fn profile(&self) -> Profile {
        let made = self.link.call(None, "Target.createBrowserContext", json!({})).await.unwrap();
        Profile { link: Arc::clone(&self.link), context: made["browserContextId"].as_str().map(str::to_owned) }
    }

    /// The profile that the browser was started with. The others are incognito to it, where nobody can subscribe to
    /// pushes.
    pub fn own_profile(&self) -> Profile {
        Profile { link: Arc::clone(&self.link), context: None }
    }

    /// Ends the browser; fails if a page broke its own rules or wrote an error to the console.
    pub async fn finish(mut self) {
        self.finished = true;
        // What a page complains of right at the end comes through the same pipe, so before this answer.
        self.link.call(None, "Browser.getVersion", json!({})).await.unwrap();
        let problems = self.link.problems();
        assert!(problems.is_empty(), "the pages complain:\n  {}", problems.join("\n  "));
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        self.link.close();
        let start = Instant::now();
        while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && start.elapsed() < LAST_WORDS {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(self.finished || std::thread::panicking(), "a test in the browser ends with finish()");
    }
}

/// What a profile keeps: its cookies.
pub struct Profile {
    link: Arc<Link>,
    context: Option<String>,
}

/// A cookie as the browser keeps it.
#[derive(Debug)]
pub struct StoredCookie {
    pub name: String,
    pub domain: String,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    pub same_site: String,
    pub value: String,
}

impl Profile {
    /// Opens a tab in front of the others, for the site at `origin`.
    pub async fn tab(&self, origin: &str) -> Tab {
        Tab::open_in(&self.link, self.place(), origin, false).await
    }

    /// Opens a window with one tab.
    pub async fn window(&self, origin: &str) -> Tab {
        Tab::open_in(&self.link, self.place(), origin, true).await
    }

    /// By what the browser knows it; its own profile has no name.
    fn place(&self) -> Value {
        self.context.as_ref().map_or_else(|| json!({}), |context| json!({ "browserContextId": context }))
    }

    /// Is this one of its targets? Those of the browser's own profile bear a name that nobody told us, so all count.
    fn holds(&self, target: &Value) -> bool {
        self.context.as_deref().is_none_or(|context| target["browserContextId"] == *context)
    }

    /// All cookies, sorted by host and name.
    pub async fn cookies(&self) -> Vec<StoredCookie> {
        let all = self.link.call(None, "Storage.getCookies", self.place()).await.unwrap();
        let text = |cookie: &Value, name: &str| cookie[name].as_str().unwrap_or_default().to_owned();
        let mut cookies: Vec<_> = all["cookies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|cookie| StoredCookie {
                name: text(cookie, "name"),
                domain: text(cookie, "domain"),
                path: text(cookie, "path"),
                secure: cookie["secure"] == true,
                http_only: cookie["httpOnly"] == true,
                same_site: text(cookie, "sameSite"),
                value: text(cookie, "value"),
            })
            .collect();
        cookies.sort_by(|one, other| (&one.domain, &one.name).cmp(&(&other.domain, &other.name)));
        cookies
    }

    /// Forgets them all.
    pub async fn forget_cookies(&self) {
        self.link.call(None, "Storage.clearCookies", self.place()).await.unwrap();
    }

    /// The value of a cookie.
    pub async fn cookie(&self, name: &str) -> Option<String> {
        self.cookies().await.into_iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value)
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
fn program() -> Option<PathBuf> {
    static TOLD: Once = Once::new();
    let program = std::env::var_os("TEST_CHROMIUM").filter(|path| !path.is_empty()).map(PathBuf::from);
    assert!(
        program.is_some() || std::env::var_os("CI").is_none(),
        "CI tries the pages in a real browser: set TEST_CHROMIUM to the program of a Chromium"
    );
    if program.is_none() {
        // Past the harness, which would keep the line of a test that passes.
        TOLD.call_once(|| {
            let line = "NOT TRIED: the pages in a real browser. Set TEST_CHROMIUM to the program of a Chromium.\n";
            std::io::stderr().write_all(line.as_bytes()).ok();
        });
    }
    program
}
