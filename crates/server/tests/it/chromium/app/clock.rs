//! A phone whose clock is wrong.

use serde_json::json;

use super::picture;
use crate::support::{chromium::Chromium, desk::Desk};

impl Desk {
    /// Puts the phone's clock off by so many hours, from the next page on. Returns what takes it back.
    async fn put_clock(&self, hours: i64) -> String {
        let source = format!(
            "{{
                const Right = Date;
                globalThis.Date = class extends Right {{
                    constructor(...parts) {{ if (parts.length) super(...parts); else super(Date.now()); }}
                    static now() {{ return Right.now() + {hours} * 3600_000; }}
                }};
            }}"
        );
        let added = self.phone.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
        added["identifier"].as_str().unwrap().to_owned()
    }

    /// The request stands for two minutes, of which a moment is gone.
    async fn countdown_is_right(&self) {
        let shown = self.phone.eval("document.querySelector('[role=timer]').innerText").await;
        let (minutes, seconds) = shown.as_str().unwrap().split_once(' ').unwrap().0.split_once(':').unwrap();
        let left = minutes.parse::<u32>().unwrap() * 60 + seconds.parse::<u32>().unwrap();
        assert!((60..=120).contains(&left), "{shown}");
    }
}

#[tokio::test]
async fn a_clock_that_is_hours_off_harms_nothing_and_is_told() {
    let Some(chromium) = Chromium::start().await else { return };
    let desk = Desk::new(&chromium).await;
    let ahead = desk.put_clock(3).await;
    desk.with_pin().await;
    desk.worker().await;
    desk.phone.says("This phone's clock is wrong.").await;
    desk.shows_code_of(&desk.ada).await;
    let number = desk.ask().await;
    desk.countdown_is_right().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    desk.laptop.press(".top .quiet").await;
    desk.done().await;
    desk.phone.tap("What to do").await;
    desk.phone.says("The clock is 3 hours fast").await;
    picture(&desk, "app-clock").await;

    // Codes keep to the server's time without a network too, at the next start.
    desk.phone.forgive("net::ERR_INTERNET_DISCONNECTED");
    desk.phone.network(false).await;
    desk.phone.open("/app/").await;
    desk.phone.says("No connection").await;
    desk.shows_code_of(&desk.ada).await;
    desk.phone.network(true).await;

    // Somebody turns it, too far. What was known of the old difference misleads nobody for longer than an answer takes.
    desk.phone.call("Page.removeScriptToEvaluateOnNewDocument", json!({ "identifier": ahead })).await;
    desk.put_clock(-5).await;
    desk.phone.open("/app/").await;
    desk.phone.heading("Accounts").await;
    desk.shows_code_of(&desk.ada).await;
    let number = desk.ask().await;
    desk.countdown_is_right().await;
    desk.approve(&number).await;
    desk.laptop.at("/account").await;
    desk.phone.open("/app/settings/clock").await;
    desk.phone.tap("Check now").await;
    desk.phone.says("The clock is 5 hours slow").await;
    chromium.finish().await;
}
