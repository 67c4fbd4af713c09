//! Signing a browser in: the attempt, its request, and the end of it.
//!
//! Steps record what they proved in the attempt and return to the dispatcher in `akkoord_core::sign_in`.

use akkoord_core::{
    Ctx, Timestamp,
    account::{Role, Username},
    approval::State,
    audit::Event,
    ids::{AccountId, ApprovalId, SignInId},
    policy::{NumberMode, Policy},
    secret::{Token, TokenHash},
    sign_in::{self, Method, Proof, SignIn, Step},
};
use akkoord_protocols::phone::request::Operation;
use akkoord_store::{AccountRow, ApprovalRow, Ended, NewSignIn, OrganisationRow, PhoneRow, SignInRow, StoreError, Tx};
use serde_json::json;
use tokio::sync::SemaphorePermit;

use super::{
    access_pass::{self, Hashed},
    account,
    approval::{self, Asked, NotStored},
    audit, budget,
    session::{self, CurrentSession, Started},
};
use crate::{app::App, http::client::Client, wake::Topic};

/// An attempt with its request.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The row.
    pub row: SignInRow,
    /// The request to the phone.
    pub request: Option<ApprovalRow>,
    /// Its state as of now.
    pub request_state: Option<State>,
}

impl Attempt {
    /// What comes next.
    pub fn next_step(&self, ctx: &Ctx) -> Step {
        sign_in::next_step(Some(&SignIn {
            proved: self.row.proved.parse::<Proof>().ok(),
            chosen: self.row.chosen.as_deref().and_then(|word| word.parse::<Method>().ok()),
            request: self.request_state,
            over: self.row.finished_at.is_some() || ctx.now >= self.row.expires_at,
            pass_failures: self.row.pass_failures,
        }))
    }
}

/// The attempt of a flow cookie.
pub async fn attempt(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<Attempt>, StoreError> {
    let (now, hash) = (ctx.now, flow.hash());
    app.store.read(move |tx| Box::pin(async move { load(tx, &hash, now).await })).await
}

/// What a browser that has signed this account in before is told besides; nothing to any other.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The names of the phones that are asked.
    pub phone_names: Vec<String>,
    /// Whether phone approval of the account is locked.
    pub locked: bool,
}

/// The same, with what this browser may be told.
pub async fn attempt_with_told(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<(Attempt, Told)>, StoreError> {
    let (now, hash) = (ctx.now, flow.hash());
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, now).await? else { return Ok(None) };
                let mut told = Told::default();
                if attempt.row.known_browser_at.is_some() {
                    if let Some(request) = &attempt.request {
                        told.phone_names = tx.names_of_phones_asked(&request.id).await?;
                    }
                    if let Some(id) = &attempt.row.account_id {
                        told.locked = tx.account(id).await?.is_some_and(|row| row.approval_locked_at.is_some());
                    }
                }
                Ok(Some((attempt, told)))
            })
        })
        .await
}

async fn load(tx: &mut Tx, flow: &TokenHash, now: Timestamp) -> Result<Option<Attempt>, StoreError> {
    let Some(row) = tx.sign_in_by_flow(flow).await? else { return Ok(None) };
    let request = match &row.approval_id {
        Some(id) => tx.approval(id).await?,
        None => None,
    };
    let request_state = request.as_ref().map(|request| approval::state(request, now)).transpose()?;
    Ok(Some(Attempt { row, request, request_state }))
}

/// Whom a user name means, as far as a sign-in needs it.
struct Found {
    /// The account's id; for a name that nobody has, one that no account has.
    id: AccountId,
    account: Option<AccountRow>,
    phones: Vec<PhoneRow>,
    policy: Policy,
    known_browser: bool,
    /// The numbers of the account's other waiting requests.
    numbers: Vec<String>,
}

