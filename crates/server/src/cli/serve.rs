//! `akkoord serve`: the server.

use std::{path::PathBuf, sync::Arc};

use akkoord_store::Database;
use clap::Args;
use serde_json::json;

use super::{
    CliError, Global,
    opened::{config_file, surroundings},
};
use crate::{
    app::{self, App, Surroundings},
    config::{self, Config},
    jobs::clock_check::{ClockError, DatabaseClock},
    log,
    outbound::mail::{Mailer, SmtpMailer},
    serve::{self, Serving, Signals, Tls},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Write where the server listens into this file, once it does.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let mut environment = config::environment();
    let file = config_file(global, &environment);
    let mut config = Config::load(file.as_deref(), &environment)?;
    log::start(&config.log).map_err(CliError::Failed)?;
    let listener = serve::listen(config.listen)?;
    if config.listen.port() == 0 {
        // Which port it became is known only now, and the addresses follow it where they are not set.
        let address = listener.local_addr().map_err(|error| CliError::failed(error.to_string()))?;
        environment.push(("AKKOORD_LISTEN".to_owned(), address.to_string()));
        config = Config::load(file.as_deref(), &environment)?;
    }
    let tls = config.tls.as_ref().map(Tls::load).transpose()?;
    let _lock = serve::lock_data(&config.database, &config.data_dir)?;
    let (app, clock) = build(config).await?;
    let where_it_listens = json!({
        "login": app.config.public_url,
        "phone": app.config.phone_url,
        "pid": std::process::id(),
    });
    let signals = Signals::take()?;
    if let Some(path) = &arguments.ready_file {
        write_ready(path, &where_it_listens)?;
    }
    tracing::info!(login = %app.config.public_url, phone = %app.config.phone_url, "ready");
    Serving { app, listener, tls, clock, signals }.run().await?;
    Ok(())
}

/// Builds the application as it runs for real.
pub(super) async fn build(config: Config) -> Result<(App, Option<Arc<DatabaseClock>>), CliError> {
    let mut real = surroundings();
    if let Some(section) = &config.mail {
        real.mailer = Some(Arc::new(SmtpMailer::new(section).map_err(CliError::Failed)?) as Arc<dyn Mailer>);
    }
    let store = app::open_store(&config, &real).await?;
    let clock = match config.database {
        Database::Sqlite { .. } => None,
        Database::Postgres { .. } => {
            let clock = Arc::new(DatabaseClock::new(Arc::clone(&real.clock)));
            clock.compare(&store).await.map_err(|error| match error {
                ClockError::Store(error) => CliError::Store(error),
                off @ ClockError::Off(_) => CliError::failed(off.to_string()),
            })?;
            Some(clock)
        }
    };
    if let Some(clock) = &clock {
        real = Surroundings { clock: Arc::clone(clock) as _, ..real };
    }
    Ok((App::build(config, store, real).await?, clock))
}

/// Writes the ready file.
pub(super) fn write_ready(path: &std::path::Path, content: &serde_json::Value) -> Result<(), CliError> {
    serve::write_ready_file(path, content)
        .map_err(|error| CliError::failed(format!("cannot write the ready file {}: {error}", path.display())))
}
