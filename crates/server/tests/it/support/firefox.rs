//! A real Firefox, driven over WebDriver BiDi, for the one way through the app that has to work in another engine than
//! Chromium. `TEST_FIREFOX` names its program; the long run sets it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, stream::MaybeTlsStream};

/// How long a page may take to do something by itself, on a machine that is busy with a build.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// No calls home: whatever is not this machine goes to a port where nobody listens.
const SETTINGS: &str = r#"user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 9);
user_pref("network.proxy.no_proxies_on", "localhost, .localhost");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
"#;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A running browser with one tab.
pub struct Firefox {
    process: Child,
    profile: PathBuf,
    line: Mutex<(WebSocket<MaybeTlsStream<TcpStream>>, u64)>,
    context: String,
}

impl Firefox {
    /// Starts one, where `TEST_FIREFOX` names its program.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Starts one with these settings besides.
    pub fn start_with(settings: &[(String, Value)]) -> Option<Self> {
        let program = program()?;
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let profile = std::env::temp_dir().join(format!("akkoord-firefox-{}-{number}", std::process::id()));
        let more: String = settings.iter().map(|(name, value)| format!("user_pref(\"{name}\", {value});\n")).collect();
        std::fs::create_dir_all(&profile).unwrap();
        std::fs::write(profile.join("user.js"), format!("{SETTINGS}{more}")).unwrap();
        let mut process = Command::new(program)
            .args(["--headless", "--remote-debugging-port=0", "--profile"])
            .arg(&profile)
            .arg("about:blank")
            .env("HOME", &profile)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("TEST_FIREFOX names a Firefox");
        let address = BufReader::new(process.stderr.as_mut().unwrap())
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("WebDriver BiDi listening on ").map(|(_, address)| address.to_owned()))
            .expect("Firefox says where it listens");
        let (socket, _) = tungstenite::connect(format!("{address}/session")).unwrap();
        let mut firefox = Self { process, profile, line: Mutex::new((socket, 0)), context: String::new() };
        firefox.call("session.new", json!({ "capabilities": {} }));
        let made = firefox.call("browsingContext.create", json!({ "type": "tab" }));
        made["context"].as_str().unwrap().clone_into(&mut firefox.context);
        let size = json!({ "context": firefox.context, "viewport": { "width": 390, "height": 780 } });
        firefox.call("browsingContext.setViewport", size);
        Some(firefox)
    }

    fn call(&self, method: &str, params: Value) -> Value {
        self.try_call(method, &params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&self, method: &str, params: &Value) -> Result<Value, String> {
        let mut line = self.line.lock().unwrap();
        line.1 += 1;
        let id = line.1;
        let message = json!({ "id": id, "method": method, "params": params }).to_string();
        line.0.send(Message::text(message)).map_err(|error| error.to_string())?;
        loop {
            let heard = line.0.read().map_err(|error| error.to_string())?;
            let Message::Text(text) = heard else { continue };
            let answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if answer["id"] == id {
                return match answer["type"].as_str() {
                    Some("success") => Ok(answer["result"].clone()),
                    _ => Err(answer["message"].to_string()),
                };
            }
        }
    }

    fn try_eval(&self, expression: &str) -> Result<Value, String> {
        // BiDi describes values in a form of its own; as text they need none.
        let script = format!("Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))");
        let params = json!({ "expression": script, "target": { "context": self.context }, "awaitPromise": true });
        let answer = self.try_call("script.evaluate", &params)?;
        match answer["result"]["value"].as_str() {
            Some(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
            None => Err(answer["exceptionDetails"]["text"].to_string()),
        }
    }

    /// The value of an expression in the page.
    pub fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let start = std::time::Instant::now();
        let mut last = Ok(Value::Null);
        while start.elapsed() < PATIENCE {
            last = self.try_eval(expression);
            if last == Ok(Value::Bool(true)) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        panic!("never true: {expression}\nlast: {last:?}\npage: {:?}", self.try_eval("document.body.innerText"));
    }

    /// Opens an address.
    pub fn open(&self, address: &str) {
        self.call("browsingContext.navigate", json!({ "context": self.context, "url": address, "wait": "complete" }));
    }

    /// Clicks what a person would call by this name.
    pub async fn tap(&self, name: &str) {
        let found = format!(
            "[...document.querySelectorAll('button, a, summary, label, [role=button]')].find((element) =>
                (element.ariaLabel ?? element.innerText).split('\\n').some((line) => line.trim() === {})
                && !element.disabled && element.checkVisibility())",
            json!(name)
        );
        self.until(&format!("({found})?.getBoundingClientRect().height > 0")).await;
        let place = self.eval(&format!(
            "(() => {{
                const element = {found};
                element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = element.getBoundingClientRect();
                return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
            }})()"
        ));
        let actions = json!([
            { "type": "pointerMove", "x": place[0], "y": place[1] },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        self.act(json!({ "type": "pointer", "id": "mouse", "actions": actions }));
    }

    /// Goes to the field with this label.
    pub async fn focus(&self, label: &str) {
        let field = format!(
            "[...document.querySelectorAll('input')].find((input) => input.labels[0]?.innerText.trim() === {})",
            json!(label)
        );
        self.until(&format!("{field} !== undefined")).await;
        self.eval(&format!("{field}.focus()"));
    }

    /// Types what the keys of a keyboard say, wherever the focus is.
    pub fn type_text(&self, text: &str) {
        let keys: Vec<Value> = text
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() })))
            .collect();
        self.act(json!({ "type": "key", "id": "keys", "actions": keys }));
    }

    fn act(&self, source: Value) {
        self.call("input.performActions", json!({ "context": self.context, "actions": [source] }));
    }

    /// Waits for a screen whose title line is this.
    pub async fn heading(&self, text: &str) {
        self.until(&format!("document.querySelector('h1')?.innerText.trim() === {}", json!(text))).await;
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
        std::fs::remove_dir_all(&self.profile).ok();
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("TEST_FIREFOX").filter(|path| !path.is_empty()).map(PathBuf::from);
    assert!(
        program.is_some() || std::env::var_os("AKKOORD_LONG").is_none(),
        "the long run tries the app in Firefox: set TEST_FIREFOX to its program"
    );
    if program.is_none() {
        // Past the harness, which would keep the line of a test that passes.
        std::io::stderr().write_all(b"NOT TRIED: the app in Firefox; `cargo xtask test --all` does.\n").ok();
    }
    program
}
