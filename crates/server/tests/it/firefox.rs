//! The app in another engine than Chromium: the PIN's way from the link to an approval. `cargo xtask test --all` runs it.

use akkoord_core::policy::Policy;
use akkoord_simulator::steps;

use crate::support::{TestApp, firefox::Firefox};

const PIN: &str = "482913";

// The line to Firefox is a blocking one; the server needs a thread of its own.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_job_with_a_pin_in_firefox() {
    let Some(firefox) = Firefox::start() else { return };
    let app = TestApp::today(Policy::default()).await;
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

    let (mut laptop, number) = app.start(&ada).await;
    firefox.heading("Is this you?").await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    firefox.type_text(&number);
    firefox.tap("Approve").await;
    firefox.heading("Type your PIN").await;
    firefox.focus("PIN in this app").await;
    firefox.type_text(PIN);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    firefox.tap("Approve").await;
    firefox.heading("Approved").await;
    steps::finish_sign_in(&mut laptop).await.unwrap();
}
