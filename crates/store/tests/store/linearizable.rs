//! The checker of histories: given what many callers did to one request and what each was answered, is there an order
//! of the calls, one at a time, that explains it? The order must agree with time (a call that ended before another
//! began comes first), with the transition table of the protocol, section 6, and with how the row ended.
//!
//! After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993): a search over the sets of calls that are
//! explained already, which is small because a request has ten states.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use akkoord_core::Timestamp;
use akkoord_store::ApprovalState;

/// One kind of call, with the time that it was stamped with where a guard asks for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Approve { phone: usize, now: Timestamp, claim_until: Timestamp },
    Mismatch { now: Timestamp },
    Deny,
    Report,
    Cancel,
    Supersede,
    Expire { now: Timestamp },
    RevokePhone { phone: usize },
    RevokeAccount,
    BadEvidence,
    Consume { now: Timestamp },
}

/// A call that was made: what it was answered, and when it began and ended on a clock that only counts.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) call: Call,
    pub(crate) done: bool,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

/// All that the table needs to know of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    pub(crate) state: ApprovalState,
    pub(crate) expires_at: Timestamp,
    pub(crate) claim_until: Option<Timestamp>,
    pub(crate) approved_by: Option<usize>,
    /// The one phone that was asked, if it was only one.
    pub(crate) only_phone: Option<usize>,
    pub(crate) bad_evidence: i64,
}

impl Model {
    /// The transition table: what the call makes of the request, or `None` where its guard says no.
    pub(crate) fn after(self, call: Call) -> Option<Self> {
        use ApprovalState::{
            Approved, Cancelled, Consumed, Denied, Expired, Mismatch, Pending, Reported, Revoked, Superseded,
        };
        let (pending, approved) = (self.state == Pending, self.state == Approved);
        let to = |state| Self { state, ..self };
        match call {
            Call::Approve { phone, now, claim_until } => (pending && self.expires_at > now).then_some(Self {
                state: Approved,
                claim_until: Some(claim_until),
                approved_by: Some(phone),
                ..self
            }),
            Call::Mismatch { now } => (pending && self.expires_at > now).then(|| to(Mismatch)),
            Call::Deny => (pending || approved).then(|| to(Denied)),
            Call::Report => (pending || approved).then(|| to(Reported)),
            Call::Cancel => (pending || approved).then(|| to(Cancelled)),
            Call::Supersede => pending.then(|| to(Superseded)),
            Call::Expire { now } => {
                let overdue = (pending && self.expires_at <= now) || (approved && self.claim_until? <= now);
                overdue.then(|| to(Expired))
            }
            Call::RevokePhone { phone } => {
                let its_own = pending && self.only_phone == Some(phone);
                (its_own || (approved && self.approved_by == Some(phone))).then(|| to(Revoked))
            }
            Call::RevokeAccount => (pending || approved).then(|| to(Revoked)),
            Call::BadEvidence => pending.then(|| {
                let bad_evidence = self.bad_evidence + 1;
                Self { bad_evidence, state: if bad_evidence >= 3 { Revoked } else { Pending }, ..self }
            }),
            Call::Consume { now } => (approved && self.claim_until? > now).then(|| to(Consumed)),
        }
    }
}

/// The clock that orders calls.
pub(crate) fn tick() -> u64 {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    CLOCK.fetch_add(1, Ordering::SeqCst)
}

/// Whether some order explains these calls and this end.
pub(crate) fn is_explained(start: Model, calls: &[Made], end: ApprovalState) -> bool {
    assert!(calls.len() <= 32, "the search is for short histories");
    let all = (1_u64 << calls.len()) - 1;
    let mut seen = HashSet::new();
    let mut open = vec![(0_u64, start)];
    while let Some((explained, model)) = open.pop() {
        if explained == all {
            if model.state == end {
                return true;
            }
            continue;
        }
        let left = || calls.iter().enumerate().filter(|(index, _)| explained & (1 << index) == 0);
        // A call can come next only if no other that is left had ended before it began.
        let first_end = left().map(|(_, made)| made.ended).min().unwrap_or(u64::MAX);
        for (index, made) in left().filter(|(_, made)| made.began < first_end) {
            let next = match (made.done, model.after(made.call)) {
                (true, Some(next)) => next,
                (false, None) => model,
                _ => continue,
            };
            let step = (explained | (1 << index), next);
            if seen.insert(step) {
                open.push(step);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Call, Made, Model, is_explained};
    use crate::fixtures::at;
    use akkoord_store::ApprovalState::{Approved, Cancelled, Consumed, Denied, Pending};

    fn pending() -> Model {
        Model {
            state: Pending,
            expires_at: at(120),
            claim_until: None,
            approved_by: None,
            only_phone: None,
            bad_evidence: 0,
        }
    }

    fn made(call: Call, done: bool, began: u64, ended: u64) -> Made {
        Made { call, done, began, ended }
    }

    fn approve() -> Call {
        Call::Approve { phone: 0, now: at(1), claim_until: at(61) }
    }

    #[test]
    fn the_checker_accepts_what_some_order_explains() {
        assert!(is_explained(pending(), &[], Pending));
        let consume = Call::Consume { now: at(2) };
        assert!(is_explained(pending(), &[made(approve(), true, 0, 1), made(consume, true, 2, 3)], Consumed));
        // They overlap: the refused consume came first.
        assert!(is_explained(pending(), &[made(approve(), true, 0, 3), made(consume, false, 1, 2)], Approved));
        let calls = [made(Call::Deny, true, 0, 9), made(Call::Cancel, false, 1, 8), made(approve(), true, 2, 7)];
        assert!(is_explained(pending(), &calls, Denied));
    }

    #[test]
    fn the_checker_rejects_what_no_order_explains() {
        let consume = Call::Consume { now: at(2) };
        assert!(!is_explained(pending(), &[made(consume, true, 0, 1)], Consumed), "never approved");
        let twice = [made(approve(), true, 0, 1), made(consume, true, 2, 5), made(consume, true, 3, 4)];
        assert!(!is_explained(pending(), &twice, Consumed), "consumed twice");
        let both = [made(Call::Deny, true, 0, 5), made(Call::Cancel, true, 1, 4)];
        assert!(!is_explained(pending(), &both, Cancelled) && !is_explained(pending(), &both, Denied), "two ends");
        assert!(!is_explained(pending(), &[made(Call::Deny, true, 0, 1)], Pending), "answered and not done");
        // Approved before the consume began, so it should have worked.
        assert!(!is_explained(pending(), &[made(approve(), true, 0, 1), made(consume, false, 2, 3)], Approved));
        let late = Call::Approve { phone: 0, now: at(120), claim_until: at(180) };
        assert!(!is_explained(pending(), &[made(late, true, 0, 1)], Approved), "too late");
    }
}
