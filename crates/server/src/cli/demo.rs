//! `akkoord demo`: a server with an example organisation, to try things on this machine.
//!
//! It is the real server on the real store; only its people are made up. What it prints are access passes, so it
//! listens on this machine alone unless it is told to have a domain.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use akkoord_core::{account::Role, ids::OrganisationId, policy::Policy};
use akkoord_store::Store;
use clap::Args;
use futures_util::{StreamExt, stream};
use serde_json::json;

use super::{
    CliError, Global,
    access_pass::{self, Issued, clicks},
    opened::{operator_ctx, parse_username},
    output::moment,
    serve::{build, write_ready},
    setup::parse_name,
};
use crate::{
    app::App,
    config::{self, Config},
    log,
    serve::{self, Serving, Signals, Tls},
    use_cases::account,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Keep the data in this folder and go on with it the next time [default: a folder that goes at the end].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8080, with --domain 0.0.0.0:443].
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Write addresses and access passes into this file, once the server listens.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Add this many more accounts, user0001@example.org and on; their passes stand in the ready file only.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=9999))]
    accounts: u16,
    /// Use login.NAME and phone.NAME over TLS, for real phones.
    #[arg(long, value_name = "NAME", requires_all = ["cert", "key"])]
    domain: Option<String>,
    /// The certificate for both names, in PEM form.
    #[arg(long, value_name = "FILE", requires = "domain")]
    cert: Option<PathBuf>,
    /// Its private key, in PEM form.
    #[arg(long, value_name = "FILE", requires = "domain")]
    key: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let usual = SocketAddr::from(if arguments.domain.is_some() { ([0, 0, 0, 0], 443) } else { ([127, 0, 0, 1], 8080) });
    let listener = serve::listen(arguments.listen.unwrap_or(usual))?;
    let address = listener.local_addr().map_err(|error| CliError::failed(error.to_string()))?;
    let folder = Folder::of(&arguments);
    let config = configure(&arguments, address, folder.path())?;
    log::start(&config.log).map_err(CliError::Failed)?;
    let tls = config.tls.as_ref().map(Tls::load).transpose()?;
    let _lock = serve::lock_data(&config.database, &config.data_dir)?;
    let (app, clock) = build(config).await?;
    let issued = seed(&app.store, &app.config.name, arguments.accounts).await?;
    let document = json!({
        "login": app.config.public_url,
        "phone": app.config.phone_url,
        "accounts": issued.iter().map(Issued::document).collect::<Vec<_>>(),
        "pid": std::process::id(),
    });
    let signals = Signals::take()?;
    if let Some(path) = &arguments.ready_file {
        write_ready(path, &document)?;
    }
    global.output.result(&document, &welcome(&app, &issued, &folder, arguments.domain.as_deref()));
    Serving { app, listener, tls, clock, signals }.run().await?;
    Ok(())
}

/// The folder of the data. One that nobody asked to keep goes with its owner.
enum Folder {
    Kept(PathBuf),
    Temporary(PathBuf),
}

impl Folder {
    fn of(arguments: &Arguments) -> Self {
        match &arguments.data {
            Some(path) => Self::Kept(path.clone()),
            None => Self::Temporary(std::env::temp_dir().join(format!("akkoord-demo-{}", std::process::id()))),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Temporary(path) => path,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // Nothing can be done about it here; the system clears its temporary folder.
            std::fs::remove_dir_all(path).ok();
        }
    }
}

/// The demo knows no configuration file and no environment but how to log, so that it is the same everywhere.
fn configure(arguments: &Arguments, address: SocketAddr, folder: &Path) -> Result<Config, CliError> {
    let shown = |path: &Path| path.display().to_string();
    let mut settings = vec![
        ("AKKOORD_LOG__LEVEL".to_owned(), "warn".to_owned()),
        ("AKKOORD_NAME".to_owned(), "Akkoord demo".to_owned()),
        ("AKKOORD_NETWORKS".to_owned(), "{ \"This computer\" = [\"127.0.0.0/8\", \"::1\"] }".to_owned()),
        ("AKKOORD_LISTEN".to_owned(), address.to_string()),
        ("AKKOORD_DATA_DIR".to_owned(), shown(folder)),
    ];
    if let (Some(domain), Some(certificate), Some(key)) = (&arguments.domain, &arguments.cert, &arguments.key) {
        let port = if address.port() == 443 { String::new() } else { format!(":{}", address.port()) };
        settings.push(("AKKOORD_PUBLIC_URL".to_owned(), format!("https://login.{domain}{port}")));
        settings.push(("AKKOORD_PHONE_URL".to_owned(), format!("https://phone.{domain}{port}")));
        settings.push(("AKKOORD_TLS__CERTIFICATE".to_owned(), shown(certificate)));
        settings.push(("AKKOORD_TLS__KEY".to_owned(), shown(key)));
    }
    settings.extend(config::environment().into_iter().filter(|(name, _)| name.starts_with("AKKOORD_LOG__")));
    Ok(Config::load(None, &settings)?)
}

