//! The search: is there an order of the calls, one at a time, that explains what each was answered? It must agree with
//! time: a call that was answered before another was sent comes first.
//!
//! After Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), in the form that walks along the history
//! once and keeps all that may have happened so far: a request has ten states, so that is little.
//!
//! A call without an answer may be done at any time after it was sent, or never. Nothing has to be remembered of that:
//! no state comes back, so that whatever it could do it can do once.

use std::collections::HashSet;

use akkoord_core::approval::State;

use super::{
    model::{Model, Rules},
    record::{Answer, Deed, Made, Who},
};

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Some order explains it.
    Explained,
    /// None does. The last of these calls is the one that nothing explains.
    Unexplained(Vec<Made>),
    /// Too much happened at once to tell.
    TooWide,
}

/// Looks for an order, and where there is none for the fewest calls that show it.
pub fn explain(start: Model, made: &[Made], rules: &Rules) -> Found {
    match first_unexplained(start, made, rules) {
        Walked::Through => Found::Explained,
        Walked::TooWide => Found::TooWide,
        Walked::Stopped(at) => Found::Unexplained(fewest(start, made, at, rules)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walked {
    Through,
    /// At the answer of this call.
    Stopped(usize),
    TooWide,
}

/// What may have happened so far: the request, and which of the calls that are under way have been done.
type Possible = (Model, u64);

/// The calls that may come next.
#[derive(Default)]
struct Open<'m> {
    /// Those that will be answered, each in its place.
    under_way: Vec<Option<&'m Made>>,
    /// Those that got no answer. Of two that are the same the first allows all that the second does.
    lost: Vec<&'m Made>,
}

fn first_unexplained(start: Model, made: &[Made], rules: &Rules) -> Walked {
    let mut moments: Vec<(u64, bool, usize)> = Vec::with_capacity(made.len() * 2);
    for (index, call) in made.iter().enumerate() {
        moments.push((call.span.began, false, index));
        moments.extend(call.span.ended.map(|ended| (ended, true, index)));
    }
    // Of two at the same moment the one that begins comes first: then the two count as at once.
    moments.sort_unstable();
    let mut calls = Open::default();
    let mut places = vec![0_usize; made.len()];
    let mut possible: HashSet<Possible> = HashSet::from([(start, 0)]);
    for (_, is_answer, index) in moments {
        let (Some(call), Some(place)) = (made.get(index), places.get_mut(index)) else { continue };
        if !is_answer {
            if let Some(taken) = calls.send(call) {
                *place = taken;
            }
            if *place >= MOST_AT_ONCE {
                return Walked::TooWide;
            }
            continue;
        }
        possible = match done(&possible, &calls, *place, rules) {
            Some(possible) if possible.is_empty() => return Walked::Stopped(index),
            Some(possible) => possible,
            None => return Walked::TooWide,
        };
        if let Some(free) = calls.under_way.get_mut(*place) {
            *free = None;
        }
    }
    Walked::Through
}

impl<'m> Open<'m> {
    /// Takes up a call; returns its place if it will be answered.
    fn send(&mut self, call: &'m Made) -> Option<usize> {
        if call.span.ended.is_none() {
            if self.lost.iter().all(|lost| lost.deed != call.deed) {
                self.lost.push(call);
            }
            return None;
        }
        let free = self.under_way.iter().position(Option::is_none).unwrap_or(self.under_way.len());
        match self.under_way.get_mut(free) {
            Some(place) => *place = Some(call),
            None => self.under_way.push(Some(call)),
        }
        Some(free)
    }
}

/// All that may have happened by the time that the call in this place was answered. Others that are under way may have
/// come before it, in any order. `None` if that is too much.
fn done(possible: &HashSet<Possible>, calls: &Open<'_>, place: usize, rules: &Rules) -> Option<HashSet<Possible>> {
    let wanted = 1_u64 << place;
    let (mut after, mut seen) = (HashSet::new(), possible.clone());
    let mut open: Vec<Possible> = possible.iter().copied().collect();
    while let Some((model, done)) = open.pop() {
        if done & wanted != 0 {
            after.insert((model, done & !wanted));
            continue;
        }
        let answered = calls.under_way.iter().enumerate().filter_map(|(at, call)| Some((1 << at, (*call)?)));
        for (bit, call) in answered.chain(calls.lost.iter().map(|call| (0, *call))) {
            if done & bit != 0 {
                continue;
            }
            for next in model.after(call, rules) {
                let step = (next, done | bit);
                if seen.insert(step) {
                    open.push(step);
                }
            }
        }
        if seen.len() > MOST_POSSIBLE {
            return None;
        }
    }
    Some(after)
}

/// The fewest calls that still show it: nothing that came later, nothing that only looked or was refused without need.
fn fewest(start: Model, made: &[Made], at: usize, rules: &Rules) -> Vec<Made> {
    let Some(last) = made.get(at) else { return made.to_vec() };
    let end = last.span.ended.unwrap_or(u64::MAX);
    let mut kept: Vec<Made> = made.iter().filter(|call| call.span.began < end).copied().collect();
    let still = |calls: &[Made]| matches!(first_unexplained(start, calls, rules), Walked::Stopped(at) if calls.get(at) == Some(last));
    kept.sort_by_key(|call| (call == last, call.span.began));
    let mut index = 0;
    while let Some(call) = kept.get(index) {
        if call != last && may_go(call, &kept, index, still) {
            kept.remove(index);
        } else {
            index += 1;
        }
    }
    kept
}

/// Whether the rest shows it without this call, and still tells why. A call that changed nothing only bound the order.
/// What an administrator did may go where it is not the reason: the rest is as wrong if it may have been done or not,
/// and the last answer is none that it could bring about. What browsers and phones did stays, because it is the story.
fn may_go(call: &Made, kept: &[Made], index: usize, still: impl Fn(&[Made]) -> bool) -> bool {
    let without: Vec<Made> = kept.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, call)| *call).collect();
    let looked = matches!(call.deed, Deed::Look | Deed::UseSession) || matches!(call.answer, Answer::Refused(_));
    if looked || call.who != Who::Administrator || !still(&without) {
        return looked && still(&without);
    }
    let brought_about = |call: &Made| match call.answer {
        Answer::Told(state) | Answer::Refused(Some(state)) => state == State::Revoked,
        answer => answer == Answer::Refused(None),
    };
    let mut perhaps = kept.to_vec();
    if let Some(call) = perhaps.get_mut(index) {
        call.answer = Answer::Unknown;
    }
    still(&perhaps) && !kept.last().is_some_and(brought_about)
}

/// Calls on one request that may be under way at once.
const MOST_AT_ONCE: usize = 64;
/// What may have happened so far, at most.
const MOST_POSSIBLE: usize = 300_000;

#[cfg(test)]
mod tests;
