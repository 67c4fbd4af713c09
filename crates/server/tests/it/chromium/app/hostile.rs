//! Links, QR codes and answers that mean no good.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use qrcode::{EcLevel, QrCode};
use serde_json::json;

use crate::support::{
    chromium::{Chromium, Tab, steps::start_sign_in},
    desk::{Desk, PIN},
};

/// Where the simulated camera looks. The browser opens the film when the camera starts, so it may change before that.
fn film_file() -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    std::env::temp_dir().join(format!("akkoord-film-{}-{number}.y4m", std::process::id()))
}

/// A film of one picture: a QR code, somewhat grey, on a somewhat white wall.
fn film(file: &Path, text: &str) {
    const WIDTH: usize = 640;
    const HEIGHT: usize = 480;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let side = code.width();
    let scale = (HEIGHT / (side + 8)).min(6);
    let (left, top) = ((WIDTH - side * scale) / 2, (HEIGHT - side * scale) / 2);
    let modules = code.to_colors();
    let mut grey = vec![215_u8; WIDTH * HEIGHT];
    for y in 0..side * scale {
        for x in 0..side * scale {
            if modules[y / scale * side + x / scale] == qrcode::Color::Dark {
                grey[(top + y) * WIDTH + left + x] = 40;
            }
        }
    }
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    for _ in 0..3 {
        film.extend_from_slice(b"FRAME\n");
        film.extend_from_slice(&grey);
        film.extend(std::iter::repeat_n(128, WIDTH * HEIGHT / 2));
    }
    std::fs::write(file, film).unwrap();
}

async fn with_camera(file: &Path) -> Option<Chromium> {
    let flags = [
        "--use-fake-device-for-media-stream".to_owned(),
        "--use-fake-ui-for-media-stream".to_owned(),
        format!("--use-file-for-fake-video-capture={}", file.display()),
    ];
    Chromium::start_with("MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost", &flags).await
}

#[tokio::test]
async fn the_camera_reads_the_code_of_the_page() {
    let file = film_file();
    let Some(chromium) = with_camera(&file).await else { return };
    let desk = Desk::new(&chromium).await;
    let link = desk.offer().await;
    film(&file, &link);
    desk.phone.open("/app/add").await;
    desk.phone.tap("Scan the QR code").await;
    desk.phone.heading("Add this account?").await;
    desk.phone.says("ada@example.org").await;
    // The camera is off again.
    desk.phone.until("document.querySelector('video') === null").await;
    std::fs::remove_file(file).ok();
    chromium.finish().await;
}

#[tokio::test]
async fn what_a_scanned_code_may_hold_is_refused_in_words() {
    let file = film_file();
    let Some(chromium) = with_camera(&file).await else { return };
    let desk = Desk::new(&chromium).await;
    for (text, told) in [
        ("https://phishing.example/welcome", "It leads to phishing.example and adds no account."),
        ("javascript:alert(document.domain)", "Not a code for this app"),
        ("otpauth://totp/Forge:ada?secret=JBSWY3DPEHPK3PXP", "Codes of other services come later"),
    ] {
        film(&file, text);
        desk.phone.open("/app/add/scan").await;
        desk.phone.says(told).await;
        assert_eq!(desk.phone.path().await, "/app/add/scan");
    }
    std::fs::remove_file(file).ok();
    chromium.finish().await;
}

/// The same code as a picture file, in the one format that needs no library.
fn picture(file: &Path, text: &str) {
    const SCALE: usize = 8;
    let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
    let (side, modules) = (code.width(), code.to_colors());
    let width = (side + 8) * SCALE;
    let mut pixels = Vec::new();
    for y in (0..width).rev() {
        for x in 0..width {
            let (x, y) = ((x / SCALE).wrapping_sub(4), (y / SCALE).wrapping_sub(4));
            let dark = x < side && y < side && modules[y * side + x] == qrcode::Color::Dark;
            pixels.extend_from_slice(&[if dark { 0 } else { 255 }; 3]);
        }
        // Each row is a multiple of four bytes.
        pixels.resize(pixels.len().next_multiple_of(4), 0);
    }
    let number = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
    let mut bitmap = b"BM".to_vec();
    for part in [number(54 + pixels.len()), number(0), number(54), number(40), number(width), number(width)] {
        bitmap.extend_from_slice(&part);
    }
    bitmap.extend_from_slice(&[1, 0, 24, 0]);
    bitmap.extend_from_slice(&[0; 24]);
    bitmap.extend_from_slice(&pixels);
    std::fs::write(file, bitmap).unwrap();
}

#[tokio::test]
async fn without_a_camera_a_picture_of_the_code_will_do() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.pocket.refuse(&desk.app.app.config.phone_url, "camera").await;
    let link = desk.offer().await;
    let file = film_file().with_extension("bmp");
    desk.phone.open("/app/add/scan").await;
    desk.phone.until("document.querySelector('input[type=file]') !== null").await;
    picture(&file, "https://phishing.example/welcome");
    desk.phone.choose_file("input[type=file]", &file).await;
    desk.phone.says("It leads to phishing.example and adds no account.").await;
    desk.phone.open("/app/add/scan").await;
    desk.phone.until("document.querySelector('input[type=file]') !== null").await;
    std::fs::write(&file, "no picture at all").unwrap();
    desk.phone.choose_file("input[type=file]", &file).await;
    desk.phone.says("This file is no picture").await;
    desk.phone.open("/app/add/scan").await;
    desk.phone.until("document.querySelector('input[type=file]') !== null").await;
    picture(&file, &link);
    desk.phone.choose_file("input[type=file]", &file).await;
    desk.phone.heading("Add this account?").await;
    std::fs::remove_file(file).ok();
    chromium.finish().await;
}

