//! The PIN: tries are counted before they are made.

use akkoord_authenticator::{PhoneError, Stretched, Unlocking};
use akkoord_protocols::phone::problem::Code;
use akkoord_simulator::steps;

use crate::support::{TestApp, pin, stretched};

fn wrong() -> Unlocking<'static> {
    Unlocking::Stretched(Stretched::precomputed([8; 32]))
}

#[tokio::test]
async fn a_wrong_pin_shows_on_the_phone_and_the_right_one_gives_the_tries_back() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    for left in [4, 3] {
        let tried = phone.approve(&request, &number, &wrong()).await;
        assert!(matches!(tried, Err(PhoneError::WrongPin { left: told }) if told == left), "{tried:?}");
    }
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    assert_eq!(phone.own_state().await.unwrap().pin_left, 5);
}

#[tokio::test]
async fn t_pin_1_five_wrong_tries_lock_the_phone_and_tell_its_owner() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    for left in [4, 3, 2, 1, 0] {
        let tried = phone.approve(&request, &number, &wrong()).await;
        assert!(matches!(tried, Err(PhoneError::WrongPin { left: told }) if told == left), "{tried:?}");
    }
    let tried = phone.approve(&request, &number, &pin()).await;
    assert!(matches!(&tried, Err(PhoneError::Call(error)) if error.code() == Some(Code::Locked)), "{tried:?}");
    assert_eq!(phone.own_state().await.unwrap().state, "LOCKED");
    // Saying no works all the same.
    phone.deny(&request).await.unwrap();
    app.pass(std::time::Duration::from_secs(180));
    assert!(app.mail().await.iter().any(|mail| mail.to == "ada@example.org" && mail.subject.contains("Test phone")));
}

#[tokio::test]
async fn t_pin_4_a_pin_is_not_evaluated_without_a_request_of_this_phone() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_ben, other, _) = app.account_with_phone("ben").await;
    let (_browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    let foreign = other.approve(&request, &number, &pin()).await;
    assert!(matches!(&foreign, Err(PhoneError::Call(error)) if error.code() == Some(Code::NotFound)), "{foreign:?}");
    assert_eq!(other.own_state().await.unwrap().pin_left, 5, "nothing was counted");
    assert_eq!(phone.own_state().await.unwrap().pin_left, 5);
}

#[tokio::test]
async fn the_pin_can_be_changed_and_the_old_one_is_void() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    phone.change_stretched_pin(&pin(), Stretched::precomputed([9; 32])).await.unwrap();
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    let old = phone.approve(&request, &number, &pin()).await;
    assert!(matches!(old, Err(PhoneError::WrongPin { .. })), "{old:?}");
    let new = Unlocking::Stretched(Stretched::precomputed([9; 32]));
    phone.approve(&request, &number, &new).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn a_change_of_the_pin_counts_wrong_old_pins() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let tried = phone.change_stretched_pin(&wrong(), stretched()).await;
    assert!(matches!(tried, Err(PhoneError::WrongPin { .. })), "{tried:?}");
    assert_eq!(phone.own_state().await.unwrap().pin_left, 4);
}

#[tokio::test]
async fn t_pin_1_changes_of_the_pin_are_no_way_around_the_count() {
    let app = TestApp::new().await;
    let (_ada, phone, _) = app.account_with_phone("ada").await;
    let mut evaluated = 0;
    for _ in 0..20 {
        // A thief with the phone's key evaluates guesses as "new" PINs.
        let started: Result<akkoord_protocols::phone::call::PinChangeStarted, _> =
            phone.post("pin/change/start", &akkoord_protocols::phone::call::Empty {}).await;
        let Ok(started) = started else { continue };
        let blinding =
            akkoord_protocols::phone::pin::Blinding::new(&akkoord_authenticator::SystemRandom, [1; 32].into()).unwrap();
        let body = akkoord_protocols::phone::call::EvaluatePin {
            request: started.change,
            blinded: blinding.blinded,
            new: true,
        };
        let answer: Result<akkoord_protocols::phone::call::PinEvaluated, _> = phone.post("pin/evaluate", &body).await;
        evaluated += usize::from(answer.is_ok());
    }
    assert!((1..=5).contains(&evaluated), "{evaluated}");
    assert!(phone.own_state().await.unwrap().pin_left < 2);
}

#[tokio::test]
async fn a_lost_answer_to_the_end_of_a_change_loses_no_pin() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let stored_key = || {
        let (store, id) = (app.app.store.clone(), ada.id.clone());
        async move {
            let read = store.read(move |tx| Box::pin(async move { tx.phones_of(&id).await })).await;
            let phones = read.map_err(|error: akkoord_store::StoreError| error).unwrap();
            phones[0].pin_key.clone().unwrap()
        }
    };
    let old = stored_key().await;
    phone.change_stretched_pin(&pin(), Stretched::precomputed([9; 32])).await.unwrap();
    assert_eq!(phone.own_state().await.unwrap().pin_left, 5);
    // The answer got lost and the phone repeats: its evidence is by the old key, which is gone.
    let new = stored_key().await;
    assert_ne!(old, new);
    let finish = |key: &str| akkoord_protocols::phone::call::PinChangeFinish {
        change: "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        new: serde_json::from_str(key).unwrap(),
        evidence: akkoord_protocols::phone::Evidence::Pin { jws: "by.the.old".to_owned() },
    };
    let repeated: Result<akkoord_protocols::phone::call::Empty, _> =
        phone.post("pin/change/finish", &finish(&new)).await;
    repeated.unwrap();
    // Only the key that is in place is confirmed so; another one needs evidence.
    let other: Result<akkoord_protocols::phone::call::Empty, _> = phone.post("pin/change/finish", &finish(&old)).await;
    other.unwrap_err();
    assert_eq!(stored_key().await, new);
}
