//! Sessions of browsers.

use std::time::Duration;

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{ApprovalId, BrowserId, PhoneId, SessionId},
    policy::{FirstMethod, Policy},
    secret::Token,
    session::{Assurance, Change, SessionTimes, Standing},
    sign_in::{self, Proved, TwoStep},
};
use akkoord_store::{AccountRow, NewBrowser, NewSession, SessionRow, StoreError, Tx};
use serde_json::json;

use super::{account, approval, audit};
use crate::{app::App, http::client::Client};

/// How long a page waits until its session is marked as used.
const TOUCH_PATIENCE: Duration = Duration::from_millis(500);

/// A good session, with what each page asks of it.
#[derive(Clone, Debug)]
pub struct CurrentSession {
    /// The row.
    pub row: SessionRow,
    /// Whose it is.
    pub account: AccountRow,
    /// The name that its pages carry.
    pub organisation_name: String,
    /// Whom to ask.
    pub help_contact: Option<String>,
    /// The policy that holds for it.
    pub policy: Policy,
    /// How strongly the person was recognised.
    pub assurance: Assurance,
    /// Whether that was just now.
    pub is_fresh: bool,
    /// Two-step verification of the account.
    pub two_step: TwoStep,
}

impl CurrentSession {
    /// What it may do to how its account is protected, if it is fresh.
    pub fn standing(&self) -> Standing {
        Standing::of(self.assurance, self.two_step)
    }

    /// What was proved when it began.
    pub fn proved(&self) -> Result<Proved, StoreError> {
        self.row.proved.parse().map_err(|_| account::corrupt("sessions", "proved", self.row.id.as_str()))
    }
}

/// Whether its organisation leaves a change to the person in this session.
pub async fn is_left_to_person(app: &App, session: &CurrentSession, change: Change) -> Result<bool, StoreError> {
    if session.policy.security_info {
        return Ok(true);
    }
    let id = session.account.id.clone();
    let password = app.store.read(move |tx| Box::pin(async move { tx.password(&id).await })).await?;
    let must_change = password.is_some_and(|row| row.must_change_at.is_some());
    Ok(change.is_left_to_person(&session.policy, session.standing(), &session.proved()?, must_change))
}

/// The session of a cookie, if it is good. A session whose account was disabled is not.
pub async fn current(app: &App, now: Timestamp, token: &Token) -> Result<Option<CurrentSession>, StoreError> {
    let hash = token.hash();
    let found = app.store.read(move |tx| Box::pin(async move { tx.session_by_token(&hash, now).await })).await?;
    let Some((row, account, organisation)) = found else { return Ok::<_, StoreError>(None) };
    let home = account::home_of(&account, organisation, &app.config.name)?;
    let times = SessionTimes {
        authenticated_at: row.authenticated_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        stays: row.stays_at.is_some(),
    };
    if account.disabled_at.is_some() || !times.is_good(now, &home.policy) {
        return Ok(None);
    }
    // Written at most once a minute: a page view is no reason for a durable write.
    if now > row.last_seen_at + Duration::from_secs(60) {
        let id = row.id.clone();
        let touched = app.store.write(move |tx| Box::pin(async move { tx.touch_session(&id, now).await }));
        // Reading goes on where nothing can be written, and waits for no lock that another program holds: the session only
        // counts as not used, and the store tells that it cannot write.
        let touched: Result<Result<bool, StoreError>, _> = tokio::time::timeout(TOUCH_PATIENCE, touched).await;
        if !matches!(touched, Ok(Ok(_))) {
            tracing::debug!("a session could not be marked as used");
        }
    }
    let assurance = row.acr.parse().map_err(|_| StoreError::Corrupt {
        table: "sessions".to_owned(),
        column: "acr".to_owned(),
        id: row.id.to_string(),
    })?;
    Ok(Some(CurrentSession {
        is_fresh: times.is_fresh(now),
        two_step: TwoStep::of(account.two_step_at, home.policy.two_step_required),
        row,
        account,
        organisation_name: home.name,
        help_contact: home.help_contact,
        policy: home.policy,
        assurance,
    }))
}

