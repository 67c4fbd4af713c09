//! A laptop with the pages and a phone with the app, and what their person does.

use akkoord_core::policy::Policy;
use akkoord_protocols::otp::{Algorithm, totp};
use akkoord_store::{PhoneRow, Place, StoreError};
use serde_json::json;

use super::{
    TestAccount, TestApp,
    chromium::{
        Chromium, Profile, Tab,
        steps::{sign_in_with_pass, start_sign_in},
    },
};

/// The PIN that the person of these tests chooses.
pub const PIN: &str = "482913";
/// The digits that can be read on the screen, without the blanks between them.
const SHOWN_DIGITS: &str = "document.body.innerText.replace(/(?<=\\d)\\s(?=\\d)/g, '')";
const ADD: &str = "main form[action='/account/phones/add'] button";

/// A laptop and a phone in front of one server.
pub struct Desk {
    pub app: TestApp,
    pub ada: TestAccount,
    pub laptop: Tab,
    /// What the phone keeps, and its screen.
    pub pocket: Profile,
    pub phone: Tab,
}

impl Desk {
    pub async fn new(chromium: &Chromium) -> Self {
        Self::with_policy(chromium, Policy::default()).await
    }

    pub async fn with_policy(chromium: &Chromium, policy: Policy) -> Self {
        Self::of(chromium, TestApp::today(policy).await).await
    }

    pub async fn of(chromium: &Chromium, app: TestApp) -> Self {
        Self::with_pocket(chromium, app, chromium.profile().await).await
    }

    /// The phone keeps its things in this profile.
    pub async fn with_pocket(chromium: &Chromium, app: TestApp, pocket: Profile) -> Self {
        let ada = app.account("ada").await;
        let laptop = chromium.profile().await.window(&app.app.config.public_url).await;
        let phone = pocket.window(&app.app.config.phone_url).await;
        phone.as_phone().await;
        // We ask for ES256 alone, as the protocol says; and a test goes from one page to the next without a click.
        phone.forgive("pubKeyCredParams is missing");
        phone.forgive("NavigationEntryMarkedSkippable");
        Self { app, ada, laptop, pocket, phone }
    }

    /// Signs in with the pass and opens "Add a phone"; returns the link of its QR code.
    pub async fn offer(&self) -> String {
        self.offer_to(&self.ada).await
    }

    pub async fn offer_to(&self, account: &TestAccount) -> String {
        sign_in_with_pass(&self.laptop, &account.username, &account.pass).await;
        self.offer_again().await
    }

    pub async fn offer_again(&self) -> String {
        self.laptop.open("/account/phones/add").await;
        self.laptop.press(ADD).await;
        self.laptop.attribute("[data-link]", "data-link").await
    }

    /// Opens the link on the phone and says yes, up to the question of how to unlock.
    pub async fn accept(&self, link: &str) {
        self.phone.open(link).await;
        self.phone.tap("Set up this phone here").await;
        self.phone.heading("Add this account?").await;
        self.phone.fill("Name of this phone", "Ada's Pixel").await;
        self.phone.tap("Add this account").await;
    }

    pub async fn choose_pin(&self) {
        self.choose(PIN).await;
    }

    pub async fn choose(&self, pin: &str) {
        self.phone.heading("Choose a PIN").await;
        self.phone.fill("PIN", pin).await;
        self.phone.fill("The same PIN again", pin).await;
        self.phone.tap("Continue").await;
    }

    /// Types the digits of the phone's screen into the page, and waits until both say that it is done.
    pub async fn compare_digits(&self) {
        self.laptop.heading("Type the six digits").await;
        self.laptop.type_text("#digits", &self.digits().await).await;
        self.laptop.press("main .main").await;
        self.laptop.heading("Ada's Pixel is ready").await;
        self.phone.heading("This phone is ready").await;
    }

    pub async fn digits(&self) -> String {
        self.phone.heading("Type these on your computer").await;
        let shown = self.phone.eval("document.querySelector('.six').innerText").await;
        shown.as_str().unwrap().to_owned()
    }

    /// A phone with a PIN, from the link on; the laptop is signed out again.
    pub async fn with_pin(&self) {
        let link = self.offer().await;
        self.accept(&link).await;
        self.choose_pin().await;
        self.finish_adding().await;
    }

    /// A phone with a finger sensor.
    pub async fn with_finger(&self) {
        let link = self.offer().await;
        self.accept(&link).await;
        self.phone.tap("Use fingerprint, face or screen lock").await;
        self.finish_adding().await;
    }

