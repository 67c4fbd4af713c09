//! Enrolling a phone: `protocol.md` 5, the server's side of each step.

mod answer;
mod claim;

use akkoord_core::{
    Ctx,
    audit::Event,
    enrolment::{self, State},
    ids::{AccountId, EnrolmentId, PhoneId, SessionId},
    phone::PIN_TRIES,
    secret::Token,
};
use akkoord_protocols::{
    bytes::{Bytes, encode},
    jose::Jwk,
    otp,
    phone::{Platform, call::Codes, code::TypedCode, enrolment::Digits, link::EnrolmentLink, pin::OprfKey},
    random,
    text::Name,
    webpush::Subscription,
};
use akkoord_store::{
    AccountRow, Constraint, EnrolmentRow, NewEnrolment, NewPhone, PhoneRow, Place, Purpose, PushSubscription, Seal,
    StoreError, Tx,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use answer::{prove, read};
pub use claim::{claim, evaluate_pin};

use super::{
    account::{self, corrupt},
    audit, code,
    notice::{self, PhoneNotice},
    push,
};
use crate::{app::App, wake::Topic};

/// What a phone has proved, kept sealed until the digits are confirmed.
#[derive(Serialize, Deserialize)]
struct ProvedPhone {
    key: Jwk,
    name: Name,
    platform: Platform,
    pin_key: Option<Jwk>,
    webauthn: Option<String>,
    push: Option<Subscription>,
}

/// Who starts an enrolment.
#[derive(Clone, Debug)]
pub enum Starter {
    /// A browser, with a fresh session or one by an access pass.
    Browser(SessionId),
    /// A phone that authorises a new one.
    Phone(PhoneId),
}

/// The token of an enrolment's QR code. It is made from the id under the root key, so that the page can be shown
/// again while nothing but its hash is stored.
fn token(seal: &Seal, id: &EnrolmentId) -> Token {
    Token::from_bytes(seal.mac(Purpose::EnrolmentToken, &[id.as_str().as_bytes()]))
}

/// The code to type, made in the same way.
fn typed_code(seal: &Seal, id: &EnrolmentId) -> TypedCode {
    struct Fixed([u8; 32]);
    impl random::Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            for (to, from) in bytes.iter_mut().zip(self.0) {
                *to = from;
            }
        }
    }
    TypedCode::new(&Fixed(seal.mac(Purpose::EnrolmentTypedCode, &[id.as_str().as_bytes()])))
}

fn code_mac(seal: &Seal, account: &AccountId, code: &TypedCode) -> String {
    encode(&seal.mac(Purpose::EnrolmentCode, &[account.as_str().as_bytes(), code.expose().as_bytes()]))
}

/// What the page of a started enrolment shows.
pub struct Shown {
    /// The link of the QR code.
    pub link: EnrolmentLink,
    /// The code to type.
    pub code: TypedCode,
}

/// The link and the code of an enrolment.
pub fn shown(app: &App, ctx: &Ctx, id: &EnrolmentId) -> Result<Shown, StoreError> {
    let keys = app.server_keys();
    let key = keys.current(ctx.now).ok_or_else(|| corrupt("server_keys", "kid", ""))?;
    let seal = app.store.seal();
    Ok(Shown {
        link: EnrolmentLink {
            api: app.config.phone_url.clone(),
            token: Bytes(*token(seal, id).expose()),
            server_key: key.public().thumbprint(),
        },
        code: typed_code(seal, id),
    })
}

/// The state of an enrolment as of `now`.
pub fn state(row: &EnrolmentRow, ctx: &Ctx) -> Result<State, StoreError> {
    let state: State = row.state.as_str().parse().map_err(|_| corrupt("enrolments", "state", row.id.as_str()))?;
    Ok(if state.is_open() && ctx.now >= row.expires_at { State::Expired } else { state })
}

