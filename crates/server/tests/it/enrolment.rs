//! Adding a phone: the good way, and everything that a thief or a slip of the hand can do.

use std::time::Duration;

use akkoord_authenticator::{Candidate, EnrolError, Invitation, Phone};
use akkoord_protocols::phone::{
    Platform,
    call::{Empty, EnrolmentState},
    problem::Code,
};
use akkoord_simulator::steps;

use crate::support::{TestApp, name, stretched};

fn code_of(error: EnrolError) -> Option<Code> {
    match error {
        EnrolError::Call(error) => error.code(),
        _ => None,
    }
}

#[tokio::test]
async fn a_new_phone_is_announced_and_the_link_in_the_mail_undoes_it_signed_out() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let mail = app.mail().await;
    let notice = mail.iter().find(|mail| mail.to == "ada@example.org").expect("a notice was sent");
    assert!(notice.body.contains("Test phone"), "{}", notice.body);
    let start = notice.body.find("/not-me/").unwrap();
    let path: String = notice.body[start..].chars().take_while(|c| !c.is_whitespace()).collect();
    let mut stranger = app.browser();
    stranger.open(&path).await.unwrap();
    stranger.submit(&path, &[]).await.unwrap();
    let refused = phone.pending().await.unwrap_err();
    let akkoord_authenticator::PhoneError::Call(error) = refused else { panic!("{refused:?}") };
    let problem = error.problem().unwrap();
    assert_eq!((problem.code, problem.removed_by.as_deref()), (Code::Removed, Some("user")));
    assert!(problem.removed_at.is_some());
}

#[tokio::test]
async fn the_new_phone_has_verification_codes_of_its_own() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    assert!(phone.account().codes.is_some());
}

#[tokio::test]
async fn the_codes_are_told_again_while_the_phone_is_new_and_never_after() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let (_ben, other, _) = app.account_with_phone("ben").await;
    let told = async |phone: &Phone| {
        let answer: EnrolmentState = phone.post("enrolments/state", &Empty {}).await.unwrap();
        assert_eq!((answer.state.as_str(), answer.account.is_some()), ("ACTIVE", true));
        answer.codes.map(|codes| codes.secret)
    };
    let kept = |phone: &Phone| phone.account().codes.as_ref().map(|codes| codes.secret);
    assert!(kept(&phone).is_some() && kept(&phone) != kept(&other));
    for seconds in [0, 1, 598] {
        app.pass(Duration::from_secs(seconds));
        assert_eq!(told(&phone).await, kept(&phone), "the same");
        assert_eq!(told(&other).await, kept(&other), "each its own");
    }
    for seconds in [1, 3600] {
        app.pass(Duration::from_secs(seconds));
        assert_eq!(told(&phone).await, None);
    }
}

#[tokio::test]
async fn the_typed_code_works_as_the_qr_code_does() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let sloppy = offered.code.to_lowercase().replace('-', " ");
    let invitation = Invitation::Code {
        api: app.app.config.phone_url.clone(),
        username: "ADA@example.org".to_owned(),
        code: sloppy.parse().unwrap(),
    };
    let mut claimed = Candidate::new(&app.network, invitation).unwrap().claim().await.unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let proved = claimed.prove(name("Typed"), Platform::Terminal).await.unwrap();
    steps::type_digits(&mut browser, &offered, &proved.digits().to_shown()).await.unwrap();
    proved.wait().await.unwrap();
}

