//! Telling what happens: numbered steps in plain words, on standard output.

use std::io::Write;

/// Tells a story step by step and remembers where it is.
#[derive(Debug, Default)]
pub struct Story {
    step: usize,
    title: String,
}

impl Story {
    /// Begins the next step: what happens, and why.
    pub fn step(&mut self, title: &str, why: &str) {
        self.step += 1;
        title.clone_into(&mut self.title);
        line(&format!("\n{}. {title}", self.step));
        line(&format!("   {why}"));
    }

    /// Tells what was seen.
    pub fn saw(&self, what: &str) {
        line(&format!("   -> {what}"));
    }

    /// Where the story is, for the message of a failure.
    pub fn place(&self) -> String {
        format!("step {} ({})", self.step, self.title)
    }
}

/// Prints a line. A reader that went away is no reason to fail.
pub fn line(text: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
