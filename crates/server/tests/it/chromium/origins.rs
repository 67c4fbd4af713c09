//! Two real sibling names under TLS in a real browser. The sibling is taken to be in the hands of an attacker: its
//! page does what it likes, and the browser counts it as the same site.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{sign_in, tab};
use crate::support::{
    TestApp,
    authority::{Authority, LOGIN, PHONE},
    chromium::{Chromium, Profile, Tab},
};

async fn chromium(authority: &Authority) -> Option<Chromium> {
    let names = format!("MAP {LOGIN} 127.0.0.1 , MAP {PHONE} 127.0.0.1 , MAP * ~NOTFOUND");
    // The browser would not let a page of no known network call this machine. That guard is not ours, so it is off.
    let unguarded = "--disable-features=LocalNetworkAccessChecks".to_owned();
    Chromium::start_with(&names, &[authority.chromium_flag(), unguarded]).await
}

/// A tab with a page of the attacker's at the phone's name: without any policy, and with any script.
async fn hostile_tab(app: &TestApp, profile: &Profile) -> Tab {
    let tab = profile.tab(&app.app.config.phone_url).await;
    let pattern = json!({ "urlPattern": format!("{}/app/hostile", app.app.config.phone_url) });
    tab.call("Fetch.enable", json!({ "patterns": [pattern] })).await;
    let address = format!("{}/app/hostile", app.app.config.phone_url);
    tokio::join!(tab.open(&address), answer_with_hostile_page(&tab));
    tab.call("Fetch.disable", json!({})).await;
    tab
}

async fn answer_with_hostile_page(tab: &Tab) {
    let start = std::time::Instant::now();
    let paused = loop {
        assert!(start.elapsed().as_secs() < 10, "the page is never asked for");
        if let Some(paused) = tab.events("Fetch.requestPaused").pop() {
            break paused;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let answer = json!({
        "requestId": paused["requestId"],
        "responseCode": 200,
        "responseHeaders": [{ "name": "content-type", "value": "text/html; charset=utf-8" }],
        "body": STANDARD.encode("<!doctype html><html lang=en><title>x</title><link rel=icon href=data:,><h1>x</h1>"),
    });
    tab.call("Fetch.fulfillRequest", answer).await;
}

/// The names of the cookies that went with the requests to an address. What went along is told apart from the request.
async fn cookies_sent(tab: &Tab, address: &str) -> Vec<String> {
    let start = std::time::Instant::now();
    let sent = loop {
        let requests = tab.events("Network.requestWillBeSent");
        let to_address = requests.iter().filter(|event| event["request"]["url"].as_str().unwrap().starts_with(address));
        let ids: Vec<&Value> = to_address.map(|event| &event["requestId"]).collect();
        let mut sent = tab.events("Network.requestWillBeSentExtraInfo");
        sent.retain(|event| ids.contains(&&event["requestId"]));
        if !ids.is_empty() && ids.iter().all(|id| sent.iter().any(|event| event["requestId"] == **id)) {
            break sent;
        }
        assert!(start.elapsed().as_secs() < 10, "not told what went to {address}: {ids:?}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let mut names: Vec<String> = sent
        .iter()
        .flat_map(|event| event["associatedCookies"].as_array().cloned().unwrap_or_default())
        .filter(|cookie| cookie["blockedReasons"].as_array().is_none_or(Vec::is_empty))
        .map(|cookie| cookie["cookie"]["name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[tokio::test]
async fn the_main_job_under_tls_in_a_real_browser() {
    let authority = Authority::new();
    let Some(chromium) = chromium(&authority).await else { return };
    let app = TestApp::under_tls(&authority).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let tab = tab(&app, &profile).await;
    sign_in(&tab, &ada.username, &phone).await;
    assert_eq!(tab.eval("performance.getEntriesByType('navigation')[0].nextHopProtocol").await, "h2");
    assert_eq!(tab.eval("isSecureContext").await, true);
    for cookie in profile.cookies().await {
        assert_eq!((cookie.domain.as_str(), cookie.path.as_str()), (LOGIN, "/"), "{cookie:?}");
        assert!(cookie.secure && cookie.http_only && cookie.same_site == "Lax", "{cookie:?}");
    }
    chromium.finish().await;
}

#[tokio::test]
async fn t_ses_3_a_page_of_the_sibling_can_neither_send_a_form_nor_read() {
    let authority = Authority::new();
    let Some(chromium) = chromium(&authority).await else { return };
    let app = TestApp::under_tls(&authority).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let own = tab(&app, &profile).await;
    sign_in(&own, &ada.username, &phone).await;
    let token = own.attribute(".top input[name=csrf]", "value").await;
    let session = profile.cookie("__Host-session").await.unwrap();

    let hostile = hostile_tab(&app, &profile).await;
    let login = app.app.config.public_url.clone();

    // What is not ours cannot be read, with or without the rules of CORS.
    for mode in ["cors", "no-cors"] {
        let read = format!(
            "fetch('{login}/account', {{ mode: '{mode}', credentials: 'include' }}).then(() => 'read', () => 'refused')"
        );
        assert_eq!(hostile.eval(&read).await, "refused", "{mode}");
    }
    // Nor framed.
    let framed = format!(
        "new Promise((done) => {{
            const frame = document.createElement('iframe');
            frame.addEventListener('load', () => done(0));
            frame.src = '{login}/account';
            document.body.append(frame);
        }})"
    );
    hostile.eval(&framed).await;
    let heard = |part: &str| hostile.problems().iter().any(|problem| problem.contains(part));
    for part in ["MissingAllowOriginHeader", "CorpNotSameOrigin", "frame-ancestors"] {
        assert!(heard(part), "{part}: {:#?}", hostile.problems());
    }
    // What was refused on purpose; and that the attacker's page sends forms by itself.
    for part in ["CORS", "CorsIssue", "BlockedByResponse", "ERR_BLOCKED_BY_RESPONSE", "ERR_FAILED", "frame-ancestors"] {
        hostile.forgive(part);
    }
    hostile.forgive("the server responded with a status of 403");
    hostile.forgive("NavigationEntryMarkedSkippable");

    // Nothing can be sent, even with the token of the form in its hands: the cookies go along, the origin is wrong.
    let post = format!(
        "fetch('{login}/account/sign-out', {{
            method: 'POST', mode: 'no-cors', credentials: 'include',
            headers: {{ 'content-type': 'application/x-www-form-urlencoded' }}, body: 'csrf={token}',
        }}).then(() => 'sent', () => 'refused')"
    );
    assert_eq!(hostile.eval(&post).await, "refused");
    let sent = cookies_sent(&hostile, &format!("{login}/account/sign-out")).await;
    assert!(sent.contains(&"__Host-session".to_owned()), "{sent:?}");
    let form = format!(
        "(() => {{
            const form = document.createElement('form');
            form.method = 'post';
            form.action = '{login}/account/sign-out';
            const field = document.createElement('input');
            field.name = 'csrf';
            field.value = '{token}';
            form.append(field);
            document.body.append(form);
            setTimeout(() => form.submit());
        }})()"
    );
    hostile.eval(&form).await;
    hostile.at("/account/sign-out").await;
    assert_eq!(hostile.status().await, 403);
    assert_eq!(profile.cookie("__Host-session").await.unwrap(), session);
    own.bring_to_front().await;
    own.reload().await;
    own.at("/account").await;
    // The same form from the own page does sign out: the token was good.
    own.press(".top .quiet").await;
    own.heading("You are signed out").await;
    chromium.finish().await;
}

