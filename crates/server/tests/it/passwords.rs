//! Passwords: right and wrong ones, waiting, and what a stranger can tell from the work.

use std::time::Duration;

use akkoord_core::{
    Actor, Ctx,
    ids::AccountId,
    password::{Refused, Use},
};
use akkoord_server::use_cases::password::{self, By, Checked, Set};
use akkoord_store::{AccountRow, AuditFilter, NewPassword, StoreError, Tx};
use futures_util::future::BoxFuture;

use crate::support::{TestAccount, TestApp};

const GOOD: &str = "tulp Oslo kraan é";
const RIGHT: Checked = Checked::Right { must_change: false, rehashed: false };
const MINUTE: Duration = Duration::from_secs(60);

fn ctx(app: &TestApp) -> Ctx {
    app.app.own_ctx(Actor::Anonymous)
}

async fn read<T, F>(app: &TestApp, read: F) -> T
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    app.app.store.read(read).await.unwrap()
}

async fn row(app: &TestApp, account: &TestAccount) -> AccountRow {
    let id = account.id.clone();
    read(app, move |tx| Box::pin(async move { tx.account(&id).await })).await.unwrap()
}

async fn set(app: &TestApp, account: &TestAccount, typed: &str, by: By<'_>) -> Set {
    let row = row(app, account).await;
    password::set(&app.app, &ctx(app), &row, typed, Use::WithSecondStep, by).await.unwrap()
}

async fn check(app: &TestApp, account: Option<&AccountId>, typed: &str) -> Checked {
    password::check(&app.app, &ctx(app), account, typed).await.unwrap()
}

async fn with_password(app: &TestApp, name: &str) -> TestAccount {
    let account = app.account(name).await;
    assert_eq!(set(app, &account, GOOD, By::Person(None)).await, Set::Done { replaced: false });
    account
}

#[tokio::test]
async fn the_right_password_is_right_for_its_account_alone() {
    let app = TestApp::new().await;
    let (ada, ben) = (with_password(&app, "ada").await, app.account("ben").await);
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, RIGHT);
    assert_eq!(check(&app, Some(&ada.id), "tulp Oslo kraan e\u{301}").await, RIGHT, "another keyboard");
    for wrong in ["tulp Oslo kraan e", "Tulp Oslo kraan é", "tulp Oslo kraan é ", "", "a\0", &"x".repeat(100_000)] {
        assert_eq!(check(&app, Some(&ada.id), wrong).await, Checked::Wrong, "{} bytes", wrong.len());
        assert_eq!(check(&app, Some(&ada.id), GOOD).await, RIGHT, "slips are taken back");
    }
    assert_eq!(check(&app, Some(&ben.id), GOOD).await, Checked::Wrong);
    // Somebody who may write to the database, and puts a hash that is known into another row.
    let (from, to) = (ada.id.clone(), ben.id.clone());
    let write = app.app.store.write(move |tx| {
        Box::pin(async move {
            let row = tx.password(&from).await?.unwrap();
            let NewPasswordOf(new) = NewPasswordOf::copy(&row, to);
            tx.add_password(&new).await
        })
    });
    assert!(write.await.map_err(|error: StoreError| error).unwrap());
    assert_eq!(check(&app, Some(&ben.id), GOOD).await, Checked::Wrong);
    let events = read(&app, |tx| Box::pin(async move { tx.audit_events(&AuditFilter::default(), 100).await })).await;
    assert_eq!(events.iter().filter(|event| event.event == "password.refused").count(), 8);
}

struct NewPasswordOf(NewPassword);