/// Finds whom a user name means. The same is read for each name, so that neither the work nor the time tells whether
/// somebody has it.
async fn find(app: &App, ctx: &Ctx, username: &Username, browser: Option<&Token>) -> Result<Found, StoreError> {
    let name = username.as_str().to_owned();
    let browser = browser.map(Token::hash);
    let service = app.config.name.clone();
    let nobody = AccountId::new(&*ctx.random);
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let account = tx.account_by_username(&name).await?.filter(|account| account.disabled_at.is_none());
                let organisations = tx.organisations().await?;
                let mut policy = match &account {
                    Some(account) => {
                        let of = |row: &OrganisationRow| Some(&row.id) == account.organisation_id.as_ref();
                        account::home_of(account, organisations.into_iter().find(of), &service)?.policy
                    }
                    // An unknown name is asked as the first organisation asks its own.
                    None => {
                        let first = organisations.into_iter().next();
                        first.map(account::organisation).transpose()?.map(|found| found.policy).unwrap_or_default()
                    }
                };
                if account.as_ref().is_some_and(|account| account.role != Role::Member.as_str()) {
                    // One of three is guessed too easily for somebody who can change everybody's account.
                    policy.number_mode = NumberMode::Enter;
                }
                let id = account.as_ref().map_or(nobody, |account| account.id.clone());
                let phones = tx.phones_of(&id).await?;
                let known_browser = match &browser {
                    Some(hash) => tx.known_browser(hash, &id).await?.is_some(),
                    None => false,
                };
                let numbers = tx.pending_numbers(&id).await?;
                Ok(Found { id, account, phones, policy, known_browser, numbers })
            })
        })
        .await
}

/// Starts an attempt for a user name: the number is on the next page, and the phones are asked. A request that the
/// same browser has waiting is superseded; nobody else's can be. `None` where this neighbourhood started too many.
pub async fn start(
    app: &App,
    ctx: &Ctx,
    username: &Username,
    client: &Client,
    old_flow: Option<&Token>,
    browser: Option<&Token>,
    return_to: Option<String>,
) -> Result<Option<Token>, StoreError> {
    let found = find(app, ctx, username, browser).await?;
    if !found.known_browser && !allows(app, ctx, client) {
        return Ok(None);
    }
    let _place = if found.known_browser { None } else { Some(place(app)?) };
    let flow = Token::new(&*ctx.random);
    let organisation = found.account.as_ref().and_then(|account| account.organisation_id.clone());
    let asked = Asked::new(ctx, found.id.clone(), organisation, &found.phones, &found.policy);
    let context = approval::context(ctx, client, found.known_browser);
    let new = attempt_row(ctx, &flow, username, &found, return_to);
    let old = old_flow.map(Token::hash);
    for _ in 0..approval::TRIES {
        let (operation, policy) = (Operation::Signin, &found.policy);
        let taken = &found.numbers;
        let prepared = approval::prepare(app, ctx, &flow.hash(), operation, &asked, &context, policy, taken)?;
        let (ctx, old, mut new) = (ctx.clone(), old.clone(), new.clone());
        let stored = app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let stored = approval::store(tx, &ctx, prepared, old.as_ref()).await?;
                    new.approval_id = Some(stored.id.clone());
                    tx.add_sign_in(&new).await?;
                    Ok::<_, NotStored>(stored)
                })
            })
            .await;
        let stored = match stored {
            Ok(stored) => stored,
            Err(NotStored::NumbersTaken) => continue,
            Err(NotStored::Store(error)) => return Err(error),
        };
        for ended in &stored.superseded {
            app.wake.tell(&Topic::Approval(ended.id.to_string()));
        }
        approval::announce(app, &stored);
        return Ok(Some(flow));
    }
    Err(approval::no_number())
}

/// Whether this neighbourhood may start one more sign-in of a browser that the account does not know.
fn allows(app: &App, ctx: &Ctx, client: &Client) -> bool {
    client.network.is_some() || app.starts.allows(ctx.now, client.address)
}

/// A place among the starts of unknown browsers that are under way.
fn place(app: &App) -> Result<SemaphorePermit<'_>, StoreError> {
    app.starting.try_acquire().map_err(|_| StoreError::Unavailable("too many sign-ins are begun at once".to_owned()))
}

/// How finishing ended.
pub enum Finished {
    /// The browser is signed in.
    SignedIn(Started, Option<String>),
    /// It was not to be: the dispatcher says what to show.
    NotYet,
}

