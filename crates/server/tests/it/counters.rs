//! Platform authenticators that count their signatures: one that counts back, or twice the same, may be a copy
//! (WebAuthn Level 3 section 6.1.1).

use akkoord_authenticator::{Outgoing, Payload, Phone, PhoneError, PreparedDecision, Repeat, RequestState, Unlocking};
use akkoord_core::ids::PhoneId;
use akkoord_protocols::{
    jose::SigningKey,
    phone::{
        Evidence, Platform,
        call::{Empty, OwnChange, PinChangeFinish, PinChangeStarted},
        decision::evidence_hash,
        pin::{change_hash, setting_hash},
        problem::Code,
    },
};
use akkoord_simulator::{browser::Browser, steps};
use akkoord_store::{PhoneRow, StoreError};

use crate::support::{TestAccount, TestApp, Unlock, name, stretched};

fn code<T: std::fmt::Debug>(result: Result<T, PhoneError>) -> Code {
    match result {
        Err(PhoneError::Call(error)) => error.code().unwrap(),
        other => panic!("not refused: {other:?}"),
    }
}

/// The phone's evidence over a hash, by an authenticator that has counted so far.
fn counted(phone: &Phone, hash: &[u8; 32], counter: u32) -> Evidence {
    let account = phone.account();
    let credential = account.platform.as_ref().unwrap().assert_counted(hash, counter).unwrap();
    Evidence::Webauthn { credential }
}

/// Starts a sign-in and prepares its approval with this counter.
async fn approval(app: &TestApp, ada: &TestAccount, phone: &Phone, counter: u32) -> (Browser, PreparedDecision) {
    let (browser, number) = app.start(ada).await;
    let request = phone.pending().await.unwrap().waiting.pop().unwrap();
    let mut decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    decision.body.evidence = Some(counted(phone, &evidence_hash(&decision.body.decision), counter));
    // The next request of the list is a later one.
    app.pass(std::time::Duration::from_secs(1));
    (browser, decision)
}

async fn row(app: &TestApp, phone: &Phone) -> PhoneRow {
    let id = PhoneId::try_from(phone.account().phone.to_string()).unwrap();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.phone(&id).await })).await;
    row.map_err(|error: StoreError| error).unwrap().unwrap()
}

#[tokio::test]
async fn t_uv_1_an_authenticator_that_counts_back_may_be_a_copy_and_approves_nothing() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let at_zero = row(&app, &phone).await;
    for _ in 0..2 {
        let (mut browser, decision) = approval(&app, &ada, &phone, 0).await;
        assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
        steps::finish_sign_in(&mut browser).await.unwrap();
    }
    assert_eq!(row(&app, &phone).await.webauthn, at_zero.webauthn, "nothing to keep where nothing is counted");
    let (mut browser, decision) = approval(&app, &ada, &phone, 5).await;
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved, "the same bytes after a lost answer");
    steps::finish_sign_in(&mut browser).await.unwrap();
    let (mut browser, mut decision) = approval(&app, &ada, &phone, 5).await;
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock, "the same count");
    let hash = evidence_hash(&decision.body.decision);
    decision.body.evidence = Some(counted(&phone, &hash, 4));
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock, "less");
    // Nobody can make it forget: what counts once has no way back to not counting. Two were wrong, the third may be right.
    decision.body.evidence = Some(counted(&phone, &hash, 6));
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    steps::finish_sign_in(&mut browser).await.unwrap();
    let (_browser, decision) = approval(&app, &ada, &phone, 0).await;
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock, "none any more");
}

#[tokio::test]
async fn t_uv_1_a_wrong_number_counts_as_well() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let (_browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    let wrong = if number == "10" { "11" } else { "10" };
    let mut decision = phone.prepare_approval(&request, wrong, &Unlocking::Platform).await.unwrap();
    decision.body.evidence = Some(counted(&phone, &evidence_hash(&decision.body.decision), 3));
    assert_eq!(code(phone.decide(&decision).await), Code::WrongNumber);
    let (_browser, decision) = approval(&app, &ada, &phone, 3).await;
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock);
}

#[tokio::test]
async fn t_uv_1_of_an_authenticator_and_its_copy_at_once_one_approves() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    for counter in 1..=5 {
        let (_one, first) = approval(&app, &ada, &phone, counter).await;
        let (_two, second) = approval(&app, &ada, &phone, counter).await;
        let (first, second) = tokio::join!(phone.decide(&first), phone.decide(&second));
        let (good, refused) = if first.is_ok() { (first, second) } else { (second, first) };
        assert_eq!(good.unwrap(), RequestState::Approved);
        assert_eq!(code(refused), Code::WrongUnlock);
        for waiting in phone.pending().await.unwrap().waiting {
            phone.deny(&waiting).await.unwrap();
        }
    }
}

#[tokio::test]
async fn t_uv_1_a_change_of_the_pin_and_a_setting_count_as_well() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.use_soft_platform().unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let proved = claimed.prove(name("Both"), Platform::Android).await.unwrap();
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    let connection = proved.connection.clone();
    let phone = Phone::new(connection, proved.wait().await.unwrap());

    let change = async |counter: u32| {
        let started: PinChangeStarted = phone.post("pin/change/start", &Empty {}).await.unwrap();
        let new = SigningKey::generate().unwrap();
        let evidence = counted(&phone, &change_hash(started.change.as_str(), new.public()), counter);
        let body = PinChangeFinish { change: started.change, new: new.public().jwk(), evidence };
        let finished: Result<Empty, PhoneError> = phone.post("pin/change/finish", &body).await;
        finished.map(|_| serde_json::to_string(&new.public().jwk()).unwrap())
    };
    let key = change(2).await.unwrap();
    assert_eq!(row(&app, &phone).await.pin_key, Some(key.clone()));
    assert_eq!(code(change(2).await), Code::WrongUnlock);
    assert_eq!(row(&app, &phone).await.pin_key, Some(key));

    let set = async |counter: u32| {
        let account = phone.account();
        let make = |nonce: &str| {
            let hash = setting_hash("phone_sign_in", account.phone.as_str(), nonce);
            let evidence = Some(counted(&phone, &hash, counter));
            let change = OwnChange { phone_sign_in: Some(true), evidence, ..OwnChange::default() };
            Ok(serde_json::to_vec(&change).unwrap())
        };
        let outgoing = Outgoing {
            method: "PATCH".parse().unwrap(),
            path: "self",
            payload: Payload::OverNonce(&make),
            identity: Some(account.identity()),
            repeat: Repeat::Allowed,
        };
        phone.connection().call(&outgoing).await.map(drop).map_err(PhoneError::from)
    };
    assert_eq!(code(set(1).await), Code::WrongUnlock);
    set(3).await.unwrap();
    assert_eq!(code(set(3).await), Code::WrongUnlock);
    let (_browser, decision) = approval(&app, &ada, &phone, 3).await;
    assert_eq!(code(phone.decide(&decision).await), Code::WrongUnlock);
}
