//! One request as a register: what each call makes of it, after the table of `akkoord_core::approval`.

use akkoord_core::approval::{Event, State};

use super::record::{Answer, Deed, Made, Span, Verdict};

/// What the checker is told of the server that it looks at.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a request waits for a phone, in milliseconds.
    pub life_ms: i64,
    /// How long an approved one waits for its browser.
    pub claim_ms: i64,
    /// By how much the server's clock may have been put back in between. With 0 time only passes, and who once read
    /// that a request has expired must never read anything else.
    pub put_back_ms: i64,
}

/// A request and what bears on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    /// Its state; `None` before it was started.
    pub state: Option<State>,
    /// The decision that was taken last, and what its phone was told.
    decided: Option<(u32, State)>,
    approved_by: Option<usize>,
    /// When it is too late for the next step: not before the first, and certainly from the second on.
    deadline: (i64, i64),
    /// The account's removed phones, a bit each.
    removed: u64,
    disabled: bool,
    /// Whether its session was ended.
    signed_out: bool,
}

impl Model {
    /// A request that nobody has started.
    pub const ABSENT: Self = Self {
        state: None,
        decided: None,
        approved_by: None,
        deadline: (i64::MIN, i64::MAX),
        removed: 0,
        disabled: false,
        signed_out: false,
    };

    /// What the request may be after this call was answered like this; nothing where the answer cannot be.
    pub fn after(self, made: &Made, rules: &Rules) -> Vec<Self> {
        let span = &made.span;
        match made.deed {
            Deed::Start if self.state.is_some() => Vec::new(),
            Deed::Start => vec![Self {
                state: Some(State::Pending),
                deadline: (span.from_ms.saturating_add(rules.life_ms), span.to_ms.saturating_add(rules.life_ms)),
                ..self
            }],
            Deed::Decide { phone, decision, verdict } => self.decide(made, phone, decision, verdict, rules),
            Deed::Cancel => self.try_to(Event::Cancel, made, rules),
            Deed::Supersede => self.try_to(Event::Supersede, made, rules),
            Deed::EndAll => self.try_to(Event::Revoke, made, rules),
            Deed::EndApprovalsOf { phone }
                if self.approved_by == Some(phone) && self.state == Some(State::Approved) =>
            {
                self.try_to(Event::Revoke, made, rules)
            }
            Deed::EndApprovalsOf { .. } => vec![self],
            Deed::Finish => self.finish(made, rules),
            Deed::Look => self.look(made, rules),
            Deed::UseSession => {
                let good = self.state == Some(State::Consumed) && !self.signed_out;
                let fits = good == (made.answer == Answer::Done);
                if fits { vec![self] } else { Vec::new() }
            }
            Deed::RemovePhone { phone } => {
                let signed_out = self.signed_out || (self.is_consumed() && self.approved_by == Some(phone));
                self.or_not(Self { removed: self.removed | bit(phone), signed_out, ..self }, made)
            }
            Deed::Disable => {
                self.or_not(Self { disabled: true, signed_out: self.signed_out || self.is_consumed(), ..self }, made)
            }
            Deed::Enable => self.or_not(Self { disabled: false, ..self }, made),
        }
    }

    fn is_consumed(self) -> bool {
        self.state == Some(State::Consumed)
    }

    /// A change that happened; or did not, where nobody was told.
    fn or_not(self, changed: Self, made: &Made) -> Vec<Self> {
        if made.answer == Answer::Unknown { vec![changed, self] } else { vec![changed] }
    }

    /// As what the request may count at some moment of this span: as it is while it is in time, as expired after.
    fn seen(self, span: &Span, rules: &Rules) -> Vec<Self> {
        if self.state.is_none_or(State::is_settled) {
            return vec![self];
        }
        let mut seen = Vec::with_capacity(2);
        if span.from_ms.saturating_sub(rules.put_back_ms) < self.deadline.1 {
            seen.push(self);
        }
        if span.to_ms.saturating_add(rules.put_back_ms) >= self.deadline.0 {
            seen.push(Self { state: Some(State::Expired), ..self });
        }
        seen
    }