/// Finishes an attempt whose request was approved: consumes it and starts the session, in one transaction. Of many
/// tries at once one wins; the others find the attempt finished. The attempt is read in that transaction too: on SQLite
/// the writer has its pages at hand, where a reader begins anew after each commit.
pub async fn finish(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    client: &Client,
    browser: Option<Token>,
    old: Option<CurrentSession>,
) -> Result<Finished, StoreError> {
    let (ctx, hash, client, service) = (ctx.clone(), flow.hash(), client.clone(), app.config.name.clone());
    let finished = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let Some(attempt) = load(tx, &hash, ctx.now).await? else { return Ok(None) };
                let (Step::Finish, Some(request)) = (attempt.next_step(&ctx), &attempt.request) else {
                    return Ok(None);
                };
                if !tx.consume_approval(&request.id, &hash, ctx.now).await? {
                    return Ok(None);
                }
                // The request is consumed only for an account that is there and active; its own row names it.
                let Some(account) = account_of(tx, request).await? else {
                    return Err(account::corrupt("approvals", "account_id", request.id.as_str()));
                };
                let home = account::home(tx, &account, &service).await?;
                // Its answer was read when it was approved already, and doesn't change after that.
                let proof = super::decision::proof_of(request)?;
                let assurance = match sign_in::next_step(Some(&SignIn {
                    proved: Some(proof),
                    chosen: None,
                    request: None,
                    over: false,
                    pass_failures: 0,
                })) {
                    Step::Enough(assurance) => assurance,
                    _ => return Ok(None),
                };
                if !tx.finish_sign_in(&attempt.row.id, proof.as_str(), ctx.now).await? {
                    return Err(StoreError::Lost);
                }
                let start = session::Start {
                    account: &account,
                    policy: &home.policy,
                    proof,
                    assurance,
                    approval: Some(request.id.clone()),
                    phone: request.phone_id.clone(),
                    client: &client,
                    browser,
                    not_after: None,
                };
                let started = session::start(tx, &ctx, start).await?;
                session::replace(tx, &ctx, old.as_ref()).await?;
                Ok::<_, StoreError>(Some((request.id.clone(), started, attempt.row.return_to)))
            })
        })
        .await?;
    let Some((request, started, return_to)) = finished else { return Ok(Finished::NotYet) };
    app.wake.tell(&Topic::Approval(request.to_string()));
    Ok(Finished::SignedIn(started, return_to))
}

async fn account_of(tx: &mut Tx, request: &ApprovalRow) -> Result<Option<AccountRow>, StoreError> {
    match &request.account_id {
        Some(id) => tx.account(id).await,
        None => Ok(None),
    }
}

/// The number of an attempt is on the screen: its phones may ring.
pub async fn note_shown(app: &App, ctx: &Ctx, flow: &Token, request: &ApprovalId) -> Result<(), StoreError> {
    let (now, hash, id) = (ctx.now, flow.hash(), request.clone());
    let hastened = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.note_shown(&id, &hash, now).await?;
                tx.hasten_jobs(id.as_str(), now).await
            })
        })
        .await?;
    if hastened > 0 {
        app.job_queued.notify_one();
    }
    Ok(())
}

/// The browser gives up: its request ends, and the phone stops asking.
pub async fn cancel(app: &App, ctx: &Ctx, flow: &Token) -> Result<(), StoreError> {
    let Some(attempt) = attempt(app, ctx, flow).await? else { return Ok(()) };
    let Some(request) = attempt.request else { return Ok(()) };
    let (inner, hash, id) = (ctx.clone(), flow.hash(), request.id.clone());
    let phones = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.cancel_approval(&id, &hash, inner.now).await? {
                    return Ok(Vec::new());
                }
                settled(tx, &inner, &request, State::Cancelled).await?;
                tx.phones_asked(&id).await
            })
        })
        .await?;
    for phone in phones {
        app.wake.tell(&Topic::Phone(phone.to_string()));
    }
    Ok(())
}

/// Tells the audit how a request ended, or that it was approved.
pub async fn settled(tx: &mut Tx, ctx: &Ctx, request: &ApprovalRow, state: State) -> Result<(), StoreError> {
    tell(tx, ctx, request.account_id.as_ref(), &request.id, &request.operation, state.as_str()).await
}

/// Tells the audit of each request that ended.
pub async fn all_settled(tx: &mut Tx, ctx: &Ctx, all: &[Ended]) -> Result<(), StoreError> {
    for ended in all {
        let Ended { id, account_id, operation, state } = ended;
        tell(tx, ctx, account_id.as_ref(), id, operation, state.as_str()).await?;
    }
    Ok(())
}

async fn tell(
    tx: &mut Tx,
    ctx: &Ctx,
    account: Option<&AccountId>,
    id: &ApprovalId,
    operation: &str,
    state: &str,
) -> Result<(), StoreError> {
    // Also of decoys, which are nobody's: what is done for one must not differ. Housekeeping takes their events soon.
    let detail = json!({ "state": state, "operation": operation });
    audit::record(tx, ctx, Event::RequestSettled, account, Some(id.as_str()), detail).await
}

