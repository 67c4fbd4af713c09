//! The start of a sign-in: whom the user name means, the attempt, and the request to the phones.

use akkoord_core::{
    Ctx,
    account::{Role, Username},
    ids::{AccountId, SignInId},
    policy::{FirstMethod, NumberMode, Policy},
    secret::Token,
    sign_in::{self, Method},
};
use akkoord_protocols::phone::request::Operation;
use akkoord_store::{AccountRow, NewSignIn, OrganisationRow, PhoneRow, StoreError};
use tokio::sync::SemaphorePermit;

use super::{FRESH_PROOF, steps::end_waiting};
use crate::{
    app::App,
    http::client::Client,
    use_cases::{
        account,
        approval::{self, Asked, NotStored},
    },
    wake::Topic,
};

/// What a sign-in is for.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    /// Where the browser goes afterwards.
    pub return_to: Option<String>,
    /// Whether it is the fresh proof of a browser that is signed in.
    pub fresh_proof: bool,
    /// What is asked first.
    pub first: First,
}

/// What a sign-in asks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// What policy and this browser's last sign-in say.
    Usual(Option<FirstMethod>),
    /// What the person chose on the page before.
    Chosen(FirstMethod),
}

impl Default for First {
    fn default() -> Self {
        Self::Usual(None)
    }
}

/// Whom a user name means, as far as a sign-in needs it.
struct Found {
    /// The account's id; for a name that nobody has, one that no account has.
    id: AccountId,
    account: Option<AccountRow>,
    phones: Vec<PhoneRow>,
    policy: Policy,
    /// The policy that a name which nobody has is asked by: what comes first follows it for every name, because an account
    /// that is asked otherwise than nobody would be known to exist.
    policy_of_nobody: Policy,
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
                // An unknown name is asked as the first organisation asks its own.
                let policy_of_nobody = match organisations.first() {
                    Some(first) => account::organisation(first.clone())?.policy,
                    None => Policy::personal(),
                };
                let mut policy = match &account {
                    Some(account) => {
                        let of = |row: &OrganisationRow| Some(&row.id) == account.organisation_id.as_ref();
                        account::home_of(account, organisations.into_iter().find(of), &service)?.policy
                    }
                    None => policy_of_nobody.clone(),
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
                Ok(Found { id, account, phones, policy, policy_of_nobody, known_browser, numbers })
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
    aim: Aim,
) -> Result<Option<Token>, StoreError> {
    let found = find(app, ctx, username, browser).await?;
    if !found.known_browser && !allows(app, ctx, client) {
        return Ok(None);
    }
    let _place = if found.known_browser { None } else { Some(place(app)?) };
    let first = match aim.first {
        First::Usual(last) => sign_in::first_method(&found.policy_of_nobody, last),
        First::Chosen(method) => method,
    };
    if first == FirstMethod::Password {
        return begin_with_password(app, ctx, username, &found, old_flow, aim).await.map(Some);
    }
    let flow = Token::new(&*ctx.random);
    let organisation = found.account.as_ref().and_then(|account| account.organisation_id.clone());
    let asked = Asked::new(ctx, found.id.clone(), organisation, &found.phones, &found.policy);
    let context = approval::context(ctx, client, found.known_browser);
    let new = attempt_row(ctx, &flow, username, &found, aim);
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

/// Starts an attempt that asks for the password first, and no phone. A request that the same browser has waiting ends.
async fn begin_with_password(
    app: &App,
    ctx: &Ctx,
    username: &Username,
    found: &Found,
    old_flow: Option<&Token>,
    aim: Aim,
) -> Result<Token, StoreError> {
    let flow = Token::new(&*ctx.random);
    let mut new = attempt_row(ctx, &flow, username, found, aim);
    new.chosen = Some(Method::Password.as_str().to_owned());
    let (ctx, old) = (ctx.clone(), old_flow.map(Token::hash));
    let unasked = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let unasked = match old {
                    Some(old) => end_waiting(tx, &ctx, &old).await?,
                    None => Vec::new(),
                };
                tx.add_sign_in(&new).await?;
                Ok::<_, StoreError>(unasked)
            })
        })
        .await?;
    for phone in unasked {
        app.wake.tell(&Topic::Phone(phone.to_string()));
    }
    Ok(flow)
}

/// Whether this neighbourhood may start one more sign-in of a browser that the account does not know.
fn allows(app: &App, ctx: &Ctx, client: &Client) -> bool {
    client.network.is_some() || app.starts.allows(ctx.now, client.address)
}

/// A place among the starts of unknown browsers that are under way.
fn place(app: &App) -> Result<SemaphorePermit<'_>, StoreError> {
    app.starting.try_acquire().map_err(|_| StoreError::Unavailable("too many sign-ins are begun at once".to_owned()))
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
    let mut new = attempt_row(ctx, &flow, username, &found, Aim { return_to, ..Aim::default() });
    new.chosen = Some(Method::AccessPass.as_str().to_owned());
    app.store.write(move |tx| Box::pin(async move { tx.add_sign_in(&new).await })).await?;
    Ok(Some(flow))
}

fn attempt_row(ctx: &Ctx, flow: &Token, username: &Username, found: &Found, aim: Aim) -> NewSignIn {
    let account = found.account.as_ref();
    NewSignIn {
        id: SignInId::new_at(ctx.now, &*ctx.random),
        flow_hash: flow.hash(),
        username: username.as_str().to_owned(),
        organisation_id: account.and_then(|account| account.organisation_id.clone()),
        account_id: account.map(|account| account.id.clone()),
        purpose: if aim.fresh_proof { FRESH_PROOF } else { "sign-in" }.to_owned(),
        return_to: aim.return_to,
        proved: String::new(),
        chosen: None,
        approval_id: None,
        known_browser_at: found.known_browser.then_some(ctx.now),
        created_at: ctx.now,
        expires_at: ctx.now + sign_in::LIFETIME,
    }
}
