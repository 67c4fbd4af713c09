//! Notices: what a person is told of their account by mail, queued in the transaction of the change.

use std::time::Duration;

use akkoord_core::{
    Ctx,
    ids::{CodeGeneratorId, CredentialId},
    notice::Told,
    secret::Token,
};
use akkoord_protocols::{phone::request::Context, webauthn::Kind};
use akkoord_store::{AccountRow, ApprovalRow, NoticeLinkRow, StoreError, Tx};
use askama::Template;

use super::account::{self, Home};
use crate::{
    app::App,
    jobs,
    views::{
        mail,
        texts::{Language, Texts},
    },
};

/// How long the link in a notice works.
const LINK_LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// What a notice tells of a phone.
#[derive(Clone, Debug)]
pub struct PhoneNotice {
    /// The phone's id.
    pub id: akkoord_core::ids::PhoneId,
    /// Its name.
    pub name: String,
    /// What it runs on.
    pub platform: String,
}

/// What a notice tells of a passkey or a security key.
#[derive(Clone, Copy, Debug)]
pub struct CredentialNotice<'a> {
    /// Its id.
    pub id: &'a CredentialId,
    /// What it is for.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// What became of it.
    pub change: mail::CredentialChange,
}

fn texts<'a>(app: &'a App, account: &AccountRow) -> &'a Texts {
    let language = account.language.as_deref().and_then(Language::from_code);
    app.languages.texts(language.unwrap_or(Language::En))
}

fn rendered(template: &impl Template) -> Result<String, StoreError> {
    template.render().map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The address behind "this was not me", which works once and also for somebody who cannot sign in.
async fn link(app: &App, tx: &mut Tx, ctx: &Ctx, account: &AccountRow, told: &Told) -> Result<String, StoreError> {
    let token = Token::new(&*ctx.random);
    let row = NoticeLinkRow {
        account_id: account.id.clone(),
        what: told.what().to_owned(),
        subject: told.subject(),
        created_at: ctx.now,
        expires_at: ctx.now + LINK_LIFETIME,
        used_at: None,
    };
    tx.add_notice_link(&token.hash(), &row).await?;
    Ok(format!("{}/not-me/{}", app.config.public_url, token.expose_text()))
}

/// A phone was added. The link in it undoes that, also for somebody who cannot sign in.
pub async fn phone_added(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    phone: &PhoneNotice,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let not_me_link = &link(app, tx, ctx, account, &Told::Phone(phone.id.clone())).await?;
    let view = mail::PhoneAdded {
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        phone_name: &phone.name,
        platform: &phone.platform,
        at: ctx.now.0,
        not_me_link,
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// A phone was removed.
pub async fn phone_removed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    phone: &PhoneNotice,
    by: mail::RemovedBy,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let not_me_link = &link(app, tx, ctx, account, &Told::Change).await?;
    let view = mail::PhoneRemoved {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        phone_name: &phone.name,
        at: ctx.now.0,
        by,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// A phone ran out of PIN tries.
pub async fn phone_locked(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    phone: &PhoneNotice,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let view = mail::PhoneLocked {
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        phone_name: &phone.name,
        at: ctx.now.0,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// Wrong numbers locked phone approval.
pub async fn approval_locked(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let view = mail::ApprovalLocked {
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        at: ctx.now.0,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// The password was set, changed or removed.
pub async fn password_changed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    change: mail::PasswordChange,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let told = match change {
        mail::PasswordChange::Set | mail::PasswordChange::Changed => Told::Password(ctx.now),
        mail::PasswordChange::Removed => Told::Change,
    };
    let not_me_link = &link(app, tx, ctx, account, &told).await?;
    let view = mail::PasswordChanged {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        at: ctx.now.0,
        change,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// An app for verification codes was added or removed.
pub async fn codes_changed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    (id, name): (&CodeGeneratorId, &str),
    change: mail::CodesChange,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let home = account::home(tx, account, &app.config.name).await?;
    let told = match change {
        mail::CodesChange::Added => Told::Codes(id.clone()),
        mail::CodesChange::Removed => Told::Change,
    };
    let not_me_link = &link(app, tx, ctx, account, &told).await?;
    let view = mail::CodesChanged {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        name,
        at: ctx.now.0,
        change,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// Recovery codes were made, removed or used.
pub async fn recovery_codes_changed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    change: mail::RecoveryChange,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let told = match change {
        mail::RecoveryChange::Made => Told::RecoveryCodes(ctx.now),
        mail::RecoveryChange::Removed | mail::RecoveryChange::Used { .. } => Told::Change,
    };
    let not_me_link = &link(app, tx, ctx, account, &told).await?;
    let view = mail::RecoveryCodesChanged {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        at: ctx.now.0,
        change,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// Two-step verification was switched on or off.
pub async fn two_step_changed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    on: bool,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let not_me_link = &link(app, tx, ctx, account, &Told::Change).await?;
    let view = mail::TwoStepChanged {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        at: ctx.now.0,
        on,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// A passkey or a security key was added or removed.
pub async fn credential_changed(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    home: &Home,
    notice: &CredentialNotice<'_>,
) -> Result<(), StoreError> {
    let Some(address) = &account.email else { return Ok(()) };
    let told = match notice.change {
        mail::CredentialChange::Added => Told::Credential(notice.id.clone()),
        mail::CredentialChange::Removed => Told::Change,
    };
    let not_me_link = &link(app, tx, ctx, account, &told).await?;
    let view = mail::CredentialChanged {
        not_me_link,
        texts: texts(app, account),
        organisation: &home.name,
        username: &account.username,
        name: notice.name,
        at: ctx.now.0,
        kind: notice.kind,
        change: notice.change,
        help_contact: home.help_contact.as_deref(),
    };
    jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await
}

/// Somebody reported a sign-in: each administrator of the organisation is told. A personal account has none.
pub async fn request_reported(
    app: &App,
    tx: &mut Tx,
    ctx: &Ctx,
    account: &AccountRow,
    request: &ApprovalRow,
) -> Result<(), StoreError> {
    let Some(organisation) = &account.organisation_id else { return Ok(()) };
    let home = account::home(tx, account, &app.config.name).await?;
    let context: Context = serde_json::from_str(&request.context)
        .map_err(|_| account::corrupt("approvals", "context", request.id.as_str()))?;
    let place = context.net.map(String::from).or_else(|| context.ip.map(String::from)).unwrap_or_default();
    let browser = context.browser.map(String::from);
    for administrator in tx.administrators_of(organisation).await? {
        let Some(address) = &administrator.email else { continue };
        let view = mail::RequestReported {
            texts: texts(app, &administrator),
            organisation: &home.name,
            username: &account.username,
            name: &account.name,
            started_at: request.created_at.0,
            browser: browser.as_deref(),
            place: &place,
        };
        jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await?;
    }
    Ok(())
}

/// Somebody said of a change that it was not the person's: each administrator of the organisation is told.
pub async fn change_disowned(app: &App, tx: &mut Tx, ctx: &Ctx, account: &AccountRow) -> Result<(), StoreError> {
    let Some(organisation) = &account.organisation_id else { return Ok(()) };
    let home = account::home(tx, account, &app.config.name).await?;
    for administrator in tx.administrators_of(organisation).await? {
        let Some(address) = &administrator.email else { continue };
        let view = mail::ChangeDisowned {
            texts: texts(app, &administrator),
            organisation: &home.name,
            username: &account.username,
            name: &account.name,
            at: ctx.now.0,
        };
        jobs::queue_mail(tx, ctx, address, view.subject(), rendered(&view)?).await?;
    }
    Ok(())
}
