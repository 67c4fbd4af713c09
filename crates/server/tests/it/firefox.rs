//! The app in another engine than Chromium: the PIN's way from the link to an approval. `cargo xtask test --all` runs it.

use akkoord_core::policy::Policy;
use akkoord_fake_push::FakePush;
use akkoord_simulator::steps;

use crate::support::{TestAccount, TestApp, firefox::Firefox};

const PIN: &str = "482913";

// The line to Firefox is a blocking one; the server needs a thread of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_job_with_a_pin_in_firefox() {
    let Some(firefox) = Firefox::start() else { return };
    let app = TestApp::today(Policy::default()).await;
    let ada = enrol(&app, &firefox).await;

    let (mut laptop, number) = app.start(&ada).await;
    approve(&firefox, &number).await;
    steps::finish_sign_in(&mut laptop).await.unwrap();
}

/// The same with the app closed: Firefox's own way from its push service to a notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_rings_a_phone_in_firefox() {
    let push = FakePush::start().await.unwrap();
    let Some(firefox) = Firefox::start_with(&push.firefox_prefs()) else { return };
    let app = TestApp::ringing_as_a_program(&push).await;
    let ada = enrol(&app, &firefox).await;
    firefox.tap("Settings").await;
    firefox.tap("Notifications").await;
    firefox.tap("Send me a test").await;
    firefox.until("document.body.innerText.includes('It arrived.')").await;
    // Another page of the site, without the app.
    firefox.open(&format!("{}/app/server.json", app.app.config.phone_url));
    let (mut laptop, number) = app.start(&ada).await;
    steps::number_is_shown(&mut laptop).await.unwrap();
    push.wait_for(2).await.unwrap();
    let notices = "navigator.serviceWorker.ready.then((worker) => worker.getNotifications())
        .then((all) => all.find((it) => it.title === 'Is this you?')?.data.path)";
    firefox.until(&format!("{notices}.then(Boolean)")).await;
    let path = firefox.eval(notices);
    firefox.open(&format!("{}{}", app.app.config.phone_url, path.as_str().unwrap()));
    approve(&firefox, &number).await;
    steps::finish_sign_in(&mut laptop).await.unwrap();
}

/// Makes a phone of it, with a PIN.
async fn enrol(app: &TestApp, firefox: &Firefox) -> TestAccount {
    let ada = app.account("ada").await;
    let mut laptop = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut laptop).await.unwrap();

    firefox.open(&offered.link);
    firefox.tap("Set up this phone here").await;
    firefox.heading("Add this account?").await;
    firefox.tap("Add this account").await;
    firefox.heading("Choose a PIN").await;
    for label in ["PIN", "The same PIN again"] {
        firefox.focus(label).await;
        firefox.type_text(PIN);
    }
    firefox.tap("Continue").await;
    firefox.heading("Type these on your computer").await;
    let digits = firefox.eval("document.querySelector('.six').innerText");
    steps::type_digits(&mut laptop, &offered, &digits.as_str().unwrap().replace(' ', "")).await.unwrap();
    firefox.heading("This phone is ready").await;
    firefox.tap("Done").await;
    firefox.heading("Accounts").await;
    ada
}

/// Answers the request that shows.
async fn approve(firefox: &Firefox, number: &str) {
    firefox.heading("Is this you?").await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    firefox.type_text(number);
    firefox.tap("Approve").await;
    firefox.heading("Type your PIN").await;
    firefox.focus("PIN in this app").await;
    firefox.type_text(PIN);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    firefox.tap("Approve").await;
    firefox.heading("Approved").await;
}
