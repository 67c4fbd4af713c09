//! The log: one line an event on standard error, for people or for programs.
//!
//! A line holds ids and never a secret, a token, a body or an address of a person: what may be logged is decided where
//! it is logged, and here is only how it looks.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, LogSection};

/// Begins to log. The second call in a process changes nothing.
pub fn start(section: &LogSection) -> Result<(), String> {
    let builder = fmt()
        .with_env_filter(filter(&section.level)?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match section.format {
        LogFormat::Text => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
    // An error means that somebody logs already, such as a test.
    started.ok();
    Ok(())
}

/// Reads a filter such as `info` or `akkoord_server=debug`.
fn filter(level: &str) -> Result<EnvFilter, String> {
    let wrong =
        || format!("configuration key log.level: {level:?} is not a filter such as info or akkoord_server=debug");
    // The parser takes any single word for the name of a program part, so a mistyped level would silence everything.
    let is_level = |word: &str| !word.is_empty() && word.parse::<tracing::level_filters::LevelFilter>().is_ok();
    if level.split(',').any(|part| !part.contains('=') && !is_level(part.trim())) {
        return Err(wrong());
    }
    let filter = EnvFilter::try_new(level).map_err(|_| wrong())?;
    // The library that checks platform authenticators tells credentials and challenges below this level.
    let quiet = "webauthn_rs_core=error".parse().map_err(|_| wrong())?;
    Ok(filter.add_directive(quiet))
}

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_mistyped_level_is_told_and_not_taken_for_silence() {
        for good in ["info", "warn,akkoord_server=debug", "akkoord_store=trace, error"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for wrong in ["", "inof", "akkoord_server=loud", "info,,debug"] {
            assert!(filter(wrong).unwrap_err().contains("log.level"), "{wrong}");
        }
    }
}
