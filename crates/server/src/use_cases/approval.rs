//! Requests to phones: starting one, and what its state is.

use std::time::Duration;

use akkoord_core::{
    Ctx, Timestamp,
    approval::{ShownNumber, State},
    audit::Event,
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
use akkoord_store::{ApprovalRow, NewApproval, PhoneRow, Placed, StoreError, Tx};
use serde_json::json;

use super::{account::corrupt, audit};
use crate::{app::App, http::client::Client, jobs, wake::Topic};

/// The service itself as the app that is signed in to.
pub const OWN_CLIENT: &str = "akkoord";

/// For whom a request is made.
pub struct Asked {
    /// The account.
    pub account: AccountId,
    /// Its organisation.
    pub organisation: Option<OrganisationId>,
    /// Its active phones that may answer, each with the unlock methods that it has and policy allows.
    pub phones: Vec<(PhoneId, Vec<Unlock>)>,
}

/// A request that is ready to be stored: its messages are signed, because the writer must not wait for that.
pub struct Prepared {
    new: NewApproval,
    /// Different numbers; more than the account's other waiting requests may have.
    numbers: Vec<String>,
    /// How many of them the messages are right for.
    offered: usize,
    messages: Vec<(PhoneId, String)>,
    /// When the phones may be rung; not at all where pushes are off.
    ring_at: Option<Timestamp>,
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

/// Prepares a request with a number that is none of `taken`. With nobody to ask it becomes a decoy: the same page, and no
/// phone that could agree.
#[expect(clippy::too_many_arguments, reason = "a request is made of all of this")]
pub fn prepare(
    app: &App,
    ctx: &Ctx,
    flow: &TokenHash,
    operation: Operation,
    asked: Option<&Asked>,
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
    let mut messages = Vec::new();
    if let (Some(asked), Some(number)) = (asked, numbers.first().cloned()) {
        let number = ShownNumber::from_stored(number);
        for (phone, unlock) in &asked.phones {
            let message = Message { app, ctx, id: &id, operation, asked, context, policy, number: &number };
            messages.push((phone.clone(), message.sign(key, phone, unlock, expires_at)?));
        }
    }
    // A keypad's request says nothing about the number, so that its messages serve each.
    let offered = if policy.number_mode == NumberMode::Enter { numbers.len() } else { 1 };
    let new = NewApproval {
        id,
        account_id: asked.map(|asked| asked.account.clone()),
        organisation_id: asked.and_then(|asked| asked.organisation.clone()),
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
        expires_at,
    };
    // A practice is begun by a person with the phone in hand, on a page that is theirs.
    let wait = if operation == Operation::Practice { Duration::ZERO } else { SHOWN_BY };
    let ring_at = app.config.push.enabled.then(|| ctx.now + wait);
    Ok(Prepared { new, numbers, offered, messages, ring_at })
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
}

/// Stores a prepared request; `None` where another request of the account took its number in between. Beyond the waiting
/// requests that an account may have it becomes a decoy, so that a stranger can neither displace a waiting request nor
/// learn that there are any.
pub async fn store(tx: &mut Tx, ctx: &Ctx, prepared: Prepared) -> Result<Option<Stored>, StoreError> {
    let Prepared { mut new, numbers, offered, messages, ring_at } = prepared;
    if new.account_id.is_some() {
        match tx.place_approval(&new, numbers.get(..offered).unwrap_or_default()).await? {
            Placed::Placed { .. } => {
                let mut phones = Vec::with_capacity(messages.len());
                for (phone, message) in messages {
                    tx.add_approval_message(&new.id, &phone, &message).await?;
                    phones.push(phone);
                }
                let rings = match ring_at {
                    Some(at) => jobs::queue_pushes(tx, ctx, &new.id, at).await?,
                    None => 0,
                };
                let detail = json!({ "operation": new.operation, "phones": phones.len(), "rings": rings });
                let (account, id) = (new.account_id.as_ref(), Some(new.id.as_str()));
                audit::record(tx, ctx, Event::RequestStarted, account, id, detail).await?;
                return Ok(Some(Stored { id: new.id, phones, rings }));
            }
            Placed::NumbersTaken => return Ok(None),
            Placed::Full | Placed::FlowTaken => {}
        }
    }
    let waiting = match new.account_id.take() {
        Some(account) => tx.pending_numbers(&account).await?,
        None => Vec::new(),
    };
    new.organisation_id = None;
    // Not a number that one of the account's requests waits for: the person sees ours, and might type it there.
    let number = numbers.into_iter().find(|number| !waiting.contains(number)).unwrap_or_default();
    tx.place_decoy(&new, &number).await?;
    Ok(Some(Stored { id: new.id, phones: Vec::new(), rings: 0 }))
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
