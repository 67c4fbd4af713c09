//! The demo without hands: a browser, a terminal authenticator and the server, each a program or client of its own,
//! go through the whole story once. Its exit code tells the truth.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use akkoord_authenticator::{Network, NetworkError};
use serde_json::Value;

use crate::{
    browser::{Browser, BrowserError},
    folder::Folder,
    server::{Server, ServerError},
    steps::{self, PATIENCE, StepError, wrong_page},
    story::{self, Story},
    terminal::{Terminal, TerminalError},
};

/// The whole story takes seconds; this is for a machine that hangs.
const AT_MOST: Duration = Duration::from_secs(240);

/// A PIN that nobody has to remember.
const PIN: &str = "864209";

/// Why the story did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HandsFreeError {
    /// A page.
    #[error(transparent)]
    Step(#[from] StepError),
    /// The server.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The terminal authenticator.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// The network client.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The temporary folder.
    #[error("no temporary folder: {0}")]
    Folder(#[from] std::io::Error),
    /// Something else is not as it must be.
    #[error("{0}")]
    Wrong(String),
}

impl From<BrowserError> for HandsFreeError {
    fn from(error: BrowserError) -> Self {
        Self::Step(error.into())
    }
}

/// Which programs take part.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The server.
    pub akkoord: PathBuf,
    /// The terminal authenticator.
    pub authenticator: PathBuf,
}

impl Programs {
    /// The terminal authenticator lies beside this program, or beside the server, as cargo puts them.
    pub fn find(akkoord: &Path, authenticator: Option<&Path>) -> Self {
        const NAME: &str = "akkoord-authenticator";
        let beside = |path: &Path| path.parent().map(|folder| folder.join(NAME));
        let own = std::env::current_exe().ok().and_then(|path| beside(&path));
        let found = [own, beside(akkoord)].into_iter().flatten().find(|path| path.is_file());
        let authenticator = authenticator.map(Path::to_owned).or(found).unwrap_or_else(|| NAME.into());
        Self { akkoord: akkoord.to_owned(), authenticator }
    }
}

/// Tells the story. The error says which step failed and why.
pub async fn run(programs: &Programs) -> Result<(), String> {
    let mut story = Story::default();
    let told = tokio::time::timeout(AT_MOST, tell(programs, &mut story)).await;
    match told {
        Ok(Ok(username)) => {
            story::line(&format!("\nAgreed: {username} signed in with a user name and a phone, without a password."));
            Ok(())
        }
        Ok(Err(error)) => Err(format!("{} failed: {error}", story.place())),
        Err(_) => Err(format!("{} did not end within {} seconds", story.place(), AT_MOST.as_secs())),
    }
}

async fn tell(programs: &Programs, story: &mut Story) -> Result<String, HandsFreeError> {
    story.step("The server starts on an empty folder", "It makes its keys, its database and an example organisation.");
    let folder = Folder::new("hands-free")?;
    let network = Network::loopback()?;
    let server = Server::start(&programs.akkoord, &folder.join("data"), None, &[]).await?;
    story.saw(&format!("ready after {} ms at {}", server.started_in.as_millis(), server.ready.login));
    let result = with_server(programs, story, &folder, &network, &server).await;
    let username = match result {
        Ok(username) => username,
        Err(error) => {
            let log = server.last_words();
            if !log.is_empty() {
                story::line(&format!("   The server's last words:\n{log}"));
            }
            return Err(error);
        }
    };
    story.step("The server stops", "What it acknowledged is on disk, so it may stop whenever it is told to.");
    server.stop().await?;
    story.saw("it ended by itself, without an error");
    Ok(username)
}

