//! Histories written by hand: those that some order explains, and those that none does.

use akkoord_core::approval::State::{
    self, Approved, Cancelled, Consumed, Denied, Expired, Mismatch, Pending, Reported, Revoked, Superseded,
};

use super::{
    super::record::{Span, Verdict, Who},
    *,
};

const RULES: Rules = Rules { life_ms: 60_000, claim_ms: 60_000, put_back_ms: 0 };

/// A call between two moments; a moment is a tenth of a second on the server's clock as well.
fn call(deed: Deed, answer: Answer, began: u64, ended: u64) -> Made {
    let who = match deed {
        Deed::Decide { phone, .. } => Who::Phone(phone),
        Deed::EndAll | Deed::Disable | Deed::Enable => Who::Administrator,
        Deed::EndApprovalsOf { .. } | Deed::RemovePhone { .. } => Who::Administrator,
        _ => Who::Browser(1),
    };
    let ms = |moment: u64| i64::try_from(moment).unwrap() * 100;
    Made { who, deed, answer, span: Span { began, ended: Some(ended), from_ms: ms(began), to_ms: ms(ended) } }
}

/// A call that got no answer.
fn lost(deed: Deed, began: u64) -> Made {
    let made = call(deed, Answer::Unknown, began, began);
    Made { span: Span { ended: None, to_ms: i64::MAX, ..made.span }, ..made }
}

fn decide(phone: usize, verdict: Verdict) -> Deed {
    Deed::Decide { phone, decision: u32::try_from(phone).unwrap(), verdict }
}

const YES: Deed = Deed::Decide { phone: 1, decision: 1, verdict: Verdict::Right };
const NO: Deed = Deed::Decide { phone: 2, decision: 2, verdict: Verdict::Deny };

fn told(state: State) -> Answer {
    Answer::Told(state)
}

fn no(state: State) -> Answer {
    Answer::Refused(Some(state))
}

fn start() -> Made {
    call(Deed::Start, Answer::Done, 0, 1)
}

fn found_by(rules: &Rules, made: &[Made]) -> Found {
    let all: Vec<Made> = std::iter::once(start()).chain(made.iter().copied()).collect();
    explain(Model::ABSENT, &all, rules)
}

fn is_explained(made: &[Made]) -> bool {
    found_by(&RULES, made) == Found::Explained
}

/// The lines that show it, without the start.
fn shown_by(made: &[Made]) -> Vec<Made> {
    match found_by(&RULES, made) {
        Found::Unexplained(fewest) => fewest.into_iter().filter(|made| made.deed != Deed::Start).collect(),
        other => panic!("{other:?}"),
    }
}

fn is_wrong(made: &[Made]) -> bool {
    matches!(found_by(&RULES, made), Found::Unexplained(_))
}

#[test]
fn a_sign_in_from_start_to_end_is_explained() {
    assert!(is_explained(&[
        call(Deed::Look, told(Pending), 2, 3),
        call(YES, told(Approved), 4, 5),
        call(Deed::Look, told(Approved), 6, 7),
        call(Deed::Finish, Answer::Done, 8, 9),
        call(Deed::UseSession, Answer::Done, 10, 11),
        call(Deed::Finish, Answer::Refused(None), 12, 13),
        call(NO, no(Consumed), 14, 15),
        call(YES, told(Approved), 16, 17),
    ]));
}

#[test]
fn calls_at_once_may_have_come_in_either_order() {
    let finish_was_first = [call(YES, told(Approved), 2, 9), call(Deed::Finish, Answer::Refused(None), 3, 4)];
    assert!(is_explained(&finish_was_first));
    let no_wins =
        [call(YES, told(Approved), 2, 9), call(NO, told(Denied), 3, 8), call(Deed::Cancel, Answer::Done, 4, 7)];
    assert!(is_explained(&no_wins));
    assert!(is_explained(&[call(Deed::Cancel, Answer::Done, 2, 5), call(NO, no(Cancelled), 3, 4)]));
    let wrong_came_first = [
        call(decide(1, Verdict::Wrong), told(Mismatch), 2, 6),
        call(decide(2, Verdict::Right), no(Mismatch), 3, 5),
        call(decide(3, Verdict::Report), no(Mismatch), 4, 7),
    ];
    assert!(is_explained(&wrong_came_first));
}

