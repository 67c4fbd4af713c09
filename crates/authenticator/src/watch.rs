//! Waiting for requests: the stream of events, reconnecting, and asking what waits each time.
//!
//! An event is a hint and nothing is replayed, so whatever happened while the stream was down is asked for.

use std::time::Duration;

use crate::{
    event_stream::{Event, EventStream},
    phone::{Phone, PhoneError, RequestState, Requests},
};

/// The first wait before a stream is opened again, and the longest.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long to wait before the next try: 1 s, doubling to 60 s.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST_WAIT }
    }
}

impl Backoff {
    /// The wait before this try; the next one is twice as long.
    pub fn step(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LONGEST_WAIT);
        wait
    }

    /// Starts from the beginning, after something worked.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// What a watcher learns.
#[derive(Debug)]
pub enum Happened {
    /// What waits now, asked after connecting and after each hint. May be empty.
    Asked(Requests),
    /// A request was settled, here or elsewhere.
    Settled {
        /// The request.
        request: akkoord_protocols::text::Id,
        /// How.
        state: RequestState,
    },
    /// This phone was removed: nothing more will come.
    Removed {
        /// When, in seconds.
        removed_at: i64,
        /// `self`, `user` or `administrator`.
        removed_by: String,
    },
    /// The server is out of reach; the next try comes after this wait.
    Offline {
        /// Why.
        error: PhoneError,
        /// The wait.
        again_after: Duration,
    },
}

/// Watches one phone's stream.
#[derive(Debug)]
pub struct Watch {
    phone: Phone,
    stream: Option<EventStream>,
    asked: bool,
    wait: Option<Duration>,
    backoff: Backoff,
}

impl Watch {
    /// Nothing is opened before the first [`Watch::next`].
    pub fn new(phone: Phone) -> Self {
        Self { phone, stream: None, asked: false, wait: None, backoff: Backoff::default() }
    }

    /// The phone.
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// The next thing that happens. Refusals by the server end the watch with an error, as waiting doesn't mend them;
    /// too many calls and a busy server are waited for. May stand in a `select!`.
    pub async fn next(&mut self) -> Result<Happened, PhoneError> {
        loop {
            if let Some(wait) = self.wait {
                tokio::time::sleep(wait).await;
                self.wait = None;
            }
            match self.step().await {
                Ok(Some(happened)) => return Ok(happened),
                Ok(None) => {}
                Err(error) => {
                    self.stream = None;
                    let again_after = retry_after(&error, &mut self.backoff);
                    let Some(again_after) = again_after else { return Err(error) };
                    self.wait = Some(again_after);
                    return Ok(Happened::Offline { error, again_after });
                }
            }
        }
    }

    async fn step(&mut self) -> Result<Option<Happened>, PhoneError> {
        let Some(stream) = &mut self.stream else {
            self.stream = Some(self.phone.events().await?);
            self.asked = false;
            return Ok(None);
        };
        if !self.asked {
            let requests = self.phone.pending().await?;
            self.asked = true;
            self.backoff.reset();
            return Ok(Some(Happened::Asked(requests)));
        }
        match stream.next().await? {
            Some(Event::Waiting { .. }) => {
                self.asked = false;
                Ok(None)
            }
            Some(Event::Settled { request, state }) => {
                Ok(Some(Happened::Settled { request, state: RequestState::from_wire(&state) }))
            }
            Some(Event::Removed { removed_at, removed_by }) => Ok(Some(Happened::Removed { removed_at, removed_by })),
            Some(Event::Enrolled { .. }) => Ok(None),
            // The server closes a stream after ten minutes; that is no failure.
            None => {
                self.stream = None;
                self.wait = Some(self.backoff.step());
                Ok(None)
            }
        }
    }
}

fn retry_after(error: &PhoneError, backoff: &mut Backoff) -> Option<Duration> {
    use akkoord_protocols::phone::problem::Code;

    let PhoneError::Call(error) = error else { return None };
    match error.code() {
        None if error.is_lost() => Some(backoff.step()),
        Some(Code::TooMany | Code::Busy) => {
            let asked = match error {
                crate::connection::CallError::Refused(refusal) => refusal.retry_after.unwrap_or_default(),
                _ => Duration::ZERO,
            };
            Some(backoff.step().max(asked).min(LONGEST_WAIT * 10))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_one_second_to_one_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.step().as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.reset();
        assert_eq!(backoff.step().as_secs(), 1);
    }
}
