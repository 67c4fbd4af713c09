//! The check of one account's history: each request against the table, and what must hold between requests, sessions
//! and the audit.

use std::collections::{BTreeMap, BTreeSet};

use akkoord_core::approval::{SLOTS, State};

use super::{
    model::{Model, Rules},
    record::{Answer, Deed, Made, Span, Who},
    search::{self, Found},
    violation::Violation,
};

/// What is known of one request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The number on its browser's screen; nobody saw one where the start got no answer.
    pub number: Option<String>,
    /// The calls on it.
    pub made: Vec<Made>,
}

/// One answer to a phone's question what waits.
#[derive(Clone, Debug)]
pub struct Listing {
    /// When.
    pub span: Span,
    /// The requests.
    pub waiting: Vec<String>,
}

/// An event of the audit, as far as requests are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `request.started`
    Started(String),
    /// `request.settled`, with the word of the state.
    Settled(String, String),
    /// `session.started`, with the request that let it in.
    Session(String),
}

/// Everything that was done to one account, and what was left at the end.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The user name.
    pub account: String,
    /// The requests by their ids, also those that only phones or the audit know.
    pub requests: BTreeMap<String, Request>,
    /// What an administrator did to the whole account.
    pub administered: Vec<Made>,
    /// What phones were told to be waiting.
    pub listings: Vec<Listing>,
    /// Starts whose request's id nobody learned.
    pub lost_starts: usize,
    /// Sessions that a browser got without the cookie of a request.
    pub let_in_without_flow: usize,
    /// The account's own requests and their states at the end, as its phones read them.
    pub end: BTreeMap<String, State>,
    /// The audit at the end.
    pub audit: Vec<Event>,
}

/// What came of a check.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What must not be.
    pub violations: Vec<Violation>,
    /// Requests that were explained.
    pub explained: usize,
    /// Requests on which too much happened at once to tell.
    pub too_wide: usize,
    /// Calls on them.
    pub calls: usize,
    /// Sessions that were let in.
    pub sessions: usize,
}

impl History {
    /// A call on a request.
    pub fn note(&mut self, request: &str, made: Made) {
        self.requests.entry(request.to_owned()).or_default().made.push(made);
    }

    /// Checks everything.
    pub fn check(&self, rules: &Rules) -> Checked {
        let calls = self.requests.values().map(|request| request.made.len()).sum();
        let sessions = self.audit.iter().filter(|event| matches!(event, Event::Session(_))).count();
        let mut checked = Checked { calls, sessions, ..Checked::default() };
        self.check_each_request(rules, &mut checked);
        let violations = &mut checked.violations;
        self.check_ends(violations);
        self.check_listings(violations);
        self.check_waiting_at_once(rules, violations);
        self.check_sessions(violations);
        self.check_audit(violations);
        checked
    }

    /// Requests that phones were asked for. The others are decoys: pages that wait for nobody.
    fn real(&self) -> BTreeSet<&str> {
        let listed = self.listings.iter().flat_map(|listing| listing.waiting.iter().map(String::as_str));
        let started = self.audit.iter().filter_map(|event| match event {
            Event::Started(id) => Some(id.as_str()),
            _ => None,
        });
        self.end.keys().map(String::as_str).chain(listed).chain(started).collect()
    }

    fn check_each_request(&self, rules: &Rules, checked: &mut Checked) {
        let real = self.real();
        for (id, request) in &self.requests {
            let mut made = request.made.clone();
            if real.contains(id.as_str()) {
                // A decoy is nobody's: what happens to the account does not happen to it.
                made.extend(&self.administered);
            }
            if !request.made.iter().any(|made| made.deed == Deed::Start) {
                made.extend(unseen());
            }
            match search::explain(Model::ABSENT, &made, rules) {
                Found::Explained => checked.explained += 1,
                Found::TooWide => checked.too_wide += 1,
                Found::Unexplained(fewest) => {
                    let sentence = "no order of these calls explains the answer to the last one";
                    checked.violations.push(Violation::new(&self.account, sentence).with(id, fewest));
                }
            }
        }
    }

