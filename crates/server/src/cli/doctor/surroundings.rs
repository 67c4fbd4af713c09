//! What the server stands on: its folder, names, proxy, mail, clock and the system's limits.

use std::{net::ToSocketAddrs, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use akkoord_store::{AuditFilter, Database, Store, StoreError};
use url::Url;

use super::Findings;
use crate::{
    cli::{opened::operator_ctx, output::moment},
    clock::SystemClock,
    config::Config,
    jobs::clock_check::DatabaseClock,
    outbound::mail::SmtpMailer,
    serve::{DataLock, LockError, open_file_limit},
};

pub(super) fn data_folder(config: &Config, findings: &mut Findings) {
    let folder = &config.data_dir;
    let shown = folder.display();
    let Ok(metadata) = std::fs::metadata(folder) else {
        findings.warn("data folder", format!("{shown} does not exist yet"), "the first start makes it");
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        findings.warn("data folder", format!("others can look into {shown} (mode {mode:o})"), "run chmod 700 on it");
    }
    if !matches!(config.database, Database::Sqlite { .. }) {
        findings.ok("data folder", shown.to_string());
        return;
    }
    match DataLock::take(folder) {
        Ok(_) => findings.ok("data folder", format!("{shown}; no server runs on it now")),
        Err(LockError::Held { process, .. }) => {
            let by = process.map(|id| format!(", process {id}")).unwrap_or_default();
            findings.ok("data folder", format!("{shown}; a server runs on it{by}"));
        }
        Err(error @ LockError::Io { .. }) => {
            findings.fail("data folder", error.to_string(), "run this as the account that the server runs as");
        }
    }
}

pub(super) async fn names(config: &Config, findings: &mut Findings) {
    if config.is_single_name() {
        findings.warn(
            "names",
            format!("pages and phones share {}", config.login_authority),
            "give phones a name of their own with phone_url: a hole in one then does not reach the other",
        );
    }
    for (what, address) in [("public_url", &config.public_url), ("phone_url", &config.phone_url)] {
        let Some((host, port)) = host_and_port(address) else { continue };
        // RFC 6761 6.3: browsers and our own programs resolve it by themselves, the system often doesn't.
        if host == "localhost" || host.ends_with(".localhost") {
            findings.ok("names", format!("{what}: {address}, on this machine only"));
            continue;
        }
        let name = host.clone();
        let looked_up =
            tokio::task::spawn_blocking(move || (name.as_str(), port).to_socket_addrs().map(Iterator::count));
        match looked_up.await {
            Ok(Ok(1..)) => findings.ok("names", format!("{what}: {address}")),
            _ => findings.warn("names", format!("{what}: {host} does not resolve here"), "see that it is in your DNS"),
        }
    }
}

fn host_and_port(address: &str) -> Option<(String, u16)> {
    let url = Url::parse(address).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

pub(super) fn proxies(config: &Config, findings: &mut Findings) {
    if config.tls.is_none() && config.public_url.starts_with("https://") && config.trusted_proxies.is_empty() {
        findings.warn(
            "proxy",
            "all visitors seem to come from the proxy, so one limit counts for all of them",
            "name the proxy's address in trusted_proxies",
        );
    }
}

pub(super) fn open_files(findings: &mut Findings) {
    let limit = open_file_limit();
    if limit < ENOUGH_FILES {
        let text = format!("{limit} open files allowed: each waiting browser or phone needs one");
        findings.warn("limits", text, "raise it with LimitNOFILE in the systemd unit, or ulimit -n");
    } else {
        findings.ok("limits", format!("{limit} open files allowed"));
    }
}

pub(super) async fn mail(config: &Config, findings: &mut Findings) {
    let Some(section) = &config.mail else {
        findings.warn("mail", "no mail server, so nobody is told of a new phone", "add a [mail] section");
        return;
    };
    let probed = match SmtpMailer::new(section) {
        Ok(mailer) => mailer.probe().await,
        Err(error) => Err(error),
    };
    match probed {
        Ok(()) => findings.ok("mail", "the mail server answers"),
        Err(error) => {
            findings.fail("mail", format!("the mail server: {error}"), "see mail.url; notices wait meanwhile")
        }
    }
}

pub(super) async fn clock(store: &Store, findings: &mut Findings) {
    match compare(store, findings).await {
        Ok(()) => {}
        Err(error) => findings.fail("clock", error.to_string(), "look at the database"),
    }
}

async fn compare(store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    if store.database_time().await?.is_some() {
        match DatabaseClock::new(Arc::new(SystemClock)).compare(store).await {
            Ok(behind) => findings.ok("clock", format!("{behind} ms from the database's")),
            Err(error) => findings.fail("clock", error.to_string(), ""),
        }
        return Ok(());
    }
    let newest = store
        .read(|tx| Box::pin(async move { tx.audit_events(&AuditFilter::default(), 1).await }))
        .await?
        .into_iter()
        .next();
    let now = operator_ctx().now;
    match newest {
        Some(event) if event.at > now + Duration::from_secs(60) => findings.fail(
            "clock",
            format!("it is {} here, and the newest event is of {}", moment(now), moment(event.at)),
            "set this machine's clock, best by time synchronisation (NTP)",
        ),
        _ => findings.ok("clock", moment(now)),
    }
    Ok(())
}

const ENOUGH_FILES: usize = 4096;
