//! Under TLS, served by the program's own code, at two real sibling names. Siblings are one site to a browser, so
//! `SameSite` does not keep them apart; everything here has to.

use akkoord_simulator::{
    browser::{Browser, form},
    steps,
};

use crate::support::{
    TestApp,
    authority::{Authority, STRANGER},
    pin,
};

#[tokio::test]
async fn the_main_job_under_tls() {
    let authority = Authority::new();
    let app = TestApp::under_tls(&authority).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    assert_eq!(steps::signed_in_as(&browser).unwrap(), ada.username);
}

#[tokio::test]
async fn every_answer_asks_for_https_from_now_on() {
    let authority = Authority::new();
    let app = TestApp::under_tls(&authority).await;
    let client = app.network.client();
    let (login, phone) = (&app.app.config.public_url, &app.app.config.phone_url);
    for address in [
        format!("{login}/signin"),
        format!("{login}/no-such-page"),
        format!("{login}/static/akkoord.css"),
        format!("{phone}/phone/v1/self"),
        format!("{phone}/signin"),
    ] {
        let answer = client.get(&address).send().await.unwrap();
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000", "{address}");
    }
    let plain = login.replacen("https://", "http://", 1);
    assert!(client.get(format!("{plain}/signin")).send().await.is_err(), "no plain HTTP at this port");
}

/// The page that a browser of `ada` shows, signed in, with the token of its form.
async fn signed_in(app: &TestApp) -> (Browser, String) {
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    browser.open("/account").await.unwrap();
    let token = browser.page.form_token("/account/sign-out").unwrap();
    (browser, token)
}

#[tokio::test]
async fn t_ses_3_a_form_of_the_sibling_name_is_refused() {
    let authority = Authority::new();
    let app = TestApp::under_tls(&authority).await;
    let (mut browser, token) = signed_in(&app).await;
    let (login, phone) = (app.app.config.public_url.clone(), app.app.config.phone_url.clone());
    let without_port = login.rsplit_once(':').unwrap().0.to_owned();
    let plain = login.replacen("https://", "http://", 1);
    for headers in [
        vec![("origin", phone.as_str()), ("sec-fetch-site", "same-site")],
        vec![("origin", phone.as_str()), ("sec-fetch-site", "")],
        vec![("origin", phone.as_str())],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", without_port.as_str())],
        vec![("origin", plain.as_str())],
        vec![("origin", "null"), ("sec-fetch-site", "same-site")],
    ] {
        let body = Some(form([("csrf", token.as_str())]));
        let answer = browser.send("POST".parse().unwrap(), "/account/sign-out", body, &headers).await.unwrap();
        assert_eq!(answer.status, 403, "{headers:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    browser.open("/account").await.unwrap();
    assert_eq!(browser.page.path, "/account", "nobody was signed out");
    let body = Some(form([("csrf", token.as_str())]));
    let answer = browser.send("POST".parse().unwrap(), "/account/sign-out", body, &[]).await.unwrap();
    assert_eq!(answer.location.as_deref(), Some("/signed-out"), "our own page may");
}

#[tokio::test]
async fn a_phone_call_may_come_from_any_origin_and_cookies_say_nothing_there() {
    let authority = Authority::new();
    let app = TestApp::under_tls(&authority).await;
    let (browser, _) = signed_in(&app).await;
    let cookies = browser.cookies.header("/").unwrap();
    let address = |path: &str| format!("{}/phone/v1/{path}", app.app.config.phone_url);
    for origin in [app.app.config.public_url.as_str(), "https://evil.example", "null"] {
        let client = app.network.client();
        let asked = client.request("OPTIONS".parse().unwrap(), address("self")).header("origin", origin);
        let asked = asked.header("access-control-request-method", "GET").send().await.unwrap();
        let nonce = client.post(address("nonce")).header("origin", origin).header("content-type", "application/json");
        let nonce = nonce.body("{}").send().await.unwrap();
        let own = client.get(address("self")).header("origin", origin).header("cookie", &cookies);
        let own = own.send().await.unwrap();
        assert_eq!((asked.status().as_u16(), nonce.status().as_u16()), (204, 200), "{origin}");
        assert_eq!(own.status(), 401, "a session of the pages is no proof");
        for answer in [asked, nonce, own] {
            let headers = answer.headers();
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert!(!headers.contains_key("access-control-allow-credentials") && !headers.contains_key("set-cookie"));
        }
    }
}

#[tokio::test]
async fn a_name_that_nobody_configured_is_refused_in_spite_of_its_certificate() {
    let authority = Authority::new();
    let app = TestApp::under_tls(&authority).await;
    let (login, phone) = (app.app.config.public_url.clone(), app.app.config.phone_url.clone());
    let stranger = login.replacen(crate::support::authority::LOGIN, STRANGER, 1);
    let client = app.network.client();
    let status = |address: String| async move { client.get(address).send().await.unwrap().status().as_u16() };
    assert_eq!(status(format!("{login}/signin")).await, 200);
    for address in [
        format!("{stranger}/signin"),
        format!("{stranger}/phone/v1/self"),
        format!("{stranger}/static/akkoord.css"),
        format!("{phone}/signin"),
        format!("{login}/phone/v1/self"),
    ] {
        assert_eq!(status(address.clone()).await, 421, "{address}");
    }
}
