//! What a person chooses about signing in: what is asked first, staying signed in, and two-step verification itself.

use std::time::Duration;

use akkoord_authenticator::{Phone, Setting, Unlocking};
use akkoord_core::policy::{FirstMethod, Policy};
use akkoord_simulator::{browser::Browser, steps};

use crate::{
    remembered::{GOOD, by_password, give_code, remembered_browser, set_password, sign_out, with_password},
    support::{TestAccount, TestApp, Unlock},
    two_steps::by_phone,
};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn type_name(browser: &mut Browser, username: &str) -> String {
    browser.open("/signin").await.unwrap();
    browser.submit("/signin", &[("username", username)]).await.unwrap();
    browser.page.path.clone()
}

async fn requests(app: &TestApp) -> usize {
    app.audit().await.iter().filter(|event| *event == "request.started").count()
}

async fn approve(browser: &mut Browser, phone: &Phone) {
    let number = browser.page.number().unwrap();
    let waiting = phone.pending().await.unwrap().waiting;
    phone.approve(waiting.last().unwrap(), &number, &Unlocking::Platform).await.unwrap();
    browser.open("/signin/approve").await.unwrap();
    browser.submit("/signin/finish", &[]).await.unwrap();
}

/// B5: per browser, and both ways stay one tap apart. It tells nothing of a name: what nobody has is asked the same.
#[tokio::test]
async fn what_a_browser_did_last_is_offered_first() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = app.browser();
    assert_eq!(type_name(&mut browser, &ada.username).await, "/signin/approve");
    browser.submit("/signin/password-instead", &[]).await.unwrap();
    browser.submit("/signin/password", &[("password", GOOD)]).await.unwrap();
    give_code(&app, &mut browser, &phone, false).await;
    sign_out(&mut browser).await;
    let asked_before = requests(&app).await;
    for name in [ada.username.as_str(), "nobody@example.org"] {
        assert_eq!(type_name(&mut browser, name).await, "/signin/password", "{name}");
        assert!(browser.page.contains("/signin/again"), "the way to the app is there");
    }
    assert_eq!(requests(&app).await, asked_before, "no phone was asked");

    type_name(&mut browser, &ada.username).await;
    browser.submit("/signin/again", &[]).await.unwrap();
    approve(&mut browser, &phone).await;
    sign_out(&mut browser).await;
    assert_eq!(type_name(&mut browser, &ada.username).await, "/signin/approve", "now it is the phone");
    assert_eq!(type_name(&mut app.browser(), &ada.username).await, "/signin/approve", "another browser");
}

/// The number in another tab is dead once the password is asked first: a request that nobody looks at ends.
#[tokio::test]
async fn beginning_with_the_password_ends_the_request_that_this_browser_had_waiting() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = app.browser();
    type_name(&mut browser, &ada.username).await;
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 1);
    browser.cookies.put("__Host-first", "password");
    assert_eq!(type_name(&mut browser, &ada.username).await, "/signin/password");
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 0);
}

#[tokio::test]
async fn policy_says_what_a_new_browser_is_asked_first_and_may_want_the_strongest() {
    let password_first = Policy { first_method: FirstMethod::Password, ..Policy::default() };
    let app = TestApp::with_policy(password_first.clone()).await;
    let (ada, _) = with_password(&app, "ada").await;
    for name in [ada.username.as_str(), "nobody@example.org"] {
        assert_eq!(type_name(&mut app.browser(), name).await, "/signin/password", "{name}");
    }
    assert_eq!(requests(&app).await, 0, "no phone is asked");
    let app = TestApp::with_policy(Policy { strongest_first: true, ..password_first }).await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = app.browser();
    assert_eq!(type_name(&mut browser, &ada.username).await, "/signin/approve");
    browser.cookies.put("__Host-first", "password");
    assert_eq!(type_name(&mut browser, &ada.username).await, "/signin/approve", "whatever the browser did last");
    assert_eq!(
        by_password(&mut browser, &ada.username, GOOD).await,
        "/signin/approve",
        "and then the phone, not a code"
    );
    approve(&mut browser, &phone).await;
    assert_eq!(browser.page.path, "/account");
    assert!(!browser.page.contains("/account/default-step"), "a default would change nothing");
}

