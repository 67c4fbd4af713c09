//! `enrol`: adds an account to this device.

use akkoord_authenticator::{Candidate, Claimed, Invitation, VaultError, unlock_methods};
use akkoord_protocols::phone::{
    Platform, Unlock,
    code::TypedCode,
    link::{EnrolmentLink, check_api},
    offer::Kind,
    pin::check_choice,
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    EnrolArguments, Session,
    failure::Failure,
    screen::{read_line, secret_file},
};

/// Enrols this terminal as a phone.
pub(crate) async fn enrol(session: &Session, arguments: &EnrolArguments) -> Result<(), Failure> {
    let (screen, door) = (&session.screen, session.door());
    let vault = door.vault().await?;
    // Read now, so that a vault that can't be used is told before anything happens on the server.
    let accounts = vault.read()?.accounts;
    if let Some(file) = &arguments.pin_file {
        // The claim spends the code, so a PIN that no policy allows is refused before it.
        check_choice(&secret_file(file)?, 4).map_err(|_| Failure::weak_pin(4))?;
    }
    let invitation = invitation(arguments).await?;
    let mut claimed = Candidate::new(&door.network()?, invitation)?.claim().await?;

    let offer = claimed.offer().clone();
    let same = |account: &akkoord_authenticator::Account| {
        account.server.iss == offer.iss && account.owner.id == offer.account.id
    };
    if accounts.iter().any(same) {
        return Err(Failure::refused("enrol.already"));
    }
    let work = |kind: Kind| kind == Kind::Work;
    if offer.policy.one_work_account_per_phone
        && work(offer.account.kind)
        && accounts.iter().any(|account| work(account.owner.kind))
    {
        return Err(Failure::refused("enrol.only_one_work"));
    }
    if !unlock_methods(&offer).contains(&Unlock::Pin) {
        return Err(Failure::refused("error.no_unlock"));
    }
    let organisation = offer.account.organisation.as_ref().unwrap_or(&offer.account.name);
    screen.say_text(
        "enrol.what",
        &[("account", offer.account.username.as_str()), ("name", organisation.as_str()), ("server", &offer.api)],
    );
    screen.emit(&json!({ "event": "offer", "account": offer.account, "server": offer.api }));

    set_pin(session, arguments, &mut claimed).await?;
    let proved = claimed.prove(arguments.name.clone(), Platform::Terminal).await?;
    let digits = proved.digits();
    screen.say_text("enrol.digits", &[("digits", &digits.to_shown())]);
    screen.say_text("enrol.waiting", &[]);
    screen.emit(&json!({ "event": "digits", "digits": digits.expose() }));

    let account = proved.wait().await?;
    let (phone, username) = (account.phone.clone(), account.owner.username.clone());
    vault.change(|contents| {
        contents.accounts.push(account);
        Ok::<(), VaultError>(())
    })?;
    screen.say_text("enrol.active", &[("account", username.as_str())]);
    screen.emit(&json!({ "event": "active", "phone": phone, "username": username }));
    Ok(())
}

async fn invitation(arguments: &EnrolArguments) -> Result<Invitation, Failure> {
    if let Some(link) = &arguments.link {
        let link = if link == "-" { read_line().await? } else { link.clone() };
        return Ok(Invitation::Link(link.parse::<EnrolmentLink>()?));
    }
    let (Some(server), Some(username), Some(code)) = (&arguments.server, &arguments.username, &arguments.code) else {
        return Err(Failure::usage("error.link"));
    };
    let api = server.trim_end_matches('/').to_owned();
    check_api(&api)?;
    let code = if code == "-" { read_line().await? } else { code.clone() };
    let code: TypedCode = code.parse().map_err(|_| Failure::usage("error.code"))?;
    Ok(Invitation::Code { api, username: username.clone(), code })
}

async fn set_pin(session: &Session, arguments: &EnrolArguments, claimed: &mut Claimed) -> Result<(), Failure> {
    let least = claimed.offer().policy.pin_min;
    let pin = choose_pin(session, arguments.pin_file.as_deref(), least).await?;
    claimed.set_pin(&pin).await?;
    Ok(())
}

/// A new PIN, from a file or typed twice.
pub(crate) async fn choose_pin(
    session: &Session,
    file: Option<&std::path::Path>,
    least: u8,
) -> Result<Zeroizing<String>, Failure> {
    let screen = &session.screen;
    let prompt = screen.with("enrol.choose_pin", &[("digits", &least.to_string())]);
    loop {
        let pin = screen.secret(file, &prompt).await?;
        if check_choice(&pin, least).is_err() {
            let weak = Failure::weak_pin(least);
            if file.is_some() {
                return Err(weak);
            }
            // Somebody at the keyboard may choose again.
            screen.say_text("enrol.weak_pin", &[("digits", &least.to_string())]);
            continue;
        }
        if file.is_none() && *screen.hidden(&screen.text("enrol.repeat_pin")).await? != *pin {
            return Err(Failure::pins_differ());
        }
        return Ok(pin);
    }
}
