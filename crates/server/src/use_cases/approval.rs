//! Requests to phones: starting one, and what its state is.

use std::time::Duration;

use akkoord_core::{
    Ctx, Timestamp,
    approval::{ShownNumber, State},
    audit::Event,
    budget::{Limits, Verdict},
    ids::{AccountId, ApprovalId, OrganisationId, PhoneId},
    policy::{NumberMode, Policy},
    secret::TokenHash,
};
use akkoord_protocols::{
    bytes::Bytes,
    jose::SigningKey,
    phone::{
        Unlock,
        request::{App as RequestApp, Context, Operation, Request},
    },
    random,
    text::{Handle, Id},
};
use akkoord_store::{ApprovalRow, Ended, NewApproval, PhoneRow, Placed, StoreError, Tx};
use serde_json::json;

use super::{account::corrupt, audit, budget, sign_in};
use crate::{app::App, http::client::Client, jobs, wake::Topic};

/// The service itself as the app that is signed in to.
pub const OWN_CLIENT: &str = "akkoord";

/// For whom a request is made.
pub struct Asked {
    /// The account, or an id that no account has.
    account: AccountId,
    /// Its organisation.
    organisation: Option<OrganisationId>,
    /// The phones that are asked, each with the unlock methods that it has and policy allows.
    phones: Vec<(PhoneId, Vec<Unlock>)>,
    /// Whether none of them is there.
    decoy: bool,
}

impl Asked {
    /// An account and its phones that may answer. Where there is none, a phone is made up and asked: its message is signed
    /// and kept like any other, so that the time tells a stranger nothing.
    pub fn new(
        ctx: &Ctx,
        account: AccountId,
        organisation: Option<OrganisationId>,
        phones: &[PhoneRow],
        policy: &Policy,
    ) -> Self {
        let mut phones = answering_phones(phones, policy);
        let decoy = phones.is_empty();
        if decoy {
            phones.push((PhoneId::new(&*ctx.random), policy.unlock.clone()));
        }
        Self { account, organisation, phones, decoy }
    }
}

/// A request that is ready to be stored: its messages are signed, because the writer must not wait for that.
pub struct Prepared {
    new: NewApproval,
    /// The numbers that its messages are right for. Those of a keypad serve each: more than the account's other waiting
    /// requests may have.
    numbers: Vec<String>,
    messages: Vec<(PhoneId, String)>,
    /// When the phones may be rung; not at all where pushes are off.
    ring_at: Option<Timestamp>,
    known_browser: bool,
    limits: Limits,
}

