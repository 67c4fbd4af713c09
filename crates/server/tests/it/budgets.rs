//! How often the phone rings, and who can make it ring: strangers who type a name all day, the person's own browser
//! meanwhile, and what denials and reports lead to.

use std::time::Duration;

use akkoord_authenticator::{Phone, RequestState, Setting, Unlocking, Waiting};
use akkoord_core::{Actor, account::Role, ids::AccountId, policy::Policy};
use akkoord_server::{jobs::housekeeping, use_cases::account};
use akkoord_simulator::{
    browser::{Browser, form},
    steps,
};
use akkoord_store::{ApprovalRow, StoreError};

use crate::support::{TestAccount, TestApp, Unlock};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// All requests of an account, newest first.
async fn requests(app: &TestApp, account: &AccountId) -> Vec<ApprovalRow> {
    let id = account.clone();
    let rows = app.app.store.read(move |tx| Box::pin(async move { tx.history(&id, None, 10_000).await })).await;
    rows.map_err(|error: StoreError| error).unwrap()
}

/// How many requests of an account rang in the last day, and what a test may take longer.
pub async fn rang(app: &TestApp, account: &TestAccount) -> usize {
    let since = app.app.clock.now() - 26 * HOUR;
    requests(app, &account.id).await.iter().filter(|row| row.rings_at.is_some_and(|at| at > since)).count()
}

/// A browser that has signed the account in with its phone: the account knows it. That was the day before.
pub async fn known(app: &TestApp, phone: &Phone, account: &TestAccount) -> Browser {
    let (mut browser, number) = app.start(account).await;
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(&waiting[0], &number, &Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    steps::sign_out(&mut browser).await.unwrap();
    app.pass(27 * HOUR);
    browser
}

/// Starts a sign-in and ends it at once, so that its place is free again.
async fn knock(browser: &mut Browser, account: &TestAccount) {
    steps::start_sign_in(browser, &account.username).await.unwrap();
    browser.submit("/signin/cancel", &[]).await.unwrap();
}

/// A new browser at another address types the name and leaves the number on its screen.
async fn start_from(app: &TestApp, address: &str, username: &str) {
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    let token = browser.page.form_token("/signin").unwrap();
    let body = form([("csrf", token.as_str()), ("username", username)]);
    let headers = [("x-forwarded-for", address)];
    let answer = browser.send("POST".parse().unwrap(), "/signin", Some(body), &headers).await.unwrap();
    assert_eq!(answer.location.as_deref(), Some("/signin/approve"), "{}", answer.status);
}

/// The one request of a known browser, or of an announced start, that waits for this phone.
async fn with_number(phone: &Phone, app: &TestApp, account: &TestAccount, number: &str) -> Waiting {
    let rows = requests(app, &account.id).await;
    // An ended one may have had the same number.
    let own = |id: &str| rows.iter().any(|row| row.id.as_str() == id && row.number == number && row.known_at.is_some());
    let waiting = phone.pending().await.unwrap().waiting;
    waiting.into_iter().find(|waiting| own(waiting.id().as_str())).unwrap()
}

async fn finish(phone: &Phone, app: &TestApp, account: &TestAccount, browser: &mut Browser, number: &str) {
    let waiting = with_number(phone, app, account, number).await;
    assert_eq!(phone.approve(&waiting, number, &Unlocking::Platform).await.unwrap(), RequestState::Approved);
    steps::finish_sign_in(browser).await.unwrap();
}

/// Starts a sign-in in a browser that the account does not know; whether it rang. Its request then waits for the phone.
async fn stranger_rings(app: &TestApp, account: &TestAccount) -> bool {
    let before = rang(app, account).await;
    app.start(account).await;
    rang(app, account).await > before
}

#[tokio::test]
async fn t_fat_1_five_hundred_starts_from_ten_networks_ring_six_times_a_day_and_the_own_browser_gets_through() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for round in 0..10 {
        for host in 0..50 {
            start_from(&app, &format!("203.0.{round}.{host}"), &ada.username).await;
        }
        let last = requests(&app, &ada.id).await;
        let just_now = last.iter().filter(|row| row.rings_at.is_some_and(|at| at == app.app.clock.now())).count();
        assert!(just_now <= 2, "round {round}: {just_now}");
        assert_eq!(phone.pending().await.unwrap().waiting.len(), 2, "round {round}");
        app.pass(2 * HOUR);
    }
    assert_eq!(rang(&app, &ada).await, 6);
    // Strangers hold all that they can get; the person's own browser rings and signs in all the same.
    for host in 0..50 {
        start_from(&app, &format!("203.0.113.{host}"), &ada.username).await;
    }
    assert_eq!((rang(&app, &ada).await, phone.pending().await.unwrap().waiting.len()), (6, 2));
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    assert_eq!((rang(&app, &ada).await, phone.pending().await.unwrap().waiting.len()), (7, 3));
    finish(&phone, &app, &ada, &mut own, &number).await;
}

