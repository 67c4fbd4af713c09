//! What sealing and signing a push take, beside what no sender can do without.

use akkoord_authenticator::SystemRandom;
use akkoord_protocols::{
    bytes::Bytes,
    jose::SigningKey,
    webpush::{self, Keys},
};
use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{self, ECDH_P256, PrivateKey, UnparsedPublicKey},
    error::Unspecified,
};

use super::{BenchError, floors::per_second, report::Report};

/// Measures both beside each other, a few times: what else the machine does then shifts both alike.
pub(super) fn measure(report: &mut Report) -> Result<(), BenchError> {
    let broken = |_| BenchError::Wrong("the library of what seals pushes does not work on this machine".to_owned());
    let browser = PrivateKey::generate(&ECDH_P256).map_err(broken)?;
    let point = browser.compute_public_key().map_err(broken)?;
    let point: [u8; POINT] = point.as_ref().try_into().map_err(|_| broken(Unspecified))?;
    let keys = Keys { p256dh: Bytes(point), auth: Bytes([1; 16]) };
    for _ in 0..RUNS {
        let floor = per_second(|| floor(&point).is_ok())?;
        let sealed = per_second(|| webpush::encrypt(&keys, PLAIN, &SystemRandom).is_ok())?;
        report.add("floor_push_seal_per_second", floor);
        report.add("push_sealed_per_second", sealed);
        report.add("push_sealed_over_floor", floor / sealed);
    }
    let key = SigningKey::generate().map_err(|_| broken(Unspecified))?;
    let sign = || webpush::authorization(&key, "https://push.example.net", 1, "mailto:a@example.net").is_ok();
    report.set("vapid_signed_per_second", per_second(sign)?);
    report.print_floors();
    Ok(())
}

/// What every push needs by RFC 8291, straight from the library: a key of its own, its point, one agreement, and one
/// sealed record of the same length. Key derivation, padding and framing are ours to pay for.
fn floor(browser: &[u8; POINT]) -> Result<(), Unspecified> {
    let own = PrivateKey::generate(&ECDH_P256)?;
    own.compute_public_key()?;
    let key = agreement::agree(&own, UnparsedPublicKey::new(&ECDH_P256, browser), Unspecified, |shared| {
        UnboundKey::new(&AES_128_GCM, shared.get(..16).ok_or(Unspecified)?)
    })?;
    let mut record = [0; RECORD];
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    LessSafeKey::new(key).seal_in_place_separate_tag(nonce, Aad::empty(), &mut record).map(|_| ())
}

/// What the server tells phones.
const PLAIN: &[u8] = br#"{"v":1,"k":"w"}"#;
/// How long it is when it is padded.
const RECORD: usize = 128;
const POINT: usize = 65;
const RUNS: usize = 3;
