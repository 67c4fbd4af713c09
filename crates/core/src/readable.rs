//! Secrets that people read from paper or hear by telephone, and type: access passes and recovery codes.

use akkoord_protocols::random::{self, Random};

/// Crockford's base 32: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// More than anybody types.
const MOST: usize = 64;

/// So many random characters, each worth five bits.
pub fn draw<const LENGTH: usize>(random: &dyn Random) -> String {
    let drawn = random::bytes::<LENGTH>(random);
    drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|byte| char::from(*byte)).collect()
}

/// What was meant: in capitals, without blanks and hyphens, O read as 0, I and L as 1.
pub fn normalise(typed: &str) -> String {
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '-').take(MOST);
    kept.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        c => c,
    })
    .collect()
}

/// As it is shown: in groups of four.
pub fn grouped(secret: &str) -> String {
    let groups = (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..secret.len().min(at + 4)));
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(200u8..).for_each(|(byte, number)| *byte = number);
        }
    }

    #[test]
    fn what_is_shown_is_what_is_typed_however_it_is_typed() {
        let secret = draw::<16>(&Counting);
        let shown = grouped(&secret);
        assert_eq!((secret.len(), shown.len(), shown.matches('-').count()), (16, 19, 3));
        assert!(secret.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(normalise(&shown.to_lowercase()), secret);
        assert_eq!(normalise(" o-I l "), "011");
        assert_eq!(normalise(&"A".repeat(1000)).len(), MOST);
        assert_eq!(grouped("ABCDE"), "ABCD-E");
    }
}
