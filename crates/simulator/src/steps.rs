//! What a person does in the browser, as functions: the demo, the load generator and tests all walk the same pages.

use std::time::Duration;

use crate::browser::{Browser, BrowserError};

/// How long a page may take to hear of something.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Why a step did not work.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The browser.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The page is another one than expected, or lacks something.
    #[error("{path} (status {status}) {missing}; it says: {text}")]
    Page {
        /// Where.
        path: String,
        /// The HTTP status.
        status: u16,
        /// What is wrong.
        missing: String,
        /// What the page says.
        text: String,
    },
}

/// An enrolment that a page offers.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The page.
    pub path: String,
    /// The link of the QR code.
    pub link: String,
    /// The code to type.
    pub code: String,
}

/// What is wrong with the page that the browser shows.
pub fn wrong_page(browser: &Browser, missing: impl Into<String>) -> StepError {
    let page = &browser.page;
    let text = page.text().chars().take(300).collect();
    StepError::Page { path: page.path.clone(), status: page.status, missing: missing.into(), text }
}

fn expect_path(browser: &Browser, path: &str) -> Result<(), StepError> {
    if browser.page.path == path && browser.page.status == 200 {
        return Ok(());
    }
    Err(wrong_page(browser, format!("came instead of {path}")))
}

fn expect_attribute(browser: &Browser, name: &str) -> Result<String, StepError> {
    browser.page.attribute(name).ok_or_else(|| wrong_page(browser, format!("has no {name}")))
}

/// Types the user name. The page that follows shows the number, which is returned.
pub async fn start_sign_in(browser: &mut Browser, username: &str) -> Result<String, StepError> {
    browser.open("/signin").await?;
    type_username(browser, username).await
}

/// Types the user name into the page that is open.
pub async fn type_username(browser: &mut Browser, username: &str) -> Result<String, StepError> {
    expect_path(browser, "/signin")?;
    browser.submit("/signin", &[("username", username)]).await?;
    expect_path(browser, "/signin/approve")?;
    expect_attribute(browser, "data-number")
}

/// Tells the server that the number can be seen, as the page's script does.
pub async fn number_is_shown(browser: &mut Browser) -> Result<(), StepError> {
    browser.post("/signin/shown", &[]).await?;
    Ok(())
}

/// Goes on after the phone approved. The account page is shown.
pub async fn finish_sign_in(browser: &mut Browser) -> Result<(), StepError> {
    browser.submit("/signin/finish", &[]).await?;
    expect_path(browser, "/account")
}

/// Whose account page is shown.
pub fn signed_in_as(browser: &Browser) -> Result<String, StepError> {
    expect_path(browser, "/account")?;
    expect_attribute(browser, "data-username")
}

/// Signs in with a temporary access pass.
pub async fn sign_in_with_pass(browser: &mut Browser, username: &str, pass: &str) -> Result<(), StepError> {
    browser.open("/signin").await?;
    browser.submit("/signin", &[("username", username)]).await?;
    browser.open("/signin/access-pass").await?;
    expect_path(browser, "/signin/access-pass")?;
    let with_name = [("username", username), ("pass", pass)];
    let fields = if browser.page.has_input("username") { &with_name[..] } else { with_name.get(1..).unwrap_or(&[]) };
    browser.submit("/signin/access-pass", fields).await?;
    // An account without a phone is led through setting up.
    expect_path(browser, "/account/setup").or_else(|_| expect_path(browser, "/account"))
}

/// Starts to add a phone from the account page, past the step that says how to get the app.
pub async fn add_phone(browser: &mut Browser) -> Result<Offered, StepError> {
    browser.open("/account").await?;
    if !browser.page.contains("href=\"/account/phones/add\"") {
        return Err(wrong_page(browser, "offers no phone to be added"));
    }
    browser.open("/account/phones/add").await?;
    expect_path(browser, "/account/phones/add")?;
    browser.submit("/account/phones/add", &[]).await?;
    let link = expect_attribute(browser, "data-link")?;
    let code = expect_attribute(browser, "data-code")?;
    Ok(Offered { path: browser.page.path.clone(), link, code })
}

/// Types the phone's six digits into the page.
pub async fn type_digits(browser: &mut Browser, offered: &Offered, digits: &str) -> Result<(), StepError> {
    browser.open(&offered.path).await?;
    let stage = expect_attribute(browser, "data-stage")?;
    if stage != "digits" {
        return Err(wrong_page(browser, format!("is at {stage} and not at the digits")));
    }
    browser.submit(&format!("{}/digits", offered.path), &[("digits", digits)]).await?;
    match expect_attribute(browser, "data-stage")?.as_str() {
        "done" => Ok(()),
        stage => Err(wrong_page(browser, format!("is at {stage} and not done"))),
    }
}

/// Starts a practice request. Returns its page and the number on it.
pub async fn start_practice(browser: &mut Browser) -> Result<(String, String), StepError> {
    browser.open("/account").await?;
    browser.submit("/account/practice", &[]).await?;
    Ok((browser.page.path.clone(), expect_attribute(browser, "data-number")?))
}

/// Looks at a practice request until its page tells this state.
pub async fn practice_ends(browser: &mut Browser, path: &str, wanted: &[&str]) -> Result<(), StepError> {
    browser.open(path).await?;
    let state = expect_attribute(browser, "data-state")?;
    if wanted.iter().any(|wanted| state.eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    Err(wrong_page(browser, format!("is at {state} and not at {}", wanted.join(" or "))))
}

/// Signs out.
pub async fn sign_out(browser: &mut Browser) -> Result<(), StepError> {
    browser.open("/account").await?;
    browser.submit("/account/sign-out", &[]).await?;
    browser.open("/account").await?;
    if browser.page.path == "/account" && browser.page.attribute("data-username").is_some() {
        return Err(wrong_page(browser, "still shows the account after signing out"));
    }
    Ok(())
}
