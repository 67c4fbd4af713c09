//! Signing in with a passkey, and a security key after the password.

use akkoord_core::{
    Ctx,
    audit::Event,
    ids::{AccountId, SignInId},
    secret::Token,
    sign_in::{self, Proof, Proved, SecondStep, Step},
};
use akkoord_protocols::webauthn::{Asserted, Kind, RelyingParty, WebauthnError};
use akkoord_store::{AccountRow, CredentialRow, StoreError, Tx};
use serde_json::{Value, json};

use super::{
    Attempt, Signed, attempt, cancel, load,
    steps::{StepTried, proceed},
};
use crate::{
    app::App,
    use_cases::{
        account, audit,
        credential::{self, Asked, Ceremony, Challenge},
        session::{self, Started},
    },
};

/// What came of a passkey or a security key.
pub enum KeyTried {
    /// The browser is signed in.
    SignedIn(Started, Option<String>),
    /// It was not asked, or was not enough: the dispatcher says what comes next.
    Next,
    /// It was not accepted. Why is nobody's business who can't use the right one.
    Refused,
    /// The page was open for too long.
    TooOld,
    /// Too many wrong ones in this attempt.
    TooMany,
}

/// What came back with the form.
pub struct Answer {
    /// The ticket of the challenge.
    pub ticket: String,
    /// The assertion.
    pub assertion: Value,
}

/// Asks for a passkey of anybody's: nothing in it depends on a name. `of` is the browser's form token.
pub fn ask_for_passkey(app: &App, ctx: &Ctx, of: &str) -> Asked {
    let (challenge, ticket) = Challenge::new(app, ctx, Ceremony::Passkey, of);
    Asked { options: app.sign_in_party.options_to_assert(challenge.bytes(), &[]), ticket }
}

/// Signs in with a passkey, whose user was verified: both steps at once, without a name. Where a name was typed before, the
/// tries of that attempt count, and its request to the phone ends.
pub async fn try_passkey(
    app: &App,
    ctx: &Ctx,
    of: &str,
    answer: Answer,
    flow: Option<&Token>,
    return_to: Option<String>,
    signed: Signed<'_>,
) -> Result<KeyTried, StoreError> {
    let open = match flow {
        Some(flow) => attempt(app, ctx, flow).await?.filter(|open| open.next_step(ctx) != Step::AskUserName),
        None => None,
    };
    if open.as_ref().is_some_and(|open| open.row.pass_failures >= sign_in::TRIES) {
        return Ok(KeyTried::TooMany);
    }
    let Some(challenge) = Challenge::of_ticket(app, ctx, Ceremony::Passkey, of, &answer.ticket) else {
        return Ok(KeyTried::TooOld);
    };
    let counted = open.as_ref().map(|open| open.row.id.clone());
    let (row, asserted) = match check_passkey(app, &challenge, &answer.assertion).await? {
        Ok(found) => found,
        Err(refusal) => return refuse(app, ctx, counted, refusal).await,
    };
    let (text, service, at) = (credential::to_text(&asserted.credential)?, app.config.name.clone(), ctx.clone());
    let (client, browser, old) = (signed.client.clone(), signed.browser, signed.old);
    let entered = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let account = match use_up(tx, &at, &challenge, &row, &text).await? {
                    Ok(account) => account,
                    Err(refusal) => return Ok(Err(refusal)),
                };
                let home = account::home(tx, &account, &service).await?;
                let proved = Proved::from(Proof::Passkey);
                let assurance = sign_in::enough(&proved, &SecondStep::default()).ok_or(StoreError::Lost)?;
                let start = session::Start {
                    account: &account,
                    policy: &home.policy,
                    proved,
                    assurance,
                    approval: None,
                    phone: None,
                    client: &client,
                    browser,
                    not_after: None,
                };
                let started = session::start(tx, &at, start).await?;
                session::replace(tx, &at, old.as_ref()).await?;
                Ok::<_, StoreError>(Ok(started))
            })
        })
        .await?;
    match entered {
        Ok(started) => {
            if let (Some(flow), Some(_)) = (flow, &open) {
                // The phone need not answer any more.
                cancel(app, ctx, flow).await?;
            }
            Ok(KeyTried::SignedIn(started, open.and_then(|open| open.row.return_to).or(return_to)))
        }
        Err(refusal) => refuse(app, ctx, counted, refusal).await,
    }
}