async fn with_server(
    programs: &Programs,
    story: &mut Story,
    folder: &Folder,
    network: &Network,
    server: &Server,
) -> Result<String, HandsFreeError> {
    let ready = &server.ready;
    let account = ready.accounts.iter().find(|account| account.access_pass.is_some());
    let account = account.ok_or_else(|| HandsFreeError::Wrong("no example account has an access pass".to_owned()))?;
    let (username, pass) = (account.username.as_str(), account.access_pass.as_deref().unwrap_or_default());
    let mut browser = Browser::new(network, &ready.login);
    let terminal = Terminal::new(&programs.authenticator, folder.path(), PIN)?;

    story.step(
        &format!("{username} signs in with a temporary access pass"),
        "There is no phone yet. A pass from the administrator opens the account once, to add the first one.",
    );
    steps::sign_in_with_pass(&mut browser, username, pass).await?;
    story.saw("the account page is open");

    story.step("The browser offers to add a phone", "The page shows a QR code; behind it is a link that works once.");
    let offered = steps::add_phone(&mut browser).await?;
    story.saw(&format!("the link leads to {}", offered.link.split('#').next().unwrap_or_default()));

    story.step(
        "The terminal authenticator takes the link",
        "It makes its keys, checks that the server is the one of the link, sets a PIN, and shows six digits.",
    );
    let mut events = browser.events(&format!("{}/events", offered.path)).await?;
    let (enrolling, digits) = terminal.enrol(&offered.link).await?;
    events.state("proved", PATIENCE).await?;
    story.saw(&format!("it shows {digits}"));

    story.step("The six digits are typed into the page", "They agree only if nobody stands between phone and server.");
    steps::type_digits(&mut browser, &offered, &digits).await?;
    let active = enrolling.finish("active").await?;
    story.saw(&format!("phone and page agree: {} has a phone", text(&active, "username")));

    practise(story, &mut browser, &terminal).await?;

    story.step("The browser signs out", "From here on nothing but the user name and the phone is used.");
    steps::sign_out(&mut browser).await?;
    story.saw("the account page is closed");

    story.step(
        &format!("The user name {username} is sent to the sign-in page"),
        "The page shows a number that only this browser knows.",
    );
    let number = steps::start_sign_in(&mut browser, username).await?;
    let mut events = browser.events("/signin/events").await?;
    steps::number_is_shown(&mut browser).await?;
    story.saw(&format!("the number on the page is {number}"));

    story.step(
        "The phone fetches the request and shows it",
        "Only a request that the server signed is shown, and the number is not in it.",
    );
    let (watching, request) = terminal.watch().await?;
    story.saw(&shown(&request));

    story.step(
        &format!("{number} and the PIN are entered on the phone"),
        "The number proves that phone and browser are in the same hands, the PIN whose hands.",
    );
    let decided = approve(watching, &number).await?;
    story.saw(&format!("the server took the decision: {decided}"));
    events.state("approved", PATIENCE).await?;
    story.saw("the browser heard of it");

    story.step("The browser goes on by itself", "It holds the other half of the sign-in, which never left it.");
    steps::finish_sign_in(&mut browser).await?;
    let who = steps::signed_in_as(&browser)?;
    if who != username {
        return Err(wrong_page(&browser, format!("belongs to {who} and not to {username}")).into());
    }
    story.saw(&format!("the account page says: {who}"));
    Ok(who)
}

async fn practise(story: &mut Story, browser: &mut Browser, terminal: &Terminal) -> Result<(), HandsFreeError> {
    story.step(
        "A practice request",
        "The real path, with nothing at stake: the page offers it after a phone was added.",
    );
    let (path, number) = steps::start_practice(browser).await?;
    let (watching, _) = terminal.watch().await?;
    approve(watching, &number).await?;
    steps::practice_ends(browser, &path, &["approved", "consumed"]).await?;
    story.saw("it worked");
    Ok(())
}

async fn approve(mut watching: crate::terminal::Running, number: &str) -> Result<String, HandsFreeError> {
    watching.type_line(number)?;
    let decided = watching.finish("decided").await?;
    Ok(text(&decided, "state").to_owned())
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value.get(member).and_then(Value::as_str).unwrap_or("?")
}

/// What the phone shows of a request.
fn shown(request: &Value) -> String {
    let at = |pointer: &str| request.pointer(pointer).and_then(Value::as_str).unwrap_or("unknown");
    let known = request.pointer("/ctx/known").and_then(Value::as_bool) == Some(true);
    let known = if known { "used before" } else { "new for this account" };
    format!("{} to {}, from {}, with {} ({known})", at("/op"), at("/app/name"), at("/ctx/ip"), at("/ctx/browser"))
}
