//! The pages as a hostile site or a careless proxy meets them: headers, forms from elsewhere, hosts.

use akkoord_simulator::{
    browser::{Browser, form},
    steps,
};

use crate::support::TestApp;

const PAGES: [&str; 6] =
    ["/signin", "/signin/other", "/signin/access-pass", "/signed-out", "/not-me/x", "/no-such-page"];

#[tokio::test]
async fn t_web_1_each_page_has_the_same_strict_headers() {
    let app = TestApp::new().await;
    let (_ada, _, mut browser) = app.account_with_phone("ada").await;
    let expected = include_str!("headers.txt");
    let mut seen = String::new();
    for path in PAGES.iter().chain(&["/account"]) {
        let answer = browser.send("GET".parse().unwrap(), path, None, &[]).await.unwrap();
        seen.push_str(&format!("{path} {}\n", answer.status));
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "date" | "content-length" | "request-id" | "set-cookie"))
            .map(|(name, value)| format!("  {name}: {value}\n"))
            .collect();
        headers.sort();
        seen.extend(headers);
    }
    for path in ["/app/server.json", "/app/none.js"] {
        let answer = app.network.client().get(format!("{}{path}", app.app.config.phone_url)).send().await.unwrap();
        seen.push_str(&format!("the app's {path} {}\n", answer.status().as_u16()));
        let headers = answer.headers().iter();
        let headers = headers
            .filter(|(name, _)| !matches!(name.as_str(), "date" | "content-length" | "request-id" | "set-cookie"));
        let mut headers: Vec<_> =
            headers.map(|(name, value)| format!("  {name}: {}\n", value.to_str().unwrap())).collect();
        headers.sort();
        seen.extend(headers);
    }
    assert_eq!(seen, expected, "if this change is meant, write it into headers.txt");
}

#[tokio::test]
async fn a_sign_in_leads_to_pages_of_ours_by_their_words_only() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let mut browser = app.browser();
    browser.open("/account/phones/add?app=1").await.unwrap();
    assert_eq!(browser.page.path, "/signin?then=add-phone-in-app");
    assert!(browser.page.contains("name=\"then\" value=\"add-phone-in-app\""));
    for (then, leads_to) in [
        ("add-phone", "/account/phones/add"),
        ("add-phone-in-app", "/account/phones/add?app=1"),
        ("https://evil.example/", "/account"),
        ("//evil.example", "/account"),
        ("/account/phones/add", "/account"),
        ("", "/account"),
    ] {
        let mut browser = app.browser();
        browser.open("/signin").await.unwrap();
        browser.submit("/signin", &[("username", &ada.username), ("then", then)]).await.unwrap();
        let number = browser.page.number().unwrap();
        let request = phone.pending().await.unwrap().waiting.remove(0);
        phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
        browser.submit("/signin/finish", &[]).await.unwrap();
        assert_eq!(browser.page.path, leads_to, "{then:?}");
    }
    // The same by an access pass, with no attempt before it.
    let ben = app.account("ben").await;
    let mut browser = app.browser();
    browser.open("/signin/access-pass?then=add-phone").await.unwrap();
    let form = [("username", ben.username.as_str()), ("pass", &ben.pass), ("then", "add-phone")];
    browser.submit("/signin/access-pass", &form).await.unwrap();
    assert_eq!(browser.page.path, "/account/phones/add");
}

#[tokio::test]
async fn every_cookie_is_for_this_host_alone() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &crate::support::pin()).await.unwrap();
    browser.open("/signin/approve").await.unwrap();
    let answer = browser.post("/signin/finish", &[]).await.unwrap();
    let cookies: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
    assert!(cookies.len() >= 3);
    for (_, cookie) in cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for word in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
            assert!(cookie.contains(word), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn t_ses_3_a_form_of_a_foreign_page_is_refused() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    let token = browser.page.form_token("/signin").unwrap();
    let body = |token: &str| Some(form([("csrf", token), ("username", "ada@example.org")]));
    let post = || "POST".parse().unwrap();
    let phone_origin = app.app.config.phone_url.clone();
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "null")],
        vec![("origin", phone_origin.as_str())],
        vec![("origin", "")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "none")],
    ] {
        let answer = browser.send(post(), "/signin", body(&token), &headers).await.unwrap();
        assert_eq!(answer.status, 403, "{headers:?}");
    }
    let answer = browser.send(post(), "/signin", body("AAAA"), &[]).await.unwrap();
    assert_eq!(answer.status, 400, "a made-up token");
    let mut other = app.browser();
    other.open("/signin").await.unwrap();
    let answer = other.send(post(), "/signin", body(&token), &[]).await.unwrap();
    assert_eq!(answer.status, 400, "another browser's token");
    let answer = browser.send(post(), "/signin", body(&token), &[]).await.unwrap();
    assert_eq!(answer.status, 303, "our own page");
}

#[tokio::test]
async fn pages_and_phones_have_their_own_names() {
    let app = TestApp::new().await;
    let client = app.network.client();
    let status = |address: String| async move { client.get(address).send().await.unwrap().status().as_u16() };
    let (login, phone) = (app.app.config.public_url.clone(), app.app.config.phone_url.clone());
    assert_eq!(status(format!("{login}/signin")).await, 200);
    assert_eq!(status(format!("{phone}/signin")).await, 421);
    assert_eq!(status(format!("{login}/phone/v1/self")).await, 421);
    let port = login.rsplit(':').next().unwrap();
    assert_eq!(status(format!("http://127.0.0.1:{port}/signin")).await, 421, "a rebound name");
}

#[tokio::test]
async fn a_page_that_was_left_open_too_long_says_so() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    browser.cookies = Default::default();
    let page = browser.submit("/signin", &[("username", "ada")]).await.unwrap();
    assert_eq!(page.status, 400);
    assert!(page.text().contains("open"), "{}", page.text());
}