/// Starts an enrolment. An older one of the account that is still open ends: there is one at a time.
pub async fn start(app: &App, ctx: &Ctx, account: &AccountId, starter: Starter) -> Result<EnrolmentId, StoreError> {
    let seal = app.store.seal();
    let id = EnrolmentId::new(&*ctx.random);
    let broken = |error: akkoord_protocols::phone::pin::PinError| StoreError::Unavailable(error.to_string());
    let oprf = OprfKey::new(&*ctx.random).map_err(broken)?;
    let scalar = oprf.expose().map_err(broken)?;
    let (session_id, started_by_phone) = match starter {
        Starter::Browser(session) => (Some(session), None),
        Starter::Phone(phone) => (None, Some(phone)),
    };
    let new = NewEnrolment {
        account_id: account.clone(),
        phone_id: PhoneId::new(&*ctx.random),
        session_id,
        started_by_phone,
        token_hash: token(seal, &id).hash(),
        code_mac: code_mac(seal, account, &typed_code(seal, &id)),
        code_left: enrolment::CODE_TRIES,
        server_nonce: seal.seal(Place::EnrolmentServerNonce, id.as_str(), &random::bytes::<32>(&*ctx.random)),
        oprf_key: seal.seal(Place::EnrolmentOprfKey, id.as_str(), scalar.as_ref()),
        voprf: oprf.public().map_err(broken)?.to_text(),
        prove_left: enrolment::PROVE_TRIES,
        digits_left: enrolment::DIGIT_TRIES,
        created_at: ctx.now,
        expires_at: ctx.now + enrolment::STEP,
        id: id.clone(),
    };
    let (inner, account) = (ctx.clone(), account.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                tx.end_open_enrolments(&account, inner.now).await?;
                if !tx.add_enrolment(&new).await? {
                    return Err(StoreError::Lost);
                }
                let detail = json!({ "by_phone": new.started_by_phone });
                audit::record(tx, &inner, Event::EnrolmentStarted, Some(&account), Some(new.id.as_str()), detail).await
            })
        })
        .await?;
    Ok(id)
}

/// Finds an enrolment of an account.
pub async fn find(app: &App, id: &EnrolmentId, account: &AccountId) -> Result<Option<EnrolmentRow>, StoreError> {
    let id = id.clone();
    let found = app.store.read(move |tx| Box::pin(async move { tx.enrolment(&id).await })).await?;
    Ok(found.filter(|row| row.account_id == *account))
}

/// The person stops it.
pub async fn cancel(app: &App, ctx: &Ctx, id: &EnrolmentId) -> Result<(), StoreError> {
    let (inner, ended) = (ctx.clone(), id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if tx.cancel_enrolment(&ended, inner.now).await? {
                    end_recorded(tx, &inner, &ended, State::Cancelled).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    app.wake.tell(&Topic::Enrolment(id.to_string()));
    Ok(())
}

async fn end_recorded(tx: &mut Tx, ctx: &Ctx, id: &EnrolmentId, state: State) -> Result<(), StoreError> {
    let account = tx.enrolment(id).await?.map(|row| row.account_id);
    let detail = json!({ "state": state.as_str() });
    audit::record(tx, ctx, Event::EnrolmentEnded, account.as_ref(), Some(id.as_str()), detail).await
}

/// How the typed digits were taken.
#[derive(Clone, Debug)]
pub enum Confirmed {
    /// The phone is enrolled.
    Active(PhoneNotice),
    /// Wrong; so many tries are left.
    Wrong(i64),
    /// The enrolment was in another state.
    Not(State),
}

/// The six digits, typed on the page or on the old phone. Right, the phone is enrolled; wrong three times, it is
/// rejected.
pub async fn confirm(
    app: &App,
    ctx: &Ctx,
    row: EnrolmentRow,
    account: &AccountRow,
    typed: &str,
) -> Result<Confirmed, StoreError> {
    let state = state(&row, ctx)?;
    if state != State::Proved {
        return Ok(Confirmed::Not(state));
    }
    let seal = app.store.seal();
    let missing = |column| corrupt("enrolments", column, row.id.as_str());
    let open = |place, column, value: &Option<akkoord_store::Sealed>| {
        seal.open(place, row.id.as_str(), value.as_ref().ok_or_else(|| missing(column))?)
    };
    let digits = open(Place::EnrolmentDigits, "digits", &row.digits)?;
    let digits = Digits::from_stored(std::str::from_utf8(&digits).map_err(|_| missing("digits"))?);
    let id = row.id.clone();
    let outcome = if digits.matches(typed) {
        let proved = open(Place::EnrolmentProved, "proved", &row.proved)?;
        let proved: ProvedPhone = serde_json::from_slice(&proved).map_err(|_| missing("proved"))?;
        let oprf = open(Place::EnrolmentOprfKey, "oprf_key", &row.oprf_key)?;
        let phone = row.phone_id.clone();
        let json = |key: &Jwk| serde_json::to_string(key).map_err(|_| missing("proved"));
        let new = NewPhone {
            account_id: account.id.clone(),
            name: proved.name.as_str().to_owned(),
            platform: proved.platform.as_str().to_owned(),
            key: json(&proved.key)?,
            pin_key: proved.pin_key.as_ref().map(json).transpose()?,
            webauthn: proved.webauthn,
            oprf_key: seal.seal(Place::PhoneOprfKey, phone.as_str(), &oprf),
            voprf: row.voprf.clone(),
            pin_left: PIN_TRIES,
            app_pin_at: None,
            phone_sign_in_at: Some(ctx.now),
            code_secret: Some(seal.seal(Place::PhoneCodeSecret, phone.as_str(), &random::bytes::<20>(&*ctx.random))),
            created_at: ctx.now,
            id: phone,
        };
        let push = proved.push.map(|push| push::seal(app, &new.id, &push)).transpose()?;
        match activate(app, ctx, row, account.clone(), new, push).await {
            // Another enrolment of the same key was faster: the proof of this one came before it was a phone's.
            Err(StoreError::Conflict(Constraint::PhoneKey)) => reject(app, ctx, &id).await?,
            outcome => outcome?,
        }
    } else {
        let (inner, wrong) = (ctx.clone(), row.id.clone());
        let left = app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let left = tx.count_digit_failure(&wrong, inner.now).await?;
                    if left == Some(0) {
                        end_recorded(tx, &inner, &wrong, State::Rejected).await?;
                    }
                    Ok::<_, StoreError>(left)
                })
            })
            .await?;
        match left {
            Some(left) if left > 0 => Confirmed::Wrong(left),
            _ => Confirmed::Not(State::Rejected),
        }
    };
    app.wake.tell(&Topic::Enrolment(id.to_string()));
    Ok(outcome)
}