/// What a finished sign-in gives to the browser.
#[derive(Clone, Debug)]
pub struct Started {
    /// The session cookie.
    pub session: Token,
    /// The known-browser cookie.
    pub browser: Token,
    /// Whether the account is still to be set up: no phone of it can approve a sign-in.
    pub to_set_up: bool,
    /// The cookie of a browser that is spared the second step from now on.
    pub remembered: Option<Token>,
    /// What this browser is asked first the next time.
    pub first: Option<FirstMethod>,
    /// For how long this browser stays signed in, if it does.
    pub stays_for: Option<Duration>,
    /// Whether its person is to be asked that.
    pub asks_to_stay: bool,
}

/// What a person answers to "Stay signed in?".
const STAYS: &str = "yes";
const ASKS_EACH_TIME: &str = "no";

/// What a new session is made from.
pub struct Start<'a> {
    /// Whose.
    pub account: &'a AccountRow,
    /// The policy that holds for it.
    pub policy: &'a Policy,
    /// What was proved.
    pub proved: Proved,
    /// How strong that is.
    pub assurance: Assurance,
    /// The request that was consumed.
    pub approval: Option<ApprovalId>,
    /// The phone that approved.
    pub phone: Option<PhoneId>,
    /// From where.
    pub client: &'a Client,
    /// The known-browser cookie that the browser sent.
    pub browser: Option<Token>,
    /// The latest end: a session by an access pass ends with the pass.
    pub not_after: Option<Timestamp>,
}

/// Starts a session, in the transaction that consumed what it rests on. Ids and cookies are new: nothing that was
/// there before the sign-in is good after it (session fixation).
pub async fn start(tx: &mut Tx, ctx: &Ctx, start: Start<'_>) -> Result<Started, StoreError> {
    let session = Token::new(&*ctx.random);
    let first = sign_in::way_of(&start.proved);
    // A weaker session never stays: it is no more than a step on the way.
    let may_stay = start.policy.stays_for().filter(|_| start.assurance.is_two_factor());
    let answer = match (&start.browser, may_stay) {
        (Some(browser), Some(_)) => {
            tx.known_browser(&browser.hash(), &start.account.id).await?.and_then(|known| known.stays)
        }
        _ => None,
    };
    let stays_for = may_stay.filter(|_| answer.as_deref() == Some(STAYS));
    let lifetime = start.policy.session_lifetime();
    let expires_at = ctx.now + stays_for.map_or(lifetime, |stays| stays.max(lifetime));
    let new = NewSession {
        id: SessionId::new_at(ctx.now, &*ctx.random),
        token_hash: session.hash(),
        account_id: start.account.id.clone(),
        approval_id: start.approval,
        phone_id: start.phone,
        proved: start.proved.to_string(),
        acr: start.assurance.as_str().to_owned(),
        browser: start.client.browser.unwrap_or("").to_owned(),
        address: start.client.address.to_string(),
        authenticated_at: ctx.now,
        created_at: ctx.now,
        expires_at: start.not_after.map_or(expires_at, |end| end.min(expires_at)),
        stays_at: stays_for.map(|_| ctx.now),
    };
    tx.add_session(&new).await?;
    let browser = start.browser.unwrap_or_else(|| Token::new(&*ctx.random));
    if start.assurance.is_two_factor() {
        // Only a browser that was signed in with two factors becomes a known one.
        tx.remember_browser(&NewBrowser {
            id: BrowserId::new(&*ctx.random),
            token_hash: browser.hash(),
            account_id: start.account.id.clone(),
            browser: new.browser.clone(),
            now: ctx.now,
        })
        .await?;
    }
    let detail = json!({ "acr": new.acr, "proved": new.proved, "request": new.approval_id });
    audit::record(tx, ctx, Event::SignedIn, Some(&start.account.id), Some(new.id.as_str()), detail).await?;
    let to_set_up = start.assurance == Assurance::Bootstrap
        && approval::answering_phones(&tx.phones_of(&start.account.id).await?, start.policy).is_empty();
    let asks_to_stay = may_stay.is_some() && answer.is_none();
    Ok(Started { session, browser, to_set_up, remembered: None, first, stays_for, asks_to_stay })
}

