use aws_lc_rs::{
    aead::Aad,
    agreement::{ECDH_P256, PrivateKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Broken, HEADER, Receiver, key_and_nonce, seal, seal_with, shared_secret};

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

// RFC 8291 appendix A.
const PLAIN: &[u8] = b"When I grow up, I want to be a watermelon";
const SENDER: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const RECEIVER: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
const MESSAGE: &str = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";

fn receiver() -> Receiver {
    Receiver::from_parts(&bytes(RECEIVER), bytes(AUTH).try_into().unwrap()).unwrap()
}

#[test]
fn rfc8291_appendix_a_opens() {
    assert_eq!(receiver().open(&bytes(MESSAGE)).unwrap(), PLAIN);
}

#[test]
fn rfc8291_appendix_a_is_sealed_to_the_same_bytes() {
    let private = PrivateKey::from_private_key(&ECDH_P256, &bytes(SENDER)).unwrap();
    let to = receiver();
    let sealed = seal_with(&private, bytes(SALT).try_into().unwrap(), to.public_key(), to.auth(), PLAIN).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(sealed), MESSAGE);
}

#[test]
fn a_message_opens_for_its_receiver_alone() {
    let (one, other) = (Receiver::new().unwrap(), Receiver::new().unwrap());
    let sealed = seal(one.public_key(), one.auth(), b"").unwrap();
    assert_eq!(one.open(&sealed).unwrap(), b"");
    assert_eq!(other.open(&sealed), Err(Broken::Sealed));
    let sealed = seal(one.public_key(), other.auth(), b"hello").unwrap();
    assert_eq!(one.open(&sealed), Err(Broken::Sealed), "the authentication secret counts");
}

#[test]
fn no_byte_can_be_changed() {
    let to = Receiver::new().unwrap();
    let sealed = seal(to.public_key(), to.auth(), b"hello").unwrap();
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 1;
        // A record size that is another, but not too small, changes nothing: the key does not depend on it.
        let harmless = (16..20).contains(&place);
        assert_eq!(to.open(&changed).is_ok(), harmless, "byte {place}");
        assert!(to.open(&sealed[..place]).is_err(), "the first {place} bytes");
    }
}

/// Seals a record that ends as given, under a record size as given.
fn sealed_as(to: &Receiver, record: &[u8], size: u32) -> Vec<u8> {
    let private = PrivateKey::generate(&ECDH_P256).unwrap();
    let own = private.compute_public_key().unwrap();
    let shared = shared_secret(&private, to.public_key()).unwrap();
    let salt = [7; 16];
    let (key, nonce) = key_and_nonce(&shared, to.auth(), to.public_key(), own.as_ref(), &salt).unwrap();
    let mut record = record.to_vec();
    key.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).unwrap();
    [&salt, size.to_be_bytes().as_slice(), &[65], own.as_ref(), &record].concat()
}

#[test]
fn padding_is_taken_off_and_needs_its_delimiter() {
    let to = Receiver::new().unwrap();
    assert_eq!(to.open(&sealed_as(&to, b"hi\x02\0\0\0\0", 4096)).unwrap(), b"hi");
    assert_eq!(to.open(&sealed_as(&to, b"hi\0\x02", 4096)).unwrap(), b"hi\0");
    assert_eq!(to.open(&sealed_as(&to, b"hi\x01\0", 4096)), Err(Broken::Padding), "not the last record");
    assert_eq!(to.open(&sealed_as(&to, b"\0\0", 4096)), Err(Broken::Padding));
}

#[test]
fn a_message_is_one_record() {
    let to = Receiver::new().unwrap();
    let record = 3 + 16;
    assert_eq!(to.open(&sealed_as(&to, b"hi\x02", record)).unwrap(), b"hi");
    assert_eq!(to.open(&sealed_as(&to, b"hi\x02", record - 1)), Err(Broken::RecordSize));
}

#[test]
fn a_key_id_that_is_no_point_is_refused() {
    let to = Receiver::new().unwrap();
    let sealed = seal(to.public_key(), to.auth(), b"hello").unwrap();
    for (place, value) in [(20, 33), (21, 2), (21, 6), (HEADER - 1, sealed[HEADER - 1] ^ 1)] {
        let mut changed = sealed.clone();
        changed[place] = value;
        assert_eq!(to.open(&changed), Err(Broken::Point), "byte {place}");
    }
}
