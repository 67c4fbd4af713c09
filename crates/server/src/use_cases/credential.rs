//! Passkeys and security keys: what a page asks of them, adding one, renaming and removing it.

use std::time::Duration;

use akkoord_core::{
    Ctx, Timestamp,
    audit::Event,
    ids::{AccountId, CredentialId},
};
use akkoord_protocols::{
    bytes::{decode, encode},
    random,
    webauthn::{Kind, Person, StoredCredential},
};
use akkoord_store::{AccountRow, CredentialKind, CredentialRow, NewCredential, Purpose, StoreError, Tx};
use serde_json::{Value, json};

use super::{
    account::{self, corrupt},
    audit, code,
    notice::{self, CredentialNotice},
    session::CurrentSession,
};
use crate::{app::App, views::mail::CredentialChange};

/// As many as an account may have: a person has a few, and each is listed to browsers.
pub const MOST: i64 = 20;
/// How long a challenge may be answered. The page fetches another before that.
const LIFETIME: Duration = Duration::from_secs(600);

/// What a challenge is for. An answer to a challenge for one thing is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// Adding a passkey, in a session.
    AddPasskey,
    /// Adding a security key, in a session.
    AddSecurityKey,
    /// Signing in with a passkey, in the browser that the form token is of.
    Passkey,
    /// A security key after the password, in one attempt to sign in.
    SecondStep,
}

impl Ceremony {
    /// That of adding a credential.
    pub fn adding(kind: Kind) -> Self {
        match kind {
            Kind::Passkey => Self::AddPasskey,
            Kind::SecurityKey => Self::AddSecurityKey,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::AddPasskey => "add-passkey",
            Self::AddSecurityKey => "add-security-key",
            Self::Passkey => "passkey",
            Self::SecondStep => "second-step",
        }
    }
}

/// A challenge. It follows from our key, what it is for, and the ticket that comes back with the answer: nothing is stored
/// until it was answered, so that nobody fills the database by opening pages.
#[derive(Clone, Debug)]
pub struct Challenge {
    bytes: [u8; 32],
    expires_at: Timestamp,
}

impl Challenge {
    /// A new one with its ticket. `of` is the id of the session or attempt that it is for, or the browser's form token.
    pub fn new(app: &App, ctx: &Ctx, ceremony: Ceremony, of: &str) -> (Self, String) {
        let nonce: [u8; 16] = random::bytes(&*ctx.random);
        let ticket = format!("{}.{}", ctx.now.0, encode(&nonce));
        (Self::made(app, ceremony, of, ctx.now, &nonce), ticket)
    }

    /// The one of a ticket; `None` where it is too old, or none of ours. That it is for this very thing shows when the
    /// answer is checked: any other challenge has other bytes.
    pub fn of_ticket(app: &App, ctx: &Ctx, ceremony: Ceremony, of: &str, ticket: &str) -> Option<Self> {
        let (issued_at, nonce) = ticket.split_once('.')?;
        let issued_at = Timestamp(issued_at.parse().ok().filter(|at| (0..=i64::MAX / 2).contains(at))?);
        let nonce: [u8; 16] = decode(nonce).ok()?.try_into().ok()?;
        let challenge = Self::made(app, ceremony, of, issued_at, &nonce);
        (ctx.now < challenge.expires_at).then_some(challenge)
    }