#[tokio::test]
async fn the_siblings_share_no_cookie() {
    let authority = Authority::new();
    let Some(chromium) = chromium(&authority).await else { return };
    let app = TestApp::under_tls(&authority).await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let profile = chromium.profile().await;
    let own = tab(&app, &profile).await;
    sign_in(&own, &ada.username, &phone).await;
    let session = profile.cookie("__Host-session").await.unwrap();

    // None of the pages' cookies goes to the sibling.
    let hostile = hostile_tab(&app, &profile).await;
    let phone_url = app.app.config.phone_url.clone();
    hostile.forgive("401");
    let address = format!("{phone_url}/phone/v1/self");
    hostile.eval(&format!("fetch('{address}', {{ credentials: 'include' }}).then(() => 0)")).await;
    assert_eq!(cookies_sent(&hostile, &address).await, Vec::<String>::new());

    // And it can set none for them: one for the common parent must not carry the prefix.
    hostile
        .eval(
            "document.cookie = '__Host-session=evil; Secure; Path=/; Domain=akkoord.test';
             document.cookie = '__Host-flow=evil; Secure; Path=/; Domain=akkoord.test';
             document.cookie = '__Host-session=evil; Secure; Path=/';
             document.cookie = 'session=evil; Secure; Path=/; Domain=akkoord.test';",
        )
        .await;
    let cookies = profile.cookies().await;
    let of = |domain: &str| -> Vec<(&str, &str)> {
        let ours = cookies.iter().filter(|cookie| cookie.domain == domain);
        ours.map(|cookie| (cookie.name.as_str(), cookie.value.as_str())).collect()
    };
    assert_eq!(of(".akkoord.test"), [("session", "evil")], "the control: a cookie for the parent is possible");
    assert_eq!(of(PHONE), [("__Host-session", "evil")], "its own, and nobody else's");
    assert!(of(LOGIN).contains(&("__Host-session", session.as_str())));
    own.bring_to_front().await;
    own.reload().await;
    assert_eq!(own.attribute("h1", "data-username").await, ada.username);
    chromium.finish().await;
}
