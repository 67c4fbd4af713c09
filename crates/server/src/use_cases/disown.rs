//! "This was not me": what the link of a notice does. Whoever has the mail box takes away with it and never adds.

use akkoord_core::{Ctx, audit::Event, ids::AccountId, notice::Told, secret::TokenHash};
use akkoord_store::{AccountRow, NoticeLinkRow, StoreError, Tx};
use serde_json::json;

use super::{
    account::corrupt,
    audit, notice,
    phone::{self, Removal},
    remembered::{self, Why},
    sign_in,
};
use crate::{app::App, wake::Topic};

/// A link with what it is about.
#[derive(Clone, Debug)]
pub struct Link {
    /// The hash of its token.
    pub token: TokenHash,
    /// The row.
    pub row: NoticeLinkRow,
    /// What its notice told of.
    pub told: Told,
    /// The account.
    pub account: AccountRow,
}

/// The link of a token; also one that was used or is too old.
pub async fn find(app: &App, token: &TokenHash) -> Result<Option<Link>, StoreError> {
    let token = token.clone();
    app.store
        .read(move |tx| {
            Box::pin(async move {
                let Some(row) = tx.notice_link(&token).await? else { return Ok(None) };
                let broken = |column| corrupt("notice_links", column, row.account_id.as_str());
                let told = Told::from_stored(&row.what, &row.subject).map_err(|_| broken("what"))?;
                let account = tx.account(&row.account_id).await?.ok_or_else(|| broken("account_id"))?;
                Ok(Some(Link { token, row, told, account }))
            })
        })
        .await
}

/// Does what the link says, once: takes back what was added, if it is still what the notice told of, signs the account out
/// everywhere, and tells the administrators.
pub async fn disown(app: &App, ctx: &Ctx, link: &Link) -> Result<(), StoreError> {
    if let Told::Phone(id) = &link.told {
        let how = Removal::Link(link.token.clone());
        return phone::remove(app, ctx, id, None, how).await.map(drop);
    }
    let (ctx, link, app_too) = (ctx.clone(), link.clone(), app.clone());
    let phones = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let id = &link.account.id;
                // Before anything of it, as each sign-in and each change takes it.
                tx.hold_account(id).await?;
                if !tx.use_notice_link(&link.token, ctx.now).await? {
                    return Ok(Vec::new());
                }
                let taken_back = take_back(tx, &ctx, id, &link.told).await?;
                let requests = tx.revoke_approvals_of_account(id, ctx.now).await?;
                sign_in::all_settled(tx, &ctx, &requests).await?;
                tx.end_proved_sign_ins(id, ctx.now).await?;
                let sessions = tx.end_sessions_of_account(id, None, ctx.now).await?;
                tx.forget_browsers_of(id, ctx.now).await?;
                remembered::forget(tx, &ctx, id, Why::Reported).await?;
                tx.note_report(id, ctx.now).await?;
                let detail = json!({ "what": link.told.what(), "taken_back": taken_back, "sessions": sessions });
                audit::record(tx, &ctx, Event::ChangeDisowned, Some(id), Some(id.as_str()), detail).await?;
                notice::change_disowned(&app_too, tx, &ctx, &link.account).await?;
                tx.phones_of(id).await
            })
        })
        .await?;
    for phone in phones {
        app.wake.tell(&Topic::Phone(phone.id.to_string()));
    }
    Ok(())
}

async fn take_back(tx: &mut Tx, ctx: &Ctx, account: &AccountId, told: &Told) -> Result<bool, StoreError> {
    match told {
        Told::Phone(_) | Told::Change => Ok(false),
        // A newer one may be its person's own.
        Told::Password(at) if tx.password(account).await?.is_some_and(|row| row.set_at == *at) => {
            tx.remove_password(account).await
        }
        Told::RecoveryCodes(at)
            if tx.recovery_codes_of(account).await?.first().is_some_and(|code| code.created_at == *at) =>
        {
            tx.remove_recovery_codes(account).await.map(|count| count > 0)
        }
        Told::Password(_) | Told::RecoveryCodes(_) => Ok(false),
        Told::Codes(id) => tx.remove_code_generator(id, account).await,
        Told::Credential(id) => tx.remove_credential(id, account, ctx.now).await,
    }
}