#[tokio::test]
async fn a_camera_that_may_not_be_used_is_told_apart_from_none() {
    let file = film_file();
    film(&file, "nothing");
    let flags = [
        "--use-fake-device-for-media-stream".to_owned(),
        format!("--use-file-for-fake-video-capture={}", file.display()),
    ];
    let names = "MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE *.localhost";
    let Some(chromium) = Chromium::start_with(names, &flags).await else { return };
    let desk = Desk::new(&chromium).await;
    desk.pocket.refuse(&desk.app.app.config.phone_url, "camera").await;
    desk.phone.open("/app/add/scan").await;
    desk.phone.says("The camera is not allowed").await;
    desk.phone.tap("Type the code").await;
    desk.phone.says("User name").await;
    std::fs::remove_file(file).ok();
    chromium.finish().await;
}

/// Pastes a link where the scanner offers it.
async fn paste(phone: &Tab, link: &str) {
    phone.open("/app/add/scan").await;
    phone.says("No camera here").await;
    phone.tap("Have a link instead?").await;
    phone.fill("Link", link).await;
    phone.tap("Use this link").await;
}

#[tokio::test]
async fn links_that_are_not_ours_or_not_whole_are_refused() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.phone.forgive("Requested device not found");
    let link = desk.offer().await;
    let whole = link.split_once('#').unwrap().1.to_owned();
    let own = &desk.app.app.config.phone_url;
    for (text, told) in [
        // Another server, by a name that looks like ours to a person in a hurry.
        (format!("https://phone.akkоord.example/app/e#{whole}"), "A code of another server"),
        (format!("https://phone.localhost.evil.example/app/e#{whole}"), "A code of another server"),
        (link[..link.len() - 5].to_owned(), "This code is damaged"),
        (format!("{own}/app/e#1.{}", "A".repeat(5000)), "This is no code for adding an account"),
        ("\u{202e}https://example.org".to_owned(), "Not a code for this app"),
    ] {
        paste(&desk.phone, &text).await;
        desk.phone.says(told).await;
    }
    // The look-alike stands there as what it is.
    paste(&desk.phone, &format!("https://phone.akkоord.example/app/e#{whole}")).await;
    desk.phone.says("xn--").await;
    // Nothing of that harmed the real one.
    paste(&desk.phone, &link).await;
    desk.phone.heading("Add this account?").await;
    chromium.finish().await;
}

#[tokio::test]
async fn an_answer_that_is_garbage_loses_nothing() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    let number = start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.show_request().await;
    // Somebody between phone and server answers everything with a page of their own.
    let answer = "new Response('<html>Welcome to the airport</html>', { headers: { 'content-type': 'text/html' } })";
    desk.phone.eval(&format!("{{ window.real = window.fetch; window.fetch = async () => {answer}; }}")).await;
    desk.type_number(&number).await;
    desk.phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    desk.phone.says("An answer we can't read").await;
    desk.phone.eval("{ window.fetch = window.real; }").await;
    desk.phone.open("/app/").await;
    desk.show_request().await;
    desk.approve(&number).await;
    chromium.finish().await;
}

#[tokio::test]
async fn a_request_that_the_server_did_not_sign_is_not_shown() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.with_pin().await;
    desk.phone.tap("Settings").await;
    desk.phone.heading("Settings").await;
    // The message arrives with one letter changed, as whoever breaks TLS could do.
    desk.phone
        .eval(
            "{
                const real = window.fetch;
                window.fetch = async (input, init) => {
                    const answer = await real(input, init);
                    if (!String(input.url ?? input).endsWith('/requests/pending')) return answer;
                    const body = await answer.json();
                    body.requests = body.requests.map((message) => {
                        const at = message.indexOf('.') + 20;
                        return message.slice(0, at) + (message[at] === 'A' ? 'B' : 'A') + message.slice(at + 1);
                    });
                    return new Response(JSON.stringify(body), { status: answer.status, headers: answer.headers });
                };
            }",
        )
        .await;
    start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.phone.tap("Accounts").await;
    desk.phone.says("This may not be your server").await;
    assert!(!desk.phone.text().await.contains("Is this you?"));
    chromium.finish().await;
}

#[tokio::test]
async fn without_storage_the_app_says_so_instead_of_failing() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let none = "Object.defineProperty(window, 'indexedDB', { value: { open() { throw new DOMException('no', 'SecurityError'); } } })";
    desk.phone.forgive("Failure: storage");
    desk.phone.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": none })).await;
    desk.phone.open("/app/").await;
    desk.phone.says("This browser can't keep anything").await;
    chromium.finish().await;
}
