//! What makes a tab a phone: its size and touch, an authenticator of the platform, permissions, pushes, no network.

use serde_json::{Value, json};

use super::{Profile, Tab};

/// A platform authenticator in a tab. It is gone when the tab is.
pub struct PlatformAuthenticator<'a> {
    tab: &'a Tab,
    id: String,
}

impl PlatformAuthenticator<'_> {
    /// Whether the next finger is the right one.
    pub async fn verifies(&self, verified: bool) {
        let wanted = json!({ "authenticatorId": self.id, "isUserVerified": verified });
        self.tab.call("WebAuthn.setUserVerified", wanted).await;
    }

    /// How many credentials it holds.
    pub async fn credentials(&self) -> usize {
        let held = self.tab.call("WebAuthn.getCredentials", json!({ "authenticatorId": self.id })).await;
        held["credentials"].as_array().unwrap().len()
    }

    /// Forgets them all, as a phone does whose screen lock was taken off.
    pub async fn forget(&self) {
        self.tab.call("WebAuthn.clearCredentials", json!({ "authenticatorId": self.id })).await;
    }
}

impl Tab {
    /// As wide as a small phone, with touch.
    pub async fn as_phone(&self) {
        let metrics = json!({ "width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": true });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        self.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": true })).await;
    }

    /// Gives the phone a finger sensor. Without PRF, because with it a refused finger blocks the simulated one for good.
    pub async fn platform_authenticator(&self) -> PlatformAuthenticator<'_> {
        self.authenticator("internal", true).await
    }

    /// Puts a security key into the machine, without a PIN and without room for what it would find by itself.
    pub async fn security_key(&self) -> PlatformAuthenticator<'_> {
        self.authenticator("usb", false).await
    }

    async fn authenticator(&self, transport: &str, verifies: bool) -> PlatformAuthenticator<'_> {
        self.call("WebAuthn.enable", json!({ "enableUI": false })).await;
        let options = json!({
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": transport,
            "hasResidentKey": verifies,
            "hasUserVerification": verifies,
            "isUserVerified": verifies,
            "automaticPresenceSimulation": true,
        });
        let made = self.call("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
        PlatformAuthenticator { tab: self, id: made["authenticatorId"].as_str().unwrap().to_owned() }
    }

    /// Types into the field with this label.
    pub async fn fill(&self, label: &str, text: &str) {
        let field = format!(
            "[...document.querySelectorAll('input')].find((input) => input.labels[0]?.innerText.trim() === {})",
            json!(self.word(label))
        );
        self.until(&format!("{field} !== undefined")).await;
        self.eval(&format!("{{ const input = {field}; input.focus(); input.select(); }}")).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses the keys of a keyboard, wherever the focus is.
    pub async fn keys(&self, text: &str) {
        for key in text.chars() {
            for kind in ["keyDown", "keyUp"] {
                let mut event = json!({ "type": kind, "key": key.to_string() });
                if kind == "keyDown" {
                    event["text"] = key.to_string().into();
                }
                self.call("Input.dispatchKeyEvent", event).await;
            }
        }
    }

    /// Waits until this can be read somewhere on the screen.
    pub async fn says(&self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(self.word(text)))).await;
    }

    /// Takes the network away, or gives it back.
    pub async fn network(&self, there: bool) {
        let conditions = json!({ "offline": !there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.call("Network.emulateNetworkConditions", conditions).await;
    }

    /// Delivers a push to the worker of the tab's site, as the browser would after decrypting it.
    pub async fn push(&self, payload: &str) {
        self.call("ServiceWorker.enable", json!({})).await;
        let origin = self.eval("location.origin").await;
        let start = std::time::Instant::now();
        let registration = loop {
            let updates = self.events("ServiceWorker.workerRegistrationUpdated");
            let all = updates.iter().flat_map(|event| event["registrations"].as_array().cloned().unwrap_or_default());
            let mut ours = all.filter(|one| {
                one["isDeleted"] != true
                    && one["scopeURL"].as_str().is_some_and(|scope| scope.starts_with(origin.as_str().unwrap()))
            });
            if let Some(found) = ours.next_back() {
                break found["registrationId"].clone();
            }
            assert!(start.elapsed().as_secs() < 10, "no worker is registered");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        let push = json!({ "origin": origin, "registrationId": registration, "data": payload });
        self.call("ServiceWorker.deliverPushMessage", push).await;
    }

    /// Title, text and tag of each notice that the worker shows.
    pub async fn notices(&self) -> Vec<Value> {
        let read = "navigator.serviceWorker.ready
            .then((registration) => registration.getNotifications())
            .then((all) => all.map(({ title, body, tag }) => ({ title, body, tag })))";
        self.eval(read).await.as_array().cloned().unwrap_or_default()
    }

    /// Chooses a file in a file field.
    pub async fn choose_file(&self, selector: &str, file: &std::path::Path) {
        let found = self
            .call("Runtime.evaluate", json!({ "expression": format!("document.querySelector({})", json!(selector)) }))
            .await;
        let wanted = json!({ "objectId": found["result"]["objectId"], "files": [file] });
        self.call("DOM.setFileInputFiles", wanted).await;
    }
}

impl Profile {
    /// Lets a site do these things without asking.
    pub async fn grant(&self, origin: &str, permissions: &[&str]) {
        let mut wanted = self.place();
        wanted["origin"] = origin.into();
        wanted["permissions"] = json!(permissions);
        self.link.call(None, "Browser.grantPermissions", wanted).await.unwrap();
    }

    /// Refuses one of them.
    pub async fn refuse(&self, origin: &str, permission: &str) {
        self.set_permission(origin, permission, "denied").await;
    }

    /// Sets one of them, as a person does in the browser's settings: `granted`, `denied` or `prompt`.
    pub async fn set_permission(&self, origin: &str, permission: &str, setting: &str) {
        let mut wanted = self.place();
        wanted["permission"] = json!({ "name": permission });
        wanted["setting"] = setting.into();
        wanted["origin"] = origin.into();
        self.link.call(None, "Browser.setPermission", wanted).await.unwrap();
    }

    /// Runs a script in the site's service worker.
    pub async fn in_worker(&self, script: &str) -> Value {
        let targets = self.link.call(None, "Target.getTargets", json!({})).await.unwrap();
        let mut workers = targets["targetInfos"].as_array().unwrap().iter();
        let worker =
            workers.rfind(|target| target["type"] == "service_worker" && self.holds(target)).expect("a worker runs");
        let attach = json!({ "targetId": worker["targetId"], "flatten": true });
        let attached = self.link.call(None, "Target.attachToTarget", attach).await.unwrap();
        let session = attached["sessionId"].as_str().unwrap();
        let wanted = json!({ "expression": script, "returnByValue": true, "awaitPromise": true });
        let answer = self.link.call(Some(session), "Runtime.evaluate", wanted).await.unwrap();
        assert!(answer.get("exceptionDetails").is_none(), "{script}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Notes down the title and the address of each notice that the site's service worker shows from now on.
    pub async fn note_notices(&self) {
        let note = "const show = registration.showNotification.bind(registration);
            self.noted = [];
            registration.showNotification = async (title, options) => {
                await show(title, options);
                self.noted.push([title, options.data.path]);
            };
            0";
        self.in_worker(note).await;
    }

    /// The notices that were noted down, once there are so many. The browser is not asked for them meanwhile: it
    /// forgets a notice that is not on the screen yet when it is asked.
    pub async fn noted_notices(&self, count: usize) -> Vec<(String, String)> {
        let start = std::time::Instant::now();
        loop {
            let noted: Vec<(String, String)> = serde_json::from_value(self.in_worker("self.noted").await).unwrap();
            if noted.len() >= count {
                return noted;
            }
            assert!(start.elapsed().as_secs() < 30, "no {count} notices: {noted:?}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
}
