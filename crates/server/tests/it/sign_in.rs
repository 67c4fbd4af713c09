//! Signing in with the phone: the main job and everything that can come between.

use std::time::Duration;

use akkoord_authenticator::{CallError, Phone, PhoneError, RequestState, Unlocking, Waiting};
use akkoord_core::policy::{NumberMode, Policy};
use akkoord_protocols::phone::problem::Code;
use akkoord_simulator::{browser::Browser, steps};

use crate::support::{TestApp, Unlock, page_without, pin};

async fn the_request(phone: &Phone) -> Waiting {
    let mut requests = phone.pending().await.unwrap();
    assert!(requests.unreadable.is_empty(), "{:?}", requests.unreadable);
    assert_eq!(requests.waiting.len(), 1);
    requests.waiting.remove(0)
}

fn code(result: Result<RequestState, PhoneError>) -> (Code, Option<String>) {
    match result {
        Err(PhoneError::Call(error)) => problem(&error),
        other => panic!("not refused: {other:?}"),
    }
}

fn problem(error: &CallError) -> (Code, Option<String>) {
    let problem = error.problem().unwrap();
    (problem.code, problem.state.clone())
}

async fn state_on_the_page(browser: &mut Browser) -> String {
    browser.open("/signin/approve").await.unwrap().text()
}

#[tokio::test]
async fn the_main_job() {
    for unlock in [Unlock::Pin, Unlock::Platform] {
        let app = TestApp::new().await;
        let (ada, phone, _) = app.account_with("ada", unlock).await;
        let (mut browser, number) = app.start(&ada).await;
        let request = the_request(&phone).await;
        assert_eq!(request.checked.request.app.name.as_str(), "Example School");
        let unlocking = if unlock == Unlock::Pin { pin() } else { Unlocking::Platform };
        assert_eq!(phone.approve(&request, &number, &unlocking).await.unwrap(), RequestState::Approved);
        steps::finish_sign_in(&mut browser).await.unwrap();
        assert_eq!(steps::signed_in_as(&browser).unwrap(), "ada@example.org");
        steps::sign_out(&mut browser).await.unwrap();
    }
}

#[tokio::test]
async fn the_page_goes_on_by_itself_when_the_phone_answers() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (browser, number) = app.start(&ada).await;
    let mut events = browser.events("/signin/events").await.unwrap();
    events.state("PENDING", Duration::from_secs(5)).await.unwrap();
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    events.state("APPROVED", Duration::from_secs(5)).await.unwrap();
}

#[tokio::test]
async fn three_numbers_to_choose_from_work_as_well() {
    let app = TestApp::with_policy(Policy { number_mode: NumberMode::Choose, ..Policy::default() }).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let akkoord_protocols::phone::request::Number::Choose { options } = &request.checked.request.number else {
        panic!("asked for three")
    };
    assert!(options.contains(&number));
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_num_1_a_wrong_number_is_final() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let wrong = if number == "10" { "11" } else { "10" };
    assert_eq!(code(phone.approve(&request, wrong, &pin()).await).0, Code::WrongNumber);
    assert_eq!(
        code(phone.approve(&request, &number, &pin()).await),
        (Code::NotFound, None),
        "the PIN is not even evaluated for a settled request"
    );
    let text = state_on_the_page(&mut browser).await;
    assert!(text.contains("number"), "{text}");
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
}

#[tokio::test]
async fn a_wrong_number_with_the_platform_authenticator_is_final_too() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let wrong = if number == "10" { "11" } else { "10" };
    assert_eq!(code(phone.approve(&request, wrong, &Unlocking::Platform).await).0, Code::WrongNumber);
    let again = code(phone.approve(&request, &number, &Unlocking::Platform).await);
    assert_eq!(again, (Code::AlreadySettled, Some("MISMATCH".to_owned())));
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
}

#[tokio::test]
async fn a_number_with_the_wrong_count_of_digits_settles_nothing() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    for wrong in ["1", "123", "ab", ""] {
        let refused = phone.approve(&request, wrong, &Unlocking::Platform).await;
        assert!(
            matches!(&refused, Err(PhoneError::Number { .. }))
                || matches!(&refused, Err(PhoneError::Call(error)) if error.code() == Some(Code::Invalid)),
            "{refused:?}"
        );
    }
    phone.approve(&request, &number, &Unlocking::Platform).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn the_same_decision_again_gets_the_same_answer() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (_browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    let other = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    assert_eq!(code(phone.decide(&other).await), (Code::AlreadySettled, Some("APPROVED".to_owned())));
}