/// Lets this browser stay signed in to its account, or be asked each time; for how long it stays. Nothing where it may not.
pub async fn stay(
    app: &App,
    ctx: &Ctx,
    session: &CurrentSession,
    browser: &Token,
    stays: bool,
) -> Result<Option<Duration>, StoreError> {
    // One that is for setting up, or spared a step, keeps its own end: no answer gives it a later one.
    if !session.assurance.is_two_factor() {
        return Ok(None);
    }
    let stays_for = session.policy.stays_for().filter(|_| stays);
    let lifetime = session.policy.session_lifetime();
    let authenticated_at = session.row.authenticated_at;
    let expires_at = match stays_for {
        Some(stays) => authenticated_at + stays.max(lifetime),
        None => session.row.expires_at.min(authenticated_at + lifetime),
    };
    let (ctx, id, account, browser) = (ctx.clone(), session.row.id.clone(), session.account.id.clone(), browser.hash());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let answer = if stays_for.is_some() { STAYS } else { ASKS_EACH_TIME };
                // A browser that was forgotten meanwhile stays nowhere.
                if !tx.set_browser_stays(&browser, &account, Some(answer)).await?
                    || !tx.set_session_stays(&id, stays_for.map(|_| ctx.now), expires_at).await?
                {
                    return Ok(None);
                }
                let detail = json!({ "stays": stays_for.is_some() });
                audit::record(tx, &ctx, Event::SessionStays, Some(&account), Some(id.as_str()), detail).await?;
                Ok(stays_for)
            })
        })
        .await
}

/// Ends a session. Whether its browser stays signed in is asked again the next time: who signs out may have been wrong
/// about whose browser it is.
pub async fn end(app: &App, ctx: &Ctx, session: &CurrentSession, browser: Option<&Token>) -> Result<(), StoreError> {
    let (ctx, id, account) = (ctx.clone(), session.row.id.clone(), session.account.id.clone());
    let browser = browser.map(Token::hash);
    app.store
        .write(move |tx| {
            Box::pin(async move {
                if let Some(browser) = &browser {
                    tx.set_browser_stays(browser, &account, None).await?;
                }
                if tx.end_session(&id, &account, ctx.now).await? {
                    audit::record(tx, &ctx, Event::SignedOut, Some(&account), Some(id.as_str()), json!({})).await?;
                }
                Ok(())
            })
        })
        .await
}

/// Ends all sessions of the account but this one; how many there were.
pub async fn end_others(app: &App, ctx: &Ctx, session: &CurrentSession) -> Result<u64, StoreError> {
    let (ctx, id, account) = (ctx.clone(), session.row.id.clone(), session.account.id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let ended = tx.end_sessions_of_account(&account, Some(&id), ctx.now).await?;
                let detail = json!({ "sessions": ended, "why": "asked" });
                audit::record(tx, &ctx, Event::SessionsEnded, Some(&account), Some(account.as_str()), detail).await?;
                Ok(ended)
            })
        })
        .await
}

/// Ends the session that a browser had before it signed in again, in the same transaction: a copy of its old cookie
/// is worth nothing then.
pub async fn replace(tx: &mut Tx, ctx: &Ctx, old: Option<&CurrentSession>) -> Result<(), StoreError> {
    let Some(old) = old else { return Ok(()) };
    let (id, account) = (&old.row.id, &old.account.id);
    if tx.end_session(id, account, ctx.now).await? {
        let detail = json!({ "replaced": true });
        audit::record(tx, ctx, Event::SignedOut, Some(account), Some(id.as_str()), detail).await?;
    }
    Ok(())
}