async fn reject(app: &App, ctx: &Ctx, id: &EnrolmentId) -> Result<Confirmed, StoreError> {
    let (ctx, id) = (ctx.clone(), id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if tx.reject_enrolment(&id, ctx.now).await? {
                    end_recorded(tx, &ctx, &id, State::Rejected).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(Confirmed::Not(State::Rejected))
}

async fn activate(
    app: &App,
    ctx: &Ctx,
    row: EnrolmentRow,
    account: AccountRow,
    new: NewPhone,
    push: Option<PushSubscription>,
) -> Result<Confirmed, StoreError> {
    let (app_too, ctx) = (app.clone(), ctx.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.confirm_enrolment(&row.id, ctx.now).await? {
                    let now = tx.enrolment(&row.id).await?.ok_or(StoreError::Lost)?;
                    return Ok(Confirmed::Not(state(&now, &ctx)?));
                }
                tx.add_phone(&new).await?;
                if let Some(push) = &push {
                    tx.set_push_subscription(&new.id, push, ctx.now).await?;
                }
                let detail = json!({
                    "push": push.is_some(),
                    "platform": new.platform,
                    "webauthn": new.webauthn.is_some(),
                    "pin": new.pin_key.is_some(),
                    "enrolment": row.id,
                });
                audit::record(tx, &ctx, Event::PhoneAdded, Some(&account.id), Some(new.id.as_str()), detail).await?;
                code::switch_two_step_on(tx, &ctx, &account.id).await?;
                let home = account::home(tx, &account, &app_too.config.name).await?;
                let phone = PhoneNotice { id: new.id.clone(), name: new.name.clone(), platform: new.platform.clone() };
                notice::phone_added(&app_too, tx, &ctx, &account, &home, &phone).await?;
                Ok::<_, StoreError>(Confirmed::Active(phone))
            })
        })
        .await
}

/// The secret of a new phone's verification codes, for its own eyes: the same each time, and only while it is new.
pub fn tell_codes(app: &App, ctx: &Ctx, phone: &PhoneRow) -> Result<Option<Codes>, StoreError> {
    let Some(sealed) = phone.code_secret.as_ref().filter(|_| ctx.now < phone.created_at + enrolment::CODES_TOLD) else {
        return Ok(None);
    };
    let secret = app.store.seal().open(Place::PhoneCodeSecret, phone.id.as_str(), sealed)?;
    let secret = secret.as_slice().try_into().map_err(|_| corrupt("phones", "code_secret", phone.id.as_str()))?;
    Ok(Some(Codes { secret: Bytes(secret), algorithm: otp::Algorithm::Sha1, digits: 6, period: 30 }))
}
