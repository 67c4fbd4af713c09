//! What was done to requests: by whom, when, and what was answered.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use akkoord_core::approval::State;

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A browser of the account's person.
    Browser(usize),
    /// A phone of the account.
    Phone(usize),
    /// Whoever runs the server.
    Administrator,
}

/// A phone's answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes, with the number on the screen.
    Right,
    /// Yes, with another number.
    Wrong,
    /// It was me, but don't.
    Deny,
    /// It was not me.
    Report,
}

/// What was done, as one request sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A browser typed the user name.
    Start,
    /// A phone sent a decision. The same number is the same decision, byte for byte.
    Decide {
        /// Which phone.
        phone: usize,
        /// Which decision.
        decision: u32,
        /// What it says.
        verdict: Verdict,
    },
    /// The browser gave up.
    Cancel,
    /// The same browser started again.
    Supersede,
    /// The browser came back to be let in.
    Finish,
    /// Somebody read the state.
    Look,
    /// The browser that was let in opened its account.
    UseSession,
    /// First half of a removal: what the phone approved ends. On PostgreSQL another transaction may come between the
    /// halves, in whichever order they become visible to it.
    EndApprovalsOf {
        /// Which phone.
        phone: usize,
    },
    /// Second half: the phone is nobody's any more, and its sessions end.
    RemovePhone {
        /// Which phone.
        phone: usize,
    },
    /// First half of switching an account off: what is open ends.
    EndAll,
    /// Second half: nobody is let in, and the sessions end.
    Disable,
    /// The account is switched on again.
    Enable,
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done; or answered in a way that does not tell whether it changed anything.
    Done,
    /// The request is in this state, because of this call or as it was read.
    Told(State),
    /// Nothing was changed by this call; it may have been told the state that was in the way.
    Refused(Option<State>),
    /// There is no such request.
    Gone,
    /// No answer, or one that leaves it open.
    Unknown,
}

/// From when to when a call lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it was sent, on a clock that only counts.
    pub began: u64,
    /// When it was answered; `None` while it may still be under way.
    pub ended: Option<u64>,
    /// The server's clock before it, in milliseconds.
    pub from_ms: i64,
    /// The server's clock after it.
    pub to_ms: i64,
}

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// Who made it.
    pub who: Who,
    /// What it was.
    pub deed: Deed,
    /// What was answered.
    pub answer: Answer,
    /// When.
    pub span: Span,
}

/// Gives calls their times.
#[derive(Clone)]
pub struct Recorder {
    /// The server's clock, in milliseconds.
    clock: Arc<dyn Fn() -> i64 + Send + Sync>,
    count: Arc<AtomicU64>,
}

/// A call that is under way.
#[derive(Clone, Copy, Debug)]
pub struct Began {
    at: u64,
    ms: i64,
}

impl Recorder {
    /// A recorder that reads the server's clock by this.
    pub fn new(clock: Arc<dyn Fn() -> i64 + Send + Sync>) -> Self {
        Self { clock, count: Arc::default() }
    }

    /// Before a call is sent.
    pub fn begin(&self) -> Began {
        // The clocks are read outside in: the span must not be shorter than the call.
        let ms = (self.clock)();
        Began { at: self.count.fetch_add(1, Ordering::SeqCst), ms }
    }

    /// After it was answered.
    pub fn end(&self, began: Began) -> Span {
        let ended = self.count.fetch_add(1, Ordering::SeqCst);
        let ms = (self.clock)();
        // A test's clock may have been put back meanwhile.
        Span { began: began.at, ended: Some(ended), from_ms: began.ms.min(ms), to_ms: began.ms.max(ms) }
    }

    /// After its connection broke: the server may do it still.
    pub fn lose(&self, began: Began) -> Span {
        Span { began: began.at, ended: None, from_ms: began.ms.min((self.clock)()), to_ms: i64::MAX }
    }

    /// How many moments there were.
    pub fn moments(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Browser(number) => write!(f, "browser {number}"),
            Self::Phone(number) => write!(f, "phone {number}"),
            Self::Administrator => f.write_str("administrator"),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("starts"),
            Self::Decide { decision, verdict, .. } => {
                let says = match verdict {
                    Verdict::Right => "approves",
                    Verdict::Wrong => "approves, wrong number",
                    Verdict::Deny => "denies",
                    Verdict::Report => "reports",
                };
                write!(f, "{says} (decision {decision})")
            }
            Self::Cancel => f.write_str("cancels"),
            Self::Supersede => f.write_str("starts again"),
            Self::Finish => f.write_str("finishes"),
            Self::Look => f.write_str("looks"),
            Self::UseSession => f.write_str("opens the account"),
            Self::EndApprovalsOf { phone } => write!(f, "removes phone {phone}: its approvals"),
            Self::RemovePhone { phone } => write!(f, "removes phone {phone}: the phone itself"),
            Self::EndAll => f.write_str("disables: what is open"),
            Self::Disable => f.write_str("disables: the account itself"),
            Self::Enable => f.write_str("enables"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Told(state) => f.write_str(state.wire()),
            Self::Refused(Some(state)) => write!(f, "no: it is {}", state.wire()),
            Self::Refused(None) => f.write_str("no"),
            Self::Gone => f.write_str("there is none"),
            Self::Unknown => f.write_str("(no answer)"),
        }
    }
}
