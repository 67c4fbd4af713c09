//! Writes the table of the authenticator app's files for an optimised build. It reads `web/dist`, which `cargo xtask
//! web` made, and runs nothing: a build needs neither Node nor a network.

#![expect(clippy::disallowed_methods, reason = "a build script is told its surroundings by the environment")]

#[path = "src/web_app/dist.rs"]
mod dist;

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// Set where a program without the app must not be made.
const REQUIRE: &str = "AKKOORD_REQUIRE_APP";

fn main() -> Result<(), Box<dyn Error>> {
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&here).join("../../web/dist");
    println!("cargo::rustc-check-cfg=cfg(embedded_app)");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/web_app/dist.rs");
    let table = Path::new(&env::var("OUT_DIR")?).join("web_app.rs");
    if env::var("PROFILE")? != "release" {
        // A development build reads the folder while it runs; see `src/web_app/mod.rs`.
        return Ok(fs::write(table, "const FILES: &[Embedded] = &[];\n")?);
    }
    println!("cargo::rustc-cfg=embedded_app");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    if folder.is_dir() {
        collect(&folder, "", &mut files)?;
    }
    // The order of a folder is the file system's; two builds of the same files are to be the same.
    files.sort_by(|one, other| one.path.cmp(&other.path));
    if !files.iter().any(|file| file.path == "index.html") {
        println!("cargo::rerun-if-env-changed={REQUIRE}");
        let what = "web/dist has no authenticator app, so this program will have none: run `cargo xtask web` first";
        if env::var_os(REQUIRE).is_some_and(|value| value == "1") {
            return Err(what.into());
        }
        println!("cargo::warning={what}");
    }
    Ok(fs::write(table, written(&folder, &files)?)?)
}

/// All files below `prefix` in the folder.
fn collect(folder: &Path, prefix: &str, found: &mut Vec<dist::Built>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder.join(prefix))? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(folder, &format!("{path}/"), found)?;
        } else if !path.ends_with(dist::COMPRESSED) {
            found.extend(dist::file(folder, &path)?);
        }
    }
    Ok(())
}

fn written(folder: &Path, files: &[dist::Built]) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("const FILES: &[Embedded] = &[\n");
    for file in files {
        let full = fs::canonicalize(folder.join(&file.path))?;
        let dist::Built { path, content_type, etag, immutable, compressed } = file;
        let brotli = match compressed {
            true => format!("Some(include_bytes!({:?}))", dist::with_suffix(&full)),
            false => "None".to_owned(),
        };
        writeln!(
            text,
            "    Embedded {{ path: {path:?}, content_type: {content_type:?}, etag: {etag:?}, immutable: {immutable}, \
             raw: include_bytes!({full:?}), brotli: {brotli} }},"
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}
