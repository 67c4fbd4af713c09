//! The calls of a phone that is being enrolled, and of one that authorises another.

use akkoord_core::{Actor, enrolment::State as EnrolmentState, ids::EnrolmentId};
use akkoord_protocols::phone::{
    call::{
        Claim, Empty, EnrolmentPin, EnrolmentStart, EnrolmentStarted, EnrolmentState as StateAnswer, Prove,
        State as StateOnly, TypedDigits,
    },
    pin,
    problem::Code,
};
use axum::{
    extract::{Path, State},
    response::Response,
};

use super::{
    answer,
    call::{Call, Caller, Signed, SignedPhone},
};
use crate::{
    app::App,
    http::error::ApiError,
    use_cases::{
        approval,
        enrolment::{self, Confirmed, Starter},
        evidence,
        phone::{self, Known},
    },
};

/// `POST /enrolments/claim`
pub async fn claim_enrolment(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    call.count_unproved()?;
    let body: Claim = call.read()?;
    answer(&enrolment::claim(&app, &call.ctx, &body).await?)
}

/// `POST /enrolments/pin`
pub async fn evaluate_enrolment_pin(State(app): State<App>, call: Call) -> Result<Response, ApiError> {
    call.count_unproved()?;
    let body: EnrolmentPin = call.read()?;
    answer(&enrolment::evaluate_pin(&app, &call.ctx, &body).await?)
}

/// `POST /enrolments/prove`: the proof is checked with the key that the message brings, under the offered phone's id.
pub async fn prove_enrolment(State(app): State<App>, mut call: Call) -> Result<Response, ApiError> {
    let proof = call.proof_text()?.to_owned();
    let body: Prove = call.read()?;
    let (row, key, enrol) = enrolment::read(&app, &body).await?;
    call.check_proof(&proof, row.phone_id.as_str(), &key)?;
    call.ctx.actor = Actor::Phone(row.phone_id.clone());
    let state = enrolment::prove(&app, &call.ctx, &body, row, key, enrol).await?;
    answer(&StateOnly { state: state.wire().to_owned() })
}

/// `POST /enrolments/state`
pub async fn read_enrolment_state(State(app): State<App>, signed: Signed) -> Result<Response, ApiError> {
    signed.call.read::<Empty>()?;
    let ctx = &signed.call.ctx;
    let known = match signed.caller {
        Caller::Proved(row) => {
            let state = enrolment::state(&row, ctx)?.wire().to_owned();
            return answer(&StateAnswer { state, account: None, codes: None });
        }
        Caller::Active(known) => known,
    };
    let codes = enrolment::tell_codes(&app, ctx, &known.row)?;
    let state = EnrolmentState::Active.wire().to_owned();
    answer(&StateAnswer { state, account: Some(phone::account_of(&known)?), codes })
}

/// Refuses a new phone where the organisation manages how its people sign in.
fn is_left_to_person(phone: &Known) -> Result<(), ApiError> {
    if phone.home.policy.security_info {
        return Ok(());
    }
    let mut error = ApiError::new(Code::Policy, "The organisation manages sign-in methods itself.");
    error.problem.reason = Some("security_info".to_owned());
    Err(error)
}

/// `POST /enrolments/start`: this phone authorises a new one.
pub async fn start_enrolment(State(app): State<App>, signed: SignedPhone) -> Result<Response, ApiError> {
    is_left_to_person(&signed.phone)?;
    let body: EnrolmentStart = signed.call.read()?;
    let (ctx, row) = (&signed.call.ctx, &signed.phone.row);
    let hash = pin::enrol_start_hash(row.id.as_str(), &signed.nonce);
    let allowed = approval::unlock_methods(row, &signed.phone.home.policy);
    if evidence::check_once(&app, ctx, row, &allowed, &body.evidence, &hash).await?.is_err() {
        return Err(ApiError::new(Code::WrongUnlock, "The evidence is not good for a new phone."));
    }
    let id = enrolment::start(&app, ctx, signed.account(), Starter::Phone(row.id.clone())).await?;
    let shown = enrolment::shown(&app, ctx, &id)?;
    answer(&EnrolmentStarted {
        enr: id.as_str().parse().map_err(|_| ApiError::internal("an enrolment's id is not an id"))?,
        url: shown.link.to_string(),
        code: shown.code.to_shown(),
        exp: (ctx.now + akkoord_core::enrolment::STEP).seconds(),
    })
}

/// `POST /enrolments/{enr}/digits`: the new phone's digits, typed on the phone that authorised it.
pub async fn confirm_enrolment_digits(
    State(app): State<App>,
    Path(enr): Path<String>,
    signed: SignedPhone,
) -> Result<Response, ApiError> {
    is_left_to_person(&signed.phone)?;
    let body: TypedDigits = signed.call.read()?;
    let id: EnrolmentId = enr.parse().map_err(|_| ApiError::not_found())?;
    let row = enrolment::find(&app, &id, signed.account()).await?;
    // Only the phone that started it: whoever typed the digits elsewhere saw another screen.
    let row = row.filter(|row| row.started_by_phone.as_ref() == Some(&signed.phone.row.id));
    let row = row.ok_or_else(ApiError::not_found)?;
    let state = match enrolment::confirm(&app, &signed.call.ctx, row, &signed.phone.account, &body.digits).await? {
        Confirmed::Active(_) => EnrolmentState::Active,
        Confirmed::Wrong(left) => {
            let mut error = ApiError::invalid("digits: not the ones that the new phone shows");
            error.problem.left = Some(u32::try_from(left).unwrap_or(0));
            return Err(error);
        }
        Confirmed::Not(state) => state,
    };
    answer(&StateOnly { state: state.wire().to_owned() })
}
