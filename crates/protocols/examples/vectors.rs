//! Makes and checks the files in `tests/vectors`: `--check` recomputes all, `--write` makes them anew. Signatures are
//! randomised, so each `--write` changes every message: only for a new vector or a change of the protocol.

use std::{io::Write, path::Path, process::ExitCode};

#[path = "../tests/protocols/vectors/mod.rs"]
mod vectors;

use vectors::{FILES, Failure};

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let done = match std::env::args().nth(1).as_deref() {
        Some("--write") => write(&mut out),
        Some("--check") => check(&mut out),
        _ => Err("say --check or --write".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _told = writeln!(out, "{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(out: &mut impl Write) -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    for file in FILES {
        let value = (file.make)()?;
        std::fs::write(folder.join(file.name), serde_json::to_string_pretty(&value)? + "\n")?;
        writeln!(out, "wrote {}", file.name)?;
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let seeds = vectors::corpus::make()?;
    for (parser, _, _) in &seeds {
        let folder = corpus.join(parser);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
    }
    for (parser, name, seed) in seeds {
        std::fs::create_dir_all(corpus.join(parser))?;
        std::fs::write(corpus.join(parser).join(name), seed)?;
    }
    writeln!(out, "wrote the corpus")?;
    check(out)
}

fn check(out: &mut impl Write) -> Result<(), Failure> {
    for file in FILES {
        (file.check)(vectors::read(file.name)?).map_err(|error| format!("{}: {error}", file.name))?;
        writeln!(out, "{} holds", file.name)?;
    }
    Ok(())
}