#[test]
fn a_call_without_answer_may_have_happened_at_any_time_after_it_was_sent_or_never() {
    assert!(is_explained(&[lost(YES, 2), call(Deed::Finish, Answer::Done, 5, 6)]), "it had happened");
    assert!(is_explained(&[lost(YES, 2), call(Deed::Finish, Answer::Refused(None), 5, 6)]), "not yet, or never");
    let late = [lost(NO, 2), call(Deed::Look, told(Pending), 50, 51), call(Deed::Look, told(Denied), 60, 61)];
    assert!(is_explained(&late));
    let only_one_finish = [
        call(YES, told(Approved), 2, 3),
        lost(Deed::Finish, 4),
        call(Deed::Finish, Answer::Refused(None), 6, 7),
        call(Deed::Look, told(Consumed), 8, 9),
    ];
    assert!(is_explained(&only_one_finish));
    assert!(is_wrong(&[call(Deed::Finish, Answer::Done, 2, 3), lost(YES, 4)]), "not before it was sent");
    assert!(is_wrong(&[lost(Deed::Cancel, 2), call(Deed::Look, told(Denied), 5, 6)]), "not another one");
    let twice = [lost(YES, 2), lost(Deed::Finish, 3), call(Deed::Look, told(Consumed), 4, 5)];
    assert!(is_wrong(&[&twice[..], &[call(Deed::Finish, Answer::Done, 6, 7)]].concat()));
}

#[test]
fn a_session_without_an_approval_is_wrong() {
    assert!(is_wrong(&[call(Deed::Finish, Answer::Done, 2, 3)]));
    let number_was_wrong =
        [call(decide(1, Verdict::Wrong), told(Mismatch), 2, 3), call(Deed::Finish, Answer::Done, 4, 5)];
    assert!(is_wrong(&number_was_wrong));
    assert!(
        is_wrong(&[call(decide(1, Verdict::Wrong), told(Approved), 2, 3)]),
        "a wrong number taken for the right one"
    );
    let too_early = [call(Deed::Finish, Answer::Done, 2, 3), call(YES, told(Approved), 4, 5)];
    assert!(is_wrong(&too_early));
}

#[test]
fn two_sessions_of_one_request_are_wrong() {
    let first = call(Deed::Finish, Answer::Done, 4, 8);
    assert!(is_wrong(&[call(YES, told(Approved), 2, 3), first, call(Deed::Finish, Answer::Done, 5, 7)]));
}

#[test]
fn a_session_after_a_no_is_wrong() {
    let history =
        [call(YES, told(Approved), 2, 3), call(NO, told(Denied), 4, 5), call(Deed::Finish, Answer::Done, 6, 7)];
    assert_eq!(shown_by(&history), history);
    let overlapping =
        [call(YES, told(Approved), 2, 3), call(NO, told(Denied), 4, 7), call(Deed::Finish, Answer::Done, 5, 6)];
    assert!(is_wrong(&overlapping), "whichever came first, the other had to be refused");
}

#[test]
fn two_ends_are_wrong() {
    assert!(is_wrong(&[call(NO, told(Denied), 2, 5), call(decide(3, Verdict::Report), told(Reported), 3, 4)]));
    let read_both = [
        call(Deed::Cancel, Answer::Done, 2, 3),
        call(Deed::Look, told(Cancelled), 4, 5),
        call(Deed::Look, told(Revoked), 6, 7),
    ];
    assert!(is_wrong(&read_both));
    assert!(is_wrong(&[call(Deed::Supersede, Answer::Done, 2, 3), call(Deed::Look, told(Pending), 4, 5)]));
    let approved_one_is_not_superseded = [
        call(YES, told(Approved), 2, 3),
        call(Deed::Supersede, Answer::Done, 4, 5),
        call(Deed::Look, told(Superseded), 6, 7),
    ];
    assert!(is_wrong(&approved_one_is_not_superseded));
}

