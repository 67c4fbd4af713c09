use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};

use super::{encryption::encrypt_with, *};
use crate::{
    bytes::{Bytes, decode},
    jose::SigningKey,
    random::Random,
};

struct Counting(std::sync::atomic::AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
    }
}

fn browser() -> Keys {
    let p256dh =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4".parse().unwrap();
    Keys { p256dh, auth: "BTBZMqHH6r4Tts7J_aSIgg".parse().unwrap() }
}

#[test]
fn rfc8291_section_5() {
    let own = decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").unwrap();
    let own = PrivateKey::from_private_key(&ECDH_P256, &own).unwrap();
    let salt: Bytes<16> = "DGv6ra1nlYgDCS1FRnbzlw".parse().unwrap();
    let plain = b"When I grow up, I want to be a watermelon";
    let body = encrypt_with(&browser(), plain, plain.len() + 1, &own, salt.0).unwrap();
    let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
    assert_eq!(crate::bytes::encode(&body), expected);
}

#[test]
fn every_message_is_as_long_and_encrypted_anew() {
    let random = Counting(std::sync::atomic::AtomicU8::new(0));
    let keys = browser();
    let bodies: Vec<_> =
        [&b""[..], b"x", b"x", &[7; MAX_PLAIN]].iter().map(|plain| encrypt(&keys, plain, &random).unwrap()).collect();
    assert!(bodies.iter().all(|body| body.len() == bodies[0].len()));
    assert_ne!(bodies[1], bodies[2]);
    assert_eq!(encrypt(&keys, &[7; MAX_PLAIN + 1], &random), Err(EncryptError::TooLong));
}

#[test]
fn a_key_off_the_curve_is_refused() {
    let mut keys = browser();
    keys.p256dh.0[64] ^= 1;
    let random = Counting(std::sync::atomic::AtomicU8::new(0));
    assert_eq!(encrypt(&keys, b"x", &random), Err(EncryptError::Key));
}

#[test]
fn rfc8292_sections_2_and_3() {
    let key = SigningKey::generate().unwrap();
    let value = authorization(&key, "https://push.example.net", 1_453_523_768, "mailto:push@example.com").unwrap();
    let (token, public) = value.strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(decode(public).unwrap(), key.public().point());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    assert_eq!(decode(header).unwrap(), br#"{"typ":"JWT","alg":"ES256"}"#);
    assert_eq!(
        decode(claims).unwrap(),
        br#"{"aud":"https://push.example.net","exp":1453523768,"sub":"mailto:push@example.com"}"#
    );
    let signed = format!("{header}.{claims}");
    key.public().verify(signed.as_bytes(), &signature.parse().unwrap()).unwrap();
}
