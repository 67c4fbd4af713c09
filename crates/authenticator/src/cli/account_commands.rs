//! The commands on accounts that are enrolled, apart from `watch`.

use std::path::Path;

use akkoord_authenticator::{RequestState, Unlocking, VaultError};
use akkoord_protocols::text::{Id, Name};
use serde_json::json;

use super::{
    Session, enrol,
    failure::{Failure, state_key},
    moment,
};

/// Lists the accounts.
pub(crate) async fn accounts(session: &Session) -> Result<(), Failure> {
    let door = session.door();
    let accounts = door.chosen(&*door.vault().await?)?;
    let screen = &session.screen;
    if accounts.is_empty() {
        screen.say_text("accounts.none", &[]);
    }
    for account in &accounts {
        let owner = &account.owner;
        let organisation = owner.organisation.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
        screen.say(&format!(
            "{}   {}{organisation}   {}   {}",
            owner.username, owner.name, account.server.api, account.phone
        ));
        screen.emit(&json!({ "account": owner, "server": account.server.api, "phone": account.phone,
            "name": account.name }));
    }
    Ok(())
}

/// Shows the current verification codes, by the server's time where it can be had.
pub(crate) async fn codes(session: &Session) -> Result<(), Failure> {
    let (door, screen) = (session.door(), &session.screen);
    let vault = door.vault().await?;
    let network = door.network()?;
    let accounts = door.chosen(&vault)?;
    if accounts.is_empty() {
        screen.say_text("accounts.none", &[]);
    }
    for account in accounts {
        let phone = door.ready(&network, account, &vault)?;
        let told = phone.connection().nonce().await.ok().and_then(|_| phone.connection().now());
        let now = match told {
            Some(now) => now,
            None => {
                screen.say_text("codes.by_own_clock", &[]);
                own_clock()
            }
        };
        let username = &phone.account().owner.username;
        match phone.code_at(now) {
            Some((code, left)) => {
                let seconds = left.to_string();
                let values = [("code", code.as_str()), ("account", username.as_str()), ("seconds", &seconds)];
                screen.say_text("codes.left", &values);
                screen.emit(
                    &json!({ "username": username, "code": code, "seconds": left, "server_time": told.is_some() }),
                );
            }
            None => screen.say_text("codes.none", &[]),
        }
    }
    Ok(())
}

/// Verification codes must also work without a network, which is what they are for.
#[expect(clippy::disallowed_methods, reason = "the only use of the wall clock, where no server can be asked")]
fn own_clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(0)
}

/// Shows the account's sign-ins.
pub(crate) async fn history(session: &Session) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    let screen = &session.screen;
    let history = phone.history(None).await?;
    if history.entries.is_empty() {
        screen.say_text("history.none", &[]);
    }
    for entry in &history.entries {
        let state = screen.text(state_key(RequestState::from_wire(&entry.state)));
        let unknown = screen.text("request.unknown_place");
        let from = entry.ctx.place.as_ref().map(ToString::to_string).or(entry.ctx.ip.as_ref().map(ToString::to_string));
        let browser = entry.ctx.browser.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
        screen.say(&format!(
            "{}   {}   {}   {}{browser}   {state}   {}",
            moment::day_and_time(entry.at),
            screen.text(&format!("op.{}", entry.op.as_str())),
            entry.app.name,
            from.unwrap_or(unknown),
            entry.id,
        ));
        screen.emit(&serde_json::to_value(entry).map_err(Failure::defect)?);
    }
    Ok(())
}

/// Reports a sign-in of the past.
pub(crate) async fn report(session: &Session, id: &Id) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    let ended = phone.report_past(id).await?;
    session.screen.say_text("done.reported", &[("count", &ended.to_string())]);
    session.screen.emit(&json!({ "event": "reported", "ended_sessions": ended }));
    Ok(())
}

/// Announces a sign-in.
pub(crate) async fn expect(session: &Session) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    let until = phone.expect().await?;
    session.screen.say_text("done.expect", &[]);
    session.screen.emit(&json!({ "event": "expected", "until": until }));
    Ok(())
}

/// Renames this device.
pub(crate) async fn rename(session: &Session, name: Name) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    let state = phone.rename(name).await?;
    session.screen.say_text("done.renamed", &[("name", state.name.as_str())]);
    session.screen.emit(&json!({ "event": "renamed", "name": state.name }));
    Ok(())
}

/// Changes the PIN.
pub(crate) async fn change_pin(session: &Session, old: Option<&Path>, new: Option<&Path>) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    let screen = &session.screen;
    let old = screen.secret(old, &screen.text("prompt.old_pin")).await?;
    let new = enrol::choose_pin(session, new, phone.account().policy.pin_min).await?;
    phone.change_pin(&Unlocking::Pin(&old), &new).await?;
    screen.say_text("done.pin_changed", &[]);
    screen.emit(&json!({ "event": "pin_changed" }));
    Ok(())
}

/// Replaces this device's key.
pub(crate) async fn rotate(session: &Session) -> Result<(), Failure> {
    let (phone, _) = session.door().phone().await?;
    phone.rotate().await?;
    session.screen.say_text("done.rotated", &[]);
    session.screen.emit(&json!({ "event": "rotated" }));
    Ok(())
}

/// Removes an account.
pub(crate) async fn remove(session: &Session, yes: bool, forget: bool) -> Result<(), Failure> {
    let (phone, vault) = session.door().phone().await?;
    let (screen, account) = (&session.screen, phone.account());
    if !yes {
        let prompt = screen.with("prompt.forget", &[("account", account.owner.username.as_str())]);
        if screen.line(&prompt).await? != screen.text("prompt.forget.yes") {
            return Err(Failure::Interrupted);
        }
    }
    if !forget {
        phone.unregister().await?;
    }
    vault.change(|contents| {
        contents.accounts.retain(|stored| stored.phone != account.phone);
        Ok::<(), VaultError>(())
    })?;
    screen.say_text(if forget { "done.forgotten" } else { "done.removed" }, &[]);
    screen.emit(&json!({ "event": "removed", "phone": account.phone }));
    Ok(())
}