/// C7
#[tokio::test]
async fn the_second_step_that_the_person_wants_first_is_asked_first() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code");
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open("/account").await.unwrap();
    browser.submit("/account/default-step", &[("step", "phone")]).await.unwrap();
    assert_eq!(browser.page.status, 200, "{}", browser.page.html);
    assert!(browser.page.contains("value=\"phone\" selected"));
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/approve");
    for wrong in ["password", "fax"] {
        assert_eq!(browser.post("/account/default-step", &[("step", wrong)]).await.unwrap().status, 400, "{wrong}");
    }
    browser.submit("/account/default-step", &[("step", "")]).await.unwrap();
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code");
}

async fn signs_in(browser: &mut Browser, account: &TestAccount, phone: &Phone) {
    assert_eq!(type_name(browser, &account.username).await, "/signin/approve");
    approve(browser, phone).await;
}

/// B21: asked once for each browser, revocable alone, and over where policy says so.
#[tokio::test]
async fn t_ses_6_a_browser_stays_signed_in_where_its_person_says_so_and_no_longer_than_policy_does() {
    let app = TestApp::with_policy(Policy { stay_days: 10, ..Policy::default() }).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = app.browser();
    signs_in(&mut browser, &ada, &phone).await;
    assert!(browser.page.path.starts_with("/signin/stay"), "{}", browser.page.path);
    assert!(browser.page.contains("for 10 days"), "{}", browser.page.html);
    let answer = browser.post("/signin/stay", &[("stay", "yes"), ("then", "//evil.example")]).await;
    let answer = answer.unwrap();
    assert_eq!(answer.location.as_deref(), Some("/account"), "nowhere else");
    let kept = answer.headers.iter().find(|(_, value)| value.starts_with("__Host-session=")).unwrap();
    assert!(kept.1.ends_with("Max-Age=864000"), "{}", kept.1);
    app.pass(DAY * 9);
    browser.open("/account").await.unwrap();
    assert_eq!((browser.page.status, browser.page.path.as_str()), (200, "/account"), "idle for nine days");
    assert!(browser.page.contains("/account/stay/stop"));
    app.pass(DAY);
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin", "ten days are over");

    signs_in(&mut browser, &ada, &phone).await;
    assert_eq!(browser.page.path, "/account", "asked once");
    app.pass(DAY * 2);
    browser.open("/account").await.unwrap();
    browser.submit("/account/stay/stop", &[]).await.unwrap();
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin", "the proof is older than a session that doesn't stay");

    signs_in(&mut browser, &ada, &phone).await;
    assert_eq!(browser.page.path, "/account", "no was an answer too");
    app.pass(Duration::from_secs(3601));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin", "idle");
    signs_in(&mut browser, &ada, &phone).await;
    sign_out(&mut browser).await;
    signs_in(&mut browser, &ada, &phone).await;
    assert!(browser.page.path.starts_with("/signin/stay"), "who signs out is asked again");
    let audit = app.audit().await;
    assert_eq!(audit.iter().filter(|event| event.contains("session.stays")).count(), 2);
}

#[tokio::test]
async fn nobody_is_asked_to_stay_where_policy_has_no_days_or_the_proof_is_weak() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = app.browser();
    signs_in(&mut browser, &ada, &phone).await;
    assert_eq!(browser.page.path, "/account");
    browser.open("/signin/stay?then=/help").await.unwrap();
    assert_eq!(browser.page.path, "/help");
    browser.open("/account").await.unwrap();
    assert_eq!(browser.post("/signin/stay", &[("stay", "yes")]).await.unwrap().status, 303);
    app.pass(DAY);
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin", "a form of somebody's own makes no session longer");
    let app = TestApp::with_policy(Policy { stay_days: 10, ..Policy::default() }).await;
    let ben = app.account("ben").await;
    let browser = app.browser_with_pass(&ben).await;
    assert!(!browser.page.path.starts_with("/signin/stay"), "an access pass is for setting up");
}