#[tokio::test]
async fn t_enr_3_five_wrong_codes_kill_code_and_qr_code() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let typed = |code: &str, username: &str| Invitation::Code {
        api: app.app.config.phone_url.clone(),
        username: username.to_owned(),
        code: code.parse().unwrap(),
    };
    let wrong = if offered.code == "0000-0000" { "1111-1111" } else { "0000-0000" };
    for _ in 0..5 {
        let refused = Candidate::new(&app.network, typed(wrong, &ada.username)).unwrap().claim().await;
        assert_eq!(code_of(refused.err().unwrap()), Some(Code::NotFound));
    }
    let unknown = Candidate::new(&app.network, typed(wrong, "nobody@example.org")).unwrap().claim().await;
    assert_eq!(code_of(unknown.err().unwrap()), Some(Code::NotFound));
    let right = Candidate::new(&app.network, typed(&offered.code, &ada.username)).unwrap().claim().await;
    assert!(right.is_err());
    let link = Invitation::Link(offered.link.parse().unwrap());
    assert!(Candidate::new(&app.network, link).unwrap().claim().await.is_err());
}

#[tokio::test]
async fn t_enr_1_a_second_phone_that_scans_the_code_is_refused_and_the_page_says_so() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let link = || Invitation::Link(offered.link.parse().unwrap());
    let (one, two) = (Candidate::new(&app.network, link()).unwrap(), Candidate::new(&app.network, link()).unwrap());
    let (one, two) = tokio::join!(one.claim(), two.claim());
    assert!(one.is_ok() != two.is_ok());
    let refused = one.err().or(two.err()).unwrap();
    assert_eq!(code_of(refused), Some(Code::Taken));
    let page = browser.open(&offered.path).await.unwrap().text();
    assert!(page.contains("nother"), "{page}");
}

#[tokio::test]
async fn the_same_phone_may_claim_again_after_a_lost_answer() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let candidate = Candidate::new(&app.network, Invitation::Link(offered.link.parse().unwrap())).unwrap();
    let first = candidate.send_claim().await.unwrap();
    let second = candidate.send_claim().await.unwrap();
    assert_eq!((first.offer, first.t), (second.offer, second.t));
}

#[tokio::test]
async fn t_enr_2_wrong_digits_three_times_reject_the_phone() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let proved = claimed.prove(name("Thief"), Platform::Android).await.unwrap();
    let wrong = if proved.digits().expose() == "000000" { "111111" } else { "000000" };
    for _ in 0..3 {
        assert!(steps::type_digits(&mut browser, &offered, wrong).await.is_err());
    }
    assert_eq!(browser.page.attribute("data-stage").as_deref(), Some("ended"));
    let right = proved.digits().expose().to_owned();
    assert!(steps::type_digits(&mut browser, &offered, &right).await.is_err());
    assert!(matches!(proved.wait().await, Err(EnrolError::Ended(_))));
}

#[tokio::test]
async fn t_enr_3_a_code_dies_after_five_minutes_and_after_its_use() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    app.pass(Duration::from_secs(301));
    let late = Candidate::new(&app.network, Invitation::Link(offered.link.parse().unwrap())).unwrap().claim().await;
    assert_eq!(code_of(late.err().unwrap()), Some(Code::Gone));

    let (_ben, _, mut browser) = app.account_with_phone("ben").await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let proved = claimed.prove(name("Second"), Platform::Android).await.unwrap();
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    let used = Candidate::new(&app.network, Invitation::Link(offered.link.parse().unwrap())).unwrap().claim().await;
    assert_eq!(code_of(used.err().unwrap()), Some(Code::Gone));
}

#[tokio::test]
async fn t_enr_4_a_key_chosen_after_the_commitment_is_rejected_for_good() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    claimed.key = akkoord_authenticator::StoredKey::generate().unwrap();
    let refused = claimed.prove(name("Relay"), Platform::Android).await;
    assert_eq!(code_of(refused.err().unwrap()), Some(Code::Invalid));
    browser.open(&offered.path).await.unwrap();
    assert_eq!(browser.page.attribute("data-stage").as_deref(), Some("ended"));
}

