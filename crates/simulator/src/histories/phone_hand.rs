//! A phone in a hand: asks what waits, says yes and no, rightly and wrongly, late, twice, and at once with the other
//! phones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use akkoord_authenticator::{
    CallError, Outgoing, Payload, Phone, PhoneError, PreparedDecision, Repeat, Unlocking, Waiting,
};
use akkoord_core::approval::State;
use akkoord_protocols::{
    phone::{call, decision, problem::Code},
    text::Id,
};
use reqwest::Method;

use super::{
    cast::{Person, Stage, state_of},
    chance::Chance,
    check::Listing,
    record::{Answer, Deed, Made, Span, Verdict, Who},
};

/// A phone and what it remembers.
pub(super) struct Hand {
    number: usize,
    person: Arc<Person>,
    stage: Arc<Stage>,
    chance: Chance,
    phone: Phone,
    seen: Vec<Waiting>,
    sent: Vec<Sent>,
    is_gone: bool,
}

/// A decision that was sent, to send it again.
#[derive(Clone)]
struct Sent {
    prepared: PreparedDecision,
    deed: Deed,
}

static DECISIONS: AtomicU32 = AtomicU32::new(1);
/// What a phone remembers of requests and decisions.
const REMEMBERED: usize = 6;

impl Hand {
    pub(super) fn new(number: usize, phone: &Phone, person: &Arc<Person>, stage: &Arc<Stage>, chance: Chance) -> Self {
        Self {
            number,
            person: Arc::clone(person),
            stage: Arc::clone(stage),
            chance,
            phone: phone.clone(),
            seen: Vec::new(),
            sent: Vec::new(),
            is_gone: false,
        }
    }

    /// Does the next thing.
    pub(super) async fn act(&mut self) {
        if self.is_gone {
            return;
        }
        match self.chance.below(20) {
            0..=2 => self.decide_again().await,
            3 => self.read_history(None).await.map(drop).unwrap_or_default(),
            _ => {
                self.ask().await;
                let waiting = if self.chance.one_in(3) { self.chance.pick(&self.seen) } else { self.seen.last() };
                if let Some(waiting) = waiting.cloned() {
                    self.decide(&waiting).await;
                }
            }
        }
    }

    fn note(&self, id: &str, deed: Deed, answer: Answer, span: Span) {
        self.person.note(id, Made { who: Who::Phone(self.number), deed, answer, span });
    }

    /// Asks what waits.
    async fn ask(&mut self) {
        let began = self.stage.recorder.begin();
        let requests = match self.phone.pending().await {
            Ok(requests) => requests,
            Err(PhoneError::Call(error)) => {
                self.is_gone |= error.code() == Some(Code::Removed);
                return;
            }
            Err(_) => return,
        };
        let span = self.stage.recorder.end(began);
        let waiting: Vec<String> = requests.waiting.iter().map(|waiting| waiting.id().to_string()).collect();
        for id in &waiting {
            self.note(id, Deed::Look, Answer::Told(State::Pending), span);
        }
        self.person.history(|history| history.listings.push(Listing { span, waiting }));
        for waiting in requests.waiting {
            self.seen.retain(|seen| seen.id() != waiting.id());
            self.seen.push(waiting);
        }
        let forgotten = self.seen.len().saturating_sub(REMEMBERED);
        self.seen.drain(..forgotten);
    }

    /// Answers a request: often yes.
    async fn decide(&mut self, waiting: &Waiting) {
        let number = self.person.number_on_screen(waiting.id().as_str());
        let (verdict, number) = match (self.chance.below(20), number) {
            (0..=10, Some(number)) => (Verdict::Right, number),
            (11..=12, Some(number)) => (Verdict::Wrong, another(&number)),
            (13..=16, _) => (Verdict::Deny, String::new()),
            (17, _) => (Verdict::Report, String::new()),
            // Not yet.
            _ => return,
        };
        self.decide_so(waiting, verdict, &number).await;
    }

