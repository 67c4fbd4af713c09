use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const LIMITS: Limits = Limits { known: Limit { ten_minutes: 5, day: 30 }, unknown: Limit { ten_minutes: 2, day: 6 } };

fn ago(minutes: u64) -> Timestamp {
    NOW - Duration::from_secs(minutes * 60)
}

fn rang(known: bool, minutes: u64) -> Past {
    Past { known, rang_at: Some(ago(minutes)), ..Past::default() }
}

fn denied(minutes: u64) -> Past {
    Past { denied_at: Some(ago(minutes)), ..Past::default() }
}

fn mismatch(minutes: u64) -> Past {
    Past { mismatch_at: Some(ago(minutes)), ..Past::default() }
}

fn verdict(start: Start, marks: Marks, past: &[Past]) -> Verdict {
    decide(start, &marks, past, &LIMITS, NOW)
}

/// What an unknown browser, a known one and an announced start get.
fn verdicts(marks: Marks, past: &[Past]) -> [Verdict; 3] {
    [Start::Unknown, Start::Known, Start::Expected].map(|start| verdict(start, marks, past))
}

#[test]
fn a_start_is_known_by_its_browser_or_by_the_phone_that_announced_it() {
    assert_eq!([Start::of(false, false), Start::of(true, false)], [Start::Unknown, Start::Known]);
    assert_eq!([Start::of(false, true), Start::of(true, true)], [Start::Expected; 2]);
    assert_eq!([Start::Unknown, Start::Known, Start::Expected].map(Start::is_known), [false, true, true]);
}

#[test]
fn each_kind_of_browser_has_a_budget_of_its_own_in_ten_minutes_and_in_a_day() {
    use Verdict::{Quiet, Ring};
    let spent = Quiet(Reason::Budget);
    let times = |known: bool, count: usize, minutes: u64| vec![rang(known, minutes); count];
    for (past, unknown, known) in [
        (vec![], Ring, Ring),
        (times(false, 1, 1), Ring, Ring),
        (times(false, 2, 1), spent, Ring),
        (times(false, 2, 9), spent, Ring),
        (times(false, 2, 10), Ring, Ring),
        (times(false, 5, 60), Ring, Ring),
        (times(false, 6, 60), spent, Ring),
        (times(false, 6, 24 * 60 - 1), spent, Ring),
        (times(false, 6, 24 * 60), Ring, Ring),
        (times(true, 4, 1), Ring, Ring),
        (times(true, 5, 9), Ring, spent),
        (times(true, 5, 10), Ring, Ring),
        (times(true, 29, 60), Ring, Ring),
        (times(true, 30, 24 * 60 - 1), Ring, spent),
        (times(true, 30, 24 * 60), Ring, Ring),
        ([times(true, 30, 1), times(false, 6, 1)].concat(), spent, spent),
        // What waited without ringing costs nothing.
        (vec![Past::default(); 100], Ring, Ring),
    ] {
        assert_eq!(verdicts(Marks::default(), &past), [unknown, known, Ring], "{past:?}");
    }
}

#[test]
fn a_limit_of_none_lets_no_unknown_browser_ring() {
    let limits = Limits { unknown: Limit { ten_minutes: 0, day: 0 }, ..LIMITS };
    let decided = |start| decide(start, &Marks::default(), &[], &limits, NOW);
    assert_eq!(decided(Start::Unknown), Verdict::Quiet(Reason::Budget));
    assert_eq!([decided(Start::Known), decided(Start::Expected)], [Verdict::Ring; 2]);
}

#[test]
fn denials_of_unknown_browsers_pause_them_longer_each_time() {
    use Verdict::{Quiet, Ring};
    let paused = Quiet(Reason::Denied);
    let day = 24 * 60;
    for (past, unknown) in [
        (vec![denied(0)], paused),
        (vec![denied(9)], paused),
        (vec![denied(10)], Ring),
        (vec![denied(100), denied(59)], paused),
        (vec![denied(59), denied(100)], paused),
        (vec![denied(100), denied(60)], Ring),
        (vec![denied(300), denied(200), denied(100)], paused),
        (vec![denied(300), denied(200), denied(day - 1)], paused),
        // What counts is the day before the last one, so that a pause does not get shorter while it lasts.
        (vec![denied(day + 100), denied(day + 50), denied(day - 1)], paused),
        (vec![denied(2 * day - 2), denied(day), denied(day - 1)], paused),
        (vec![denied(2 * day - 1), denied(day), denied(day - 1)], Ring),
        (vec![denied(day + 61), denied(61)], Ring),
        (vec![denied(day + 59), denied(59)], Ring),
        (vec![denied(day + 58), denied(59)], paused),
        (vec![denied(day); 3], Ring),
        (vec![Past { known: true, ..denied(0) }; 5], Ring),
    ] {
        assert_eq!(verdicts(Marks::default(), &past), [unknown, Ring, Ring], "{past:?}");
    }
}

