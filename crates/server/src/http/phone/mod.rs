//! `/phone/v1`: the phone protocol over HTTP.

mod call;
mod calls;
mod enrolment;
mod events;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};

use crate::{app::App, http::error::ApiError};

/// The phones' routes.
pub fn routes(app: &App) -> Router<App> {
    let v1 = Router::new()
        .route("/nonce", post(calls::create_nonce))
        .route("/enrolments/claim", post(enrolment::claim_enrolment))
        .route("/enrolments/pin", post(enrolment::evaluate_enrolment_pin))
        .route("/enrolments/prove", post(enrolment::prove_enrolment))
        .route("/enrolments/state", post(enrolment::read_enrolment_state))
        .route("/enrolments/start", post(enrolment::start_enrolment))
        .route("/enrolments/{enr}/digits", post(enrolment::confirm_enrolment_digits))
        .route("/requests/pending", post(calls::list_pending_requests))
        .route("/requests/{id}/decision", post(calls::decide_request))
        .route("/events", get(events::stream_events))
        .route("/expect", post(calls::expect_sign_in))
        .route("/history", post(calls::list_history))
        .route("/history/{id}/report", post(calls::report_history))
        .route("/pin/evaluate", post(calls::evaluate_pin))
        .route("/pin/change/start", post(calls::start_pin_change))
        .route("/pin/change/finish", post(calls::finish_pin_change))
        .route("/push", put(calls::set_push).delete(calls::remove_push))
        .route("/push/test", post(calls::test_push))
        .route("/self", get(calls::read_self).patch(calls::change_self).delete(calls::remove_self))
        .route("/rotate", post(calls::rotate_key))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(middleware::from_fn_with_state(app.clone(), envelope));
    Router::new().nest("/phone/v1", v1)
}

async fn unknown() -> ApiError {
    ApiError::not_found()
}

/// Around every call: a nonce and the time with each answer, and any origin without cookies (`protocol.md` 4).
async fn envelope(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let now = app.clock.now().seconds();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: HeaderValue| {
        headers.insert(HeaderName::from_static(name), value);
    };
    if let Ok(nonce) = HeaderValue::from_str(&app.nonce_key.make(now)) {
        set("phone-nonce", nonce);
    }
    set("phone-time", HeaderValue::from(now));
    set("access-control-allow-origin", HeaderValue::from_static("*"));
    set("access-control-allow-methods", HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE"));
    set("access-control-allow-headers", HeaderValue::from_static("content-type, phone-proof"));
    set("access-control-expose-headers", HeaderValue::from_static("phone-nonce, phone-time, retry-after"));
    set("access-control-max-age", HeaderValue::from_static("7200"));
    response
}

/// A JSON answer.
fn answer(value: &impl serde::Serialize) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(value).map_err(|error| ApiError::internal(error.to_string()))?;
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}