    async fn decide_so(&mut self, waiting: &Waiting, verdict: Verdict, number: &str) {
        let prepared = match verdict {
            Verdict::Right | Verdict::Wrong => self.phone.prepare_approval(waiting, number, &Unlocking::Platform).await,
            Verdict::Deny => self.phone.prepare_refusal(waiting, decision::Verdict::Deny),
            Verdict::Report => self.phone.prepare_refusal(waiting, decision::Verdict::Report),
        };
        let Ok(prepared) = prepared else { return };
        let decision = DECISIONS.fetch_add(1, Ordering::SeqCst);
        let sent = Sent { prepared, deed: Deed::Decide { phone: self.number, decision, verdict } };
        if self.chance.one_in(8) {
            // A phone that lost its line and repeats while the first is still under way.
            tokio::join!(self.send(&sent), self.send(&sent));
        } else {
            self.send(&sent).await;
        }
        self.sent.push(sent);
        let forgotten = self.sent.len().saturating_sub(REMEMBERED);
        self.sent.drain(..forgotten);
    }

    async fn decide_again(&mut self) {
        if let Some(sent) = self.chance.pick(&self.sent).cloned() {
            self.send(&sent).await;
        }
    }

    /// Sends a decision, once: each time is a call of its own in the history.
    async fn send(&self, sent: &Sent) {
        let id = sent.prepared.request.as_str();
        let began = self.stage.recorder.begin();
        let answer = answer_of(&self.post(sent).await, &self.stage);
        let span = match answer {
            Answer::Unknown => self.stage.recorder.lose(began),
            _ => self.stage.recorder.end(began),
        };
        self.note(id, sent.deed, answer, span);
        if answer == Answer::Unknown {
            // The server may be down.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn post(&self, sent: &Sent) -> Result<Vec<u8>, CallError> {
        let account = self.phone.account();
        let path = format!("requests/{}/decision", sent.prepared.request);
        let body = serde_json::to_vec(&sent.prepared.body).map_err(|error| CallError::Unreadable(error.to_string()))?;
        let outgoing = Outgoing {
            method: Method::POST,
            path: &path,
            payload: Payload::Bytes(&body),
            identity: Some(account.identity()),
            repeat: Repeat::Never,
        };
        self.phone.connection().call(&outgoing).await
    }

    /// Reads a page of the history. Returns where the next begins.
    async fn read_history(&self, before: Option<Id>) -> Result<Vec<(Id, State)>, PhoneError> {
        let began = self.stage.recorder.begin();
        let history = self.phone.history(before).await?;
        let span = self.stage.recorder.end(began);
        let mut read = Vec::with_capacity(history.entries.len());
        for entry in history.entries {
            if let Some(state) = state_of(&entry.state) {
                self.note(entry.id.as_str(), Deed::Look, Answer::Told(state), span);
                read.push((entry.id, state));
            }
        }
        Ok(read)
    }

    /// Ends what still waits, now that the server is well again: what a lost start has left.
    pub(super) async fn settle(&mut self) {
        for _ in 0..20 {
            self.seen.clear();
            self.ask().await;
            let Some(waiting) = self.seen.first().cloned() else { return };
            self.decide_so(&waiting, Verdict::Deny, "").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Reads all of the history: how everything ended.
    pub(super) async fn read_ends(&self) -> Result<(), PhoneError> {
        let mut before = None;
        loop {
            let page = self.read_history(before).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            before = Some(last.clone());
            let ends = page.into_iter().map(|(id, state)| (id.to_string(), state));
            self.person.history(|history| history.end.extend(ends));
        }
    }
}

/// What an answer to a decision says.
fn answer_of(answer: &Result<Vec<u8>, CallError>, stage: &Stage) -> Answer {
    let problem = match answer {
        Ok(body) => {
            let told = serde_json::from_slice::<call::State>(body).ok().and_then(|told| state_of(&told.state));
            return told.map_or(Answer::Unknown, Answer::Told);
        }
        Err(error) => match error.problem() {
            Some(problem) => problem,
            None => return Answer::Unknown,
        },
    };
    let state = problem.state.as_deref().and_then(state_of);
    match problem.code {
        Code::WrongNumber => Answer::Told(State::Mismatch),
        Code::AlreadySettled | Code::Expired => Answer::Refused(state),
        Code::Busy if !stage.refuses(problem.status) => Answer::Unknown,
        _ => Answer::Refused(None),
    }
}

/// Another number of as many digits.
fn another(number: &str) -> String {
    let turned = |digit: char| if digit == '9' { '1' } else { char::from(u8::try_from(digit).unwrap_or(b'0') + 1) };
    number.chars().map(turned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_number_is_another_one_of_as_many_digits() {
        for number in 10..100 {
            let other: u32 = another(&number.to_string()).parse().unwrap();
            assert!((10..100).contains(&other) && other != number, "{number} {other}");
        }
    }
}