/// Why a prepared request was not stored. Nothing is kept of the try.
#[derive(Debug, thiserror::Error)]
pub enum NotStored {
    /// Each of its numbers is that of another waiting request: prepare it anew.
    #[error("other requests of the account took each number that was drawn")]
    NumbersTaken,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// When a phone rings at the latest: sooner, once its browser says that the number is on the screen.
const SHOWN_BY: Duration = Duration::from_millis(1500);
/// Numbers drawn for a request: one more than may be taken.
const NUMBERS: usize = 4;
/// How often a request is prepared anew because another of its account took its number in between.
pub const TRIES: usize = 8;

/// The active phones of an account that may answer a request, with how each can be unlocked.
pub fn answering_phones(phones: &[PhoneRow], policy: &Policy) -> Vec<(PhoneId, Vec<Unlock>)> {
    phones
        .iter()
        .filter(|phone| phone.revoked_at.is_none() && phone.phone_sign_in_at.is_some())
        .map(|phone| (phone.id.clone(), unlock_methods(phone, policy)))
        .filter(|(_, unlock)| !unlock.is_empty())
        .collect()
}

/// The unlock methods that a phone has and policy allows.
pub fn unlock_methods(phone: &PhoneRow, policy: &Policy) -> Vec<Unlock> {
    let has = |unlock: &Unlock| match unlock {
        Unlock::Webauthn => phone.webauthn.is_some() && !(policy.app_pin && phone.pin_key.is_some()),
        Unlock::Pin => phone.pin_key.is_some(),
    };
    policy.unlock.iter().copied().filter(has).collect()
}

/// What the phone is told of where a request comes from.
pub fn context(ctx: &Ctx, client: &Client, known: bool) -> Context {
    Context {
        ip: client.address.to_string().parse().ok(),
        net: client.network.as_deref().and_then(|name| name.parse().ok()),
        place: None,
        browser: client.browser.and_then(|name| name.parse().ok()),
        known,
        at: ctx.now.seconds(),
    }
}

/// Prepares a request with a number that is none of `taken`.
#[expect(clippy::too_many_arguments, reason = "a request is made of all of this")]
pub fn prepare(
    app: &App,
    ctx: &Ctx,
    flow: &TokenHash,
    operation: Operation,
    asked: &Asked,
    context: &Context,
    policy: &Policy,
    taken: &[String],
) -> Result<Prepared, StoreError> {
    let id = ApprovalId::new(&*ctx.random);
    let keys = app.server_keys();
    let key = keys.current(ctx.now).ok_or_else(|| corrupt("server_keys", "kid", ""))?;
    let expires_at = ctx.now + policy.request_lifetime();
    let mut numbers: Vec<String> = Vec::with_capacity(NUMBERS);
    while numbers.len() < NUMBERS {
        let number = ShownNumber::draw(&*ctx.random, policy.number_digits);
        let number = number.expose();
        if numbers.iter().chain(taken).all(|other| other != number) {
            numbers.push(number.to_owned());
        }
    }
    let number = ShownNumber::from_stored(numbers.first().cloned().unwrap_or_default());
    let mut messages = Vec::with_capacity(asked.phones.len());
    for (phone, unlock) in &asked.phones {
        let message = Message { app, ctx, id: &id, operation, asked, context, policy, number: &number };
        messages.push((phone.clone(), message.sign(key, phone, unlock, expires_at)?));
    }
    if policy.number_mode == NumberMode::Choose {
        numbers.truncate(1);
    }
    let new = NewApproval {
        id,
        account_id: asked.account.clone(),
        decoy: asked.decoy,
        organisation_id: asked.organisation.clone(),
        flow_hash: flow.clone(),
        operation: operation.as_str().to_owned(),
        client_id: OWN_CLIENT.to_owned(),
        client_name: app.config.name.clone(),
        context: serde_json::to_string(context).map_err(|error| StoreError::Unavailable(error.to_string()))?,
        mode: match policy.number_mode {
            NumberMode::Enter => "enter",
            NumberMode::Choose => "choose",
        }
        .to_owned(),
        unlock: "any".to_owned(),
        created_at: ctx.now,
        known_at: None,
        rings_at: None,
        expires_at,
    };
    // A practice is begun by a person with the phone in hand, on a page that is theirs.
    let wait = if operation == Operation::Practice { Duration::ZERO } else { SHOWN_BY };
    let ring_at = app.config.push.enabled.then(|| ctx.now + wait);
    let (known_browser, limits) = (context.known, Limits::from(policy));
    Ok(Prepared { new, numbers, messages, ring_at, known_browser, limits })
}

struct Message<'a> {
    app: &'a App,
    ctx: &'a Ctx,
    id: &'a ApprovalId,
    operation: Operation,
    asked: &'a Asked,
    context: &'a Context,
    policy: &'a Policy,
    number: &'a ShownNumber,
}

impl Message<'_> {
    fn sign(
        &self,
        key: &SigningKey,
        phone: &PhoneId,
        unlock: &[Unlock],
        expires_at: Timestamp,
    ) -> Result<String, StoreError> {
        let broken = |column| corrupt("approvals", column, self.id.as_str());
        let request = Request {
            v: 1,
            iss: self.app.config.public_url.clone(),
            aud: phone.as_str().parse::<Id>().map_err(|_| broken("phone_id"))?,
            jti: self.id.as_str().parse::<Id>().map_err(|_| broken("id"))?,
            iat: self.ctx.now.seconds(),
            exp: expires_at.seconds(),
            op: self.operation,
            acct: self.asked.account.as_str().parse::<Handle>().map_err(|_| broken("account_id"))?,
            app: RequestApp {
                id: OWN_CLIENT.parse::<Handle>().map_err(|_| broken("client_id"))?,
                name: self.app.config.name.parse().map_err(|_| broken("client_name"))?,
            },
            ctx: self.context.clone(),
            number: self.number.as_question(&*self.ctx.random, self.policy),
            unlock: unlock.to_vec(),
            n: Bytes(random::bytes(&*self.ctx.random)),
            text: None,
        };
        request.sign(key).map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

/// A request that was stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its id.
    pub id: ApprovalId,
    /// The phones that are asked; none for a decoy.
    pub phones: Vec<PhoneId>,
    /// How many of them will be rung.
    pub rings: usize,
    /// The requests that it took the place of.
    pub superseded: Vec<Ended>,
}

