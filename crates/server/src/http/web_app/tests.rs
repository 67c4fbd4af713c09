use std::path::PathBuf;

use axum::http::{HeaderMap, StatusCode, header};

use super::*;

/// A folder as `cargo xtask web` leaves it, in small.
struct Stub(PathBuf);

impl Stub {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("akkoord-web-{}-{name}", std::process::id()));
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        for (path, text) in [
            ("index.html", "<!doctype html>"),
            ("index.html.br", "brotli of the page"),
            ("assets/page-1a2b.js", "export {}"),
            ("sw.js", "self"),
            ("manifest.webmanifest", "{}"),
            (".first-load.json", "{}"),
        ] {
            std::fs::write(folder.join(path), text).unwrap();
        }
        std::fs::write(folder.with_extension("secret"), "not the app's").unwrap();
        Self(folder)
    }

    fn get(&self, path: &str, asked: &[(HeaderName, &str)]) -> Option<Response> {
        let headers: HeaderMap = asked.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        answer(&WebApp::in_folder(&self.0), path, &headers).unwrap()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
        let _ = std::fs::remove_file(self.0.with_extension("secret"));
    }
}

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn every_screen_is_the_one_page_and_files_are_themselves() {
    let stub = Stub::new("screens");
    for path in ["", "add", "account/AbC-_1", "e", "request/x"] {
        assert_eq!(body(stub.get(path, &[]).unwrap()).await, "<!doctype html>", "{path}");
    }
    let script = stub.get("assets/page-1a2b.js", &[]).unwrap();
    assert_eq!(header(&script, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&script, "cache-control"), "public, max-age=31536000, immutable");
    for (path, kind) in
        [("sw.js", "text/javascript; charset=utf-8"), ("manifest.webmanifest", "application/manifest+json")]
    {
        let file = stub.get(path, &[]).unwrap();
        assert_eq!((header(&file, "content-type"), header(&file, "cache-control")), (kind, "no-cache"), "{path}");
    }
}

#[tokio::test]
async fn nothing_but_the_app_is_given_away() {
    let stub = Stub::new("outside");
    let secret = stub.0.with_extension("secret");
    let secret = secret.file_name().unwrap().to_string_lossy().into_owned();
    assert!(stub.0.parent().unwrap().join(&secret).exists(), "there is something to reach for");
    for path in [
        format!("../{secret}"),
        format!("assets/../../{secret}"),
        format!("..%2f{secret}"),
        format!("/{secret}"),
        stub.0.with_extension("secret").display().to_string(),
        ".first-load.json".to_owned(),
        "index.html.br".to_owned(),
        "assets/.x".to_owned(),
        "absent.js".to_owned(),
        "index.html\0.js".to_owned(),
    ] {
        assert!(stub.get(&path, &[]).is_none(), "{path:?}");
    }
}

#[tokio::test]
async fn brotli_is_for_who_reads_it() {
    let stub = Stub::new("brotli");
    for (asked, compressed) in [
        ("gzip, deflate, br, zstd", true),
        ("br;q=0.1, gzip", true),
        ("BR", true),
        ("*", true),
        ("gzip", false),
        ("br;q=0", false),
        ("br; q=0.000, *", false),
        ("*;q=0, gzip", false),
        ("broad", false),
        ("br;q=x", false),
        ("", false),
    ] {
        let page = stub.get("", &[(header::ACCEPT_ENCODING, asked)]).unwrap();
        assert_eq!(header(&page, "content-encoding") == "br", compressed, "{asked}");
        assert_eq!(header(&page, "vary"), "accept-encoding");
        let text = body(page).await;
        assert_eq!(text == "brotli of the page", compressed, "{asked}");
    }
    let only_raw = stub.get("sw.js", &[(header::ACCEPT_ENCODING, "br")]).unwrap();
    assert_eq!(header(&only_raw, "content-encoding"), "");
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let stub = Stub::new("etag");
    let raw = header(&stub.get("", &[]).unwrap(), "etag").to_owned();
    let compressed = header(&stub.get("", &[(header::ACCEPT_ENCODING, "br")]).unwrap(), "etag").to_owned();
    assert!(raw.starts_with('"') && raw.ends_with('"') && raw != compressed);
    for tags in [raw.clone(), format!("\"x\", W/{raw}"), "*".to_owned()] {
        let page = stub.get("add", &[(header::IF_NONE_MATCH, &tags)]).unwrap();
        assert_eq!(page.status(), StatusCode::NOT_MODIFIED, "{tags}");
        assert_eq!((header(&page, "etag"), header(&page, "cache-control")), (raw.as_str(), "no-cache"));
        assert_eq!(body(page).await, "");
    }
    // The tag of the other form, and of another build.
    for tags in [compressed.as_str(), "\"0\"", "x"] {
        assert_eq!(stub.get("", &[(header::IF_NONE_MATCH, tags)]).unwrap().status(), StatusCode::OK, "{tags}");
    }
    std::fs::write(stub.0.join("index.html"), "<!doctype html>2").unwrap();
    assert_ne!(header(&stub.get("", &[]).unwrap(), "etag"), raw);
}
