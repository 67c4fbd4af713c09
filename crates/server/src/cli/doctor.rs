//! `akkoord doctor`: looks at an installation and says what to do. It changes nothing.

mod certificate;
mod people;
mod push;
mod surroundings;

use akkoord_store::Store;
use serde_json::{Value, json};

use super::{
    CliError, Global,
    opened::{self, config_file, load_config, place, quiet_log},
    output::table,
};
use crate::{
    app,
    config::{self, Config},
};

pub(super) async fn run(global: &Global) -> Result<(), CliError> {
    let mut findings = Findings::default();
    match load_config(global) {
        Err(error) => findings.fail("configuration", error.to_string(), "correct the key, then run this again"),
        Ok(config) => {
            let file = config_file(global, &config::environment());
            let from = file.map_or_else(|| "defaults and environment".to_owned(), |path| path.display().to_string());
            findings.ok("configuration", from);
            quiet_log();
            look(&config, &mut findings).await;
        }
    }
    let lines: Vec<Vec<String>> = findings
        .0
        .iter()
        .map(|finding| {
            let mut text = finding.text.clone();
            if let Some(remedy) = &finding.remedy {
                text.push_str("; ");
                text.push_str(remedy);
            }
            vec![finding.verdict.word().to_owned(), finding.what.to_owned(), text]
        })
        .collect();
    let documents = findings.0.iter().map(Finding::document).collect();
    global.output.result(&Value::Array(documents), &table(&["", "what", "found"], &lines));
    if findings.0.iter().any(|finding| finding.verdict == Verdict::Fail) { Err(CliError::Reported) } else { Ok(()) }
}

async fn look(config: &Config, findings: &mut Findings) {
    surroundings::data_folder(config, findings);
    surroundings::names(config, findings).await;
    surroundings::proxies(config, findings);
    surroundings::open_files(findings);
    match &config.tls {
        Some(section) => certificate::look(config, section, opened::operator_ctx().now, findings),
        None if config.public_url.starts_with("https://") => {
            findings.ok("tls", "by the proxy in front: this server has no certificate of its own");
        }
        None => findings.ok("tls", "none: plain HTTP for this machine's own names"),
    }
    surroundings::mail(config, findings).await;
    let Some(store) = open(config, findings).await else { return };
    surroundings::clock(&store, findings).await;
    if let Err(error) = people::look(&store, findings).await {
        findings.fail("accounts", error.to_string(), "look at the server's log");
    }
    if let Err(error) = push::look(config, &store, opened::operator_ctx().now, findings).await {
        findings.fail("pushes", error.to_string(), "look at the server's log");
    }
    store.close().await;
}

async fn open(config: &Config, findings: &mut Findings) -> Option<Store> {
    match config.database.is_new().await {
        Err(error) => {
            let remedy = "see that the database runs and that database.url or data_dir is right";
            findings.fail("database", error.to_string(), remedy);
            None
        }
        Ok(true) => {
            findings.warn("database", format!("nothing in {} yet", place(config)), "run `akkoord setup`");
            None
        }
        Ok(false) => match app::open_store_as_is(config, &opened::surroundings()).await {
            Ok(store) => {
                findings.ok("database", format!("{:?}, opened with its root key", config.database));
                Some(store)
            }
            // The text says what to do.
            Err(error) => {
                findings.fail("database", error.to_string(), "");
                None
            }
        },
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Finding {
    verdict: Verdict,
    what: &'static str,
    text: String,
    remedy: Option<String>,
}

impl Finding {
    fn document(&self) -> Value {
        json!({ "verdict": self.verdict.word(), "what": self.what, "found": self.text, "remedy": self.remedy })
    }
}

/// All that was looked at, in order.
#[derive(Clone, Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, what: &'static str, text: impl Into<String>) {
        self.0.push(Finding { verdict: Verdict::Ok, what, text: text.into(), remedy: None });
    }

    fn warn(&mut self, what: &'static str, text: impl Into<String>, remedy: &str) {
        self.add(Verdict::Warn, what, text.into(), remedy);
    }

    fn fail(&mut self, what: &'static str, text: impl Into<String>, remedy: &str) {
        self.add(Verdict::Fail, what, text.into(), remedy);
    }

    fn add(&mut self, verdict: Verdict, what: &'static str, text: String, remedy: &str) {
        let remedy = (!remedy.is_empty()).then(|| remedy.to_owned());
        self.0.push(Finding { verdict, what, text, remedy });
    }
}
