//! The pages for people.

mod account;
mod credentials;
mod destination;
mod enrolment;
mod keys;
mod methods;
mod not_me;
mod practice;
mod recovery_codes;
mod setup;
mod sign_in;
mod steps;
mod two_step;
mod waiting;

use akkoord_core::session::Change;
use axum::{
    Router,
    response::Response,
    routing::{get, post},
};

use super::{
    cookies::Cookie,
    error::PageError,
    form::Form,
    page::{Page, add_cookie, see_other},
};
use crate::{
    app::App,
    views::{guide::Guide, texts::Language},
};

/// The pages' routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(show_start))
        .route("/language", post(choose_language))
        .route("/signin", get(sign_in::show_sign_in).post(sign_in::start_sign_in))
        .route("/signin/approve", get(sign_in::show_approve))
        .route("/signin/events", get(sign_in::stream_sign_in))
        .route("/signin/shown", post(sign_in::note_shown))
        .route("/signin/finish", post(sign_in::finish_sign_in))
        .route("/signin/cancel", post(sign_in::cancel_sign_in))
        .route("/signin/again", post(sign_in::start_again))
        .route("/signin/other", get(sign_in::show_other_ways))
        .route("/signin/password-instead", post(steps::choose_password))
        .route("/signin/password", get(steps::show_password).post(steps::try_password))
        .route("/signin/code", get(steps::show_code).post(steps::try_code))
        .route("/signin/passkey", get(keys::show_passkey).post(keys::try_passkey))
        .route("/signin/passkey/options", get(keys::show_passkey_options))
        .route("/signin/security-key", get(keys::show_security_key).post(keys::try_security_key))
        .route("/signin/security-key/options", get(keys::show_security_key_options))
        .route("/signin/second-step", post(keys::choose_second_step))
        .route("/signin/access-pass", get(sign_in::show_access_pass).post(sign_in::try_access_pass))
        .route("/signin/recovery-code", get(recovery_codes::show_recovery_code).post(recovery_codes::try_recovery_code))
        .route("/signin/fresh", get(sign_in::show_fresh_proof).post(sign_in::start_fresh_proof))
        .route("/signin/stay", get(two_step::show_stay).post(two_step::answer_stay))
        .route("/help", get(show_guide))
        .route("/signed-out", get(account::show_signed_out))
        .route("/account", get(account::show_account))
        .route("/account/setup", get(setup::show_setup))
        .route("/account/two-step/off", get(two_step::show_switch_off).post(two_step::switch_off))
        .route("/account/two-step/on", post(two_step::switch_on))
        .route("/account/default-step", post(two_step::choose_default))
        .route("/account/stay/stop", post(two_step::stop_staying))
        .route("/account/remembered/forget", post(account::forget_browsers))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/sign-out-elsewhere", post(account::sign_out_elsewhere))
        .route("/account/phones/add", get(enrolment::show_get_app).post(enrolment::start_enrolment))
        .route("/account/phones/add/{id}", get(enrolment::show_enrolment))
        .route("/account/phones/add/{id}/events", get(enrolment::stream_enrolment))
        .route("/account/phones/add/{id}/digits", post(enrolment::confirm_digits))
        .route("/account/phones/add/{id}/cancel", post(enrolment::cancel_enrolment))
        .route("/account/phones/{id}/name", post(account::rename_phone))
        .route("/account/phones/{id}/remove", get(account::show_remove_phone).post(account::remove_phone))
        .route("/account/password", get(methods::show_set_password).post(methods::set_password))
        .route("/account/password/remove", get(methods::show_remove_password).post(methods::remove_password))
        .route("/account/passkeys/add", get(credentials::show_add_passkey).post(credentials::add_passkey))
        .route("/account/passkeys/add/options", get(credentials::show_passkey_creation))
        .route("/account/passkeys/{id}/name", post(credentials::rename_credential))
        .route(
            "/account/passkeys/{id}/remove",
            get(credentials::show_remove_credential).post(credentials::remove_credential),
        )
        .route(
            "/account/security-keys/add",
            get(credentials::show_add_security_key).post(credentials::add_security_key),
        )
        .route("/account/security-keys/add/options", get(credentials::show_security_key_creation))
        .route("/account/codes/add", get(methods::show_add_codes).post(methods::confirm_codes))
        .route("/account/codes/{id}/remove", get(methods::show_remove_codes).post(methods::remove_codes))
        .route(
            "/account/recovery-codes",
            get(recovery_codes::show_make_recovery_codes).post(recovery_codes::make_recovery_codes),
        )
        .route("/account/recovery-codes/remove", post(recovery_codes::remove_recovery_codes))
        .route("/account/practice", post(practice::start_practice))
        .route("/account/practice/{id}", get(practice::show_practice))
        .route("/account/practice/{id}/events", get(practice::stream_practice))
        .route("/not-me/{token}", get(not_me::show_not_me).post(not_me::confirm_not_me))
}

/// What the page or form at an address changes of how its account is protected; nothing for those that show, end or forget
/// something. An address of the account that is not named here counts as a change, so that a new one is not forgotten.
pub fn change_of(path: &str) -> Option<Change> {
    let below = path.strip_prefix("/account/")?;
    match below.split('/').next().unwrap_or_default() {
        "setup" | "remembered" | "stay" | "sign-out" | "sign-out-elsewhere" | "practice" => None,
        _ if below == "phones/add" || below.starts_with("phones/add/") => Some(Change::AddPhone),
        _ if below == "password" => Some(Change::Password),
        _ => Some(Change::Other),
    }
}

/// `/`: to one's account, which asks for a sign-in where there is none.
async fn show_start() -> Response {
    see_other("/account")
}

/// `/help`
async fn show_guide(page: Page) -> Result<Response, PageError> {
    page.show(&Guide { frame: page.frame() })
}

#[derive(serde::Deserialize)]
struct LanguageForm {
    language: String,
    return_to: String,
}

async fn choose_language(form: Form<LanguageForm>) -> Result<Response, PageError> {
    let language = Language::from_code(&form.0.language).ok_or(PageError::BadRequest)?;
    let mut response = see_other(local_path(&form.0.return_to).unwrap_or("/"));
    add_cookie(&mut response, Cookie::Language.set(language.code()));
    Ok(response)
}

/// A path of ours, or nothing: a redirect never leads to another host. Browsers read `\` as `/`, and `//` starts a
/// host.
fn local_path(text: &str) -> Option<&str> {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && text.starts_with('/') && !text.starts_with("//")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn a_redirect_never_leads_to_another_host() {
        for text in ["//evil.example", "/\\evil.example", "https://evil.example", "", "evil", "/a b", "/a\r\nb"] {
            assert_eq!(local_path(text), None, "{text:?}");
        }
        assert_eq!(local_path("/account?x=1"), Some("/account?x=1"));
    }
}