/// Asks for a key of the account whose password was right, in this attempt; `None` where none is asked for.
pub async fn ask_for_security_key(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<Asked>, StoreError> {
    let Some((open, account)) = at_key(app, ctx, flow).await? else { return Ok(None) };
    let rows = credential::all(app, &account).await?;
    let allowed = rows.iter().map(credential::stored).collect::<Result<Vec<_>, _>>()?;
    let (challenge, ticket) = Challenge::new(app, ctx, Ceremony::SecondStep, open.row.id.as_str());
    Ok(Some(Asked { options: app.sign_in_party.options_to_assert(challenge.bytes(), &allowed), ticket }))
}

async fn at_key(app: &App, ctx: &Ctx, flow: &Token) -> Result<Option<(Attempt, AccountId)>, StoreError> {
    let open = attempt(app, ctx, flow).await?.filter(|open| open.next_step(ctx) == Step::AskKey);
    Ok(open.and_then(|open| open.row.account_id.clone().map(|account| (open, account))))
}

/// Tries a security key, or a passkey as one, after the password.
pub async fn try_security_key(
    app: &App,
    ctx: &Ctx,
    flow: &Token,
    answer: Answer,
    signed: Signed<'_>,
) -> Result<KeyTried, StoreError> {
    let Some((open, account)) = at_key(app, ctx, flow).await? else { return Ok(KeyTried::Next) };
    let of = open.row.id.as_str();
    let Some(challenge) = Challenge::of_ticket(app, ctx, Ceremony::SecondStep, of, &answer.ticket) else {
        return Ok(KeyTried::TooOld);
    };
    let counted = Some(open.row.id.clone());
    let (row, asserted) = match check_key(app, &account, &challenge, &answer.assertion).await? {
        Ok(found) => found,
        Err(refusal) => return refuse(app, ctx, counted, refusal).await,
    };
    let (text, service) = (credential::to_text(&asserted.credential)?, app.config.name.clone());
    let (at, hash) = (ctx.clone(), flow.hash());
    let (client, browser, old, remembering) = (signed.client.clone(), signed.browser, signed.old, signed.remembering);
    let tried = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let open = load(tx, &hash, at.now).await?.filter(|open| open.next_step(&at) == Step::AskKey);
                let Some(open) = open else { return Ok(Ok(StepTried::Next)) };
                if let Err(refusal) = use_up(tx, &at, &challenge, &row, &text).await? {
                    return Ok(Err(refusal));
                }
                let signed = Signed { client: &client, browser, old, remembering };
                Ok::<_, StoreError>(Ok(proceed(tx, &at, open, Proof::SecurityKey, signed, &service).await?))
            })
        })
        .await?;
    match tried {
        Ok(StepTried::SignedIn(started, return_to)) => Ok(KeyTried::SignedIn(started, return_to)),
        Ok(_) => Ok(KeyTried::Next),
        Err(refusal) => refuse(app, ctx, counted, refusal).await,
    }
}

/// Why something was not accepted, for the audit alone.
struct Refusal {
    /// Whose credential it was, where it is one.
    of: Option<CredentialRow>,
    why: &'static str,
}

type Checked = Result<(CredentialRow, Asserted), Refusal>;

