//! The pages in a real Chromium, where `TEST_CHROMIUM` names one: scripts, policies, cookies and tabs as browsers have
//! them, which no imitation of ours can vouch for.

mod add_phone;
mod app;
mod choices;
mod every_page;
mod origins;
mod passkeys;
mod pictures;
mod remembered;
mod sign_in;
mod waiting;

use akkoord_authenticator::{Phone, Waiting};

use crate::support::{
    TestApp,
    chromium::{
        Profile, Tab,
        steps::{read_number, sign_in_with_pass, start_sign_in},
    },
};

/// The one request that waits at a phone.
async fn the_request(phone: &Phone) -> Waiting {
    let mut waiting = phone.pending().await.unwrap().waiting;
    assert_eq!(waiting.len(), 1);
    waiting.remove(0)
}

/// Opens a tab at the site of the pages.
async fn tab(app: &TestApp, profile: &Profile) -> Tab {
    profile.tab(&app.app.config.public_url).await
}

/// The same in a window of its own, which hides no other.
async fn window(app: &TestApp, profile: &Profile) -> Tab {
    profile.window(&app.app.config.public_url).await
}

/// Signs in with the phone; the page goes on by itself.
async fn sign_in(tab: &Tab, username: &str, phone: &Phone) {
    let number = start_sign_in(tab, username).await;
    let request = the_request(phone).await;
    phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
    tab.at("/account").await;
}

/// Waits until so many wait at the server.
async fn streams(app: &TestApp, wanted: usize) {
    let start = std::time::Instant::now();
    while app.app.wake.len() != wanted {
        assert!(start.elapsed().as_secs() < 10, "{} wait and not {wanted}", app.app.wake.len());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_driver_hears_what_a_page_may_not_do() {
    use crate::support::chromium::Chromium;
    let Some(chromium) = Chromium::start().await else { return };
    let app = TestApp::new().await;
    let tab = tab(&app, &chromium.profile().await).await;
    tab.open("/signin").await;
    assert_eq!(tab.problems(), Vec::<String>::new());
    // An inline script, text as HTML, an error, a file of another site, and a file that is not there.
    tab.eval(
        "(() => {
            const script = document.createElement('script');
            document.head.append(script);
            try { document.body.innerHTML = '<b>x</b>'; } catch (error) { setTimeout(() => { throw error; }); }
            const frame = document.createElement('iframe');
            frame.src = 'https://evil.example/';
            document.body.append(frame);
            const image = new Image();
            image.src = '/static/absent.svg';
            document.body.append(image);
        })()",
    )
    .await;
    for part in ["TrustedHTML", "frame-src", "exception: ", "404"] {
        let start = std::time::Instant::now();
        while !tab.problems().iter().any(|problem| problem.contains(part)) {
            assert!(start.elapsed().as_secs() < 10, "not heard: {part}; heard: {:#?}", tab.problems());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    tab.forgive("");
    chromium.finish().await;
}
