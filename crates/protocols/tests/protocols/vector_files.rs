//! The published files of vectors hold, and the command that makes them still makes files that hold.

use crate::vectors::{FILES, read};

#[test]
fn every_published_vector_is_recomputed() {
    for file in FILES {
        let stored = read(file.name).unwrap_or_else(|error| panic!("{}: {error}", file.name));
        (file.check)(stored).unwrap_or_else(|error| panic!("{}: {error}", file.name));
    }
}

#[test]
fn the_command_makes_vectors_that_hold() {
    for file in FILES {
        let made = (file.make)().unwrap_or_else(|error| panic!("{}: {error}", file.name));
        (file.check)(made).unwrap_or_else(|error| panic!("{}: {error}", file.name));
    }
}

#[test]
fn a_changed_vector_is_noticed() {
    // One value per file, so that a check that looks at nothing would be seen.
    for (name, place) in [
        ("keys.json", "/server/thumbprint"),
        ("enrolment.json", "/commitments/1/c"),
        ("enrolment.json", "/digits/0/n_s"),
        ("enrolment.json", "/challenge/challenge"),
        ("request.json", "/requests/0/rh"),
        ("request.json", "/decisions/0/evidence_hash"),
        ("proof.json", "/proofs/0/bh"),
        ("pin.json", "/runs/0/y"),
        ("pin.json", "/settings/0/hash"),
    ] {
        let mut stored = read(name).unwrap();
        let value = stored.pointer_mut(place).unwrap();
        // Another character that keeps the form: the first carries six full bits.
        let text = value.as_str().unwrap().to_owned();
        let other = if text.starts_with('A') { "B" } else { "A" };
        *value = format!("{other}{}", &text[1..]).into();
        let file = FILES.iter().find(|file| file.name == name).unwrap();
        assert!((file.check)(stored).is_err(), "{name} {place}");
    }
}
