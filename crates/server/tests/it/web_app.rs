//! The authenticator app as it was built last, from the server that hands it out.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use axum::http::header;

use crate::support::TestApp;

/// Where `cargo xtask web` leaves the app.
fn dist() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist")
}

/// Whether there is an app to try. CI asks for one: a test that looked away would be worth nothing there.
#[expect(clippy::disallowed_methods, reason = "a test run is told its surroundings by the environment")]
pub fn is_built() -> bool {
    let built = dist().join("index.html").is_file();
    let required = std::env::var_os("AKKOORD_REQUIRE_APP").is_some_and(|value| value == "1");
    assert!(built || !required, "web/dist has no app: cargo xtask web");
    if !built {
        let _ = writeln!(std::io::stderr(), "NOT TRIED: the authenticator app. Build it with `cargo xtask web`.");
    }
    built
}

/// Whether a word of a tag is a script or a style in its attribute.
fn is_inline(word: &str) -> bool {
    word.starts_with("style=") || (word.starts_with("on") && word.contains('='))
}

/// The files below a folder, by their paths.
fn files(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), &format!("{path}/")));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn every_built_file_is_served_as_it_is_in_both_forms() {
    if !is_built() {
        return;
    }
    let app = TestApp::new().await;
    let client = app.network.client();
    let files = files(&dist(), "");
    let served = files.iter().filter(|path| !path.ends_with(".br") && !path.starts_with('.'));
    let mut count = 0;
    for path in served {
        count += 1;
        let raw = std::fs::read(dist().join(path)).unwrap();
        let compressed = std::fs::read(dist().join(format!("{path}.br"))).ok();
        let get = |accepted| {
            client.get(format!("{}/app/{path}", app.app.config.phone_url)).header(header::ACCEPT_ENCODING, accepted)
        };
        let answer = get("identity").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        assert!(answer.headers().get(header::CONTENT_ENCODING).is_none(), "{path}");
        let immutable = answer.headers()[header::CACHE_CONTROL].to_str().unwrap().contains("immutable");
        assert_eq!(immutable, path.starts_with("assets/"), "{path}");
        let tag = answer.headers()[header::ETAG].clone();
        assert_ne!(answer.headers()[header::CONTENT_TYPE], "application/octet-stream", "{path}: a kind of its own");
        assert_eq!(answer.bytes().await.unwrap(), raw, "{path}");
        assert_eq!(get("identity").header(header::IF_NONE_MATCH, tag).send().await.unwrap().status().as_u16(), 304);
        let answer = get("gzip, br").send().await.unwrap();
        assert_eq!(answer.headers().contains_key(header::CONTENT_ENCODING), compressed.is_some(), "{path}");
        assert_eq!(answer.bytes().await.unwrap(), compressed.unwrap_or(raw), "{path}");
    }
    assert!(count > 5, "{files:?}");
    for absent in [".first-load.json", "index.html.br", "..%2fpackage.json", "assets%2f..%2f..%2fpackage.json"] {
        let answer = client.get(format!("{}/app/{absent}", app.app.config.phone_url)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{absent}");
    }
}

#[tokio::test]
async fn the_page_of_every_screen_keeps_to_its_policy() {
    if !is_built() {
        return;
    }
    let app = TestApp::new().await;
    for screen in ["", "add", "e", "request/AAAAAAAAAAAAAAAAAAAAAA", "account/AAAAAAAAAAAAAAAAAAAAAA"] {
        let answer =
            app.network.client().get(format!("{}/app/{screen}", app.app.config.phone_url)).send().await.unwrap();
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-cache", "{screen}");
        let html = answer.text().await.unwrap();
        for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(!tag.starts_with("style") && !tag.split_whitespace().any(is_inline), "{tag}");
            assert!(!tag.starts_with("script") || tag.contains(" src=\"/app/assets/"), "{tag}");
        }
    }
}

#[tokio::test]
async fn the_app_learns_where_it_is() {
    let app = TestApp::new().await;
    let config = &app.app.config;
    let answer = app.network.client().get(format!("{}/app/server.json", config.phone_url)).send().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    let expected = serde_json::json!({
        "name": "Example School", "public_url": config.public_url, "phone_url": config.phone_url,
        "push": true,
    });
    assert_eq!(told, expected);
    // The pages' name has no app, and says where it is.
    let elsewhere = app.network.client().get(format!("{}/app/", config.public_url)).send().await.unwrap();
    assert_eq!(elsewhere.status().as_u16(), 421);
}
