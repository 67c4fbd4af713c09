//! Server-sent events: the parser (WHATWG HTML 9.2.6) and the phone's stream on it.

use std::{collections::VecDeque, time::Duration};

use akkoord_protocols::text::Id;
use serde::Deserialize;

use crate::connection::{CallError, Connection, Identity, from_bytes};

/// The server sends a comment each 20 seconds; twice that and some without a byte is a dead line.
const SILENCE: Duration = Duration::from_secs(45);

/// The most that one event may hold, so that a server can't fill the phone's memory.
const MAX_EVENT: usize = 64 * 1024;

/// One event as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// Its name; `message` where none was given.
    pub name: String,
    /// Its data, lines joined by line feeds.
    pub data: String,
}

/// An event is larger than 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is too large")]
pub struct ParserOverflow;

/// Takes bytes as they come and gives whole events.
#[derive(Debug, Default)]
pub struct EventParser {
    line: Vec<u8>,
    begun: bool,
    after_return: bool,
    name: String,
    data: String,
    has_data: bool,
    ready: VecDeque<RawEvent>,
}

impl EventParser {
    /// Takes the next bytes. A line may end in CR, LF or both, and a piece may end anywhere.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), ParserOverflow> {
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&line);
                }
                byte => self.line.push(*byte),
            }
            if self.line.len() + self.data.len() > MAX_EVENT {
                return Err(ParserOverflow);
            }
        }
        Ok(())
    }

    /// The next whole event.
    pub fn next_event(&mut self) -> Option<RawEvent> {
        self.ready.pop_front()
    }

    fn end_line(&mut self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let first = !std::mem::replace(&mut self.begun, true);
        let line = line.strip_prefix('\u{FEFF}').filter(|_| first).unwrap_or(&line);
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            let data = std::mem::take(&mut self.data);
            if std::mem::take(&mut self.has_data) {
                let name = if name.is_empty() { "message".to_owned() } else { name };
                self.ready.push_back(RawEvent { name, data });
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            // `id` and `retry` are not ours: nothing is replayed, and the pace of reconnecting is fixed. A line that
            // begins with a colon is a comment.
            _ => {}
        }
    }
}

/// What the server tells a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request waits.
    Waiting {
        /// Its id; the request itself is asked for, as only a signed message is shown.
        request: Id,
    },
    /// A request of this account was settled.
    Settled {
        /// Its id.
        request: Id,
        /// How, in capitals.
        state: String,
    },
    /// The enrolment went on.
    Enrolled {
        /// To which state, in capitals.
        state: String,
    },
    /// This phone was removed.
    Removed {
        /// When, in seconds.
        removed_at: i64,
        /// `self`, `user` or `administrator`.
        removed_by: String,
    },
}

#[derive(Deserialize)]
struct WaitingData {
    request: Id,
}

#[derive(Deserialize)]
struct SettledData {
    request: Id,
    state: String,
}

#[derive(Deserialize)]
struct EnrolledData {
    state: String,
}

#[derive(Deserialize)]
struct RemovedData {
    removed_at: i64,
    removed_by: String,
}

impl Event {
    /// Reads an event; `None` for one that this version doesn't know.
    fn read(raw: &RawEvent) -> Result<Option<Self>, CallError> {
        let data = raw.data.as_bytes();
        Ok(Some(match raw.name.as_str() {
            "waiting" => {
                let WaitingData { request } = from_bytes(data)?;
                Self::Waiting { request }
            }
            "settled" => {
                let SettledData { request, state } = from_bytes(data)?;
                Self::Settled { request, state }
            }
            "enrolled" => {
                let EnrolledData { state } = from_bytes(data)?;
                Self::Enrolled { state }
            }
            "removed" => {
                let RemovedData { removed_at, removed_by } = from_bytes(data)?;
                Self::Removed { removed_at, removed_by }
            }
            _ => return Ok(None),
        }))
    }
}

/// An open stream of events.
#[derive(Debug)]
pub struct EventStream {
    response: reqwest::Response,
    parser: EventParser,
}

impl EventStream {
    /// Opens the phone's stream.
    pub async fn open(connection: &Connection, identity: Identity<'_>) -> Result<Self, CallError> {
        let response = connection.open("events", identity).await?;
        Ok(Self { response, parser: EventParser::default() })
    }

    /// The next event; `None` when the server closed the stream. What was read so far is kept when the future is
    /// dropped, so it may stand in a `select!`.
    pub async fn next(&mut self) -> Result<Option<Event>, CallError> {
        loop {
            while let Some(raw) = self.parser.next_event() {
                if let Some(event) = Event::read(&raw)? {
                    return Ok(Some(event));
                }
            }
            let chunk = tokio::time::timeout(SILENCE, self.response.chunk());
            match chunk.await.map_err(|_| CallError::TimedOut)?? {
                Some(bytes) => self.parser.feed(&bytes).map_err(CallError::unreadable)?,
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = EventParser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.feed(piece).unwrap();
            while let Some(event) = parser.next_event() {
                events.push((event.name, event.data));
            }
        }
        events
    }

    fn event(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn events_come_out_whole_however_the_bytes_are_cut() {
        let text = "\u{FEFF}: hello\r\n\r\nevent: state\r\ndata: approved\r\n\r\ndata: a\ndata:b\n\nevent: empty\n\nid: 4\rdata\r\r";
        let expected = vec![event("state", "approved"), event("message", "a\nb"), event("message", "")];
        assert_eq!(parse(&[text.as_bytes()]), expected);
        let bytes: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(parse(&bytes), expected);
    }

    #[test]
    fn an_unfinished_event_is_not_told() {
        assert!(parse(&[b"event: state\ndata: approved\n"]).is_empty());
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = EventParser::default();
        let piece = [b'x'; 1024];
        assert!((0..70).any(|_| parser.feed(&piece) == Err(ParserOverflow)));
    }

    #[test]
    fn unknown_events_are_passed_over_and_broken_ones_are_not() {
        let raw = |name: &str, data: &str| RawEvent { name: name.to_owned(), data: data.to_owned() };
        assert_eq!(Event::read(&raw("news", "{}")).unwrap(), None);
        let id = "AAAAAAAAAAAAAAAAAAAAAA";
        let waiting = Event::read(&raw("waiting", &format!(r#"{{"request":"{id}"}}"#))).unwrap();
        assert_eq!(waiting, Some(Event::Waiting { request: id.parse().unwrap() }));
        assert!(Event::read(&raw("waiting", r#"{"request":"x"}"#)).is_err());
    }
}
