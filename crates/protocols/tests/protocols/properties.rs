//! What holds for generated input: distributions, round trips, and that no bit of a signed message may change.

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    jose::{Thumbprint, Typ},
    json,
    phone::{code::TypedCode, enrolment::Digits, link::EnrolmentLink},
    random::{Random, below},
    text::{Name, check},
};
use proptest::prelude::*;

use crate::vectors::{Seeded, drawn, id, sample};

/// The sum of squared deviations over the expectation; for `n` bins it is about `n`, and hardly ever beyond the bounds
/// below. The input is fixed by a seed, so a run is like the other.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// T-ENR-4: no digits are likelier than others.
#[test]
fn the_six_digits_are_spread_evenly() {
    let (n_d, n_s) = (drawn("n_d"), drawn("n_s"));
    let (phone, server) = (Thumbprint(Bytes(drawn("phone"))), Thumbprint(Bytes(drawn("server"))));
    let mut by_start = [0; 1000];
    let mut by_end = [0; 1000];
    for count in 0..100_000 {
        let digits = Digits::derive(&n_d, &n_s, phone, server, &count.to_string());
        let number: usize = digits.expose().parse().unwrap();
        assert_eq!(digits.expose().len(), 6);
        by_start[number / 1000] += 1;
        by_end[number % 1000] += 1;
    }
    // 999 degrees of freedom: 99.99 % lie below 1168.
    assert!(chi_square(&by_start) < 1168.0 && chi_square(&by_start) > 845.0, "{}", chi_square(&by_start));
    assert!(chi_square(&by_end) < 1168.0 && chi_square(&by_end) > 845.0, "{}", chi_square(&by_end));
}

#[test]
fn drawn_numbers_are_spread_evenly() {
    for (bound, limit) in [(2, 15.2), (3, 18.5), (10, 33.8), (90, 147.0), (1000, 1168.0)] {
        let random = Seeded::new(&format!("below {bound}"));
        let mut counts = vec![0; bound as usize];
        for _ in 0..100_000 {
            counts[below(&random, bound) as usize] += 1;
        }
        assert!(chi_square(&counts) < limit, "{bound}: {}", chi_square(&counts));
    }
}

/// Values of the uneven last stretch are drawn again: else the small numbers would be likelier.
#[test]
fn the_uneven_last_stretch_is_drawn_again() {
    struct Listed(std::sync::Mutex<Vec<u32>>);
    impl Random for Listed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.copy_from_slice(&self.0.lock().unwrap().remove(0).to_be_bytes());
        }
    }
    // For 3 the last fair value is 2^32 - 2; for 2^31 + 1 it is 2^31.
    for (bound, listed, expected) in [
        (3, vec![u32::MAX, u32::MAX - 1], 2),
        (0x8000_0001, vec![u32::MAX, 0x8000_0001, 0x8000_0000], 0x8000_0000),
        (1, vec![7], 0),
        (u32::MAX, vec![u32::MAX, 5], 5),
    ] {
        let listed = Listed(listed.into());
        assert_eq!(below(&listed, bound), expected, "{bound}");
        assert!(listed.0.lock().unwrap().is_empty(), "{bound}");
    }
    assert_eq!(below(&Seeded::new("none"), 0), 0);
}

#[test]
fn typed_codes_are_spread_evenly_over_the_alphabet() {
    let random = Seeded::new("codes");
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..10_000 {
        for c in TypedCode::new(&random).expose().chars() {
            *counts.entry(c).or_insert(0_u32) += 1;
        }
    }
    let counts: Vec<u32> = counts.into_values().collect();
    assert_eq!(counts.len(), 32);
    assert!(chi_square(&counts) < 73.0, "{}", chi_square(&counts));
}

fn refused_with_a_bit_flipped(typ: Typ, message: &str, bit: usize) {
    let mut bytes = message.as_bytes().to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    if let Ok(changed) = String::from_utf8(bytes) {
        assert!(sample::read(typ, &changed, None).is_err(), "{typ:?} bit {bit}");
    }
}

#[test]
fn no_bit_of_a_short_message_may_change() {
    for typ in [Typ::Pin, Typ::Proof] {
        let message = sample::message(typ, None).unwrap();
        for bit in 0..message.len() * 8 {
            refused_with_a_bit_flipped(typ, &message, bit);
        }
    }
}