/// T-SES-6: an answer gives no session a later end than it had.
#[tokio::test]
async fn t_ses_6_no_answer_to_stay_lengthens_a_session_that_is_for_setting_up() {
    let app = TestApp::with_policy(Policy { stay_days: 10, idle_minutes: 600, ..Policy::default() }).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    for answer in ["no", "yes"] {
        let mut browser = app.browser();
        signs_in(&mut browser, &ada, &phone).await;
        sign_out(&mut browser).await;
        let pass = app.new_pass(&ada).await;
        steps::sign_in_with_pass(&mut browser, &ada.username, &pass).await.unwrap();
        browser.open("/account").await.unwrap();
        assert_eq!(browser.post("/signin/stay", &[("stay", answer)]).await.unwrap().status, 303);
        app.pass(Duration::from_secs(3601));
        browser.open("/account").await.unwrap();
        assert_eq!(browser.page.path, "/signin", "{answer}: it ends as the pass does");
    }
}

fn free() -> Policy {
    Policy { two_step_required: false, ..Policy::default() }
}

/// B8, C12, F2: after a warning, with the password, and phone sign-in goes with it. On again, it all counts again.
#[tokio::test]
async fn two_step_verification_is_switched_off_and_on_by_its_person() {
    let app = TestApp::with_policy(free()).await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut spared = remembered_browser(&app, &ada, &phone).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open("/account/two-step/off").await.unwrap();
    assert!(browser.page.contains("so it goes off on all your phones"), "{}", browser.page.html);
    for (typed, says) in [("", "Enter your password"), ("tulp Oslo vijver", "is not right")] {
        browser.submit("/account/two-step/off", &[("password", typed)]).await.unwrap();
        assert_eq!(browser.page.status, 422);
        assert!(browser.page.contains(says), "{typed:?}: {}", browser.page.html);
    }
    assert!(phone.own_state().await.unwrap().phone_sign_in, "nothing changed yet");
    app.mail().await;
    browser.submit("/account/two-step/off", &[("password", GOOD)]).await.unwrap();
    assert_eq!(browser.page.path, "/account?notice=two-step-off");
    assert!(browser.page.contains("/account/two-step/on"));
    assert!(!browser.page.contains("Phone sign-in is off"), "one warning says it");
    let mails = app.mail().await;
    assert_eq!(mails.iter().filter(|mail| mail.subject.starts_with("Two-step verification is off")).count(), 1);
    assert!(!phone.own_state().await.unwrap().phone_sign_in);
    let error = phone.switch_on(Setting::PhoneSignIn, &Unlocking::Platform).await.unwrap_err();
    assert!(format!("{error:?}").contains("two_step_off"), "{error:?}");
    let mut other = app.browser();
    assert_eq!(by_password(&mut other, &ada.username, GOOD).await, "/account", "the password is all that is asked");
    assert!(other.page.contains("Only your password is asked"), "{}", other.page.html);

    browser.open("/account").await.unwrap();
    browser.submit("/account/two-step/on", &[]).await.unwrap();
    assert_eq!(browser.page.path, "/account?notice=two-step-on");
    assert_eq!(by_password(&mut app.browser(), &ada.username, GOOD).await, "/signin/code");
    assert_eq!(by_password(&mut spared, &ada.username, GOOD).await, "/signin/code", "it was forgotten");
    phone.switch_on(Setting::PhoneSignIn, &Unlocking::Platform).await.unwrap();
    by_phone(&app, &ada, &phone).await;
    let audit = app.audit().await;
    for event in ["two_step.off", "two_step.on"] {
        assert!(audit.iter().any(|line| line.contains(event)), "{event}");
    }
}

#[tokio::test]
async fn two_step_verification_stays_on_where_policy_wants_it_or_nothing_else_would_be_left() {
    let app = TestApp::new().await;
    let (ada, phone) = with_password(&app, "ada").await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    assert!(!browser.page.contains("/account/two-step/"));
    browser.open("/account/two-step/off").await.unwrap();
    assert_eq!(browser.page.status, 403);

    let app = TestApp::with_policy(free()).await;
    let (ben, phone, _) = app.account_with("ben", Unlock::Platform).await;
    let mut browser = by_phone(&app, &ben, &phone).await;
    browser.open("/account/two-step/off").await.unwrap();
    assert!(browser.page.contains("Set a password first"), "{}", browser.page.html);
    set_password(&app, &ben, "kort8 wachtw").await;
    browser.open("/account/two-step/off").await.unwrap();
    browser.submit("/account/two-step/off", &[("password", "kort8 wachtw")]).await.unwrap();
    assert!(browser.page.contains("fewer than 15 characters"), "{}", browser.page.html);
    assert!(phone.own_state().await.unwrap().phone_sign_in);
}