#[tokio::test]
async fn a_name_that_cannot_be_one_is_told_in_the_form_and_kept() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    for typed in ["", "   ", "two words", &"x".repeat(65)] {
        let page = browser.submit("/signin", &[("username", typed)]).await.unwrap();
        assert_eq!(page.status, 422, "{typed:?}");
        assert!(page.has_input("username"));
    }
}

#[tokio::test]
async fn the_pages_speak_dutch() {
    let app = TestApp::new().await;
    let mut browser = app.browser().with_language("nl-NL,nl;q=0.9,en;q=0.5");
    let page = browser.open("/signin").await.unwrap();
    assert!(page.html.contains("<html lang=\"nl\">") && page.text().contains("Aanmelden"), "{}", page.text());
    // The choice on the page goes over what the browser says.
    browser.submit("/language", &[("language", "en"), ("return_to", "/signin")]).await.unwrap();
    assert!(browser.page.html.contains("<html lang=\"en\">"));
}

#[tokio::test]
async fn one_person_cannot_touch_anothers_phone_or_enrolment() {
    let app = TestApp::new().await;
    let (ada, phone, mut browser) = app.account_with_phone("ada").await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let (ben, bens, _) = app.account_with_phone("ben").await;
    let (mut other, number) = app.start(&ben).await;
    let request = bens.pending().await.unwrap().waiting.remove(0);
    bens.approve(&request, &number, &crate::support::pin()).await.unwrap();
    steps::finish_sign_in(&mut other).await.unwrap();
    let id = phone.account().phone.to_string();
    for path in [format!("/account/phones/{id}/remove"), offered.path.clone(), format!("{}/events", offered.path)] {
        let answer = other.send("GET".parse().unwrap(), &path, None, &[]).await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
    }
    other.open("/account").await.unwrap();
    let token = other.page.form_token("/account/sign-out").unwrap();
    for (path, fields) in [
        (format!("/account/phones/{id}/remove"), vec![]),
        (format!("/account/phones/{id}/name"), vec![("name", "Mine")]),
        (format!("{}/digits", offered.path), vec![("digits", "123456")]),
        (format!("{}/cancel", offered.path), vec![]),
    ] {
        let body = form(std::iter::once(("csrf", token.as_str())).chain(fields));
        let answer = other.send("POST".parse().unwrap(), &path, Some(body), &[]).await.unwrap();
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(phone.own_state().await.unwrap().name.as_str(), "Test phone");
    let _ = ada;
}

#[tokio::test]
async fn an_error_page_leads_who_is_signed_in_to_their_account() {
    let app = TestApp::new().await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let session = browser.cookies.clone();
    let to_account = ["Go to your account", "href=\"/account\""];
    let to_sign_in = ["Go to sign-in", "href=\"/signin\""];
    let leads = |html: &str, [text, link]: [&str; 2]| html.contains(text) && html.contains(link);
    let shows = |html: &str, wanted: [&str; 2], other: [&str; 2]| leads(html, wanted) && !html.contains(other[0]);
    let get = async |browser: &mut Browser, path: &str, headers: &[(&str, &str)]| {
        browser.send("GET".parse().unwrap(), path, None, headers).await.unwrap()
    };
    let answer = get(&mut browser, "/no-such-page", &[]).await;
    assert_eq!(answer.status, 404);
    assert!(shows(&answer.body, to_account, to_sign_in), "{}", answer.body);
    assert!(answer.body.contains("help@example.org"), "whom to ask is known as well: {}", answer.body);
    let answer = get(&mut browser, "/no-such-page", &[("accept-language", "nl")]).await;
    assert!(shows(&answer.body, ["Naar je account", to_account[1]], ["Naar aanmelden", ""]), "{}", answer.body);
    // Refused while a handler worked, and refused for the form.
    let answer = get(&mut browser, "/account/phones/AAAAAAAAAAAAAAAAAAAAAA/remove", &[]).await;
    assert!(answer.status >= 400 && shows(&answer.body, to_account, to_sign_in), "{}", answer.body);
    let post = async |browser: &mut Browser, headers: &[(&str, &str)]| {
        let body = Some(form([("csrf", "AAAA")]));
        browser.send("POST".parse().unwrap(), "/account/sign-out", body, headers).await.unwrap()
    };
    let answer = post(&mut browser, &[]).await;
    assert!(answer.status == 400 && shows(&answer.body, to_account, to_sign_in), "{}", answer.body);
    let answer = post(&mut browser, &[("origin", "https://evil.example")]).await;
    assert!(answer.status == 403 && shows(&answer.body, to_account, to_sign_in), "{}", answer.body);
    // Nobody, somebody whose session is over, and somebody who made one up.
    let answer = get(&mut app.browser(), "/no-such-page", &[]).await;
    assert!(shows(&answer.body, to_sign_in, to_account), "{}", answer.body);
    let answer = get(&mut app.browser(), "/no-such-page", &[("accept-language", "nl")]).await;
    assert!(shows(&answer.body, ["Naar aanmelden", to_sign_in[1]], ["Naar je account", ""]), "{}", answer.body);
    steps::sign_out(&mut browser).await.unwrap();
    browser.cookies = session;
    let answer = get(&mut browser, "/no-such-page", &[]).await;
    assert!(shows(&answer.body, to_sign_in, to_account), "{}", answer.body);
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    for path in [
        "/",
        "/account",
        "/account/phones/x/remove",
        "/account/phones/add/x",
        "/account/phones/add",
        "/account/practice/x",
        "/signin/fresh",
    ] {
        browser.open(path).await.unwrap();
        assert_eq!(browser.page.path.split('?').next(), Some("/signin"), "{path}");
    }
}
