//! Accounts written by hand, right and wrong in one respect each.

use akkoord_core::approval::State::{self, Approved, Cancelled, Consumed, Denied, Expired};

use super::{
    super::record::{Verdict, Who},
    *,
};

const RULES: Rules = Rules { life_ms: 60_000, claim_ms: 60_000, put_back_ms: 0 };
const YES: Deed = Deed::Decide { phone: 0, decision: 1, verdict: Verdict::Right };

fn span(began: u64, ended: u64) -> Span {
    let ms = |moment: u64| i64::try_from(moment).unwrap() * 100;
    Span { began, ended: Some(ended), from_ms: ms(began), to_ms: ms(ended) }
}

fn made(deed: Deed, answer: Answer, began: u64, ended: u64) -> Made {
    Made { who: Who::Browser(0), deed, answer, span: span(began, ended) }
}

fn history() -> History {
    History { account: "ada".to_owned(), ..History::default() }
}

/// A request that was started, with what the audit tells of that.
fn started(history: &mut History, id: &str, number: &str, began: u64) {
    history.note(id, made(Deed::Start, Answer::Done, began, began + 1));
    history.requests.get_mut(id).unwrap().number = Some(number.to_owned());
    history.audit.push(Event::Started(id.to_owned()));
}

fn ended(history: &mut History, id: &str, state: State) {
    history.end.insert(id.to_owned(), state);
    if state == Consumed {
        history.audit.push(Event::Settled(id.to_owned(), "approved".to_owned()));
        history.audit.push(Event::Session(id.to_owned()));
    } else {
        history.audit.push(Event::Settled(id.to_owned(), state.as_str().to_owned()));
    }
}

/// A complete sign-in.
fn signed_in() -> History {
    let mut history = history();
    started(&mut history, "a", "47", 0);
    history.note("a", made(YES, Answer::Told(Approved), 2, 3));
    history.note("a", made(Deed::Finish, Answer::Done, 4, 5));
    ended(&mut history, "a", Consumed);
    history
}

fn sentences(history: &History) -> Vec<String> {
    history.check(&RULES).violations.into_iter().map(|violation| violation.sentence).collect()
}