async fn check_passkey(app: &App, challenge: &Challenge, assertion: &Value) -> Result<Checked, StoreError> {
    let nobodys = |why| Ok(Err(Refusal { of: None, why }));
    let Ok(claim) = RelyingParty::claim(assertion) else { return nobodys("form") };
    let read = app.store.read(move |tx| {
        Box::pin(async move { Ok::<_, StoreError>((tx.credential_by_handle(&claim.credential).await?, claim.handle)) })
    });
    let (Some(row), handle) = read.await? else { return nobodys("unknown") };
    // WebAuthn Level 3 section 7.2 step 6: without a name before it, the handle must be there and be its owner's.
    if handle.as_deref() != Some(row.account_id.as_str().as_bytes()) {
        return Ok(Err(Refusal { of: Some(row), why: "handle" }));
    }
    if credential::kind_of(row.kind) != Kind::Passkey {
        return Ok(Err(Refusal { of: Some(row), why: "second-step-only" }));
    }
    Ok(match check(app, row, challenge, assertion)? {
        Ok((row, asserted)) if !asserted.user_verified => Err(Refusal { of: Some(row), why: "not-verified" }),
        checked => checked,
    })
}

async fn check_key(
    app: &App,
    account: &AccountId,
    challenge: &Challenge,
    assertion: &Value,
) -> Result<Checked, StoreError> {
    let claim = RelyingParty::claim(assertion).map(|claim| claim.credential).unwrap_or_default();
    match credential::all(app, account).await?.into_iter().find(|row| row.handle == claim) {
        Some(row) => check(app, row, challenge, assertion),
        None => Ok(Err(Refusal { of: None, why: "unknown" })),
    }
}

fn check(app: &App, row: CredentialRow, challenge: &Challenge, assertion: &Value) -> Result<Checked, StoreError> {
    let stored = credential::stored(&row)?;
    Ok(match app.sign_in_party.assert(&stored, challenge.bytes(), assertion) {
        Ok(asserted) => Ok((row, asserted)),
        Err(WebauthnError::Copied) => Err(Refusal { of: Some(row), why: "copy" }),
        Err(_) => Err(Refusal { of: Some(row), why: "bad" }),
    })
}

/// Uses up the challenge, and the credential with its new counter; its account, if that may sign in.
async fn use_up(
    tx: &mut Tx,
    ctx: &Ctx,
    challenge: &Challenge,
    row: &CredentialRow,
    text: &str,
) -> Result<Result<AccountRow, Refusal>, StoreError> {
    let refusal = |why| Ok(Err(Refusal { of: Some(row.clone()), why }));
    // Whoever disables the account waits until the session stands, and ends it then (T-SES-5).
    tx.hold_account(&row.account_id).await?;
    if !challenge.answer(tx).await? {
        return refusal("replayed");
    }
    let account = tx.account(&row.account_id).await?.filter(|account| account.disabled_at.is_none());
    let Some(account) = account else { return refusal("disabled") };
    // Removed meanwhile, or its counter was told by another: an authenticator and its copy at once.
    if tx.use_credential(row, text, ctx.now).await? { Ok(Ok(account)) } else { refusal("copy") }
}

/// Counts what was not accepted in the attempt, if there is one, and tells the audit whose it was, if it was anybody's. A
/// stranger without either makes nothing be written.
async fn refuse(app: &App, ctx: &Ctx, attempt: Option<SignInId>, refusal: Refusal) -> Result<KeyTried, StoreError> {
    if attempt.is_some() || refusal.of.is_some() {
        let ctx = ctx.clone();
        let write = app.store.write(move |tx| {
            Box::pin(async move {
                if let Some(id) = attempt {
                    tx.count_pass_failure(&id).await?;
                }
                if let Some(row) = refusal.of {
                    let (event, detail) = (Event::CredentialRefused, json!({ "why": refusal.why }));
                    audit::record(tx, &ctx, event, Some(&row.account_id), Some(row.id.as_str()), detail).await?;
                }
                Ok::<_, StoreError>(())
            })
        });
        write.await?;
    }
    Ok(KeyTried::Refused)
}