/// Stores a prepared request, in the place of what waits for the browser of `replaced`. What becomes of it is decided here:
/// whether it rings, waits quietly, or is a decoy. The statements and what they write are the same for each, and for a name
/// that nobody has, but for the pushes themselves, of which a stranger gets too few to learn from their time.
pub async fn store(
    tx: &mut Tx,
    ctx: &Ctx,
    prepared: Prepared,
    replaced: Option<&TokenHash>,
) -> Result<Stored, NotStored> {
    let Prepared { mut new, numbers, messages, ring_at, known_browser, limits } = prepared;
    let (start, verdict) = budget::decide(tx, ctx, &new.account_id, known_browser, &limits).await?;
    new.known_at = start.is_known().then_some(ctx.now);
    new.rings_at = (verdict == Verdict::Ring).then_some(ctx.now);
    new.decoy |= matches!(verdict, Verdict::Decoy(_));
    let superseded = match replaced {
        Some(flow) => tx.supersede_approvals(flow, ctx.now).await?,
        None => Vec::new(),
    };
    sign_in::all_settled(tx, ctx, &superseded).await?;
    tx.free_overdue_places(&new.account_id, ctx.now).await?;
    let is_real = match tx.place_approval(&new, &numbers).await? {
        Placed::Placed { .. } => true,
        Placed::Decoy => false,
        Placed::NumbersTaken | Placed::FlowTaken => return Err(NotStored::NumbersTaken),
    };
    let mut phones = Vec::with_capacity(messages.len());
    for (phone, message) in messages {
        tx.add_approval_message(&new.id, &phone, &message).await?;
        if is_real {
            phones.push(phone);
        }
    }
    // Phones are found only for a request that may ring: its row says so.
    let rings = match ring_at {
        Some(at) => jobs::queue_pushes(tx, ctx, &new.id, at).await?,
        None => 0,
    };
    let held_back = match verdict {
        Verdict::Ring => None,
        Verdict::Quiet(reason) | Verdict::Decoy(reason) => Some(reason.as_str()),
    };
    let detail = json!({
        "operation": new.operation,
        "phones": phones.len(),
        "rings": rings,
        "known": start.is_known(),
        "held_back": held_back,
    });
    // That of a decoy is nobody's and goes with it: anybody can cause it.
    let account = is_real.then_some(&new.account_id);
    audit::record(tx, ctx, Event::RequestStarted, account, Some(new.id.as_str()), detail).await?;
    Ok(Stored { id: new.id, phones, rings, superseded })
}

/// Tells the phones of a request that was stored: those that look see it at once, the others are rung.
pub fn announce(app: &App, stored: &Stored) {
    for phone in &stored.phones {
        app.wake.tell(&Topic::Phone(phone.to_string()));
    }
    if stored.rings > 0 {
        app.job_queued.notify_one();
    }
}

/// What a start is answered when no try found a free number, which does not happen to people.
pub fn no_number() -> StoreError {
    StoreError::Unavailable("other requests of the account took each number that was drawn".to_owned())
}

/// The state of a request, as of `now`: one whose time is over is expired, whether a sweeper came by or not.
pub fn state(row: &ApprovalRow, now: Timestamp) -> Result<State, StoreError> {
    if row.is_overdue(now) {
        return Ok(State::Expired);
    }
    row.state.as_str().parse().map_err(|_| corrupt("approvals", "state", row.id.as_str()))
}
