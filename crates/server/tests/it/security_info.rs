//! Where the organisation manages how its people sign in.

use std::collections::BTreeSet;

use akkoord_authenticator::{PhoneError, Unlocking};
use akkoord_core::policy::Policy;
use akkoord_protocols::phone::problem::Code;
use akkoord_simulator::browser::Browser;
use akkoord_store::StoreError;

use crate::{
    passkeys::{add_passkey, key},
    recovery_codes::{codes_of, try_code},
    support::{TestAccount, TestApp, Unlock},
    two_steps::{GOOD, at_password, by_phone, give_password, give_password_to_change},
};

/// What below `/account` changes nothing of how one signs in.
const OPEN: [&str; 8] = [
    "/account/practice",
    "/account/practice/{id}",
    "/account/practice/{id}/events",
    "/account/remembered/forget",
    "/account/setup",
    "/account/sign-out",
    "/account/sign-out-elsewhere",
    "/account/stay/stop",
];
const MANAGED: &str = "Example School manages your sign-in methods";

fn managed() -> Policy {
    Policy { security_info: false, ..Policy::default() }
}

/// The addresses below `/account`, each with its methods, as the URL map has them.
fn addresses() -> Vec<(String, Vec<&'static str>)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/pages/mod.rs");
    let map = std::fs::read_to_string(file).unwrap();
    let routes = map.split(".route(").skip(1).map(|route| {
        let path = route.split('"').nth(1).unwrap().to_owned();
        let methods = ["get(", "post("].into_iter().filter(|method| route.contains(method));
        (path, methods.map(|method| method.trim_end_matches('(')).collect())
    });
    routes.filter(|(path, _)| path.starts_with("/account/")).collect()
}

/// What the account signs in with, as stored.
async fn methods(app: &TestApp, account: &TestAccount) -> String {
    let id = account.id.clone();
    let read = app.app.store.read(move |tx| {
        Box::pin(async move {
            let (password, phones) = (tx.password(&id).await?, tx.phones_of(&id).await?);
            let (codes, keys) = (tx.code_generators_of(&id).await?, tx.credentials_of(&id).await?);
            let set = password.map(|row| row.set_at);
            Ok::<_, StoreError>(format!("{set:?} {phones:?} {codes:?} {keys:?} {:?}", tx.recovery_codes_of(&id).await?))
        })
    });
    read.await.unwrap()
}

/// Whether an answer is the page that says who manages this, and whom to ask.
fn says_so(status: u16, html: &str) -> bool {
    status == 403 && html.contains(MANAGED) && html.contains("mailto:help@example.org")
}

/// T-SES-6: with a session that could change everything, no address does.
#[tokio::test]
async fn where_the_organisation_manages_security_info_every_address_that_changes_it_says_so() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    give_password(&app, &ada).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    add_passkey(&mut browser, &key(&app)).await;
    codes_of(&app, &ada).await;
    let path_part = |html: &str, start: &str| html.split(start).nth(1).unwrap().split('/').next().unwrap().to_owned();
    browser.open("/account").await.unwrap();
    let [codes, passkey] = ["/account/codes/", "/account/passkeys/"].map(|start| path_part(&browser.page.html, start));
    let phone_id = phone.account().phone.as_str().to_owned();
    app.set_policy(&managed()).await;
    let before = methods(&app, &ada).await;

    let (mut tried, mut open) = (0, BTreeSet::new());
    for (path, ways) in addresses() {
        if OPEN.contains(&path.as_str()) {
            open.insert(path);
            continue;
        }
        let id = if path.starts_with("/account/codes") {
            &codes
        } else if path.starts_with("/account/passkeys") {
            &passkey
        } else {
            &phone_id
        };
        let path = path.replace("{id}", id);
        for way in ways {
            let answer = if way == "get" {
                browser.send("GET".parse().unwrap(), &path, None, &[]).await.unwrap()
            } else {
                let (name, again) = ("fiets Bergen lamp", "fiets Bergen lamp");
                let fields = [("name", name), ("password", again), ("again", again), ("digits", "000000")];
                browser
                    .post(&path, &[&fields[..], &[("id", codes.as_str()), ("code", "000000")]].concat())
                    .await
                    .unwrap()
            };
            assert!(says_so(answer.status, &answer.body), "{way} {path}: {} {}", answer.status, answer.body);
            tried += 1;
        }
    }
    assert!(tried > 25, "{tried} tried");
    assert!(open.iter().map(String::as_str).eq(OPEN), "{open:?}");
    assert_eq!(methods(&app, &ada).await, before);

    // The account page shows what there is, whom to ask, and nothing that would be refused.
    browser.open("/account").await.unwrap();
    let html = &browser.page.html;
    for shown in [MANAGED, "help@example.org", "Test phone", "Password", "Recovery codes", "Sign out everywhere else"] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    let kept = ["/account/practice", "/account/sign-out", "/account/sign-out-elsewhere"];
    for address in html.split(['"', ' ']).filter(|part| part.starts_with("/account/")) {
        assert!(kept.contains(&address), "{address}");
    }
    let Err(PhoneError::Call(error)) = phone.authorise_phone(&Unlocking::Platform).await else { panic!("not refused") };
    assert_eq!((error.code(), error.problem().unwrap().reason.as_deref()), (Some(Code::Policy), Some("security_info")));
}

