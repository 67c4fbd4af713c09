//! `akkoord account set-password` and `remove-password`.

use std::io::{self, IsTerminal, Read};

use akkoord_core::password::{MAX_CHARACTERS, NotAPassword, Refused, Use};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    CliError, Global,
    opened::{Absent, Opened},
};
use crate::use_cases::password::{self, By, Set};

/// More than any password has bytes: what is longer is refused, and not read to its end.
const READ: u64 = 8 * 1024;

/// Asks for a password and sets it.
pub(super) async fn ask_and_set(global: &Global, username: &str) -> Result<(), CliError> {
    let unread = |error: io::Error| CliError::failed(format!("cannot read the password: {error}"));
    let typed = tokio::task::spawn_blocking(read).await.map_err(|error| CliError::failed(error.to_string()))?;
    set(global, username, &typed.map_err(unread)?).await
}

/// Reads a password that is not shown: typed twice in a terminal, or all of standard input without the end of its line.
fn read() -> io::Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return first_line(io::stdin());
    }
    let typed = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    if typed == again { Ok(typed) } else { Err(io::Error::other("the two are not the same")) }
}

pub(super) fn first_line(from: impl Read) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(READ).unwrap_or_default()));
    from.take(READ).read_to_string(&mut text)?;
    let length = text.strip_suffix('\n').map_or(text.len(), |line| line.strip_suffix('\r').unwrap_or(line).len());
    text.truncate(length);
    Ok(text)
}

/// Sets a password that was read.
pub(super) async fn set(global: &Global, username: &str, typed: &str) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let row = opened.account(username).await?;
    let app = opened.app().await?;
    let done = password::set(&app, &opened.ctx, &row, typed, Use::Alone, By::Operator).await?;
    opened.store.close().await;
    let name = &row.username;
    let replaced = match done {
        Set::Done { replaced } => replaced,
        Set::Refused(refused) => return Err(CliError::failed(format!("the password {}", reason(refused)))),
        Set::Meanwhile => {
            return Err(CliError::failed(format!(
                "the password of {name} was changed at the same moment; nothing was set"
            )));
        }
    };
    let was = if replaced { "has another password; the old one no longer works" } else { "has a password" };
    let text = format!("{name} {was}. Its person is asked for another one at the next sign-in.");
    global.output.result(&json!({ "username": name, "replaced": replaced, "must_change": true }), &text);
    Ok(())
}

/// What is wrong with it, and what to do.
fn reason(refused: Refused) -> String {
    match refused {
        Refused::Unusable(NotAPassword::Empty) => "is empty".to_owned(),
        Refused::Unusable(NotAPassword::TooLong) => format!("is too long: use at most {MAX_CHARACTERS} characters"),
        Refused::Unusable(NotAPassword::ControlCharacter) => {
            "has a control character, such as a tab or a second line: leave it out".to_owned()
        }
        Refused::TooShort { at_least } => {
            format!("is too short: use {at_least} characters or more, several words for example")
        }
        Refused::Common => "is one that many people use, or repeats one: it would be tried first".to_owned(),
        Refused::Username => "is the user name and little more".to_owned(),
        Refused::Email => "is the name in the mail address and little more".to_owned(),
        Refused::Organisation => "is the name of the organisation and little more".to_owned(),
        Refused::Service => "is the name of the service and little more".to_owned(),
    }
}

/// Removes the password of an account.
pub(super) async fn remove(global: &Global, username: &str) -> Result<(), CliError> {
    let opened = Opened::open(global, Absent::Refuse).await?;
    let row = opened.account(username).await?;
    let app = opened.app().await?;
    let removed = password::remove(&app, &opened.ctx, &row, None).await?;
    opened.store.close().await;
    let name = &row.username;
    let text = if removed { format!("{name} has no password any more.") } else { format!("{name} had no password.") };
    global.output.result(&json!({ "username": name, "removed": removed }), &text);
    Ok(())
}