/// Makes the organisation and the accounts that are not there yet, and a fresh pass for each.
async fn seed(store: &Store, service: &str, more: u16) -> Result<Vec<Issued>, CliError> {
    let organisation = seed_organisation(store).await?;
    let mut people = vec![
        ("ada@example.org".to_owned(), "Ada Lovelace".to_owned(), Role::Owner),
        ("ben@example.org".to_owned(), "Ben Okafor".to_owned(), Role::Member),
    ];
    people.extend((1..=more).map(|n| (format!("user{n:04}@example.org"), format!("User {n:04}"), Role::Member)));
    // Hashing a pass takes longer than all the rest, so two are hashed at a time, in the order of the people.
    let draw = || tokio::task::spawn_blocking(|| access_pass::draw(&operator_ctx()));
    let mut passes = stream::iter(0..people.len()).map(|_| draw()).buffered(2);
    let mut issued = Vec::with_capacity(people.len());
    for (username, name, role) in people {
        let new = account::New {
            organisation: Some(organisation.clone()),
            username: parse_username(&username)?,
            name: parse_name("the name", &name)?,
            email: None,
            role,
        };
        let service = service.to_owned();
        let drawn = match passes.next().await {
            Some(Ok(drawn)) => drawn?,
            Some(Err(error)) => return Err(CliError::failed(error.to_string())),
            None => return Err(CliError::failed("there are fewer passes than people")),
        };
        let pass = store.write(move |tx| {
            Box::pin(async move {
                let ctx = operator_ctx();
                let row = match tx.account_by_username(new.username.as_str()).await? {
                    Some(row) => row,
                    None => {
                        let id = account::add(tx, &ctx, new).await?;
                        tx.account(&id).await?.ok_or_else(|| CliError::failed("the account was not kept"))?
                    }
                };
                access_pass::issue(tx, &ctx, &row, &service, drawn).await
            })
        });
        issued.push(pass.await?);
    }
    Ok(issued)
}

async fn seed_organisation(store: &Store) -> Result<OrganisationId, CliError> {
    store
        .write(|tx| {
            Box::pin(async move {
                let ctx = operator_ctx();
                if let Some(row) = tx.organisations().await?.into_iter().next() {
                    return Ok(row.id);
                }
                let contact = Some("the front desk, room 1".to_owned());
                let name = parse_name("the name", "Example School")?;
                Ok(account::add_organisation(tx, &ctx, &name, contact, &Policy::default()).await?)
            })
        })
        .await
}

/// What a visitor reads: where to go, who to be, and three steps.
fn welcome(app: &App, issued: &[Issued], folder: &Folder, domain: Option<&str>) -> String {
    let (login, phone) = (&app.config.public_url, &app.config.phone_url);
    let mut text =
        format!("Akkoord demo: Example School\n\n  Sign in at         {login}\n  Authenticator at   {phone}/app/\n\n");
    for one in issued.iter().take(2) {
        text.push_str(&format!("  {:<18} access pass {}\n", one.username, one.pass));
    }
    if let Some(first) = issued.first() {
        text.push_str(&format!("  Each pass works once, until {}.\n", moment(first.expires_at)));
    }
    if let Some(domain) = domain {
        text.push_str(&format!(
            "\nBoth names, login.{domain} and phone.{domain}, must lead to this machine, on the phone too (DNS), and the\n\
             phone must trust the certificate. Anybody who reaches this machine can open the pages.\n"
        ));
    }
    let has_app = app.web_app.find("index.html").is_ok_and(|found| found.is_some());
    let steps = if has_app { with_app(phone, domain) } else { with_terminal(phone) };
    text.push_str(&format!(
        "\nTry it:\n\
         \x20 1. Open {login}{clicks}.\n\
         \x20    Sign in as ada@example.org with the pass, and add a phone.\n{steps}\n",
        clicks = clicks(),
    ));
    text.push_str(&match folder {
        Folder::Kept(path) => format!("Stop with Ctrl-C. The data stays in {}.", path.display()),
        Folder::Temporary(_) => "Stop with Ctrl-C. The data goes with it.".to_owned(),
    });
    text
}

/// The steps with the app: on a real phone, or in a second window that plays one.
fn with_app(phone: &str, domain: Option<&str>) -> String {
    let how = match domain {
        Some(_) => "Point the phone's camera at the code that the page shows, and follow the app.".to_owned(),
        None => format!(
            "A second window of your browser is the phone: open {phone}/app/ there, narrow, and type the code\n\
             \x20    that the page shows under \"Can't scan?\"."
        ),
    };
    format!(
        "  2. {how} It shows six digits for the page.\n\
         \x20 3. Sign out, and sign in as ada@example.org: the app asks for the number that the page shows.\n\
         \x20 Without a browser as the phone: {authenticator} --help\n",
        authenticator = authenticator()
    )
}

/// The steps with the terminal authenticator, for a program that was built without the app.
fn with_terminal(phone: &str) -> String {
    format!(
        "  2. Give the code that the page shows to the terminal authenticator, and its six digits to the page:\n\
         \x20      {authenticator} enrol --server {phone} --username ada@example.org --code CODE\n\
         \x20 3. Sign out, and let the authenticator wait. Then sign in as ada@example.org: it asks for the\n\
         \x20    number that the page shows.\n\
         \x20      {authenticator} watch\n\
         \x20 The app for phones is not in this program: `cargo xtask web` builds it.\n",
        authenticator = authenticator()
    )
}

/// The terminal authenticator, beside this program where it was built with it.
fn authenticator() -> String {
    const NAME: &str = "akkoord-authenticator";
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(NAME)));
    let shown = beside.filter(|path| path.exists()).map(|path| {
        let here = std::env::current_dir().unwrap_or_default();
        path.strip_prefix(&here).map_or_else(|_| path.display().to_string(), |path| format!("./{}", path.display()))
    });
    shown.unwrap_or_else(|| NAME.to_owned())
}
