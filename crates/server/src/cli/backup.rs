//! `akkoord backup`: a copy of the database, as of one moment.

use std::path::PathBuf;

use akkoord_store::Database;
use clap::Args;
use serde_json::json;

use super::{
    CliError, Global,
    opened::{Absent, Opened, load_config},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file to make. It must not exist yet.
    file: PathBuf,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<(), CliError> {
    let target = arguments.file;
    if target.exists() {
        return Err(CliError::failed(format!(
            "{} exists already, and a backup overwrites nothing: name another file",
            target.display()
        )));
    }
    if !matches!(load_config(global)?.database, Database::Sqlite { .. }) {
        return Err(CliError::usage(
            "a PostgreSQL database is copied by its own tools: use pg_dump, and keep a copy of root.key apart from it",
        ));
    }
    let opened = Opened::open(global, Absent::Refuse).await?;
    opened.store.backup_to(&target).await?;
    opened.store.close().await;
    let size = std::fs::metadata(&target).map_or(0, |metadata| metadata.len());
    let key = opened.config.root_key_path();
    let text = format!(
        "Copied the database to {} ({} KiB).\n\
         It can't be restored without {}: keep a copy of that file too, and in another place, because with both \
         in hand everything can be read.",
        target.display(),
        size.div_ceil(1024),
        key.display(),
    );
    global.output.result(&json!({ "file": target, "bytes": size, "root_key": key }), &text);
    Ok(())
}