#[test]
fn what_was_acknowledged_and_is_lost_is_wrong() {
    assert!(is_wrong(&[call(YES, told(Approved), 2, 3), call(Deed::Look, told(Pending), 4, 5)]));
    assert!(is_wrong(&[call(Deed::Look, Answer::Gone, 2, 3)]));
    let signed_out = [
        call(YES, told(Approved), 2, 3),
        call(Deed::Finish, Answer::Done, 4, 5),
        call(Deed::UseSession, Answer::Refused(None), 6, 7),
    ];
    assert!(is_wrong(&signed_out));
}

#[test]
fn a_refusal_without_a_reason_is_wrong() {
    assert!(is_wrong(&[call(NO, no(Pending), 2, 3)]));
    assert!(is_wrong(&[call(YES, told(Approved), 2, 3), call(Deed::Finish, Answer::Refused(None), 4, 5)]));
    assert!(is_wrong(&[call(YES, no(Denied), 2, 3)]), "told of a no that nobody said");
    assert!(is_explained(&[call(YES, Answer::Refused(None), 2, 3)]), "the phone itself was not let in");
}

#[test]
fn the_same_decision_again_has_the_same_answer() {
    let again = call(YES, told(Approved), 6, 7);
    assert!(is_explained(&[call(YES, told(Approved), 2, 3), again]));
    assert!(is_explained(&[lost(YES, 2), again]));
    assert!(is_wrong(&[call(YES, told(Approved), 2, 3), call(YES, no(Approved), 6, 7)]));
    let denied_in_between = [call(YES, told(Approved), 2, 3), call(NO, told(Denied), 4, 5)];
    assert!(is_explained(&[&denied_in_between[..], &[call(YES, no(Denied), 6, 7)]].concat()));
    assert!(is_wrong(&[&denied_in_between[..], &[again]].concat()), "the kept decision is another one");
}

#[test]
fn a_minute_is_a_minute() {
    // A moment is a tenth of a second: the request expires between moments 600 and 601.
    assert!(is_explained(&[call(YES, told(Approved), 600, 602)]), "at the edge either way");
    assert!(is_explained(&[call(YES, no(Expired), 600, 602)]));
    assert!(is_wrong(&[call(YES, told(Approved), 602, 603)]), "too late");
    assert!(is_wrong(&[call(YES, no(Expired), 590, 598)]), "too early");
    assert!(is_wrong(&[call(Deed::Look, told(Expired), 590, 598)]));
    let approved = call(YES, told(Approved), 500, 501);
    assert!(is_explained(&[approved, call(Deed::Finish, Answer::Done, 1090, 1099)]), "a minute from the approval on");
    assert!(is_wrong(&[approved, call(Deed::Finish, Answer::Done, 1102, 1103)]), "came back too late");
    assert!(is_wrong(&[approved, call(Deed::Finish, Answer::Refused(None), 1090, 1099)]), "refused in time");
}

#[test]
fn who_read_that_it_expired_reads_nothing_else_later() {
    let expired = call(Deed::Look, told(Expired), 602, 603);
    assert!(is_explained(&[
        expired,
        call(Deed::Cancel, Answer::Done, 604, 605),
        call(Deed::Look, told(Expired), 606, 607)
    ]));
    let cancelled = [expired, call(Deed::Cancel, Answer::Done, 604, 605), call(Deed::Look, told(Cancelled), 606, 607)];
    assert_eq!(shown_by(&cancelled), cancelled[1..], "its time alone shows it");
    let put_back = Rules { put_back_ms: 3_000, ..RULES };
    let approved = [call(Deed::Look, told(Expired), 598, 599), call(YES, told(Approved), 600, 601)];
    assert_eq!(found_by(&put_back, &approved), Found::Explained, "the clock was put back in between");
    assert!(matches!(found_by(&put_back, &[call(YES, told(Approved), 632, 633)]), Found::Unexplained(_)));
}