/// Some characters that show nothing or turn the reading direction; `tests/vectors/text.json` has all ranges.
const INVISIBLE: [char; 12] = [
    '\u{ad}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{202a}',
    '\u{202e}',
    '\u{2060}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{fe0f}',
    '\u{e0001}',
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_bit_of_a_message_may_change(which in 0..8_usize, place in 0.0..1.0_f64) {
        let typ = Typ::ALL[which];
        let message = sample::message(typ, None).unwrap();
        let bit = ((message.len() * 8) as f64 * place) as usize;
        refused_with_a_bit_flipped(typ, &message, bit);
    }

    #[test]
    fn a_cut_message_is_refused(which in 0..8_usize, place in 0.0..1.0_f64) {
        let typ = Typ::ALL[which];
        let message = sample::message(typ, None).unwrap();
        let end = (message.len() as f64 * place) as usize;
        prop_assert!(sample::read(typ, &message[..end], None).is_err());
        prop_assert!(sample::read(typ, &message[message.len() - end..], None).is_err());
    }

    #[test]
    fn base64url_goes_round_and_has_one_text(bytes: Vec<u8>, text in "[A-Za-z0-9_=+/ -]{0,24}") {
        prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        if let Ok(bytes) = decode(&text) {
            prop_assert_eq!(encode(&bytes), text);
        }
    }

    #[test]
    fn a_typed_code_survives_what_people_do_to_it(seed in "[a-z]{8}", gaps in prop::collection::vec("[ \\-\t]{0,2}", 8), lower: [bool; 8]) {
        let code = TypedCode::new(&Seeded::new(&seed));
        let mut typed = String::new();
        for ((c, gap), lower) in code.expose().chars().zip(&gaps).zip(lower) {
            let c = match (c, lower) { ('0', true) => 'o', ('1', true) => 'l', (c, true) => c.to_ascii_lowercase(), (c, _) => c };
            typed.push_str(gap);
            typed.push(c);
        }
        let read: TypedCode = typed.parse().unwrap();
        prop_assert_eq!(read.expose(), code.expose());
        let again: TypedCode = read.to_shown().parse().unwrap();
        prop_assert_eq!(again.expose(), code.expose());
    }

    #[test]
    fn what_is_read_as_a_code_is_a_code(typed in "\\PC{0,16}") {
        if let Ok(code) = typed.parse::<TypedCode>() {
            prop_assert!(code.expose().len() == 8 && code.expose().bytes().all(|b| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(&b)));
        }
    }

    #[test]
    fn links_go_round(token: [u8; 32], key: [u8; 32], host in "[a-z]{1,12}(\\.[a-z]{2,8}){1,3}", port in 1024..65535_u16, path in "(/[a-z0-9]{1,8}){0,2}") {
        let link = EnrolmentLink {
            api: format!("https://{host}:{port}{path}"),
            token: Bytes(token),
            server_key: Thumbprint(Bytes(key)),
        };
        prop_assert_eq!(link.to_string().parse::<EnrolmentLink>(), Ok(link));
    }

    #[test]
    fn a_link_with_one_other_character_is_another_link_or_none(at in 0..120_usize, other in "[ -~]") {
        let text = EnrolmentLink {
            api: sample::API.to_owned(),
            token: Bytes(drawn("token")),
            server_key: Thumbprint(Bytes(drawn("key"))),
        }
        .to_string();
        let mut changed = text.clone();
        changed.replace_range(at % text.len()..at % text.len() + 1, &other);
        if changed != text && let Ok(read) = changed.parse::<EnrolmentLink>() {
            prop_assert_ne!(read.to_string(), text);
        }
    }

    /// T-REQ-3: whatever else stands in a name, one such character makes it refused.
    #[test]
    fn one_invisible_character_spoils_a_name(start in "[a-zA-Z ]{0,20}", which in 0..12_usize, end in "[a-zA-Z ]{0,20}") {
        let name = format!("{start}{}{end}", INVISIBLE[which]);
        prop_assert!(name.parse::<Name>().is_err());
    }

    #[test]
    fn a_name_that_is_accepted_has_no_control_and_a_length(text in "\\PC{0,80}|.{0,80}") {
        if check(&text, 64).is_ok() {
            prop_assert!((1..=64).contains(&text.chars().count()));
            prop_assert!(!text.chars().any(|c| c.is_control() || INVISIBLE.contains(&c)));
            let name: Name = text.parse().unwrap();
            prop_assert_eq!(serde_json::from_str::<Name>(&serde_json::to_string(&name).unwrap()).unwrap(), name);
        }
    }

    /// Our check and the parser agree about what is JSON at all; ours refuses more.
    #[test]
    fn checked_json_is_json(text in "[\\[\\]{}\",:0-9a-c.eE+\\- \\\\]{0,24}") {
        if json::check(text.as_bytes()).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn ids_go_round(seed in "[a-z]{1,8}") {
        let drawn = id(&seed);
        prop_assert_eq!(drawn.as_str().len(), 22);
        prop_assert_eq!(drawn.as_str().parse(), Ok(drawn.clone()));
    }
}
