//! Every screen in its main states: axe finds nothing, nothing too wide or too small, in both languages. With
//! `AKKOORD_PICTURES` also as pictures.

use crate::{
    chromium::pictures,
    support::{
        chromium::{Chromium, Tab, steps::start_sign_in},
        desk::{Desk, PIN, another},
    },
};

#[tokio::test]
async fn every_screen_is_in_order_in_english() {
    every_screen_is_in_order("en").await;
}

#[tokio::test]
async fn every_screen_is_in_order_in_dutch() {
    every_screen_is_in_order("nl").await;
}

async fn every_screen_is_in_order(language: &str) {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    desk.phone.speak(language).await;
    desk.phone.translate(language);
    desk.phone.forgive("the server responded with a status of 4");
    let (mut seen, mut wrong) = (0, Vec::new());
    walk(&desk, async |tab, name| {
        seen += 1;
        if tab.eval("document.documentElement.lang").await != language {
            wrong.push(format!("{name}: not in the language {language}"));
        }
        wrong.extend(faults(tab).await.into_iter().map(|fault| format!("{name}: {fault}")));
        pictures::take(tab, &format!("app-{name}"), language).await;
        tab.as_phone().await;
    })
    .await;
    assert!(seen > 20, "{seen} screens");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    chromium.finish().await;
}

/// What axe and the ruler find: on a small phone, dark, and with the largest text.
async fn faults(tab: &Tab) -> Vec<String> {
    let mut faults = Vec::new();
    for (width, text, dark) in [(360, 16, false), (320, 16, true), (320, 32, false)] {
        tab.size(width, 740).await;
        tab.text_size(text).await;
        tab.dark(dark).await;
        // Axe takes what is scrolled under the bar at the bottom for smaller than it is; `MEASURED` knows better.
        let found = tab.axe(&["target-size"]).await;
        faults.extend(found.into_iter().map(|fault| format!("{width} px, text {text} px: {fault}")));
        let found = tab.eval(MEASURED).await;
        let small = found["small"].as_array().unwrap();
        faults.extend(small.iter().map(|fault| format!("{width} px, text {text} px: {}", fault.as_str().unwrap())));
        if found["wide"].as_i64().unwrap() > 0 {
            faults.push(format!("{width} px, text {text} px: {} px too wide", found["wide"]));
        }
    }
    tab.text_size(16).await;
    tab.dark(false).await;
    faults
}

/// Runs in the page: what is too wide and too small.
const MEASURED: &str = "({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [...document.querySelectorAll('button, a.button, input')]
        .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
        .map((element) => element.outerHTML.slice(0, 90)),
})";

async fn walk(desk: &Desk, mut visit: impl AsyncFnMut(&Tab, &str)) {
    let phone = &desk.phone;
    phone.open("/app/").await;
    phone.says("No account on this phone yet").await;
    visit(phone, "accounts-empty").await;
    phone.eval("localStorage.setItem('akkoord/accounts', '1')").await;
    phone.open("/app/").await;
    phone.says("Your accounts are gone from this phone").await;
    visit(phone, "accounts-evicted").await;
    phone.eval("localStorage.clear()").await;
    for (path, name) in [
        ("/app/add", "add"),
        ("/app/add/scan", "scan"),
        ("/app/requests", "requests-none"),
        ("/app/settings", "settings-empty"),
    ] {
        phone.open(path).await;
        phone.until("document.querySelector('h1') !== null").await;
        desk.settle().await;
        visit(phone, name).await;
    }
    let link = desk.offer().await;
    phone.open(&link).await;
    phone.heading("Set up this phone").await;
    visit(phone, "invitation").await;
    phone.tap("Set up this phone here").await;
    phone.heading("Add this account?").await;
    visit(phone, "confirm").await;
    phone.fill("Name of this phone", "Ada's Pixel").await;
    phone.tap("Add this account").await;
    phone.heading("Choose a PIN").await;
    phone.fill("PIN", "123").await;
    phone.tap("Continue").await;
    visit(phone, "pin-short").await;
    desk.choose_pin().await;
    desk.digits().await;
    visit(phone, "digits").await;
    desk.compare_digits().await;
    visit(phone, "ready").await;
    phone.tap("Done").await;
    phone.heading("Accounts").await;
    visit(phone, "accounts").await;
    phone.tap("ada@example.org").await;
    phone.says("Verification code").await;
    visit(phone, "account").await;
    for (path, name) in [("/app/activity", "activity"), ("/app/settings", "settings")] {
        phone.open(path).await;
        phone.until("document.querySelector('h1') !== null").await;
        desk.settle().await;
        visit(phone, name).await;
    }
    phone.open("/app/").await;
    desk.laptop.open("/account").await;
    desk.laptop.press(".top .quiet").await;
    requests(desk, &mut visit).await;
}

async fn requests(desk: &Desk, visit: &mut impl AsyncFnMut(&Tab, &str)) {
    let phone = &desk.phone;
    let number = desk.ask().await;
    visit(phone, "request").await;
    desk.type_number(&number).await;
    visit(phone, "request-typed").await;
    phone.tap("Approve").await;
    phone.heading("Type your PIN").await;
    visit(phone, "request-pin").await;
    desk.type_pin("918273").await;
    phone.says("Wrong PIN").await;
    visit(phone, "request-pin-wrong").await;
    desk.type_pin(PIN).await;
    phone.heading("Approved").await;
    visit(phone, "approved").await;
    desk.done().await;
    desk.laptop.at("/account").await;
    desk.laptop.press(".top .quiet").await;

    let number = desk.ask().await;
    desk.type_number(&another(&number)).await;
    phone.tap("Approve").await;
    desk.type_pin(PIN).await;
    phone.heading("Wrong number").await;
    visit(phone, "wrong-number").await;
    desk.done().await;
    desk.ask().await;
    phone.tap("Deny").await;
    phone.heading("You said no").await;
    visit(phone, "denied").await;
    desk.done().await;
    desk.ask().await;
    phone.tap("It wasn't me").await;
    phone.heading("Reported: “It wasn't me”").await;
    desk.done().await;
    phone.open("/app/").await;
    phone.tap("ada@example.org").await;
    phone.says("Let new browsers notify me").await;
    visit(phone, "account-quiet").await;
    start_sign_in(&desk.laptop, &desk.ada.username).await;
    desk.app.start(&desk.ada).await;
    phone.open("/app/requests").await;
    phone.says("Several requests wait").await;
    visit(phone, "requests").await;
    phone.open("/app/activity").await;
    phone.says("Wrong number").await;
    visit(phone, "activity-full").await;
}