#[test]
fn a_removed_phone_and_a_disabled_account_let_nobody_in() {
    let removal = [
        call(Deed::EndApprovalsOf { phone: 1 }, Answer::Done, 4, 8),
        call(Deed::RemovePhone { phone: 1 }, Answer::Done, 4, 8),
    ];
    let approved = call(YES, told(Approved), 2, 3);
    let with = |more: &[Made]| [&[approved], &removal[..], more].concat();
    assert!(is_explained(&with(&[call(Deed::Look, told(Revoked), 9, 10)])));
    assert!(is_wrong(&with(&[call(Deed::Finish, Answer::Done, 9, 10)])));
    let let_in_before = [call(Deed::Finish, Answer::Done, 5, 6), call(Deed::UseSession, Answer::Refused(None), 9, 10)];
    assert!(is_explained(&with(&let_in_before)), "and signed out by the removal");
    assert!(is_wrong(&with(&[let_in_before[0], call(Deed::UseSession, Answer::Done, 9, 10)])), "a session survives");
    // Said yes between the two halves of the removal: it stays approved, and is good for nothing.
    let in_between = [call(YES, told(Approved), 5, 6), call(Deed::Finish, Answer::Refused(None), 9, 10)];
    assert!(is_explained(&[&removal[..], &in_between].concat()));

    let off = [call(Deed::EndAll, Answer::Done, 4, 8), call(Deed::Disable, Answer::Done, 4, 8)];
    assert!(is_explained(&[&off[..], &[call(Deed::Look, told(Revoked), 9, 10)]].concat()));
    let on_again = [call(Deed::Enable, Answer::Done, 9, 10), call(YES, told(Approved), 11, 12)];
    assert!(is_wrong(&[&off[..], &on_again].concat()), "what ended stays so when the account is enabled");
    assert!(is_wrong(&[&[approved], &off[..], &[call(Deed::Finish, Answer::Done, 9, 10)]].concat()));
}

#[test]
fn the_fewest_calls_are_shown() {
    let mut history = vec![call(YES, told(Approved), 20, 21), call(NO, told(Denied), 30, 35)];
    for moment in 0..8 {
        history.push(call(Deed::Look, told(Pending), 2 * moment + 2, 2 * moment + 3));
        history.push(call(decide(7, Verdict::Wrong), no(Approved), 22, 26 + moment));
        history.push(call(Deed::Disable, Answer::Done, 50 + moment, 60));
    }
    history.push(call(Deed::Enable, Answer::Done, 2, 3));
    history.push(call(Deed::Finish, Answer::Done, 31, 34));
    let shown = shown_by(&history);
    assert_eq!(shown.len(), 3, "{shown:#?}");
    assert_eq!(shown.iter().filter(|made| made.deed == YES || made.deed == NO || made.deed == Deed::Finish).count(), 3);
}

#[test]
fn a_history_of_any_length_is_checked_and_one_that_is_too_wide_is_not_passed_off_as_good() {
    let long: Vec<Made> = (1..5_000).map(|at| call(Deed::Look, told(Pending), 2 * at, 2 * at + 1)).collect();
    let in_time = Rules { life_ms: 10_000_000, ..RULES };
    assert_eq!(found_by(&in_time, &long), Found::Explained);
    let wide: Vec<Made> = (0..80).map(|_| call(Deed::Finish, Answer::Refused(None), 5, 90)).collect();
    assert_eq!(found_by(&RULES, &wide), Found::TooWide);
    let lost: Vec<Made> = (0..80).map(|at| lost(Deed::Finish, 5 + at)).collect();
    assert_eq!(found_by(&RULES, &lost), Found::Explained, "what got no answer takes no place");
}
