//! One tab: what a person does in it, and what can be seen there.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::link::Link;

/// How long a page may take to do something by itself, on a machine that is busy with a build.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// A key that tests press.
#[derive(Clone, Copy)]
pub enum Key {
    Tab,
    Enter,
    Space,
}

/// A tab.
pub struct Tab {
    link: Arc<Link>,
    session: String,
    origin: String,
    /// What the names that a test uses are in the language of this tab.
    words: Mutex<HashMap<String, String>>,
}

impl Tab {
    pub(super) async fn open_in(link: &Arc<Link>, mut wanted: Value, origin: &str, window: bool) -> Self {
        wanted["url"] = "about:blank".into();
        if window {
            wanted["newWindow"] = true.into();
        }
        let made = link.call(None, "Target.createTarget", wanted);
        let target = made.await.unwrap()["targetId"].as_str().unwrap().to_owned();
        let attached = link.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        let session = attached.await.unwrap()["sessionId"].as_str().unwrap().to_owned();
        let tab = Self {
            link: Arc::clone(link),
            session,
            origin: origin.trim_end_matches('/').to_owned(),
            words: Mutex::default(),
        };
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            tab.call(&format!("{domain}.enable"), json!({})).await;
        }
        tab.size(1280, 800).await;
        tab
    }

    /// Calls a method of the protocol.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.link.call(Some(&self.session), method, params).await.unwrap()
    }

    /// What happened here so far under this name.
    pub fn events(&self, method: &str) -> Vec<Value> {
        self.link.events(&self.session, method)
    }

    /// Complaints of any page that have this in them are meant.
    pub fn forgive(&self, part: &str) {
        self.link.forgive(part);
    }

    /// What the pages of this browser complain of.
    pub fn problems(&self) -> Vec<String> {
        self.link.problems()
    }

    /// The value of an expression; a promise is awaited. An error where the page is just being replaced.
    async fn try_eval(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.link.call(Some(&self.session), "Runtime.evaluate", params).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(format!("{} {}", details["text"], details["exception"]["description"])),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// The value of an expression in the page.
    pub async fn eval(&self, expression: &str) -> Value {
        self.try_eval(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// Waits until an expression is true.
    pub async fn until(&self, expression: &str) {
        let start = tokio::time::Instant::now();
        let mut last = Ok(Value::Null);
        while start.elapsed() < PATIENCE {
            last = self.try_eval(expression).await;
            if last == Ok(Value::Bool(true)) {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        let page = self.try_eval("`${location.href} ${document.visibilityState}\\n${document.body?.innerText}`").await;
        panic!("never true: {expression}\nlast: {last:?}\nproblems: {:?}\npage: {page:?}", self.problems());
    }

    /// Whether an expression becomes true within a second.
    pub async fn soon(&self, expression: &str) -> bool {
        let start = tokio::time::Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            if self.try_eval(expression).await == Ok(Value::Bool(true)) {
                return true;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        false
    }

    /// Opens an address of the site, or of another one.
    pub async fn open(&self, address: &str) {
        let url = if address.starts_with('/') { format!("{}{address}", self.origin) } else { address.to_owned() };
        let answer = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(answer.get("errorText").is_none(), "{url}: {}", answer["errorText"]);
        self.until("document.readyState === 'complete'").await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.eval("window.before = true").await;
        self.call("Page.reload", json!({})).await;
        self.until("window.before !== true && document.readyState === 'complete'").await;
    }

    /// Waits until the page at this path is there, whatever follows its `?`.
    pub async fn at(&self, path: &str) {
        self.until(&format!("location.pathname === {} && document.readyState === 'complete'", json!(path))).await;
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        self.eval("location.pathname").await.as_str().unwrap().to_owned()
    }

    /// Clicks in the middle of an element, with the mouse.
    pub async fn click(&self, selector: &str) {
        self.click_on(&format!("document.querySelector({})", json!(selector)), selector).await;
    }

    /// From here on names in English find what stands there in this language.
    pub fn translate(&self, language: &str) {
        let read = |language: &str| -> HashMap<String, String> {
            let file = format!("{}/../../locales/{language}.json", env!("CARGO_MANIFEST_DIR"));
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
        };
        let (english, mut other) = (read("en"), read(language));
        let pairs = english.into_iter().filter_map(|(key, text)| Some((text, other.remove(&key)?)));
        *self.words.lock().unwrap() = pairs.collect();
    }

    /// A text in the language of this tab.
    pub(super) fn word(&self, english: &str) -> String {
        self.words.lock().unwrap().get(english).cloned().unwrap_or_else(|| english.to_owned())
    }

    /// Clicks what a person would call by this name: a button, a link or a tab.
    pub async fn tap(&self, name: &str) {
        let name = &self.word(name);
        let found = format!(
            "[...document.querySelectorAll('button, a, summary, label, [role=button]')].find((element) =>
                (element.ariaLabel ?? element.innerText).split('\\n').some((line) => line.trim() === {})
                && !element.disabled && element.checkVisibility())",
            json!(name)
        );
        self.click_on(&found, name).await;
    }

    /// Clicks on the element that an expression gives, once it is there.
    async fn click_on(&self, expression: &str, told: &str) {
        self.until(&format!("({expression})?.getBoundingClientRect().height > 0")).await;
        let place = self
            .eval(&format!(
                "(() => {{
                    const element = {expression};
                    element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                    const box = element.getBoundingClientRect();
                    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                    return {{ x, y, hit: element.contains(document.elementFromPoint(x, y)) }};
                }})()"
            ))
            .await;
        assert_eq!(place["hit"], true, "{told} is covered by something");
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let mut event = json!({ "type": kind, "x": place["x"], "y": place["y"] });
            if kind != "mouseMoved" {
                event["button"] = "left".into();
                event["clickCount"] = 1.into();
            }
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Clicks, and waits for the page that follows.
    pub async fn press(&self, selector: &str) {
        self.eval("window.before = true").await;
        self.click(selector).await;
        self.until("window.before !== true && document.readyState === 'complete'").await;
    }

    /// Types into a field in place of what stands there.
    pub async fn type_text(&self, selector: &str, text: &str) {
        self.click(selector).await;
        self.eval(&format!("document.querySelector({}).select()", json!(selector))).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key.
    pub async fn key(&self, key: Key) {
        let (name, code, number, text) = match key {
            Key::Tab => ("Tab", "Tab", 9, ""),
            Key::Enter => ("Enter", "Enter", 13, "\r"),
            Key::Space => (" ", "Space", 32, " "),
        };
        for kind in [if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "keyUp"] {
            let mut event = json!({ "type": kind, "key": name, "code": code, "windowsVirtualKeyCode": number, "nativeVirtualKeyCode": number });
            if kind == "keyDown" {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// An attribute of an element that is there, or comes.
    pub async fn attribute(&self, selector: &str, name: &str) -> String {
        let quoted = json!(selector);
        self.until(&format!("document.querySelector({quoted}) !== null")).await;
        let value = self.eval(&format!("document.querySelector({quoted}).getAttribute({})", json!(name))).await;
        value.as_str().unwrap_or_else(|| panic!("{selector} has no {name}")).to_owned()
    }

    /// What can be read in the page.
    pub async fn text(&self) -> String {
        self.eval("document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// Waits for a page whose title line is this.
    pub async fn heading(&self, text: &str) {
        self.until(&format!(
            "document.readyState === 'complete' && document.querySelector('h1')?.innerText.trim() === {}",
            json!(self.word(text))
        ))
        .await;
    }

    /// The HTTP status of the page.
    pub async fn status(&self) -> u64 {
        self.eval("performance.getEntriesByType('navigation')[0].responseStatus").await.as_u64().unwrap()
    }

    /// Brings the tab in front of the others of its window, which are hidden then.
    pub async fn bring_to_front(&self) {
        self.call("Page.bringToFront", json!({})).await;
        self.until("document.visibilityState === 'visible'").await;
    }

    /// Switches scripts off for the pages that follow.
    pub async fn without_scripts(&self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Says that its person reads this language.
    pub async fn speak(&self, language: &str) {
        let agent = self.eval("navigator.userAgent").await;
        let override_ = json!({ "userAgent": agent, "acceptLanguage": language });
        self.call("Network.setUserAgentOverride", override_).await;
    }

    /// The size of the window's inside, in CSS pixels.
    pub async fn size(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The text size that the person set, in pixels; 16 is the usual one.
    pub async fn text_size(&self, pixels: u32) {
        let sizes = json!({ "fontSizes": { "standard": pixels, "fixed": pixels * 13 / 16 } });
        self.call("Page.setFontSizes", sizes).await;
    }

    /// The dark colours, or the light ones.
    pub async fn dark(&self, dark: bool) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [scheme, still] })).await;
    }

    /// Writes a picture of the whole page as PNG.
    pub async fn picture(&self, file: &Path) {
        // A picture of a long page has no scroll bar, so its width must not be taken off.
        self.call("Emulation.setScrollbarsHidden", json!({ "hidden": true })).await;
        let metrics = self.call("Page.getLayoutMetrics", json!({})).await;
        let (width, height) = (&metrics["cssContentSize"]["width"], &metrics["cssContentSize"]["height"]);
        let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
        let wanted = json!({ "format": "png", "clip": clip, "captureBeyondViewport": true });
        let answer = self.call("Page.captureScreenshot", wanted).await;
        let bytes = STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}