impl NewPasswordOf {
    fn copy(row: &akkoord_store::PasswordRow, to: AccountId) -> Self {
        Self(NewPassword {
            account_id: to,
            hash: row.hash.clone(),
            pepper: row.pepper,
            set_at: row.set_at,
            must_change_at: None,
        })
    }
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one_and_its_person_is_told() {
    let app = TestApp::new().await;
    let ada = with_password(&app, "ada").await;
    assert_eq!(set(&app, &ada, "ada@example.org", By::Person(None)).await, Set::Refused(Refused::Username));
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, RIGHT);
    assert_eq!(set(&app, &ada, "chosen by an operator", By::Operator).await, Set::Done { replaced: true });
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, Checked::Wrong);
    let must_change = Checked::Right { must_change: true, rehashed: false };
    assert_eq!(check(&app, Some(&ada.id), "chosen by an operator").await, must_change);
    let account = row(&app, &ada).await;
    assert!(password::remove(&app.app, &ctx(&app), &account, None).await.unwrap());
    assert!(!password::remove(&app.app, &ctx(&app), &account, None).await.unwrap());
    assert_eq!(check(&app, Some(&ada.id), "chosen by an operator").await, Checked::Wrong);
    let mails = app.mail().await;
    let mut told: Vec<_> =
        mails.iter().map(|mail| (mail.to.as_str(), mail.subject.rsplit(": ").next().unwrap())).collect();
    let to = account.email.as_deref().unwrap();
    // Those of one moment go in any order.
    told.sort_unstable();
    let wanted = ["you now have a password", "your password was changed", "your password was removed"];
    assert_eq!(told, wanted.map(|subject| (to, subject)));
    assert!(mails.iter().all(|mail| !mail.body.contains("chosen by") && !mail.body.contains(GOOD)));
}

#[tokio::test]
async fn after_five_wrong_passwords_in_a_row_not_even_the_right_one_is_right_for_a_while() {
    let app = TestApp::new().await;
    let ada = with_password(&app, "ada").await;
    for _ in 0..5 {
        assert_eq!(check(&app, Some(&ada.id), "wrong").await, Checked::Wrong);
    }
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, Checked::Wrong);
    app.pass(MINUTE);
    assert_eq!(check(&app, Some(&ada.id), "wrong").await, Checked::Wrong);
    app.pass(MINUTE);
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, Checked::Wrong, "two minutes by now");
    app.pass(MINUTE);
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, RIGHT);
    for _ in 0..4 {
        assert_eq!(check(&app, Some(&ada.id), "wrong").await, Checked::Wrong);
    }
    assert_eq!(check(&app, Some(&ada.id), GOOD).await, RIGHT, "counted anew");
}

#[tokio::test]
async fn parallel_tries_are_as_many_as_those_one_after_the_other() {
    let app = TestApp::new().await;
    let ada = with_password(&app, "ada").await;
    let tries = (0..20).map(|_| {
        let (app, ctx, id) = (app.app.clone(), ctx(&app), ada.id.clone());
        tokio::spawn(async move { password::check(&app, &ctx, Some(&id), "wrong").await })
    });
    for one in tries.collect::<Vec<_>>() {
        assert_eq!(one.await.unwrap(), Ok(Checked::Wrong));
    }
    let id = ada.id.clone();
    let kept = read(&app, move |tx| Box::pin(async move { tx.password(&id).await })).await.unwrap();
    assert_eq!(kept.failures, 5);
}

#[tokio::test]
async fn t_enum_1_each_wrong_password_costs_the_same_statements_and_one_hash() {
    let app = TestApp::new().await;
    let (ada, ben, cat) =
        (with_password(&app, "ada").await, app.account("ben").await, with_password(&app, "cat").await);
    let (id, now) = (cat.id.clone(), app.app.clock.now());
    let done = app.app.store.write(move |tx| Box::pin(async move { tx.disable_account(&id, now).await })).await;
    assert!(done.map_err(|error: StoreError| error).unwrap());
    let work = async |account: Option<&AccountId>, typed: &str| {
        app.app.store.take_statements();
        let before = app.app.hashing.done();
        assert_eq!(check(&app, account, typed).await, Checked::Wrong);
        assert_eq!(app.app.hashing.done(), before + 1);
        app.app.store.take_statements()
    };
    let wanted = work(None, GOOD).await;
    assert!(wanted.len() >= 4, "{wanted:#?}");
    for (account, typed, state) in [
        (&ada.id, "wrong", "wrong"),
        (&ada.id, "a\0", "nobody's"),
        (&ben.id, GOOD, "without a password"),
        (&cat.id, GOOD, "disabled"),
        (&ada.id, "wrong", "wrong"),
        (&ada.id, "wrong", "wrong"),
        (&ada.id, "wrong", "wrong"),
        (&ada.id, GOOD, "waits"),
    ] {
        assert_eq!(work(Some(account), typed).await, wanted, "{state}");
    }
}