#[tokio::test]
async fn t_fat_1_the_own_browser_has_a_budget_too_and_an_announced_start_needs_none() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for _ in 0..8 {
        knock(&mut own, &ada).await;
    }
    assert_eq!(rang(&app, &ada).await, 5, "in ten minutes");
    // The request is real nevertheless: the phone that asks gets it.
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
    phone.expect().await.unwrap();
    steps::sign_out(&mut own).await.unwrap();
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, 6, "announced");
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, 6, "once");
    app.pass(10 * MINUTE);
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, 7);
    for _ in 0..40 {
        app.pass(11 * MINUTE);
        knock(&mut own, &ada).await;
    }
    assert_eq!(rang(&app, &ada).await, 30, "in a day");
}

#[tokio::test]
async fn t_fat_1_the_limits_are_the_organisations() {
    let policy =
        Policy { unknown_pushes_10_minutes: 0, unknown_pushes_day: 0, known_pushes_10_minutes: 1, ..Policy::default() };
    let app = TestApp::with_policy(policy).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    assert!(!stranger_rings(&app, &ada).await);
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 1, "and waits for the phone that asks");
    knock(&mut own, &ada).await;
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, 1);
}

#[tokio::test]
async fn t_fat_3_practice_and_fresh_proofs_ring_from_the_same_budget_and_access_passes_ring_nobody() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
    for _ in 0..2 {
        steps::start_practice(&mut own).await.unwrap();
        own.open("/signin/fresh?reason=add-phone").await.unwrap();
        own.submit("/signin/fresh", &[]).await.unwrap();
        own.submit("/signin/cancel", &[]).await.unwrap();
    }
    assert_eq!(rang(&app, &ada).await, 5);
    for _ in 0..3 {
        let (path, _) = steps::start_practice(&mut own).await.unwrap();
        assert!(path.starts_with("/account/practice/"));
    }
    assert_eq!(rang(&app, &ada).await, 5, "all of it together");
    // Somebody who guesses access passes starts no request at all.
    let before = requests(&app, &ada.id).await.len();
    let mut stranger = app.browser();
    for _ in 0..4 {
        stranger.open("/signin/access-pass").await.unwrap();
        let named = [("username", ada.username.as_str()), ("pass", "AAAA-AAAA-AAAA")];
        let fields = if stranger.page.has_input("username") { &named[..] } else { &named[1..] };
        stranger.submit("/signin/access-pass", fields).await.unwrap();
    }
    assert_eq!(requests(&app, &ada.id).await.len(), before);
}

#[tokio::test]
async fn t_race_3_forty_strangers_at_once_leave_the_third_place_to_a_known_browser() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    at_once(&app, &ada, 40).await;
    assert_eq!(rang(&app, &ada).await, 2, "and two at one moment share no push");
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 2);
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
}

#[tokio::test]
async fn a_start_finds_a_number_also_when_nothing_was_swept_for_hours() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    // More than there are numbers of two digits; each is overdue when the next comes.
    for _ in 0..95 {
        app.pass(5 * MINUTE);
        app.start(&ada).await;
    }
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
}