#[tokio::test]
async fn t_enr_5_adding_a_phone_needs_a_fresh_sign_in() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    app.pass(Duration::from_secs(301));
    browser.open("/account").await.unwrap();
    // The form that an older page would send is refused as the first step is.
    browser.post("/account/phones/add", &[]).await.unwrap();
    browser.open("/account/phones/add").await.unwrap();
    assert_eq!(browser.page.path.split('?').next(), Some("/signin/fresh"));
    // The proof once more, and the old cookie is worth nothing.
    let old = browser.clone();
    browser.submit("/signin/fresh", &[("then", "add-phone")]).await.unwrap();
    let number = browser.page.number().unwrap();
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
    browser.submit("/signin/finish", &[]).await.unwrap();
    assert_eq!(browser.page.path, "/account/phones/add", "it goes on where it was interrupted");
    steps::add_phone(&mut browser).await.unwrap();
    let mut old = old;
    old.open("/account").await.unwrap();
    assert_ne!(old.page.path, "/account");
}

#[tokio::test]
async fn a_pass_is_for_adding_a_phone_as_long_as_its_session_lasts() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    app.pass(Duration::from_secs(1200));
    steps::add_phone(&mut browser).await.unwrap();
}

#[tokio::test]
async fn an_access_pass_works_once_and_lets_nobody_change_what_exists() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let mut again = app.browser();
    assert!(steps::sign_in_with_pass(&mut again, &ada.username, &ada.pass).await.is_err(), "used");
    let mut guess = app.browser();
    assert!(steps::sign_in_with_pass(&mut guess, &ada.username, "AAAA-AAAA-AAAA").await.is_err());
    // A session by pass cannot remove the phone that is there.
    let ben = app.account("ben").await;
    let mut browser = app.browser_with_pass(&ben).await;
    let path = format!("/account/phones/{}/remove", phone.account().phone);
    assert_eq!(browser.open(&path).await.unwrap().status, 403);
}

#[tokio::test]
async fn t_ses_6_a_session_by_access_pass_ends_with_the_pass() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    app.pass(Duration::from_secs(3599));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/account");
    app.pass(Duration::from_secs(2));
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/signin");
}

#[tokio::test]
async fn an_old_phone_authorises_a_new_one() {
    let app = TestApp::new().await;
    let (_ada, old, _) = app.account_with("ada", crate::support::Unlock::Platform).await;
    let started = old.authorise_phone(&akkoord_authenticator::Unlocking::Platform).await.unwrap();
    let link = Invitation::Link(started.url.parse().unwrap());
    let mut claimed = Candidate::new(&app.network, link).unwrap().claim().await.unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let proved = claimed.prove(name("New phone"), Platform::Android).await.unwrap();
    let digits = proved.digits().expose().to_owned();
    assert_eq!(old.type_digits(&started.enr, &digits).await.unwrap(), "ACTIVE");
    proved.wait().await.unwrap();
}

#[tokio::test]
async fn practice_goes_the_real_way_and_signs_nobody_in() {
    let app = TestApp::new().await;
    let (ada, phone, mut browser) = app.account_with_phone("ada").await;
    let (path, number) = steps::start_practice(&mut browser).await.unwrap();
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
    steps::practice_ends(&mut browser, &path, &["approved"]).await.unwrap();
    let id = ada.id.clone();
    let now = app.app.clock.now();
    let sessions = app.app.store.read(move |tx| Box::pin(async move { tx.sessions_of(&id, now).await })).await;
    assert_eq!(sessions.map_err(|error: akkoord_store::StoreError| error).unwrap().len(), 1, "only the pass's");
}

#[tokio::test]
async fn t_enr_1_the_page_is_told_of_a_second_phone_also_when_it_listens_late() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let _first = app.claim(&offered).await;
    let link = Invitation::Link(offered.link.parse().unwrap());
    assert!(Candidate::new(&app.network, link).unwrap().claim().await.is_err());
    let mut events = browser.events(&format!("{}/events", offered.path)).await.unwrap();
    events.state("CLAIMED+TAKEN", Duration::from_secs(5)).await.unwrap();
}