    fn made(app: &App, ceremony: Ceremony, of: &str, issued_at: Timestamp, nonce: &[u8; 16]) -> Self {
        let parts: [&[u8]; 4] = [ceremony.word().as_bytes(), of.as_bytes(), &issued_at.0.to_be_bytes(), nonce];
        Self { bytes: app.store.seal().mac(Purpose::Challenge, &parts), expires_at: issued_at + LIFETIME }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Uses it up; false where it was answered before.
    pub async fn answer(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        tx.answer_challenge(&encode(&self.bytes), self.expires_at).await
    }
}

/// What a page hands to the browser, and the ticket that comes back with its answer.
pub struct Asked {
    /// The options, as WebAuthn's JSON.
    pub options: Value,
    /// The ticket.
    pub ticket: String,
}

/// A stored credential as its authenticator's answers are checked against.
pub fn stored(row: &CredentialRow) -> Result<StoredCredential, StoreError> {
    StoredCredential::from_text(&row.credential).map_err(|_| corrupt("credentials", "credential", row.id.as_str()))
}

/// A credential to be stored in the place of one that was read.
pub fn to_text(credential: &StoredCredential) -> Result<String, StoreError> {
    credential.to_text().map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The credentials of an account.
pub async fn all(app: &App, account: &AccountId) -> Result<Vec<CredentialRow>, StoreError> {
    let account = account.clone();
    app.store.read(move |tx| Box::pin(async move { tx.credentials_of(&account).await })).await
}

/// What the page that adds one asks the browser for.
pub async fn ask_to_add(app: &App, ctx: &Ctx, session: &CurrentSession, kind: Kind) -> Result<Asked, StoreError> {
    let account = &session.account;
    let exclude =
        all(app, &account.id).await?.iter().map(stored).collect::<Result<Vec<StoredCredential>, StoreError>>()?;
    let (challenge, ticket) = Challenge::new(app, ctx, Ceremony::adding(kind), session.row.id.as_str());
    // The account's id is random, public and of at most 64 bytes.
    let handle = account.id.as_str().as_bytes();
    let person = Person { handle, name: &account.username, display_name: &account.name };
    let options = app.sign_in_party.options_to_add(kind, person, challenge.bytes(), &exclude);
    Ok(Asked { options, ticket })
}

/// What came of adding one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is the account's now.
    Done,
    /// The page was open for too long, or its answer was sent twice.
    TooOld,
    /// The authenticator's answer is not one to what was asked.
    Refused,
    /// It belongs to an account already.
    Known,
    /// The account has as many as it may have.
    TooMany,
}

/// Adds a credential. That whoever asks may do so was checked before. Two-step verification is on then.
pub async fn add(
    app: &App,
    ctx: &Ctx,
    session: &CurrentSession,
    kind: Kind,
    name: &str,
    ticket: &str,
    made: &Value,
) -> Result<Added, StoreError> {
    let of = session.row.id.as_str();
    let Some(challenge) = Challenge::of_ticket(app, ctx, Ceremony::adding(kind), of, ticket) else {
        return Ok(Added::TooOld);
    };
    let Ok(credential) = app.sign_in_party.add(kind, challenge.bytes(), made) else { return Ok(Added::Refused) };
    let new = NewCredential {
        id: CredentialId::new(&*ctx.random),
        account_id: session.account.id.clone(),
        handle: credential.handle(),
        kind: kind_in_store(kind),
        name: name.to_owned(),
        credential: to_text(&credential)?,
        created_at: ctx.now,
    };
    let (app, ctx, account) = (app.clone(), ctx.clone(), session.account.clone());
    let store = app.store.clone();
    store.write(move |tx| Box::pin(async move { keep(&app, tx, &ctx, &account, &new, &challenge).await })).await
}

async fn keep(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    new: &NewCredential,
    challenge: &Challenge,
) -> Result<Added, StoreError> {
    tx.hold_account(&account.id).await?;
    if !challenge.answer(tx).await? {
        return Ok(Added::TooOld);
    }
    if !tx.add_credential(new, MOST).await? {
        let there_are = i64::try_from(tx.credentials_of(&account.id).await?.len()).unwrap_or(i64::MAX);
        return Ok(if there_are < MOST { Added::Known } else { Added::TooMany });
    }
    let detail = json!({ "name": new.name, "kind": new.kind.as_str() });
    audit::record(tx, ctx, Event::CredentialAdded, Some(&account.id), Some(new.id.as_str()), detail).await?;
    code::switch_two_step_on(tx, ctx, &account.id).await?;
    let home = account::home(tx, account, &app.config.name).await?;
    let told =
        CredentialNotice { id: &new.id, kind: kind_of(new.kind), name: &new.name, change: CredentialChange::Added };
    notice::credential_changed(app, tx, ctx, account, &home, &told).await?;
    Ok(Added::Done)
}

/// Gives a credential another name; false where the account has none of this id.
pub async fn rename(
    app: &App,
    ctx: &Ctx,
    account: &AccountId,
    id: &CredentialId,
    name: &str,
) -> Result<bool, StoreError> {
    let (ctx, account, id, name) = (ctx.clone(), account.clone(), id.clone(), name.to_owned());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let renamed = tx.rename_credential(&id, &account, &name).await?;
                if renamed {
                    let (event, detail) = (Event::CredentialRenamed, json!({ "name": name }));
                    audit::record(tx, &ctx, event, Some(&account), Some(id.as_str()), detail).await?;
                }
                Ok(renamed)
            })
        })
        .await
}

/// Removes a credential; false where it was gone already.
pub async fn remove(app: &App, ctx: &Ctx, account: &AccountRow, row: &CredentialRow) -> Result<bool, StoreError> {
    let (app, ctx, account, row) = (app.clone(), ctx.clone(), account.clone(), row.clone());
    let store = app.store.clone();
    store
        .write(move |tx| {
            Box::pin(async move {
                if !tx.remove_credential(&row.id, &account.id, ctx.now).await? {
                    return Ok(false);
                }
                let (event, detail) = (Event::CredentialRemoved, json!({ "name": row.name }));
                audit::record(tx, &ctx, event, Some(&account.id), Some(row.id.as_str()), detail).await?;
                let home = account::home(tx, &account, &app.config.name).await?;
                let (kind, change) = (kind_of(row.kind), CredentialChange::Removed);
                let told = CredentialNotice { id: &row.id, kind, name: &row.name, change };
                notice::credential_changed(&app, tx, &ctx, &account, &home, &told).await?;
                Ok(true)
            })
        })
        .await
}

/// The word of the store for a kind.
fn kind_in_store(kind: Kind) -> CredentialKind {
    match kind {
        Kind::Passkey => CredentialKind::Passkey,
        Kind::SecurityKey => CredentialKind::SecurityKey,
    }
}

/// The kind of a word of the store.
pub fn kind_of(kind: CredentialKind) -> Kind {
    match kind {
        CredentialKind::Passkey => Kind::Passkey,
        CredentialKind::SecurityKey => Kind::SecurityKey,
    }
}