/// T-SES-6: what the organisation handed out is taken into use, and nothing besides.
#[tokio::test]
async fn where_the_organisation_manages_security_info_its_passes_and_passwords_are_still_taken_into_use() {
    let app = TestApp::with_policy(managed()).await;
    // A pass adds a phone, and with it the account is set up.
    let (ada, phone, mut first) = app.account_with("ada", Unlock::Platform).await;
    first.open("/account/setup").await.unwrap();
    assert!(first.page.contains("Your account is set up"), "{}", first.page.html);
    first.open("/account/password").await.unwrap();
    assert!(says_so(first.page.status, &first.page.html), "a pass is for a phone");
    // A password that somebody else chose is changed, once.
    give_password_to_change(&app, &ada).await;
    let mut browser = by_phone(&app, &ada, &phone).await;
    browser.open("/account/password/remove").await.unwrap();
    assert!(says_so(browser.page.status, &browser.page.html));
    browser.open("/account/password").await.unwrap();
    let own = "fiets Bergen lamp";
    browser.submit("/account/password", &[("password", own), ("again", own)]).await.unwrap();
    assert!(browser.page.path.starts_with("/account?notice=password-changed"), "{}", browser.page.html);
    browser.open("/account/password").await.unwrap();
    assert!(says_so(browser.page.status, &browser.page.html));
    // A first password sets up, as a pass does.
    let ben = app.account("ben").await;
    give_password(&app, &ben).await;
    let mut browser = at_password(&app, &ben.username).await;
    browser.submit("/signin/password", &[("password", GOOD)]).await.unwrap();
    assert_eq!(browser.page.path, "/account/setup");
    app.enrol_with(&mut browser, Unlock::Platform).await;
}

/// A way back that the person made does not get around it; what is taken away, may be.
#[tokio::test]
async fn where_the_organisation_manages_security_info_one_can_still_take_away_and_not_come_back_alone() {
    let app = TestApp::with_policy(managed()).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let notice = app.mail().await.into_iter().find(|mail| mail.body.contains("/not-me/")).unwrap().body;
    let codes = codes_of(&app, &ada).await;
    let mut browser = try_code(&app, &ada.username, &codes[0]).await;
    for path in ["/account/setup", "/account"] {
        browser.open(path).await.unwrap();
        assert!(!browser.page.contains("href=\"/account/phones/add\"") && !browser.page.contains("Add a phone now"));
    }
    assert!(browser.page.contains(MANAGED) && browser.page.contains("help@example.org"), "{}", browser.page.html);
    browser.open("/account/phones/add").await.unwrap();
    assert!(says_so(browser.page.status, &browser.page.html));

    let mut other = by_phone(&app, &ada, &phone).await;
    for action in ["/account/remembered/forget", "/account/sign-out-elsewhere"] {
        assert_eq!(other.post(action, &[]).await.unwrap().status, 303, "{action}");
    }
    let path =
        notice.split_whitespace().find_map(|word| word.find("/not-me/").map(|at| word[at..].to_owned())).unwrap();
    let mut stranger: Browser = app.browser();
    stranger.open(&path).await.unwrap();
    stranger.submit(&path, &[]).await.unwrap();
    phone.pending().await.unwrap_err();
    let (_, bens, _) = app.account_with("ben", Unlock::Platform).await;
    bens.unregister().await.unwrap();
    bens.pending().await.unwrap_err();
}