    /// A call that found the request like this and left it so. Where the clock may be put back, one that counted as
    /// expired may still turn out to be in time.
    fn left_as(self, seen: Self, rules: &Rules) -> Vec<Self> {
        if rules.put_back_ms > 0 && seen != self { vec![seen, self] } else { vec![seen] }
    }

    fn look(self, made: &Made, rules: &Rules) -> Vec<Self> {
        match made.answer {
            Answer::Told(state) => {
                let seen = self.seen(&made.span, rules).into_iter().filter(|seen| seen.state == Some(state));
                seen.flat_map(|seen| self.left_as(seen, rules)).collect()
            }
            Answer::Gone if self.state.is_some() => Vec::new(),
            _ => vec![self],
        }
    }

    /// A call that changes the request where it can, and does not tell whether it could.
    fn try_to(self, event: Event, made: &Made, rules: &Rules) -> Vec<Self> {
        let mut after = Vec::new();
        for seen in self.seen(&made.span, rules) {
            match seen.state.and_then(|state| state.after(event)) {
                Some(next) => after.push(Self { state: Some(next), ..seen }),
                None => after.extend(self.left_as(seen, rules)),
            }
        }
        if made.answer == Answer::Unknown {
            after.push(self);
        }
        after
    }

    fn finish(self, made: &Made, rules: &Rules) -> Vec<Self> {
        let phone_is_gone = self.approved_by.is_some_and(|phone| self.removed & bit(phone) != 0);
        let mut after = Vec::new();
        for seen in self.seen(&made.span, rules) {
            let next = seen.state.and_then(|state| state.after(Event::Consume));
            match next.filter(|_| !phone_is_gone && !self.disabled) {
                Some(next) if matches!(made.answer, Answer::Done | Answer::Unknown) => {
                    after.push(Self { state: Some(next), ..seen });
                }
                None if matches!(made.answer, Answer::Refused(_)) => after.extend(self.left_as(seen, rules)),
                _ => {}
            }
        }
        if made.answer == Answer::Unknown {
            after.push(self);
        }
        after
    }

    fn decide(self, made: &Made, phone: usize, decision: u32, verdict: Verdict, rules: &Rules) -> Vec<Self> {
        // The phone was not let in: nothing is known of the request.
        if made.answer == Answer::Refused(None) {
            return vec![self];
        }
        if let Some((_, told)) = self.decided.filter(|(last, _)| *last == decision) {
            let same = made.answer == Answer::Told(told) || made.answer == Answer::Unknown;
            return if same { vec![self] } else { Vec::new() };
        }
        let removed = verdict == Verdict::Right && self.removed & bit(phone) != 0;
        let mut after = Vec::new();
        for seen in self.seen(&made.span, rules) {
            let next = seen.state.and_then(|state| state.after(verdict.event())).filter(|_| !removed);
            match (next, made.answer) {
                (Some(next), Answer::Told(told)) if told == next => after.push(seen.decided(made, next, rules)),
                (Some(next), Answer::Unknown) => after.push(seen.decided(made, next, rules)),
                (None, Answer::Refused(told)) if told == seen.state => after.extend(self.left_as(seen, rules)),
                _ => {}
            }
        }
        if made.answer == Answer::Unknown {
            after.push(self);
        }
        after
    }

    fn decided(self, made: &Made, next: State, rules: &Rules) -> Self {
        let Deed::Decide { phone, decision, .. } = made.deed else { return self };
        let changed = Self { state: Some(next), decided: Some((decision, next)), ..self };
        if next != State::Approved {
            return changed;
        }
        let claim = rules.claim_ms;
        let deadline = (made.span.from_ms.saturating_add(claim), made.span.to_ms.saturating_add(claim));
        Self { approved_by: Some(phone), deadline, ..changed }
    }
}

impl Verdict {
    fn event(self) -> Event {
        match self {
            Self::Right => Event::Approve,
            Self::Wrong => Event::WrongNumber,
            Self::Deny => Event::Deny,
            Self::Report => Event::Report,
        }
    }
}

fn bit(phone: usize) -> u64 {
    1_u64.checked_shl(u32::try_from(phone).unwrap_or(u32::MAX)).unwrap_or(0)
}
