//! How often an account's phones may ring, and when a start asks them nothing at all.
//!
//! Anybody can type a name. What a stranger gets for typing it all day stands here, as a function of what the account has
//! seen in the last days: there are no buckets to fill and forget, so a restart changes nothing.

use std::time::Duration;

use crate::{Timestamp, policy::Policy};

/// How far back to look for requests: the longest pause, the day whose denials made it so long, and the minutes that a
/// request may wait before it is answered.
pub const LOOK_BACK: Duration = DAY.saturating_mul(2).saturating_add(TEN_MINUTES);
/// Wrong numbers in a row that lock phone approval. A guess among 90 numbers has come true by then once in ten times.
pub const WRONG_NUMBERS_LOCK: i64 = 10;

/// Who starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A browser that the account does not know.
    Unknown,
    /// A browser that has signed this account in before.
    Known,
    /// Any browser, right after the phone said "I am signing in now".
    Expected,
}

impl Start {
    /// What a start is. One that the phone has just announced is that, in whichever browser.
    pub fn of(known_browser: bool, expected: bool) -> Self {
        match (known_browser, expected) {
            (_, true) => Self::Expected,
            (true, false) => Self::Known,
            (false, false) => Self::Unknown,
        }
    }

    /// Whether it counts with the known browsers: in their budget, and with the place that strangers can't take.
    pub fn is_known(self) -> bool {
        self != Self::Unknown
    }
}

/// Pushes that one kind of browser may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// In ten minutes.
    pub ten_minutes: u16,
    /// In a day.
    pub day: u16,
}

/// The limits of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of the browsers that it knows, together.
    pub known: Limit,
    /// Of all others, together.
    pub unknown: Limit,
}

impl From<&Policy> for Limits {
    fn from(policy: &Policy) -> Self {
        Self {
            known: Limit { ten_minutes: policy.known_pushes_10_minutes, day: policy.known_pushes_day },
            unknown: Limit { ten_minutes: policy.unknown_pushes_10_minutes, day: policy.unknown_pushes_day },
        }
    }
}

/// What stands on the account itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Since when phone approval is locked.
    pub locked_at: Option<Timestamp>,
    /// When it was last unlocked: wrong numbers of before are forgiven.
    pub unlocked_at: Option<Timestamp>,
    /// When a phone last said "It wasn't me".
    pub reported_at: Option<Timestamp>,
    /// When a phone last said that unknown browsers may ring again.
    pub unknown_browsers_at: Option<Timestamp>,
}

/// One of the account's requests of the last days, as far as it counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether its start counts with the known browsers.
    pub known: bool,
    /// Whether it was practice, which signs nobody in: only its ringing counts, because trying the other buttons and a
    /// wrong number is what it is for.
    pub practice: bool,
    /// When it rang.
    pub rang_at: Option<Timestamp>,
    /// When a phone denied it.
    pub denied_at: Option<Timestamp>,
    /// When a phone sent a wrong number for it.
    pub mismatch_at: Option<Timestamp>,
}

/// Why a start does not ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The pushes of this kind of browser are used up for now.
    Budget,
    /// A phone said no to an unknown browser.
    Denied,
    /// A phone said "It wasn't me".
    Reported,
    /// Wrong numbers came one after the other.
    WrongNumbers,
    /// So many came that phone approval is locked.
    Locked,
}

impl Reason {
    /// The reason in the audit and in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Denied => "denied",
            Self::Reported => "reported",
            Self::WrongNumbers => "wrong_numbers",
            Self::Locked => "locked",
        }
    }
}

/// What becomes of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A request that rings.
    Ring,
    /// A request that waits until its phone asks.
    Quiet(Reason),
    /// The same page, and no phone that could agree.
    Decoy(Reason),
}

/// What holds an account's starts back at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holds {
    /// Since when phone approval is locked. Time alone does not end that.
    pub locked_at: Option<Timestamp>,
    /// Until when wrong numbers hold back unknown browsers, and known ones from ringing.
    pub wrong_numbers_until: Option<Timestamp>,
    /// Until when no unknown browser rings after a report.
    pub reported_until: Option<Timestamp>,
    /// Until when no unknown browser rings after a denial.
    pub denied_until: Option<Timestamp>,
}

