//! T-ENUM-1: what somebody learns who types names. Nothing: the work and the page are the same for each.

use std::time::{Duration, Instant};

use akkoord_authenticator::Unlocking;
use akkoord_server::jobs::housekeeping;
use akkoord_simulator::{browser::Browser, steps};

use crate::support::{TestApp, Unlock, page_without};

/// What a start of this name in a new browser made the database do, and the page that came of it.
async fn start(app: &TestApp, username: &str) -> (Vec<&'static str>, String) {
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    app.app.store.take_statements();
    browser.submit("/signin", &[("username", username)]).await.unwrap();
    let statements = app.app.store.take_statements();
    (statements, page(&browser, username))
}

fn page(browser: &Browser, username: &str) -> String {
    page_without(&browser.page.html, username, &browser.page.number().unwrap())
}

#[tokio::test]
async fn t_enum_1_a_start_does_and_shows_the_same_for_each_name_and_in_each_state() {
    let app = TestApp::new().await;
    let (_, phone, _) = app.account_with("ada", Unlock::Platform).await;
    app.account("ben").await;
    let disabled = app.account("cat").await;
    let (id, now) = (disabled.id, app.app.clock.now());
    let done = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(done.map_err(|error: akkoord_store::StoreError| error).unwrap());

    let (wanted, shown) = start(&app, "nobody@example.org").await;
    let kinds = |kind: &str| wanted.iter().filter(|sql| sql.starts_with(kind)).count();
    assert!(wanted.len() > 12, "{wanted:#?}");
    assert_eq!((kinds("INSERT"), kinds("UPDATE"), kinds("DELETE")), (4, 2, 0), "{wanted:#?}");
    let same = async |username: &str, state: &str| {
        let (statements, html) = start(&app, username).await;
        assert_eq!(statements, wanted, "{username}, {state}");
        assert_eq!(html, shown, "{username}, {state}");
    };
    same("ben@example.org", "without a phone").await;
    same("cat@example.org", "disabled").await;
    same("ada@example.org", "rings").await;
    same("ada@example.org", "rings once more").await;
    same("ada@example.org", "no place left").await;
    app.pass(Duration::from_secs(200));
    same("ada@example.org", "over the budget").await;
    app.pass(Duration::from_secs(600));
    same("ada@example.org", "rings again").await;
    phone.deny(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    same("ada@example.org", "after a denial").await;
    phone.report(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    same("ada@example.org", "after a report").await;
    for count in 1..=10 {
        phone.expect().await.unwrap();
        let mut browser = app.browser();
        let number = steps::start_sign_in(&mut browser, "ada@example.org").await.unwrap();
        let wrong = if number == "10" { "11" } else { "10" };
        let waiting = phone.pending().await.unwrap().waiting;
        let newest = waiting.last().unwrap();
        phone.approve(newest, wrong, &Unlocking::Platform).await.unwrap_err();
        app.pass(Duration::from_secs(121));
        if count == 3 {
            same("ada@example.org", "after three wrong numbers").await;
        }
    }
    same("ada@example.org", "locked").await;
    same("nobody@example.org", "still").await;
}

/// How many rounds the times are taken in, in the long run.
const ROUNDS: usize = 600;
/// A difference that somebody could use is at least this part of the time of a start.
const PART: f64 = 0.05;

/// Whether one of two names is told from the other by how long its starts took: round by round the one takes longer
/// much more often than chance would have it (a sign test at five standard deviations), and by something that is left
/// of it beyond this machine.
fn tells(one: &[f64], other: &[f64]) -> bool {
    let longer = one.iter().zip(other).filter(|(one, other)| one > other).count();
    let rounds = one.len() as f64;
    let deviations = (longer as f64 - rounds / 2.0) / (rounds.sqrt() / 2.0);
    let (one, other) = (median(one), median(other));
    deviations.abs() > 5.0 && (one - other).abs() > PART * other
}

fn median(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// In milliseconds.
async fn time_of_start(app: &TestApp, username: &str) -> f64 {
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    let begun = Instant::now();
    browser.post("/signin", &[("username", username)]).await.unwrap();
    begun.elapsed().as_secs_f64() * 1000.0
}

/// In the long run: times are a matter of statistics, and of a machine that does nothing else.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "tests have no configuration but the environment")]
async fn t_enum_1_in_the_long_run_the_time_of_a_start_tells_nothing() {
    let rounds = if std::env::var_os("AKKOORD_LONG").is_some() { ROUNDS } else { 4 };
    let app = TestApp::new().await;
    app.account_with("ada", Unlock::Platform).await;
    app.account("ben").await;
    let names = ["nobody@example.org", "noone@example.org", "ada@example.org", "ben@example.org"];
    let mut times = names.map(|_| Vec::with_capacity(rounds));
    for round in 0..rounds {
        // What waited is over, so that the phone is asked anew.
        app.pass(Duration::from_secs(200));
        housekeeping::sweep(&app.app).await.unwrap();
        for turn in 0..names.len() {
            let whose = (round + turn) % names.len();
            times[whose].push(time_of_start(&app, names[whose]).await);
        }
    }
    let [nobody, noone, ada, ben] = &times;
    println!("medians in ms: {:?}", times.each_ref().map(|times| median(times)));
    if rounds == ROUNDS {
        let slower: Vec<f64> = noone.iter().map(|time| time * (1.0 + 2.0 * PART)).collect();
        assert!(tells(&slower, nobody), "a tenth more would be seen");
        for (whose, times) in [("a second unknown name", noone), ("with a phone", ada), ("without a phone", ben)] {
            assert!(!tells(times, nobody), "{whose}: {} ms against {} ms", median(times), median(nobody));
        }
    }
}
