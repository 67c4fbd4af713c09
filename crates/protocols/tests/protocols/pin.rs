//! The PIN (threats T-PIN-2 and T-PIN-3): what the server sees, what the phone keeps, and wrong answers.

use akkoord_protocols::{
    bytes::Bytes,
    phone::pin::{
        Blinding, Evaluation, OprfKey, PinError, change_hash, check_choice, check_evidence, enrol_start_hash,
        setting_hash, sign_evidence, stretch, unwrap, wrap, wrapping_key,
    },
};
use zeroize::Zeroizing;

use crate::vectors::{Seeded, drawn, id, key, public, sample};

fn answer(server: &OprfKey, x: [u8; 32], seed: &str) -> (Bytes<33>, [u8; 32]) {
    let random = Seeded::new(seed);
    let blinding = Blinding::new(&random, Zeroizing::new(x)).unwrap();
    let blinded = blinding.blinded;
    let evaluation = server.evaluate(&random, &blinded).unwrap();
    (blinded, *blinding.finish(&evaluation, &server.public().unwrap()).unwrap())
}

/// T-PIN-2: two runs of one PIN look different on the wire and end the same.
#[test]
fn two_runs_of_one_pin_cannot_be_linked() {
    let server = OprfKey::derive(&[1; 32], b"").unwrap();
    let (first, second) = (answer(&server, [7; 32], "first"), answer(&server, [7; 32], "second"));
    assert_ne!(first.0, second.0);
    assert_eq!(first.1, second.1);
    assert_ne!(first.1, answer(&server, [8; 32], "first").1, "another PIN");
    let other = OprfKey::derive(&[2; 32], b"").unwrap();
    assert_ne!(first.1, answer(&other, [7; 32], "first").1, "another phone's key");
}

/// The phone takes an answer only under the key that the offer named.
#[test]
fn an_answer_by_another_key_is_noticed() {
    let (server, other) = (OprfKey::derive(&[1; 32], b"").unwrap(), OprfKey::derive(&[2; 32], b"").unwrap());
    let random = Seeded::new("x");
    let blinding = || Blinding::new(&Seeded::new("blind"), Zeroizing::new([7; 32])).unwrap();
    let finish =
        |evaluation: &Evaluation, key: &OprfKey| blinding().finish(evaluation, &key.public().unwrap()).map(|_| ());
    let good = server.evaluate(&random, &blinding().blinded).unwrap();
    assert_eq!(finish(&good, &server), Ok(()));
    assert_eq!(finish(&good, &other), Err(PinError::Proof));
    let foreign = other.evaluate(&random, &blinding().blinded).unwrap();
    assert_eq!(finish(&foreign, &server), Err(PinError::Proof));
    let mixed = Evaluation { evaluated: foreign.evaluated, proof: good.proof };
    assert_eq!(finish(&mixed, &server), Err(PinError::Proof));
    let for_another = server.evaluate(&random, &server.public().unwrap()).unwrap();
    assert_eq!(finish(&for_another, &server), Err(PinError::Proof));
    for proof in [[0; 64], [0xff; 64]] {
        assert_eq!(finish(&Evaluation { proof: Bytes(proof), ..good.clone() }, &server), Err(PinError::Proof));
    }
    for bit in 0..512 {
        let mut proof = good.proof;
        proof.0[bit / 8] ^= 1 << (bit % 8);
        // Every twentieth: each takes two multiplications on the slow curve.
        if bit % 20 == 0 {
            assert_eq!(finish(&Evaluation { proof, ..good.clone() }, &server), Err(PinError::Proof), "bit {bit}");
        }
    }
    for point in [[0; 33], [5; 33], [0xff; 33]] {
        let bad = Evaluation { evaluated: Bytes(point), ..good.clone() };
        assert_eq!(finish(&bad, &server), Err(PinError::Point));
        assert_eq!(blinding().finish(&good, &Bytes(point)).map(|_| ()), Err(PinError::Point));
    }
}

