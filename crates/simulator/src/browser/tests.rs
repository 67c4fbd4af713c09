//! Redirects, cookies and forms against a fake site.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use super::*;

/// A site that answers each request by its first line and records all of it.
fn site(answer: impl Fn(&str) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://login.localhost:{}", listener.local_addr().unwrap().port());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let (mut request, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.push_str(&String::from_utf8(body).unwrap());
            let reply = answer(request.lines().next().unwrap());
            record.lock().unwrap().push(request);
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    (origin, seen)
}

fn page(html: &str, headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{html}", html.len())
}

fn see_other(location: &str, headers: &str) -> String {
    format!("HTTP/1.1 303 See Other\r\nlocation: {location}\r\ncontent-length: 0\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_form_is_sent_with_its_token_and_the_redirect_followed_with_the_cookie() {
    let (origin, seen) = site(|line| match line {
        "GET /signin HTTP/1.1" => page(
            r#"<form action="/signin"><input type="hidden" name="csrf" value="t&amp;k"></form>"#,
            "set-cookie: __Host-form=f; Path=/; Secure\r\n",
        ),
        "POST /signin HTTP/1.1" => see_other("/signin/approve", "set-cookie: __Host-flow=x; Path=/; Secure\r\n"),
        _ => page(r#"<p data-number="07">07</p>"#, ""),
    });
    let mut browser = Browser::new(&Network::loopback().unwrap(), &origin);
    browser.open("/signin").await.unwrap();
    let page = browser.submit("/signin", &[("username", "ada@example.org")]).await.unwrap();
    assert_eq!((page.path.as_str(), page.number().as_deref()), ("/signin/approve", Some("07")));

    let seen = seen.lock().unwrap();
    assert!(seen[0].contains("sec-fetch-site: none") && !seen[0].contains("origin:") && !seen[0].contains("cookie:"));
    assert!(seen[1].contains("sec-fetch-site: same-origin") && seen[1].contains(&format!("origin: {origin}")));
    assert!(seen[1].ends_with("csrf=t%26k&username=ada%40example.org"), "{}", seen[1]);
    assert!(seen[1].contains("cookie: __Host-form=f\r\n"));
    assert!(seen[2].starts_with("GET /signin/approve") && seen[2].contains("__Host-form=f; __Host-flow=x"));
}

#[tokio::test]
async fn redirects_elsewhere_and_in_circles_are_told() {
    let (origin, _) = site(|line| match line {
        "GET /away HTTP/1.1" => see_other("https://evil.example/", ""),
        "GET /slashes HTTP/1.1" => see_other("//evil.example/", ""),
        _ => see_other("/round", ""),
    });
    let mut browser = Browser::new(&Network::loopback().unwrap(), &origin);
    for path in ["/away", "/slashes", "/round"] {
        assert!(matches!(browser.open(path).await, Err(BrowserError::Redirect { .. })), "{path}");
    }
}

#[tokio::test]
async fn events_are_read_and_headers_can_be_forged() {
    let (origin, seen) = site(|line| match line {
        "GET /events HTTP/1.1" => page(
            "event: state\ndata: pending\n\nevent: state\ndata: APPROVED\n\n",
            "content-type: text/event-stream\r\n",
        ),
        _ => page("", ""),
    });
    let mut browser = Browser::new(&Network::loopback().unwrap(), &origin);
    let mut events = browser.events("/events").await.unwrap();
    events.state("approved", Duration::from_secs(5)).await.unwrap();
    assert!(events.next().await.unwrap().is_none());
    assert!(browser.events("/other").await.is_err());
    let forged = [("origin", "http://evil.localhost"), ("sec-fetch-site", "")];
    browser.send(Method::POST, "/x", Some(String::new()), &forged).await.unwrap();
    let last = seen.lock().unwrap().last().unwrap().clone();
    assert!(last.contains("origin: http://evil.localhost") && !last.contains("sec-fetch-site"), "{last}");
}