/// Starts an attempt that asks no phone: somebody comes with an access pass at once.
pub async fn start_without_request(
    app: &App,
    ctx: &Ctx,
    username: &Username,
    client: &Client,
    return_to: Option<String>,
) -> Result<Option<Token>, StoreError> {
    if !allows(app, ctx, client) {
        return Ok(None);
    }
    let _place = place(app)?;
    let found = find(app, ctx, username, None).await?;
    let flow = Token::new(&*ctx.random);
    let mut new = attempt_row(ctx, &flow, username, &found, return_to);
    new.chosen = Some(Method::AccessPass.as_str().to_owned());
    app.store.write(move |tx| Box::pin(async move { tx.add_sign_in(&new).await })).await?;
    Ok(Some(flow))
}

fn attempt_row(ctx: &Ctx, flow: &Token, username: &Username, found: &Found, return_to: Option<String>) -> NewSignIn {
    let account = found.account.as_ref();
    NewSignIn {
        id: SignInId::new_at(ctx.now, &*ctx.random),
        flow_hash: flow.hash(),
        username: username.as_str().to_owned(),
        organisation_id: account.and_then(|account| account.organisation_id.clone()),
        account_id: account.map(|account| account.id.clone()),
        purpose: "sign-in".to_owned(),
        return_to,
        proved: String::new(),
        chosen: None,
        approval_id: None,
        known_browser_at: found.known_browser.then_some(ctx.now),
        created_at: ctx.now,
        expires_at: ctx.now + sign_in::LIFETIME,
    }
}

/// How an access pass was taken.
pub enum PassTried {
    /// The browser is signed in, to set up a phone.
    SignedIn(Started, Option<String>),
    /// Wrong, used, too old, or nobody's: the same to the person.
    Refused,
    /// Too many tries.
    TooMany,
    /// No attempt: begin with the user name.
    NoAttempt,
}

/// Tries a temporary access pass. The hash is worked out before the writer is asked, also where there is no account,
/// so that the time tells nothing.
pub async fn try_access_pass(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    typed: &str,
    client: &Client,
    browser: Option<Token>,
    old: Option<CurrentSession>,
) -> Result<PassTried, StoreError> {
    let Some(attempt) = attempt(app, ctx, flow).await? else { return Ok(PassTried::NoAttempt) };
    match attempt.next_step(ctx) {
        Step::AskUserName => return Ok(PassTried::NoAttempt),
        Step::TellTooMany => return Ok(PassTried::TooMany),
        _ if attempt.row.pass_failures >= sign_in::PASS_TRIES => return Ok(PassTried::TooMany),
        _ => {}
    }
    let found = access_pass::find(app, ctx, attempt.row.account_id.as_ref(), typed).await?;
    let (ctx, client, service, hash) = (ctx.clone(), client.clone(), app.config.name.clone(), flow.hash());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let used = match found {
                    Some(Hashed { id, expires_at }) if tx.use_access_pass(&id, ctx.now).await? => {
                        Some((id, expires_at))
                    }
                    _ => None,
                };
                let account = match &attempt.row.account_id {
                    Some(id) => tx.account(id).await?.filter(|account| account.disabled_at.is_none()),
                    None => None,
                };
                let (Some((pass, expires_at)), Some(account)) = (used, account) else {
                    tx.count_pass_failure(&attempt.row.id).await?;
                    let account = attempt.row.account_id.as_ref();
                    audit::record(tx, &ctx, Event::AccessPassRefused, account, None, json!({})).await?;
                    return Ok(PassTried::Refused);
                };
                // Whoever has another method is not locked out of this one. The account comes before its requests.
                budget::unlock(tx, &ctx, &account.id).await?;
                if let Some(request) = &attempt.request
                    && tx.cancel_approval(&request.id, &hash, ctx.now).await?
                {
                    // The phone need not answer any more.
                    settled(tx, &ctx, request, State::Cancelled).await?;
                }
                if !tx.finish_sign_in(&attempt.row.id, Proof::AccessPass.as_str(), ctx.now).await? {
                    return Err(StoreError::Lost);
                }
                let detail = json!({ "browser": client.browser, "address": client.address, "network": client.network });
                audit::record(tx, &ctx, Event::AccessPassUsed, Some(&account.id), Some(pass.as_str()), detail).await?;
                let home = account::home(tx, &account, &service).await?;
                let start = session::Start {
                    account: &account,
                    policy: &home.policy,
                    proof: Proof::AccessPass,
                    assurance: akkoord_core::session::Assurance::Bootstrap,
                    approval: None,
                    phone: None,
                    client: &client,
                    browser,
                    not_after: Some(expires_at),
                };
                let started = session::start(tx, &ctx, start).await?;
                session::replace(tx, &ctx, old.as_ref()).await?;
                Ok(PassTried::SignedIn(started, attempt.row.return_to))
            })
        })
        .await
}