    /// What was acknowledged is there, and what is there was started.
    fn check_ends(&self, violations: &mut Vec<Violation>) {
        let calls = |id: &str| self.requests.get(id).map(|request| request.made.clone()).unwrap_or_default();
        for id in self.real().into_iter().filter(|id| !self.end.contains_key(*id)) {
            let sentence = "a request that phones were asked for is not in the history of the account";
            violations.push(Violation::new(&self.account, sentence).with(id, calls(id)));
        }
        let is_started = |id: &str| calls(id).iter().any(|made| made.deed == Deed::Start);
        let unknown: Vec<&str> = self.end.keys().map(String::as_str).filter(|id| !is_started(id)).collect();
        if unknown.len() > self.lost_starts {
            let sentence = format!(
                "{} requests that no browser knows of, and only {} starts without an answer",
                unknown.len(),
                self.lost_starts
            );
            let violation = Violation::new(&self.account, sentence);
            violations.push(unknown.into_iter().fold(violation, |violation, id| violation.with(id, calls(id))));
        }
    }

    fn check_listings(&self, violations: &mut Vec<Violation>) {
        for listing in &self.listings {
            let most = usize::try_from(SLOTS).unwrap_or(usize::MAX);
            if listing.waiting.len() > most {
                let sentence = format!("a phone was told that {} requests wait at once", listing.waiting.len());
                let violation = Violation::new(&self.account, sentence);
                violations.push(listing.waiting.iter().fold(violation, |all, id| all.with(id, Vec::new())));
            }
        }
    }

    /// At the moment that a start was answered its request waits, and so does each other one that was started before and
    /// that nobody has touched yet. What may have been settled already does not count.
    fn check_waiting_at_once(&self, rules: &Rules, violations: &mut Vec<Violation>) {
        let real = self.real();
        let waits: Vec<Waits<'_>> = self
            .requests
            .iter()
            .filter(|(id, _)| real.contains(id.as_str()))
            .filter_map(|(id, request)| Waits::of(id, request, &self.administered, rules))
            .collect();
        for newest in &waits {
            let at_once: Vec<&Waits<'_>> = waits.iter().filter(|waits| waits.at(newest)).collect();
            let show = |sentence: String| {
                let violation = Violation::new(&self.account, sentence);
                at_once.iter().fold(violation, |all, waits| {
                    let start = waits.request.made.iter().filter(|made| made.deed == Deed::Start).copied();
                    all.with(&format!("{} with number {}", waits.id, waits.number()), start.collect())
                })
            };
            if i64::try_from(at_once.len()).unwrap_or(i64::MAX) > SLOTS {
                violations.push(show(format!("{} requests wait at once", at_once.len())));
            }
            let numbers: BTreeSet<&str> = at_once.iter().map(|waits| waits.number()).collect();
            if numbers.len() < at_once.len() {
                violations.push(show("two requests that wait at once have one number".to_owned()));
            }
        }
    }

    /// A session for each consumed request and no other, and each of a browser that had the request's cookie.
    fn check_sessions(&self, violations: &mut Vec<Violation>) {
        if self.let_in_without_flow > 0 {
            let sentence = format!("{} sessions for browsers without a flow cookie", self.let_in_without_flow);
            violations.push(Violation::new(&self.account, sentence));
        }
        let mut sessions: BTreeMap<&str, usize> = BTreeMap::new();
        for event in &self.audit {
            if let Event::Session(request) = event {
                *sessions.entry(request.as_str()).or_default() += 1;
            }
        }
        let consumed = self.end.iter().filter(|(_, state)| **state == State::Consumed).map(|(id, _)| id.as_str());
        let all: BTreeSet<&str> = consumed.chain(sessions.keys().copied()).collect();
        for id in all {
            let made = self.requests.get(id).map(|request| request.made.clone()).unwrap_or_default();
            let count = sessions.get(id).copied().unwrap_or(0);
            let is_consumed = self.end.get(id) == Some(&State::Consumed);
            let tried = made
                .iter()
                .any(|call| call.deed == Deed::Finish && matches!(call.answer, Answer::Done | Answer::Unknown));
            let sentence = if count != usize::from(is_consumed) {
                let state = self.end.get(id).map_or("unknown", |state| state.wire());
                format!("{count} sessions of a request that ended as {state}")
            } else if !tried {
                "a session of a request whose browser never came back for it".to_owned()
            } else {
                continue;
            };
            violations.push(Violation::new(&self.account, sentence).with(id, made));
        }
    }