    pub async fn finish_adding(&self) {
        self.compare_digits().await;
        self.phone.tap("Done").await;
        self.phone.heading("Accounts").await;
        self.sign_out().await;
    }

    pub async fn sign_out(&self) {
        self.laptop.open("/account").await;
        self.laptop.press(".top .quiet").await;
    }

    /// From a result back to the accounts; a result can't be tapped away in its first moment either.
    pub async fn done(&self) {
        self.settle().await;
        self.phone.tap("Done").await;
    }

    /// The laptop asks; the phone shows the request by itself. Returns the number on the laptop's screen.
    pub async fn ask(&self) -> String {
        let number = start_sign_in(&self.laptop, &self.ada.username).await;
        self.show_request().await;
        number
    }

    /// The request comes by the stream, as the app is in view.
    pub async fn show_request(&self) {
        self.phone.until("location.pathname.startsWith('/app/request/')").await;
        self.phone.heading("Is this you?").await;
        self.settle().await;
    }

    /// What just appeared can't be hit for half a second.
    pub async fn settle(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    }

    /// Taps what leads to a screen, again where a tap came too early on a screen that was drawn late.
    pub async fn tap_for(&self, name: &str, heading: &str) {
        let there = format!("document.querySelector('h1')?.innerText.trim() === {}", json!(heading));
        self.phone.tap(name).await;
        // A tap that counted shows its screen within some seconds, on any machine.
        if !self.phone.soon(&there).await && !self.phone.soon(&there).await && !self.phone.soon(&there).await {
            self.phone.tap(name).await;
        }
        self.phone.heading(heading).await;
    }

    pub async fn type_number(&self, number: &str) {
        type_number(&self.phone, number).await;
    }

    /// The whole answer of a phone with a PIN, to its end.
    pub async fn approve(&self, number: &str) {
        self.approve_by(number, PIN).await;
    }

    pub async fn approve_by(&self, number: &str, pin: &str) {
        self.type_number(number).await;
        self.phone.tap("Approve").await;
        self.type_pin(pin).await;
        self.phone.heading("Approved").await;
    }

    /// The worker has everything that it keeps.
    pub async fn worker(&self) {
        self.phone.until("navigator.serviceWorker.ready.then((it) => it.active?.state === 'activated')").await;
    }

    /// The one phone of an account that is not removed.
    pub async fn phone_of(&self, account: &TestAccount) -> PhoneRow {
        let account = account.id.clone();
        let rows = self.app.app.store.read(move |tx| Box::pin(async move { tx.phones_of(&account).await })).await;
        let rows = rows.map_err(|error: StoreError| error).unwrap();
        rows.into_iter().find(|row| row.revoked_at.is_none()).unwrap()
    }

    /// The verification codes of an account from now on, as the server knows them: the test's clock stands, the app's
    /// goes on.
    pub async fn codes(&self, account: &TestAccount) -> Vec<String> {
        let row = self.phone_of(account).await;
        let sealed = row.code_secret.unwrap();
        let secret = self.app.app.store.seal().open(Place::PhoneCodeSecret, row.id.as_str(), &sealed).unwrap();
        let now = u64::try_from(self.app.now().seconds()).unwrap();
        (0..3).map(|step| totp(&secret, now + 30 * step, 30, Algorithm::Sha1, 6).unwrap()).collect()
    }

    /// Waits until a code of this account stands on the phone's screen.
    pub async fn shows_code_of(&self, account: &TestAccount) {
        let codes = self.codes(account).await;
        self.phone.until(&format!("{}.some((code) => {SHOWN_DIGITS}.includes(code))", json!(codes))).await;
    }

    pub async fn type_pin(&self, pin: &str) {
        self.phone.heading("Type your PIN").await;
        self.phone.fill("PIN in this app", pin).await;
        self.settle().await;
        self.phone.tap("Approve").await;
    }
}

/// Types the number of the other screen into the one of a request.
pub async fn type_number(phone: &Tab, number: &str) {
    for (at, digit) in number.chars().enumerate() {
        let typed = format!("document.querySelectorAll('.box')[{at}]?.textContent === '{digit}'");
        phone.tap(&digit.to_string()).await;
        // On a busy machine the screen may have been drawn only now: then the tap was too early to count.
        for _ in 0..20 {
            if phone.soon(&typed).await {
                break;
            }
            phone.tap(&digit.to_string()).await;
        }
    }
}

/// Another number of as many digits.
pub fn another(number: &str) -> String {
    let first = number.as_bytes()[0];
    let other = if first == b'9' { b'8' } else { first + 1 };
    format!("{}{}", char::from(other), &number[1..])
}
