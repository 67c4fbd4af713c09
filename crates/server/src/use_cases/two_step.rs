//! Two-step verification as a setting of the account: switching it off and on, and which second step is asked for first.

use akkoord_core::{
    Ctx,
    audit::Event,
    password::{Password, Use},
    sign_in::{Method, TwoStep},
};
use akkoord_protocols::webauthn::Kind;
use akkoord_store::StoreError;
use serde_json::json;

use super::{
    account, code, credential, notice,
    password::{self, Checked},
    remembered::{self, Why},
    session::CurrentSession,
    sign_in,
};
use crate::{app::App, use_cases::audit, wake::Topic};

/// What came of switching it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchedOff {
    /// It is off.
    Done,
    /// Policy asks for it.
    Required,
    /// Nothing would be left that lets its person in: there is neither a password nor a passkey.
    NothingElse,
    /// The password is not right, or waits after wrong ones.
    WrongPassword,
    /// The password is too short to be all that is asked.
    TooShort,
}

/// Switches two-step verification off. Phone sign-in goes off on each phone, because it needs it. Whoever has a password types
/// it: alone it must be longer than beside a second step (SP 800-63B-4 section 3.1.1.2), and of its hash nobody knows that.
pub async fn switch_off(
    app: &App,
    ctx: &Ctx,
    session: &CurrentSession,
    typed: &str,
) -> Result<SwitchedOff, StoreError> {
    if session.policy.two_step_required {
        return Ok(SwitchedOff::Required);
    }
    let id = session.account.id.clone();
    let wanted = id.clone();
    let read = app.store.read(move |tx| Box::pin(async move { tx.password(&wanted).await }));
    let password: Result<_, StoreError> = read.await;
    let keys = credential::all(app, &id).await?;
    if password?.is_some() {
        if password::check(app, ctx, Some(&id), typed).await? == Checked::Wrong {
            return Ok(SwitchedOff::WrongPassword);
        }
        if !Password::typed(typed).is_ok_and(|password| password.is_long_enough(Use::Alone)) {
            return Ok(SwitchedOff::TooShort);
        }
    } else if !keys.iter().any(|row| credential::kind_of(row.kind) == Kind::Passkey) {
        return Ok(SwitchedOff::NothingElse);
    }
    let (app_too, ctx, account) = (app.clone(), ctx.clone(), session.account.clone());
    let phones = app
        .store
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&account.id).await?;
                if !tx.switch_two_step_off(&account.id).await? {
                    return Ok(Vec::new());
                }
                let phones = tx.phones_of(&account.id).await?;
                let requests = tx.revoke_approvals_of_account(&account.id, ctx.now).await?;
                sign_in::all_settled(tx, &ctx, &requests).await?;
                remembered::forget(tx, &ctx, &account.id, Why::TwoStepOff).await?;
                let detail = json!({ "phones": phones.len() });
                audit::record(tx, &ctx, Event::TwoStepOff, Some(&account.id), Some(account.id.as_str()), detail)
                    .await?;
                let home = account::home(tx, &account, &app_too.config.name).await?;
                notice::two_step_changed(&app_too, tx, &ctx, &account, &home, false).await?;
                Ok::<_, StoreError>(phones)
            })
        })
        .await?;
    for phone in phones {
        app.wake.tell(&Topic::Phone(phone.id.to_string()));
    }
    Ok(SwitchedOff::Done)
}

/// Switches it on again, where there is a second step to ask for; whether there is.
pub async fn switch_on(app: &App, ctx: &Ctx, session: &CurrentSession) -> Result<bool, StoreError> {
    let (app_too, ctx, account) = (app.clone(), ctx.clone(), session.account.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                tx.hold_account(&account.id).await?;
                if sign_in::second_step_of(tx, &account).await?.methods().is_empty() {
                    return Ok(false);
                }
                let before = tx.account(&account.id).await?.and_then(|row| row.two_step_at);
                code::switch_two_step_on(tx, &ctx, &account.id).await?;
                if TwoStep::of(before, false) == TwoStep::Off {
                    let home = account::home(tx, &account, &app_too.config.name).await?;
                    notice::two_step_changed(&app_too, tx, &ctx, &account, &home, true).await?;
                }
                Ok(true)
            })
        })
        .await
}

/// Keeps which second step is asked for first; with `None` the order is ours.
pub async fn choose_default(
    app: &App,
    ctx: &Ctx,
    session: &CurrentSession,
    step: Option<Method>,
) -> Result<(), StoreError> {
    let (ctx, id) = (ctx.clone(), session.account.id.clone());
    app.store
        .write(move |tx| {
            Box::pin(async move {
                let word = step.map(Method::as_str);
                if tx.set_default_step(&id, word).await? {
                    let detail = json!({ "step": word });
                    audit::record(tx, &ctx, Event::DefaultStepChosen, Some(&id), Some(id.as_str()), detail).await?;
                }
                Ok(())
            })
        })
        .await
}