/// Starts in many new browsers at the same time.
async fn at_once(app: &TestApp, account: &TestAccount, times: usize) {
    let starts = (0..times).map(|_| {
        let (mut browser, username) = (app.browser(), account.username.clone());
        tokio::spawn(async move { steps::start_sign_in(&mut browser, &username).await.unwrap() })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
}

#[tokio::test]
async fn what_the_phone_announced_is_for_one_start_of_twenty_at_once_and_for_two_minutes() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    at_once(&app, &ada, 4).await;
    assert_eq!((rang(&app, &ada).await, phone.pending().await.unwrap().waiting.len()), (2, 2));
    phone.expect().await.unwrap();
    at_once(&app, &ada, 20).await;
    assert_eq!((rang(&app, &ada).await, phone.pending().await.unwrap().waiting.len()), (3, 3));
    let announced = requests(&app, &ada.id).await.iter().filter(|row| row.known_at.is_some()).count();
    assert_eq!(announced, 1);
    app.pass(5 * MINUTE);
    phone.expect().await.unwrap();
    app.pass(2 * MINUTE);
    assert!(!stranger_rings(&app, &ada).await, "too late");
    // Where strangers hold their places and pushes, this is how the person comes in with a new browser.
    app.start(&ada).await;
    phone.expect().await.unwrap();
    let (mut own, number) = app.start(&ada).await;
    finish(&phone, &app, &ada, &mut own, &number).await;
}

#[tokio::test]
async fn each_no_to_an_unknown_browser_is_followed_by_a_longer_pause_that_a_restart_does_not_end() {
    let mut app = TestApp::as_a_program().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut own = known(&app, &phone, &ada).await;
    for (pause, restarts) in [(10 * MINUTE, false), (HOUR, true), (24 * HOUR, false)] {
        assert!(stranger_rings(&app, &ada).await, "{pause:?}");
        let waiting = phone.pending().await.unwrap().waiting;
        assert_eq!(phone.deny(&waiting[0]).await.unwrap(), RequestState::Denied);
        assert!(!stranger_rings(&app, &ada).await, "{pause:?}: at once");
        if restarts {
            app.stop().await;
            app.start_again().await;
        }
        app.pass(pause - Duration::from_secs(1));
        assert!(!stranger_rings(&app, &ada).await, "{pause:?}: a second too early");
        app.pass(Duration::from_secs(1));
    }
    assert!(stranger_rings(&app, &ada).await, "after a day nothing of it is left");
    let before = rang(&app, &ada).await;
    phone.deny(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, before + 1, "the own browser has nothing to do with it");
}

/// An owner of the organisation, with an address for mail.
async fn owner(app: &TestApp, name: &str) {
    let (ctx, name) = (app.app.own_ctx(Actor::Operator), name.to_owned());
    let added = app.app.store.write(move |tx| {
        Box::pin(async move {
            let organisation = tx.organisations().await?.into_iter().next().unwrap();
            let new = account::New {
                organisation: Some(organisation.id),
                username: name.parse().unwrap(),
                name: "Olive".parse().unwrap(),
                email: Some(name),
                role: Role::Owner,
            };
            account::add(tx, &ctx, new).await
        })
    });
    added.await.map_err(|error: StoreError| error).unwrap();
}

#[tokio::test]
async fn a_report_quiets_unknown_browsers_until_a_phone_switches_them_on_again() {
    let mut app = TestApp::as_a_program().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    owner(&app, "olive@example.org").await;
    let mut own = known(&app, &phone, &ada).await;
    assert!(stranger_rings(&app, &ada).await);
    let waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(phone.report(&waiting[0]).await.unwrap(), RequestState::Reported);
    assert!(app.audit().await.contains(&"request.reported".to_owned()));
    let quiet = phone.own_state().await.unwrap().quiet_until;
    assert_eq!(quiet, Some(app.now().seconds() + 24 * 3600), "the phone is told until when");
    let told = app.mail().await;
    let told: Vec<_> = told.iter().filter(|mail| mail.to == "olive@example.org").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "Example School: ada@example.org reported a sign-in");
    assert!(told[0].body.contains("Firefox · Linux, from 127.0.0.1"), "{}", told[0].body);
    app.stop().await;
    app.start_again().await;
    app.pass(24 * HOUR - Duration::from_secs(1));
    assert!(!stranger_rings(&app, &ada).await);
    knock(&mut own, &ada).await;
    assert_eq!(rang(&app, &ada).await, 2, "the own browser rings");
    phone.switch_on(Setting::UnknownBrowsers, &Unlocking::Platform).await.unwrap();
    assert!(stranger_rings(&app, &ada).await, "switched on again");
    assert_eq!(phone.own_state().await.unwrap().quiet_until, None);
    // Reported once more, and this time after it had been consumed.
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
    app.pass(10 * MINUTE);
    let entry = phone.history(None).await.unwrap().entries.into_iter().find(|entry| entry.state == "CONSUMED");
    assert_eq!(phone.report_past(&entry.unwrap().id).await.unwrap(), 1);
    assert!(!stranger_rings(&app, &ada).await);
    assert_eq!(app.mail().await.iter().filter(|mail| mail.to == "olive@example.org").count(), 2);
    app.pass(24 * HOUR);
    assert!(stranger_rings(&app, &ada).await, "after a day");
}

#[tokio::test]
async fn a_known_browser_that_is_reported_is_known_no_more() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut stolen = known(&app, &phone, &ada).await;
    steps::start_sign_in(&mut stolen, &ada.username).await.unwrap();
    phone.report(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    let before = rang(&app, &ada).await;
    knock(&mut stolen, &ada).await;
    assert_eq!(rang(&app, &ada).await, before);
}

#[tokio::test]
async fn trying_the_buttons_of_practice_counts_for_nothing_but_its_ringing() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    owner(&app, "olive@example.org").await;
    let mut own = known(&app, &phone, &ada).await;
    let number = steps::start_sign_in(&mut own, &ada.username).await.unwrap();
    finish(&phone, &app, &ada, &mut own, &number).await;
    for _ in 0..3 {
        steps::start_practice(&mut own).await.unwrap();
        phone.deny(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
        let (_, number) = steps::start_practice(&mut own).await.unwrap();
        let wrong = if number == "10" { "11" } else { "10" };
        let waiting = phone.pending().await.unwrap().waiting;
        phone.approve(&waiting[0], wrong, &Unlocking::Platform).await.unwrap_err();
        steps::start_practice(&mut own).await.unwrap();
        phone.report(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    }
    assert_eq!(rang(&app, &ada).await, 5);
    assert!(stranger_rings(&app, &ada).await);
    assert!(app.mail().await.iter().all(|mail| mail.to != "olive@example.org"));
}

#[tokio::test]
async fn a_request_is_gone_ninety_days_after_its_end() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    app.start(&ada).await;
    phone.deny(&phone.pending().await.unwrap().waiting[0]).await.unwrap();
    app.pass(90 * 24 * HOUR);
    housekeeping::sweep(&app.app).await.unwrap();
    assert_eq!(requests(&app, &ada.id).await.len(), 1);
    app.pass(MINUTE);
    housekeeping::sweep(&app.app).await.unwrap();
    assert_eq!(requests(&app, &ada.id).await.len(), 0);
    assert!(stranger_rings(&app, &ada).await);
}