#[tokio::test]
async fn no_wins_until_the_browser_has_come_back() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    assert_eq!(phone.deny(&request).await.unwrap(), RequestState::Denied);
    assert!(steps::finish_sign_in(&mut browser).await.is_err());

    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    assert_eq!(code(phone.deny(&request).await), (Code::AlreadySettled, Some("CONSUMED".to_owned())));
}

#[tokio::test]
async fn two_decisions_at_once_have_one_winner() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    for _ in 0..5 {
        let (_browser, number) = app.start(&ada).await;
        let request = the_request(&phone).await;
        let first = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
        let second = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
        let (one, two) = tokio::join!(phone.decide(&first), phone.decide(&second));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let denied = phone.deny(&request).await.unwrap();
        assert_eq!(denied, RequestState::Denied);
    }
}

#[tokio::test]
async fn t_race_2_fifty_browsers_of_one_flow_get_one_session() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    browser.open("/signin/approve").await.unwrap();
    let mut tries = Vec::new();
    for _ in 0..50 {
        let mut window = browser.clone();
        tries.push(tokio::spawn(async move {
            let answer = window.post("/signin/finish", &[]).await.unwrap();
            answer.headers.iter().any(|(name, value)| name == "set-cookie" && value.starts_with("__Host-session="))
        }));
    }
    let mut sessions = 0;
    for tried in tries {
        sessions += usize::from(tried.await.unwrap());
    }
    assert_eq!(sessions, 1);
}

#[tokio::test]
async fn t_ses_2_only_the_browser_that_began_can_finish() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    let mut stranger = app.browser();
    stranger.open("/signin").await.unwrap();
    assert_eq!(stranger.send("GET".parse().unwrap(), "/signin/events", None, &[]).await.unwrap().status, 404);
    let answer = stranger.post("/signin/finish", &[]).await;
    assert!(answer.is_err() || answer.unwrap().location.as_deref() == Some("/signin"));
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_ses_1_nothing_of_before_the_sign_in_is_good_after_it() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let before = browser.clone();
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    let mut before = before;
    before.open("/account").await.unwrap();
    assert_ne!(before.page.path, "/account", "the old cookies sign nobody in");
}

#[tokio::test]
async fn t_ses_4_an_approval_waits_a_minute_for_its_browser() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    app.pass(Duration::from_secs(61));
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
}

#[tokio::test]
async fn nobody_answers_in_time() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    app.pass(Duration::from_secs(121));
    assert!(phone.pending().await.unwrap().waiting.is_empty());
    assert_eq!(code(phone.decide(&decision).await), (Code::Expired, Some("EXPIRED".to_owned())));
    let text = state_on_the_page(&mut browser).await;
    assert!(text.contains("answer"), "{text}");
    // Once more, with the button on that page.
    browser.submit("/signin/again", &[]).await.unwrap();
    assert!(browser.page.number().is_some());
}

#[tokio::test]
async fn t_ses_5_a_phone_removed_between_approve_and_finish_lets_nobody_in() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    phone.unregister().await.unwrap();
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
}

#[tokio::test]
async fn t_ses_5_an_account_disabled_between_approve_and_finish_is_not_let_in() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    let (id, now) = (ada.id.clone(), app.app.clock.now());
    let disabled = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(disabled.map_err(|error: akkoord_store::StoreError| error).unwrap());
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
    assert_eq!(phone.pending().await.unwrap_err().code_of(), Some(Code::NotActive));
}

trait CodeOf {
    fn code_of(&self) -> Option<Code>;
}

impl CodeOf for PhoneError {
    fn code_of(&self) -> Option<Code> {
        match self {
            Self::Call(error) => error.code(),
            _ => None,
        }
    }
}