#[test]
fn a_report_quiets_unknown_browsers_for_a_day_or_until_they_are_switched_on_again() {
    use Verdict::{Quiet, Ring};
    let quiet = Quiet(Reason::Reported);
    for (reported, switched_on, unknown) in [
        (Some(0), None, quiet),
        (Some(24 * 60 - 1), None, quiet),
        (Some(24 * 60), None, Ring),
        (Some(60), Some(59), Ring),
        (Some(60), Some(60), quiet),
        (Some(60), Some(61), quiet),
        (None, Some(60), Ring),
    ] {
        let marks =
            Marks { reported_at: reported.map(ago), unknown_browsers_at: switched_on.map(ago), ..Marks::default() };
        assert_eq!(verdicts(marks, &[]), [unknown, Ring, Ring], "{reported:?} {switched_on:?}");
    }
    // Whoever switches them on again has seen the denials too.
    let marks = Marks { unknown_browsers_at: Some(ago(1)), ..Marks::default() };
    assert_eq!(verdict(Start::Unknown, marks, &[denied(2), denied(3), denied(4)]), Ring);
    assert_eq!(verdict(Start::Unknown, marks, &[denied(1)]), Quiet(Reason::Denied));
}

#[test]
fn wrong_numbers_leave_strangers_nothing_and_known_browsers_no_ringing() {
    use Verdict::{Decoy, Quiet, Ring};
    let paused = [Decoy(Reason::WrongNumbers), Quiet(Reason::WrongNumbers), Ring];
    let none = Marks::default();
    let unlocked = Marks { unlocked_at: Some(ago(30)), ..none };
    for (marks, past, expected) in [
        (none, vec![mismatch(0); 2], [Ring; 3]),
        (none, vec![mismatch(300), mismatch(200), mismatch(59)], paused),
        (none, vec![mismatch(300), mismatch(200), mismatch(60)], [Ring; 3]),
        (none, vec![mismatch(24 * 60 + 1), mismatch(1), mismatch(2)], [Ring; 3]),
        (none, vec![mismatch(24 * 60), mismatch(2), mismatch(1)], paused),
        (none, vec![mismatch(24 * 60 + 50), mismatch(58), mismatch(59)], paused),
        (none, vec![Past { known: true, ..mismatch(1) }; 3], paused),
        (unlocked, vec![mismatch(31); 3], [Ring; 3]),
        (unlocked, vec![mismatch(31), mismatch(29), mismatch(28)], [Ring; 3]),
        (unlocked, vec![mismatch(29); 3], paused),
    ] {
        assert_eq!(verdicts(marks, &past), expected, "{marks:?} {past:?}");
    }
}

#[test]
fn of_practice_only_the_ringing_counts() {
    let practice = |past: Past| Past { practice: true, ..past };
    let tried = [practice(denied(1)), practice(denied(1)), practice(mismatch(1)), practice(mismatch(1))];
    assert_eq!(verdicts(Marks::default(), &[tried, tried].concat()), [Verdict::Ring; 3]);
    let rang = vec![practice(rang(true, 1)); 5];
    assert_eq!(verdict(Start::Known, Marks::default(), &rang), Verdict::Quiet(Reason::Budget));
}

#[test]
fn a_lock_is_for_everybody_and_time_does_not_end_it() {
    for minutes in [0, 60, 100 * 24 * 60] {
        let marks = Marks { locked_at: Some(ago(minutes)), ..Marks::default() };
        assert_eq!(verdicts(marks, &[]), [Verdict::Decoy(Reason::Locked); 3]);
        assert_eq!(Holds::of(&marks, &[], NOW).worst(), Some((Reason::Locked, None)));
    }
}

#[test]
fn what_holds_an_account_back_is_told_with_its_end_the_worst_first() {
    let hold = |marks: Marks, past: &[Past]| Holds::of(&marks, past, NOW).worst();
    let in_minutes = |minutes: u64| Some(NOW + Duration::from_secs(minutes * 60));
    let reported = Marks { reported_at: Some(ago(60)), ..Marks::default() };
    assert_eq!(hold(Marks::default(), &[rang(true, 1), rang(false, 1)]), None);
    assert_eq!(hold(Marks::default(), &[denied(4)]), Some((Reason::Denied, in_minutes(6))));
    assert_eq!(hold(reported, &[denied(4)]), Some((Reason::Reported, in_minutes(23 * 60))));
    assert_eq!(hold(reported, &[mismatch(20); 3]), Some((Reason::WrongNumbers, in_minutes(40))));
    let words = [Reason::Budget, Reason::Denied, Reason::Reported, Reason::WrongNumbers, Reason::Locked];
    assert_eq!(words.map(Reason::as_str), ["budget", "denied", "reported", "wrong_numbers", "locked"]);
}
