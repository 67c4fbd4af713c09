//! How requests end: in one way, told once, and to everybody the same.

use std::time::Duration;

use akkoord_authenticator::{Phone, RequestState, Unlocking};
use akkoord_protocols::text::Id;
use akkoord_server::{jobs::housekeeping, use_cases::phone::Removal};
use akkoord_simulator::{browser::Browser, steps};
use akkoord_store::{AuditFilter, StoreError};

use crate::support::{TestAccount, TestApp, Unlock};

async fn newest(phone: &Phone) -> (Id, String) {
    let entry = phone.history(None).await.unwrap().entries.remove(0);
    (entry.id, entry.state)
}

/// What the audit tells of how a request was answered and ended.
async fn told(app: &TestApp, request: &Id) -> Vec<String> {
    let filter = AuditFilter { event: Some("request.settled".to_owned()), ..AuditFilter::default() };
    let rows = app.app.store.read(move |tx| Box::pin(async move { tx.audit_events(&filter, 200).await })).await;
    let rows = rows.map_err(|error: StoreError| error).unwrap();
    let its = rows.into_iter().filter(|row| row.subject.as_deref() == Some(request.as_str()));
    let detail = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap();
    let mut told: Vec<String> = its.map(|row| detail(row.detail)["state"].as_str().unwrap().to_owned()).collect();
    // The clock stands still, so that they have no order.
    told.sort_unstable();
    told
}

async fn remove(app: &TestApp, phone: &Phone) {
    let (ctx, id) = (app.app.own_ctx(akkoord_core::Actor::Operator), phone.account().phone.as_str().parse().unwrap());
    let removed = akkoord_server::use_cases::phone::remove(&app.app, &ctx, &id, None, Removal::Administrator).await;
    assert!(removed.unwrap().is_some());
}

/// Two phones, of which the first is not removed, and a request that waits for both.
async fn asked(name: &str) -> (TestApp, TestAccount, [Phone; 2], Browser, Id) {
    let app = TestApp::new().await;
    let (ada, phone, mut signed_in) = app.account_with(name, Unlock::Platform).await;
    let second = app.enrol_with(&mut signed_in, Unlock::Platform).await;
    let (browser, _) = app.start(&ada).await;
    let (id, state) = newest(&phone).await;
    assert_eq!(state, "PENDING");
    (app, ada, [phone, second], browser, id)
}

/// The phone's line breaks while its decision is on the way, and it sends the same again while the first is under way.
#[tokio::test]
async fn the_same_decision_several_times_at_once_gets_the_same_answer() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    for round in 0..12 {
        let (mut browser, number) = app.start(&ada).await;
        let request = phone.pending().await.unwrap().waiting.remove(0);
        let (decision, expected) = if round % 2 == 0 {
            (phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap(), RequestState::Approved)
        } else {
            let deny = akkoord_protocols::phone::decision::Verdict::Deny;
            (phone.prepare_refusal(&request, deny).unwrap(), RequestState::Denied)
        };
        let sends = (0..6).map(|_| {
            let (phone, decision) = (phone.clone(), decision.clone());
            tokio::spawn(async move { phone.decide(&decision).await })
        });
        for sent in sends.collect::<Vec<_>>() {
            assert_eq!(sent.await.unwrap().unwrap(), expected);
        }
        assert_eq!(told(&app, request.id()).await.len(), 1);
        browser.submit("/signin/cancel", &[]).await.ok();
    }
}

/// T-AUD-2.
#[tokio::test]
async fn t_aud_2_a_request_that_its_browser_replaced_is_told_of() {
    let (app, ada, _, mut browser, id) = asked("ada").await;
    browser.open("/signin").await.unwrap();
    browser.submit("/signin", &[("username", &ada.username)]).await.unwrap();
    assert_eq!(told(&app, &id).await, ["superseded"]);
}

/// T-AUD-2.
#[tokio::test]
async fn t_aud_2_a_request_that_nobody_answered_is_told_of_once() {
    let (app, ada, [phone, _], _, id) = asked("ada").await;
    app.pass(Duration::from_secs(121));
    // By the sweeper; by the phone that comes too late; by the sweeper after a start that took its place.
    housekeeping::sweep(&app.app).await.unwrap();
    assert_eq!(told(&app, &id).await, ["expired"]);
    let _ = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    app.pass(Duration::from_secs(121));
    phone.deny(&request).await.unwrap_err();
    phone.deny(&request).await.unwrap_err();
    housekeeping::sweep(&app.app).await.unwrap();
    assert_eq!(told(&app, request.id()).await, ["expired"]);
    let _ = app.start(&ada).await;
    let (third, _) = newest(&phone).await;
    app.pass(Duration::from_secs(121));
    let _ = app.start(&ada).await;
    housekeeping::sweep(&app.app).await.unwrap();
    assert_eq!(told(&app, &third).await, ["expired"]);
}

/// T-AUD-2.
#[tokio::test]
async fn t_aud_2_a_request_that_ended_with_its_phone_is_told_of() {
    let (app, _, [phone, second], mut browser, id) = asked("ada").await;
    let number = browser.open("/signin/approve").await.unwrap().number().unwrap();
    let request = second.pending().await.unwrap().waiting.remove(0);
    second.approve(&request, &number, &Unlocking::Platform).await.unwrap();
    remove(&app, &second).await;
    assert_eq!(newest(&phone).await, (id.clone(), "REVOKED".to_owned()));
    assert_eq!(told(&app, &id).await, ["approved", "revoked"]);
}

/// T-AUD-2.
#[tokio::test]
async fn t_aud_2_a_request_that_an_access_pass_made_needless_is_told_of() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let pass = app.new_pass(&ada).await;
    let mut browser = app.browser();
    steps::sign_in_with_pass(&mut browser, &ada.username, &pass).await.unwrap();
    let (id, state) = newest(&phone).await;
    assert_eq!((state.as_str(), told(&app, &id).await), ("CANCELLED", vec!["cancelled".to_owned()]));
}

/// Who was told that a request has expired is told nothing else later, whether the sweeper has come by or not.
#[tokio::test]
async fn a_request_that_has_expired_ends_in_no_other_way() {
    for way in 0..5 {
        let (app, ada, [phone, second], mut browser, id) = asked("ada").await;
        let request = phone.pending().await.unwrap().waiting.remove(0);
        if way == 4 {
            let number = browser.open("/signin/approve").await.unwrap().number().unwrap();
            let its_own = second.pending().await.unwrap().waiting.remove(0);
            second.approve(&its_own, &number, &Unlocking::Platform).await.unwrap();
        }
        app.pass(Duration::from_secs(121));
        assert_eq!(newest(&phone).await, (id.clone(), "EXPIRED".to_owned()), "{way}");
        browser.open("/signin").await.unwrap();
        match way {
            0 => drop(browser.post("/signin/cancel", &[]).await.unwrap()),
            1 => drop(browser.post("/signin", &[("username", &ada.username)]).await.unwrap()),
            2 => drop(phone.deny(&request).await.unwrap_err()),
            3 => drop(phone.report_past(&id).await.unwrap()),
            _ => remove(&app, &second).await,
        }
        let entries = phone.history(None).await.unwrap().entries;
        let state = entries.into_iter().find(|entry| entry.id == id).unwrap().state;
        assert_eq!(state, "EXPIRED", "{way}");
        housekeeping::sweep(&app.app).await.unwrap();
        assert!(told(&app, &id).await.contains(&"expired".to_owned()), "{way}");
    }
}
