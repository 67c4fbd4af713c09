//! A phone's key belongs to one phone, for ever: the same one on two rows would make one phone's word another's.

use akkoord_authenticator::{
    Candidate, Claimed, EnrolError, Invitation, Phone, PhoneError, Proved, StoredKey, SystemRandom,
};
use akkoord_protocols::{
    phone::{
        Platform,
        call::{Empty, RotateKey},
        problem::{Code, Problem},
        rotation::{Rotate, signature},
    },
    text::Id,
};
use akkoord_simulator::{browser::Browser, steps};

use crate::support::{TestApp, name, pin, stretched};

/// Claims an enrolment of this browser's account with a key that is there already.
async fn claim_with(app: &TestApp, browser: &mut Browser, key: &StoredKey) -> (steps::Offered, Claimed) {
    let offered = steps::add_phone(browser).await.unwrap();
    let mut candidate = Candidate::new(&app.network, Invitation::Link(offered.link.parse().unwrap())).unwrap();
    candidate.key = key.clone();
    let mut claimed = candidate.claim().await.unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    (offered, claimed)
}

fn refusal(result: Result<Proved, EnrolError>) -> Problem {
    match result {
        Err(EnrolError::Call(error)) => error.problem().unwrap().clone(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Sends a rotation of a phone to a key, as a phone would that does not care whether the key is new.
async fn rotate_to(phone: &Phone, new: &StoredKey) -> Result<Empty, PhoneError> {
    let account = phone.account();
    let rotate = Rotate {
        v: 1,
        iss: account.phone.clone(),
        aud: account.server.iss.clone(),
        iat: phone.now(),
        jti: Id::new(&SystemRandom),
        jwk: new.public().jwk(),
        sig: signature(new, account.phone.as_str(), account.key.public().thumbprint()).unwrap(),
    };
    phone.post("rotate", &RotateKey { rotate: rotate.sign(&account.key).unwrap() }).await
}

async fn is_refused(phone: &Phone, new: &StoredKey, which: &str) {
    match rotate_to(phone, new).await {
        Err(PhoneError::Call(error)) => assert_eq!(error.code(), Some(Code::Invalid), "{which}"),
        other => panic!("{which}: {other:?}"),
    }
    phone.own_state().await.expect("the key that it had is still its key");
}

#[tokio::test]
async fn t_enr_7_a_key_that_is_or_was_a_phones_enrols_no_other() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let ben = app.account("ben").await;
    let mut browser = app.browser_with_pass(&ben).await;
    let first = phone.account().key.clone();
    phone.rotate().await.unwrap();
    let second = phone.account().key.clone();
    for (which, key) in [("rotated away", &first), ("in use", &second)] {
        let (offered, claimed) = claim_with(&app, &mut browser, key).await;
        let problem = refusal(claimed.prove(name("Ben's"), Platform::Android).await);
        assert_eq!(problem.code, Code::Invalid, "{which}");
        assert!(problem.detail.unwrap().contains("another phone's"), "{which}");
        // Nothing was proved: there is no phone to type digits for, and the code may be cancelled as any other.
        browser.open(&offered.path).await.unwrap();
        assert_eq!(browser.page.attribute("data-stage").as_deref(), Some("claimed"), "{which}");
    }
    phone.unregister().await.unwrap();
    let (_, claimed) = claim_with(&app, &mut browser, &second).await;
    assert_eq!(refusal(claimed.prove(name("Ben's"), Platform::Android).await).code, Code::Invalid, "removed");
    // With a key of its own the same phone comes in.
    let (offered, claimed) = claim_with(&app, &mut browser, &StoredKey::generate().unwrap()).await;
    let proved = claimed.prove(name("Ben's"), Platform::Android).await.unwrap();
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    proved.wait().await.unwrap();
}

#[tokio::test]
async fn t_enr_7_of_two_enrolments_with_one_key_one_is_finished() {
    let app = TestApp::new().await;
    let (ada, ben) = (app.account("ada").await, app.account("ben").await);
    let (mut adas, mut bens) = (app.browser_with_pass(&ada).await, app.browser_with_pass(&ben).await);
    let key = StoredKey::generate().unwrap();
    let (offered_ada, claimed_ada) = claim_with(&app, &mut adas, &key).await;
    let (offered_ben, claimed_ben) = claim_with(&app, &mut bens, &key).await;
    let proved_ada = claimed_ada.prove(name("Ada's"), Platform::Android).await.unwrap();
    let proved_ben = claimed_ben.prove(name("Ben's"), Platform::Android).await.unwrap();
    steps::type_digits(&mut adas, &offered_ada, proved_ada.digits().expose()).await.unwrap();
    assert!(steps::type_digits(&mut bens, &offered_ben, proved_ben.digits().expose()).await.is_err());
    assert_eq!(bens.page.attribute("data-stage").as_deref(), Some("ended"));
    proved_ada.wait().await.unwrap();
    assert!(matches!(proved_ben.wait().await, Err(EnrolError::Ended(_))));
    let audit = app.audit().await;
    assert_eq!(audit.iter().filter(|event| *event == "phone.added").count(), 1, "{audit:?}");
}

#[tokio::test]
async fn t_enr_7_a_phone_changes_to_no_key_that_is_or_was_a_phones() {
    let app = TestApp::new().await;
    let (ada, phone, mut browser) = app.account_with_phone("ada").await;
    let (_ben, other, _) = app.account_with_phone("ben").await;
    let removed = app.enrol_with(&mut browser, crate::support::Unlock::Pin).await;
    let (first, others_first) = (phone.account().key.clone(), other.account().key.clone());
    phone.rotate().await.unwrap();
    other.rotate().await.unwrap();
    removed.unregister().await.unwrap();
    is_refused(&phone, &phone.account().key, "the own").await;
    is_refused(&phone, &first, "the own before").await;
    is_refused(&phone, &other.account().key, "another's").await;
    is_refused(&phone, &others_first, "another's before").await;
    is_refused(&phone, &removed.account().key, "a removed phone's").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}