    /// Each request has one event of its start, one of its end, and one of its approval if it was approved; and they
    /// tell the same as the request.
    fn check_audit(&self, violations: &mut Vec<Violation>) {
        let mut told: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for event in &self.audit {
            let (id, word) = match event {
                Event::Started(id) => (id, "started"),
                Event::Settled(id, state) => (id, state.as_str()),
                Event::Session(id) => (id, "consumed"),
            };
            told.entry(id.as_str()).or_default().push(word);
        }
        for (id, state) in &self.end {
            let mut words = told.remove(id.as_str()).unwrap_or_default();
            words.sort_unstable();
            let was_approved = words.contains(&"approved");
            let is_approved = matches!(state, State::Approved | State::Consumed);
            let mut expected = vec!["started"];
            expected.extend((was_approved || is_approved).then_some("approved"));
            expected.extend(state.is_settled().then(|| state.as_str()));
            expected.sort_unstable();
            if words != expected {
                let sentence = format!(
                    "the audit tells of a request that ended as {}: {}; it should tell: {}",
                    state.wire(),
                    words.join(", "),
                    expected.join(", ")
                );
                let made = self.requests.get(id).map(|request| request.made.clone()).unwrap_or_default();
                violations.push(Violation::new(&self.account, sentence).with(id, made));
            }
        }
        for (id, words) in told {
            let sentence = format!("the audit tells of a request that is not there: {}", words.join(", "));
            violations.push(Violation::new(&self.account, sentence).with(id, Vec::new()));
        }
    }
}

/// What a browser may have done to a request whose page it never saw, and so cannot name.
fn unseen() -> [Made; 3] {
    let span = Span { began: 0, ended: None, from_ms: i64::MIN, to_ms: i64::MAX };
    [Deed::Start, Deed::Cancel, Deed::Supersede].map(|deed| Made {
        who: Who::Browser(0),
        deed,
        answer: Answer::Unknown,
        span,
    })
}

/// From when to when a request certainly waits.
struct Waits<'h> {
    id: &'h str,
    request: &'h Request,
    from: u64,
    from_ms: i64,
    until: u64,
    until_ms: i64,
}

impl<'h> Waits<'h> {
    fn of(id: &'h str, request: &'h Request, administered: &[Made], rules: &Rules) -> Option<Self> {
        let start = request.made.iter().find(|made| made.deed == Deed::Start)?;
        let may_end = |made: &&Made| {
            let looks = matches!(made.deed, Deed::Start | Deed::Look | Deed::UseSession | Deed::Finish);
            !looks && !matches!(made.answer, Answer::Refused(_))
        };
        let ends = request.made.iter().chain(administered).filter(may_end);
        let ends = ends.filter(|made| made.span.ended.is_none_or(|ended| ended > start.span.began));
        let life = rules.life_ms.saturating_sub(rules.put_back_ms.saturating_mul(2));
        Some(Self {
            id,
            request,
            from: start.span.ended?,
            from_ms: start.span.to_ms,
            until: ends.map(|made| made.span.began).min().unwrap_or(u64::MAX),
            until_ms: start.span.from_ms.saturating_add(life),
        })
    }

    /// Whether it certainly waits at the moment that another's start was answered.
    fn at(&self, newest: &Waits<'_>) -> bool {
        self.from <= newest.from
            && newest.from < self.until
            && newest.from_ms < self.until_ms
            && newest.from < newest.until
    }

    fn number(&self) -> &'h str {
        self.request.number.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
