//! The terminal: what is printed, and what is typed.

use std::{
    io::{BufRead, Write},
    path::Path,
    process::ExitCode,
};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{failure::Failure, texts::Texts};

/// Where text goes and comes from.
pub(crate) struct Screen {
    texts: Texts,
    json: bool,
}

impl Screen {
    pub(crate) fn new(texts: Texts, json: bool) -> Self {
        Self { texts, json }
    }

    /// A text with its places filled.
    pub(crate) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.texts.with(key, values)
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> String {
        self.texts.text(key)
    }

    /// Prints a line for people.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            // A reader that went away is no reason to stop half-way.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    /// Prints a text for people.
    pub(crate) fn say_text(&self, key: &str, values: &[(&str, &str)]) {
        self.say(&self.with(key, values));
    }

    /// Prints a line for programs.
    pub(crate) fn emit(&self, value: &Value) {
        if self.json {
            let _ = writeln!(std::io::stdout(), "{value}");
        }
    }

    /// Says why the program ends.
    pub(crate) fn fail(&self, failure: &Failure) -> ExitCode {
        let text = failure.text(&self.texts);
        if self.json {
            self.emit(&json!({ "event": "failed", "exit": failure.exit(), "text": text }));
        }
        if !text.is_empty() {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
        ExitCode::from(failure.exit())
    }

    /// Asks for a line. Standard input is read only now, so that a hidden prompt never competes for it.
    pub(crate) async fn line(&self, prompt: &str) -> Result<String, Failure> {
        self.prompt(prompt);
        read_line().await
    }

    fn prompt(&self, prompt: &str) {
        if !self.json {
            let mut out = std::io::stdout();
            let _ = write!(out, "{prompt}").and_then(|()| out.flush());
        }
    }

    /// Asks for something that is not shown while it is typed.
    pub(crate) async fn hidden(&self, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        let prompt = prompt.to_owned();
        let asked = tokio::task::spawn_blocking(move || rpassword::prompt_password(prompt)).await;
        let typed = asked.map_err(Failure::defect)?.map_err(|error| Failure::file("terminal", &error))?;
        Ok(Zeroizing::new(typed))
    }

    /// A secret from a file, or asked for.
    pub(crate) async fn secret(&self, file: Option<&Path>, prompt: &str) -> Result<Zeroizing<String>, Failure> {
        match file {
            Some(file) => secret_file(file),
            None => self.hidden(prompt).await,
        }
    }
}

/// The next line of standard input.
pub(crate) async fn read_line() -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let count = std::io::stdin().lock().read_line(&mut line)?;
        Ok::<_, std::io::Error>((count > 0).then_some(line))
    });
    match read.await.map_err(Failure::defect)? {
        Ok(Some(line)) => Ok(line.trim().to_owned()),
        Ok(None) => Err(Failure::Interrupted),
        Err(error) => Err(Failure::file("-", &error)),
    }
}

/// The secret that a file holds, without the line's end.
pub(crate) fn secret_file(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(&file.display().to_string(), &error))?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
