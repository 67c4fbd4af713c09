//! `cargo xtask bench app`: how much the app loads, and how long a cheap phone takes to show what its person came for.
//! A real Chromium, with the processor slowed down four times; the server runs beside it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    reason = "it stands on what the tests stand on, uses a part of it, and fails as loudly"
)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use serde_json::{Value, json};

use support::{
    chromium::{Chromium, Tab},
    desk::Desk,
};

/// So often is each measured.
const ROUNDS: usize = 7;
const SLOWER: u32 = 4;

/// Notes when something that a person waits for can be seen: in milliseconds since the page was asked for.
const STOPWATCH: &str = "{
    window.shown = {};
    const look = () => {
        const text = document.body?.innerText ?? '';
        const note = (name, there) => { if (there && window.shown[name] === undefined) window.shown[name] = performance.now(); };
        note('title', document.querySelector('h1'));
        note('account', text.includes('ada@example.org'));
        note('code', /\\b\\d{3}\\s\\d{3}\\b/.test(text));
        note('request', document.querySelector('.keypad button:not([aria-disabled])'));
        requestAnimationFrame(look);
    };
    look();
}";

#[tokio::main]
async fn main() {
    let chromium = Chromium::start().await.expect("cargo xtask bench app names a Chromium");
    let desk = Desk::new(&chromium).await;
    let phone = &desk.phone;
    phone.forgive("net::ERR_INTERNET_DISCONNECTED");
    phone.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": STOPWATCH })).await;
    let mut figures = serde_json::Map::new();

    // Everything that comes over the network before the first screen stands, and how long that takes.
    phone.call("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
    // From the second round on the worker would answer, with what it unpacked.
    phone.call("Network.setBypassServiceWorker", json!({ "bypass": true })).await;
    slow_down(phone, SLOWER).await;
    let mut cold = Vec::new();
    for _ in 0..ROUNDS {
        phone.open("/app/add").await;
        cold.push(shown(phone, "title").await);
    }
    let loaded = phone
        .eval(
            "performance.getEntriesByType('resource')
                .filter((file) => /\\.(js|css)$/.test(file.name) && !file.name.endsWith('sw.js'))
                .reduce((sum, file) => sum + file.encodedBodySize, 0)",
        )
        .await;
    told(&mut figures, "first_load_kb", &[loaded.as_f64().unwrap() / 1000.0], "script and style as sent");
    told(&mut figures, "first_screen_cold_ms", &cold, "nothing kept, slowed down");
    phone.call("Network.setCacheDisabled", json!({ "cacheDisabled": false })).await;
    phone.call("Network.setBypassServiceWorker", json!({ "bypass": false })).await;
    slow_down(phone, 1).await;

    desk.with_pin().await;
    phone.until("navigator.serviceWorker.ready.then((it) => it.active?.state === 'activated')").await;
    slow_down(phone, SLOWER).await;

    // As from a notification: the app is not open, the request waits.
    support::chromium::steps::start_sign_in(&desk.laptop, &desk.ada.username).await;
    phone.until("location.pathname.startsWith('/app/request/')").await;
    let request = phone.path().await;
    let mut requests = Vec::new();
    for _ in 0..ROUNDS {
        phone.open("about:blank").await;
        phone.open(&request).await;
        requests.push(shown(phone, "request").await);
    }
    told(&mut figures, "request_usable_ms", &requests, "from its address to a keypad that types, slowed down");

    slow_down(phone, 1).await;
    phone.network(false).await;
    let (mut accounts, mut codes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        phone.open("about:blank").await;
        phone.open("/app/").await;
        accounts.push(shown(phone, "account").await);
        codes.push(shown(phone, "code").await);
    }
    told(&mut figures, "offline_accounts_ms", &accounts, "no network");
    told(&mut figures, "offline_codes_ms", &codes, "no network");
    println!("{}", json!({ "scenario": "app", "figures": figures }));
    chromium.finish().await;
}

/// Makes the processor so many times slower, as a cheap phone's is.
async fn slow_down(phone: &Tab, times: u32) {
    phone.call("Emulation.setCPUThrottlingRate", json!({ "rate": times })).await;
}

async fn shown(phone: &Tab, what: &str) -> f64 {
    phone.until(&format!("window.shown?.{what} !== undefined")).await;
    phone.eval(&format!("window.shown.{what}")).await.as_f64().unwrap()
}

/// Prints the median with the least and the most, and keeps the median.
fn told(figures: &mut serde_json::Map<String, Value>, name: &str, all: &[f64], about: &str) {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted[sorted.len() / 2];
    println!(
        "{name:<24} {middle:>8.1}   ({:.1} to {:.1}, {} times; {about})",
        sorted[0],
        sorted[sorted.len() - 1],
        all.len()
    );
    figures.insert(name.to_owned(), json!((middle * 10.0).round() / 10.0));
}
