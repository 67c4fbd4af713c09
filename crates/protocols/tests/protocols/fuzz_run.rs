//! The fuzz functions on stable Rust: each over its corpus, and over mutations that are the same in each run.

use std::path::Path;

use akkoord_protocols::random::{below, bytes};

use crate::{fuzz::PARSERS, vectors::Seeded};

/// What breaks parsers more often than random bytes do.
const PIECES: [&[u8]; 22] = [
    b"null",
    b"true",
    b"-1",
    b"1e9",
    b"9007199254740992",
    b"\"",
    b"\\u0000",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b".",
    b"=",
    b"\xff",
    b"\xe2\x80\xae",
    b"\0",
    b"#",
    b"/",
    b"",
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn mutate(random: &Seeded, seeds: &[Vec<u8>]) -> Vec<u8> {
    let pick = |count: usize| below(random, u32::try_from(count).unwrap()) as usize;
    let mut data = seeds[pick(seeds.len())].clone();
    for _ in 0..=pick(3) {
        let at = pick(data.len() + 1);
        let end = (at + pick(16)).min(data.len());
        match pick(7) {
            0 if at < data.len() => data[at] ^= 1 << pick(8),
            1 if at < data.len() => data[at] = bytes::<1>(random)[0],
            2 => drop(data.drain(at..end)),
            3 => {
                let piece = data[at..end].to_vec();
                data.splice(at..at, piece);
            }
            4 => drop(data.splice(at..end, PIECES[pick(PIECES.len())].iter().copied())),
            5 => {
                let other = &seeds[pick(seeds.len())];
                let from = pick(other.len() + 1);
                let to = (from + pick(64)).min(other.len());
                data.splice(at..end, other[from..to].iter().copied());
            }
            _ => data.truncate(at),
        }
    }
    data
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration, and the long run is asked for here")]
fn asked_for_long() -> bool {
    std::env::var_os("AKKOORD_LONG").is_some()
}

#[test]
fn the_corpus_is_the_one_that_the_vectors_give() {
    for (parser, name, seed) in crate::vectors::corpus::make().unwrap() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(parser).join(name);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), seed, "{}", path.display());
    }
}

#[test]
fn each_parser_bears_its_corpus_and_mutations_of_it() {
    let times = if asked_for_long() { 100 } else { 1 };
    for (name, parser, mutations) in PARSERS {
        let started = std::time::Instant::now();
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name} has no corpus");
        for seed in &seeds {
            parser(seed);
        }
        let random = Seeded::new(name);
        for _ in 0..mutations * times {
            parser(&mutate(&random, &seeds));
        }
        println!("{name}: {mutations} mutations in {:?}", started.elapsed());
    }
}