#[tokio::test]
async fn cancel_on_the_page_ends_the_request_on_the_phone() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    let decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    browser.submit("/signin/cancel", &[]).await.unwrap();
    assert!(phone.pending().await.unwrap().waiting.is_empty());
    assert_eq!(code(phone.decide(&decision).await), (Code::AlreadySettled, Some("CANCELLED".to_owned())));
}

#[tokio::test]
async fn starting_again_supersedes_only_the_own_request() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, _) = app.start(&ada).await;
    let first = the_request(&phone).await;
    steps::start_sign_in(&mut browser, &ada.username).await.unwrap();
    let second = the_request(&phone).await;
    assert_ne!(first.id(), second.id());
    // A stranger's start stands beside it.
    let (_stranger, _) = app.start(&ada).await;
    assert_eq!(phone.pending().await.unwrap().waiting.len(), 2);
}

#[tokio::test]
async fn t_race_3_two_requests_of_strangers_wait_and_further_ones_look_the_same_but_ask_nobody() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let mut numbers = Vec::new();
    for _ in 0..5 {
        numbers.push(app.start(&ada).await.1);
    }
    let waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(waiting.len(), 2);
    assert_ne!(numbers[0], numbers[1]);
}

#[tokio::test]
async fn an_unknown_name_gets_the_same_page() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let (known, number) = app.start(&ada).await;
    let mut unknown = app.browser();
    let other = steps::start_sign_in(&mut unknown, "nobody@example.org").await.unwrap();
    assert_eq!(
        page_without(&known.page.html, "ada@example.org", &number),
        page_without(&unknown.page.html, "nobody@example.org", &other)
    );
}

#[tokio::test]
async fn t_fat_4_a_sign_in_reported_afterwards_ends_its_session() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    let history = phone.history(None).await.unwrap();
    assert_eq!(history.entries[0].state, "CONSUMED");
    assert!(history.entries[0].mine);
    assert_eq!(phone.report_past(&history.entries[0].id).await.unwrap(), 1);
    browser.open("/account").await.unwrap();
    assert_ne!(browser.page.path, "/account");
    assert!(app.audit().await.contains(&"request.reported".to_owned()));
}

#[tokio::test]
async fn t_ses_6_a_session_ends_after_an_idle_hour_and_after_a_day() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    for _ in 0..23 {
        app.pass(Duration::from_secs(3599));
        browser.open("/account").await.unwrap();
        assert_eq!(browser.page.path, "/account");
    }
    app.pass(Duration::from_secs(3700));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin");
}

#[tokio::test]
async fn t_fat_4_reporting_an_approved_request_stops_its_browser() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = the_request(&phone).await;
    phone.approve(&request, &number, &pin()).await.unwrap();
    phone.report_past(request.id()).await.unwrap();
    assert!(steps::finish_sign_in(&mut browser).await.is_err());
    assert_eq!(phone.history(None).await.unwrap().entries[0].state, "REPORTED");
}

#[tokio::test]
async fn t_num_4_a_page_beyond_those_that_wait_never_shows_a_number_that_another_request_waits_for() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let mut waiting = Vec::new();
    for _ in 0..2 {
        waiting.push(app.start(&ada).await.1);
    }
    for _ in 0..60 {
        let (_, number) = app.start(&ada).await;
        assert!(!waiting.contains(&number));
    }
}

#[tokio::test]
async fn a_neighbourhood_that_starts_too_many_is_told_to_wait() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let mut refused = 0;
    for _ in 0..205 {
        browser.open("/signin").await.unwrap();
        refused += u32::from(browser.submit("/signin", &[("username", "nobody")]).await.unwrap().status == 429);
    }
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn a_tab_with_an_older_number_is_told_that_it_is_dead() {
    let app = TestApp::new().await;
    let (ada, ..) = app.account_with_phone("ada").await;
    let (mut browser, _) = app.start(&ada).await;
    let old = browser.page.attribute("data-events").unwrap();
    browser.open("/signin/approve").await.unwrap();
    steps::start_sign_in(&mut browser, &ada.username).await.unwrap();
    let new = browser.page.attribute("data-events").unwrap();
    let patience = Duration::from_secs(5);
    browser.events(&old).await.unwrap().state("SUPERSEDED", patience).await.unwrap();
    browser.events(&new).await.unwrap().state("PENDING", patience).await.unwrap();
}
