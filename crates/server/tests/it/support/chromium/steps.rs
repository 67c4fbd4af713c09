//! What a person does on the pages, again and again.

use super::Tab;

/// Types the user name. The page that follows shows the number, which is returned as a person reads it.
pub async fn start_sign_in(tab: &Tab, username: &str) -> String {
    tab.open("/signin").await;
    tab.type_text("#username", username).await;
    tab.press("main .main").await;
    tab.at("/signin/approve").await;
    read_number(tab).await
}

/// The number on the page.
pub async fn read_number(tab: &Tab) -> String {
    let shown = tab.eval("document.querySelector('.number').innerText").await;
    shown.as_str().unwrap().trim().to_owned()
}

/// Signs in with an access pass.
pub async fn sign_in_with_pass(tab: &Tab, username: &str, pass: &str) {
    tab.open("/signin/access-pass").await;
    tab.type_text("#username", username).await;
    tab.type_text("#pass", pass).await;
    tab.press("main .main").await;
    // An account without a phone is led through setting up.
    tab.until("['/account', '/account/setup'].includes(location.pathname) && document.readyState === 'complete'").await;
}