/// T-PIN-3: without the server's answer the stored parts open nothing, and a wrong one shows only at the tag.
#[test]
fn the_wrapped_key_opens_with_all_its_parts_only() {
    let (y, local, iv, phone) = (drawn("y"), drawn("local"), Bytes(drawn("iv")), sample::phone());
    let plain = key("pin").unwrap().to_pkcs8().unwrap();
    let kek = wrapping_key(&y, &local, &phone).unwrap();
    let wrapped = wrap(&kek, &iv, &phone, &plain).unwrap();
    assert_eq!(unwrap(&kek, &iv, &phone, &wrapped).unwrap().public(), &public("pin").unwrap());
    let other = id("another phone").to_string();
    for wrong in [
        wrapping_key(&drawn("other"), &local, &phone).unwrap(),
        wrapping_key(&y, &drawn("other"), &phone).unwrap(),
        wrapping_key(&y, &local, &other).unwrap(),
        wrapping_key(&local, &y, &phone).unwrap(),
    ] {
        assert_eq!(unwrap(&wrong, &iv, &phone, &wrapped).unwrap_err(), PinError::Wrong);
    }
    assert_eq!(unwrap(&kek, &iv, &other, &wrapped).unwrap_err(), PinError::Wrong);
    assert_eq!(unwrap(&kek, &Bytes(drawn("other")), &phone, &wrapped).unwrap_err(), PinError::Wrong);
    for length in [0, 1, 15, 16, wrapped.len() - 1] {
        assert_eq!(unwrap(&kek, &iv, &phone, &wrapped[..length]).unwrap_err(), PinError::Wrong);
    }
    for at in 0..wrapped.len() {
        let mut other = wrapped.clone();
        other[at] ^= 1;
        assert_eq!(unwrap(&kek, &iv, &phone, &other).unwrap_err(), PinError::Wrong);
    }
    let no_key = wrap(&kek, &iv, &phone, b"not a key").unwrap();
    assert_eq!(unwrap(&kek, &iv, &phone, &no_key).unwrap_err(), PinError::Key);
}

#[test]
fn salt_and_pin_both_reach_the_stretched_value() {
    let good = stretch("480213", &[1; 16]);
    assert_ne!(*good, *stretch("480214", &[1; 16]));
    assert_ne!(*good, *stretch("480213", &[2; 16]));
}

#[test]
fn a_pin_that_a_thief_tries_first_cannot_be_chosen() {
    for pin in [
        "",
        "1",
        "12345",
        "1234567",
        "9876543210",
        "000000",
        "777777777777",
        "123123",
        "480480",
        "48o213",
        "４８０２１３",
        "-80213",
        "480 213",
        "\u{0}80213",
        "112233",
        "159753",
        &"480213".repeat(11),
    ] {
        assert_eq!(check_choice(pin, 6), Err(PinError::Weak), "{pin:?}");
    }
    for pin in ["480213", "4802130", "000712", "9081726354"] {
        assert_eq!(check_choice(pin, 6), Ok(()), "{pin}");
    }
    assert_eq!(check_choice("4802", 4), Ok(()));
    assert_eq!(check_choice("4802", 5), Err(PinError::Weak));
    assert_eq!(check_choice("480", 0), Err(PinError::Weak), "four is the least that policy may say");
}

#[test]
fn evidence_is_for_one_thing_by_one_phone() {
    let (pin, phone) = (key("pin").unwrap(), sample::phone());
    let jws = sign_evidence(&pin, &phone, &[1; 32]).unwrap();
    let check =
        |name: &str, phone: &str, hash: [u8; 32]| check_evidence(&jws, &public(name).unwrap(), phone, &hash).is_ok();
    assert!(check("pin", &phone, [1; 32]));
    assert!(!check("pin", &phone, [2; 32]) && !check("pin-next", &phone, [1; 32]));
    assert!(!check("pin", id("another phone").as_str(), [1; 32]));
}

/// Evidence for one purpose is none for another: each hash has its label and its parts.
#[test]
fn hashes_of_different_purposes_never_meet() {
    let (phone, nonce) = (sample::phone(), sample::NONCE);
    let change = id("change").to_string();
    let hashes = [
        change_hash(&change, &public("pin").unwrap()),
        change_hash(&change, &public("pin-next").unwrap()),
        change_hash(id("another").as_str(), &public("pin").unwrap()),
        enrol_start_hash(&phone, nonce),
        enrol_start_hash(&change, nonce),
        enrol_start_hash(&phone, "AAAA"),
        setting_hash("phone_sign_in", &phone, nonce),
        setting_hash("unknown_browsers", &phone, nonce),
        setting_hash("phone_sign_in", &change, nonce),
        setting_hash("phone_sign_in", &phone, "AAAA"),
        akkoord_protocols::phone::decision::evidence_hash(&phone),
    ];
    let distinct: std::collections::HashSet<_> = hashes.into_iter().collect();
    assert_eq!(distinct.len(), hashes.len());
}

#[test]
fn nothing_secret_is_printed() {
    let record = akkoord_protocols::phone::pin::PinRecord {
        salt: Bytes([1; 16]),
        local: Bytes([2; 32]),
        iv: Bytes([3; 12]),
        wrapped: "secret".to_owned(),
    };
    assert_eq!(format!("{record:?}"), "PinRecord([redacted])");
    assert!(format!("{:?}", key("pin").unwrap()).contains("[redacted]"));
    assert_eq!(format!("{:?}", Bytes([1; 16])), "Bytes<16>");
}