/// The only thing that is wrong.
fn wrong(history: &History) -> String {
    let found = sentences(history);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

#[test]
fn a_sign_in_and_its_audit_are_in_order() {
    let history = signed_in();
    assert_eq!(sentences(&history), [""; 0]);
    assert_eq!(history.check(&RULES).explained, 1);
}

#[test]
fn a_request_that_no_order_explains_is_shown_with_its_calls() {
    let mut history = signed_in();
    history.note("a", made(Deed::Finish, Answer::Done, 4, 6));
    history.note("a", made(Deed::Look, Answer::Told(Consumed), 8, 9));
    let violations = history.check(&RULES).violations;
    assert_eq!(violations.len(), 1);
    let text = violations[0].to_string();
    assert_eq!(text.lines().count(), 7, "{text}");
    assert!(text.starts_with("ada: no order of these calls explains the answer to the last one\n"), "{text}");
    assert_eq!(text.matches("finishes").count(), 2, "{text}");
    assert!(!text.contains("looks"), "{text}");
}

#[test]
fn two_sessions_or_none_where_one_is_due_are_wrong() {
    let mut twice = signed_in();
    twice.audit.push(Event::Session("a".to_owned()));
    assert!(sentences(&twice)[0].starts_with("2 sessions of a request that ended as CONSUMED"));
    let mut none = signed_in();
    none.audit.retain(|event| !matches!(event, Event::Session(_)));
    assert!(sentences(&none)[0].starts_with("0 sessions"));
    let mut denied = history();
    started(&mut denied, "a", "47", 0);
    let no = Deed::Decide { phone: 0, decision: 1, verdict: Verdict::Deny };
    denied.note("a", made(no, Answer::Told(Denied), 2, 3));
    ended(&mut denied, "a", Denied);
    assert_eq!(sentences(&denied), [""; 0]);
    denied.audit.push(Event::Session("a".to_owned()));
    assert!(sentences(&denied)[0].starts_with("1 sessions of a request that ended as DENIED"));
}

#[test]
fn a_session_for_a_browser_without_the_flow_cookie_is_wrong() {
    let mut stolen = signed_in();
    stolen.requests.get_mut("a").unwrap().made.retain(|made| made.deed != Deed::Finish);
    assert_eq!(wrong(&stolen), "a session of a request whose browser never came back for it");
    let mut without = signed_in();
    without.let_in_without_flow = 1;
    assert!(wrong(&without).contains("without a flow cookie"));
}

#[test]
fn four_waiting_requests_are_wrong() {
    let mut history = history();
    for (at, id) in ["a", "b", "c"].into_iter().enumerate() {
        started(&mut history, id, &format!("1{at}"), 0);
        history.note(id, made(Deed::Cancel, Answer::Done, 90, 91));
        ended(&mut history, id, Cancelled);
    }
    assert_eq!(sentences(&history), [""; 0]);
    let mut four = history.clone();
    started(&mut four, "d", "99", 5);
    four.note("d", made(Deed::Cancel, Answer::Done, 92, 93));
    ended(&mut four, "d", Cancelled);
    assert_eq!(wrong(&four), "4 requests wait at once");
    // The fourth started while the first may have been cancelled already.
    four.note("a", made(Deed::Cancel, Answer::Done, 6, 70));
    assert_eq!(sentences(&four), [""; 0]);
    // One that no phone was asked for takes no place.
    let mut decoy = history.clone();
    decoy.note("d", made(Deed::Start, Answer::Done, 5, 6));
    assert_eq!(sentences(&decoy), [""; 0]);

    let waiting = ["a", "b", "c", "x"].map(str::to_owned).to_vec();
    history.listings.push(Listing { span: span(10, 11), waiting });
    assert!(sentences(&history).contains(&"a phone was told that 4 requests wait at once".to_owned()));
}

#[test]
fn one_number_on_two_screens_is_wrong() {
    let mut history = history();
    for (id, number, at) in [("a", "47", 0), ("b", "47", 5)] {
        started(&mut history, id, number, at);
        history.note(id, made(Deed::Cancel, Answer::Done, 90, 91));
        ended(&mut history, id, Cancelled);
    }
    assert_eq!(wrong(&history), "two requests that wait at once have one number");
    history.note("a", made(Deed::Look, Answer::Told(Cancelled), 95, 96));
    let mut one_after_the_other = history.clone();
    one_after_the_other.requests.get_mut("a").unwrap().made[1] = made(Deed::Cancel, Answer::Done, 3, 4);
    assert_eq!(sentences(&one_after_the_other), [""; 0]);
    // The first has expired long before the second starts.
    let mut expired = history.clone();
    expired.end.insert("a".to_owned(), Expired);
    expired.audit[1] = Event::Settled("a".to_owned(), "expired".to_owned());
    expired.requests.get_mut("a").unwrap().made.truncate(1);
    let later = [made(Deed::Start, Answer::Done, 700, 701), made(Deed::Cancel, Answer::Done, 702, 703)];
    expired.requests.get_mut("b").unwrap().made = later.to_vec();
    assert_eq!(sentences(&expired), [""; 0]);
}

#[test]
fn what_is_lost_or_comes_from_nowhere_is_wrong() {
    let mut lost = signed_in();
    lost.end.clear();
    assert!(
        sentences(&lost)
            .contains(&"a request that phones were asked for is not in the history of the account".to_owned())
    );
    let mut unknown = signed_in();
    unknown.audit.push(Event::Started("x".to_owned()));
    ended(&mut unknown, "x", Expired);
    assert!(wrong(&unknown).starts_with("1 requests that no browser knows of"));
    unknown.lost_starts = 1;
    assert_eq!(sentences(&unknown), [""; 0]);
}

#[test]
fn an_audit_that_tells_something_else_is_wrong() {
    let change = |change: &dyn Fn(&mut Vec<Event>)| {
        let mut history = history();
        started(&mut history, "a", "47", 0);
        history.note("a", made(Deed::Cancel, Answer::Done, 2, 3));
        ended(&mut history, "a", Cancelled);
        change(&mut history.audit);
        sentences(&history)
    };
    let settled = |state: &str| Event::Settled("a".to_owned(), state.to_owned());
    assert_eq!(change(&|_| ()), [""; 0]);
    let approved_before = change(&|audit| audit.push(settled("approved")));
    assert_eq!(approved_before, [""; 0]);
    let missing = change(&|audit| drop(audit.pop()));
    assert_eq!(
        missing,
        ["the audit tells of a request that ended as CANCELLED: started; it should tell: cancelled, started"]
    );
    for wrong in [settled("cancelled"), settled("denied"), Event::Started("a".to_owned())] {
        assert_eq!(change(&|audit| audit.push(wrong.clone())).len(), 1, "{wrong:?}");
    }
    assert_eq!(change(&|audit| audit.push(Event::Settled("x".to_owned(), "denied".to_owned()))).len(), 1);
}