impl Holds {
    /// What follows from the account's marks and its last requests.
    pub fn of(marks: &Marks, past: &[Past], now: Timestamp) -> Self {
        let still = |until: &Timestamp| *until > now;
        // Who switches unknown browsers on again has seen what was denied and reported before.
        let since = marks.unknown_browsers_at;
        let meant = || past.iter().filter(|one| !one.practice);
        let denials = meant().filter(|one| !one.known).filter_map(|one| one.denied_at);
        let (denied, last_denied) = last_and_those_before(denials, since);
        let wrong_numbers = meant().filter_map(|one| one.mismatch_at);
        let (wrong, last_wrong) = last_and_those_before(wrong_numbers, marks.unlocked_at);
        let reported_at = marks.reported_at.filter(|at| since.is_none_or(|since| *at >= since));
        Self {
            locked_at: marks.locked_at,
            wrong_numbers_until: last_wrong
                .filter(|_| wrong >= WRONG_NUMBERS)
                .map(|at| at + WRONG_NUMBERS_PAUSE)
                .filter(still),
            reported_until: reported_at.map(|at| at + DAY).filter(still),
            denied_until: last_denied.map(|at| at + pause_after(denied)).filter(still),
        }
    }

    /// Until when unknown browsers don't ring after a report or a denial. A phone may end that before.
    pub fn quiet_until(&self) -> Option<Timestamp> {
        self.reported_until.max(self.denied_until)
    }

    /// The hold that matters most, and until when: `None` for the lock, which somebody has to end.
    pub fn worst(&self) -> Option<(Reason, Option<Timestamp>)> {
        if self.locked_at.is_some() {
            return Some((Reason::Locked, None));
        }
        let holds = [
            (Reason::WrongNumbers, self.wrong_numbers_until),
            (Reason::Reported, self.reported_until),
            (Reason::Denied, self.denied_until),
        ];
        holds.into_iter().find(|(_, until)| until.is_some())
    }
}

/// Decides what becomes of a start. The lock is for everybody. An announced start rings in spite of the rest: its person
/// has the phone in hand. Known browsers are held back by nothing that a stranger can cause but wrong numbers, and even
/// then they reach the phone that asks.
pub fn decide(start: Start, marks: &Marks, past: &[Past], limits: &Limits, now: Timestamp) -> Verdict {
    let holds = Holds::of(marks, past, now);
    if holds.locked_at.is_some() {
        return Verdict::Decoy(Reason::Locked);
    }
    let wrong_numbers = holds.wrong_numbers_until.is_some();
    match start {
        Start::Expected => Verdict::Ring,
        Start::Known if wrong_numbers => Verdict::Quiet(Reason::WrongNumbers),
        Start::Unknown if wrong_numbers => Verdict::Decoy(Reason::WrongNumbers),
        Start::Unknown if holds.reported_until.is_some() => Verdict::Quiet(Reason::Reported),
        Start::Unknown if holds.denied_until.is_some() => Verdict::Quiet(Reason::Denied),
        Start::Known => within(limits.known, true, past, now),
        Start::Unknown => within(limits.unknown, false, past, now),
    }
}

fn within(limit: Limit, known: bool, past: &[Past], now: Timestamp) -> Verdict {
    let rang = |span: Duration| {
        let of_kind = past.iter().filter(|one| one.known == known).filter_map(|one| one.rang_at);
        of_kind.filter(|at| *at > now - span).count()
    };
    if rang(TEN_MINUTES) < usize::from(limit.ten_minutes) && rang(DAY) < usize::from(limit.day) {
        Verdict::Ring
    } else {
        Verdict::Quiet(Reason::Budget)
    }
}

/// When the last was, of those after `since`, and how many there were in the day that ended with it. Not in the day that
/// ends now: a pause would get shorter while it lasts.
fn last_and_those_before(
    times: impl Iterator<Item = Timestamp>,
    since: Option<Timestamp>,
) -> (usize, Option<Timestamp>) {
    let times: Vec<Timestamp> = times.filter(|at| since.is_none_or(|since| *at >= since)).collect();
    let last = times.iter().copied().max();
    (times.iter().filter(|at| last.is_some_and(|last| **at > last - DAY)).count(), last)
}

/// How long unknown browsers are quiet after so many denials: a person who says no again and again is not asked louder.
fn pause_after(denials: usize) -> Duration {
    match denials {
        0 | 1 => TEN_MINUTES,
        2 => HOUR,
        _ => DAY,
    }
}

const TEN_MINUTES: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Wrong numbers in a day that pause, and for how long after the last.
const WRONG_NUMBERS: usize = 3;
const WRONG_NUMBERS_PAUSE: Duration = HOUR;

#[cfg(test)]
mod tests;
