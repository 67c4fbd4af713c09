//! Messages to and from the browser: JSON, each ended by a NUL byte.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout},
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::oneshot;

/// How long an answer may take, on a machine that is busy with a build.
const PATIENCE: Duration = Duration::from_secs(30);

/// Something that happened in a tab.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) session: String,
    pub(super) method: String,
    pub(super) params: Value,
}

#[derive(Default)]
struct Heard {
    waiting: HashMap<u64, oneshot::Sender<Value>>,
    events: Vec<Event>,
    forgiven: Vec<String>,
}

/// The pipe.
pub(super) struct Link {
    input: Mutex<Option<ChildStdin>>,
    heard: Arc<Mutex<Heard>>,
    last: AtomicU64,
}

impl Link {
    pub(super) fn new(input: ChildStdin, output: ChildStdout) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        std::thread::spawn(move || listen(BufReader::new(output), &kept));
        Self { input: Mutex::new(Some(input)), heard, last: AtomicU64::new(0) }
    }

    /// Calls a method of the browser, or of the tab with this session.
    pub(super) async fn call(&self, session: Option<&str>, method: &str, params: Value) -> Result<Value, String> {
        let id = self.last.fetch_add(1, Ordering::SeqCst) + 1;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let (sender, receiver) = oneshot::channel();
        self.heard.lock().unwrap().waiting.insert(id, sender);
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let written = match &mut *self.input.lock().unwrap() {
            Some(input) => input.write_all(&bytes).and_then(|()| input.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        written.map_err(|error| format!("{method}: the browser is gone: {error}"))?;
        let answer = tokio::time::timeout(PATIENCE, receiver).await;
        let answer = answer.map_err(|_| format!("{method}: no answer"))?;
        let answer = answer.map_err(|_| format!("{method}: the browser ended"))?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {}", error["message"].as_str().unwrap_or_default())),
            None => Ok(answer["result"].clone()),
        }
    }

    /// What happened in a tab so far.
    pub(super) fn events(&self, session: &str, method: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        let ours = heard.events.iter().filter(|event| event.session == session && event.method == method);
        ours.map(|event| event.params.clone()).collect()
    }

    /// Complaints that have this in them are meant.
    pub(super) fn forgive(&self, part: &str) {
        self.heard.lock().unwrap().forgiven.push(part.to_owned());
    }

    /// What pages complain of, without what was forgiven.
    pub(super) fn problems(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let all = heard.events.iter().filter_map(|event| problem(&event.method, &event.params));
        all.filter(|problem| !heard.forgiven.iter().any(|part| problem.contains(part))).collect()
    }

    /// Tells the browser to end.
    pub(super) fn close(&self) {
        self.input.lock().unwrap().take();
    }
}

fn listen(mut output: BufReader<ChildStdout>, heard: &Mutex<Heard>) {
    let mut bytes = Vec::new();
    while output.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
        bytes.pop();
        let message: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        bytes.clear();
        let mut heard = heard.lock().unwrap();
        if let Some(id) = message["id"].as_u64() {
            if let Some(sender) = heard.waiting.remove(&id) {
                // Who no longer waits has given up.
                sender.send(message).ok();
            }
        } else if let Some(method) = message["method"].as_str() {
            let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
            heard.events.push(Event { session, method: method.to_owned(), params: message["params"].clone() });
        }
    }
    heard.lock().unwrap().waiting.clear();
}

/// What an event says, if it is a complaint: exceptions, errors and warnings in the console, the browser's own entries
/// there (what a policy blocked, what could not be loaded), and its audits of cookies and policies.
fn problem(method: &str, params: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match method {
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            Some(format!("exception: {} {}", text(&details["text"]), text(&details["exception"]["description"])))
        }
        "Runtime.consoleAPICalled" if ["error", "warning", "assert"].iter().any(|kind| params["type"] == *kind) => {
            Some(format!("console: {}", params["args"]))
        }
        "Log.entryAdded" if params["entry"]["level"] == "error" || params["entry"]["level"] == "warning" => {
            let entry = &params["entry"];
            Some(format!("{}: {} {}", text(&entry["source"]), text(&entry["text"]), text(&entry["url"])))
        }
        // The cookies that a test reads through `document.cookie`, to see that there are none.
        "Audits.issueAdded" if params["issue"]["code"] == "PerformanceIssue" => None,
        "Audits.issueAdded" => Some(format!("audit: {}", params["issue"])),
        "Inspector.targetCrashed" => Some("the tab crashed".to_owned()),
        _ => None,
    }
}
