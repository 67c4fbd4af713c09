//! One-time passwords: HOTP (RFC 4226) and TOTP (RFC 6238).

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// The hash under the HMAC. SHA-1 stays for the authenticators that know no other (RFC 6238 section 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Algorithm {
    /// HMAC-SHA-1.
    #[serde(rename = "SHA1")]
    Sha1,
    /// HMAC-SHA-256.
    #[serde(rename = "SHA256")]
    Sha256,
    /// HMAC-SHA-512.
    #[serde(rename = "SHA512")]
    Sha512,
}

/// The parameters are outside of what authenticators agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OtpError {
    /// Digits other than 6, 7 or 8.
    #[error("a code has 6, 7 or 8 digits")]
    Digits,
    /// A period of zero.
    #[error("a period is at least one second")]
    Period,
}

/// RFC 4226 section 5.3: the code of a counter.
pub fn hotp(secret: &[u8], counter: u64, algorithm: Algorithm, digits: u32) -> Result<String, OtpError> {
    if !(6..=8).contains(&digits) {
        return Err(OtpError::Digits);
    }
    let algorithm = match algorithm {
        Algorithm::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => hmac::HMAC_SHA256,
        Algorithm::Sha512 => hmac::HMAC_SHA512,
    };
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), &counter.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or(0) & 0x0f);
    let number = bytes.iter().skip(offset).take(4).fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
    Ok(format!("{:0width$}", (number & 0x7fff_ffff) % 10_u32.pow(digits), width = digits as usize))
}

/// RFC 6238 section 4: the code at an instant, and the seconds it is still shown.
pub fn totp(secret: &[u8], seconds: u64, period: u64, algorithm: Algorithm, digits: u32) -> Result<String, OtpError> {
    let step = seconds.checked_div(period).ok_or(OtpError::Period)?;
    hotp(secret, step, algorithm, digits)
}

/// Whether a typed code is the code of one of `steps`, in constant time for each; tells the step, which the caller
/// stores, because a code that was accepted must not be accepted again (RFC 6238 section 5.2).
pub fn matching_step(
    secret: &[u8],
    typed: &str,
    steps: impl IntoIterator<Item = u64>,
    algorithm: Algorithm,
    digits: u32,
) -> Result<Option<u64>, OtpError> {
    let mut found = None;
    for step in steps {
        if bool::from(hotp(secret, step, algorithm, digits)?.as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4226_appendix_d() {
        let codes =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, code) in (0..).zip(codes) {
            assert_eq!(hotp(b"12345678901234567890", counter, Algorithm::Sha1, 6).unwrap(), code);
        }
    }

    #[test]
    fn rfc6238_appendix_b() {
        let secret = |n: usize| b"1234567890".repeat(7)[..n].to_vec();
        for (seconds, sha1, sha256, sha512) in [
            (59, "94287082", "46119246", "90693936"),
            (1_111_111_109, "07081804", "68084774", "25091201"),
            (1_111_111_111, "14050471", "67062674", "99943326"),
            (1_234_567_890, "89005924", "91819424", "93441116"),
            (2_000_000_000, "69279037", "90698825", "38618901"),
            (20_000_000_000, "65353130", "77737706", "47863826"),
        ] {
            assert_eq!(totp(&secret(20), seconds, 30, Algorithm::Sha1, 8).unwrap(), sha1);
            assert_eq!(totp(&secret(32), seconds, 30, Algorithm::Sha256, 8).unwrap(), sha256);
            assert_eq!(totp(&secret(64), seconds, 30, Algorithm::Sha512, 8).unwrap(), sha512);
        }
    }

    #[test]
    fn odd_parameters_are_refused() {
        assert_eq!(hotp(b"x", 0, Algorithm::Sha1, 9), Err(OtpError::Digits));
        assert_eq!(totp(b"x", 0, 0, Algorithm::Sha1, 6), Err(OtpError::Period));
        let steps = matching_step(b"12345678901234567890", "287082", 0..3, Algorithm::Sha1, 6);
        assert_eq!(steps, Ok(Some(1)));
    }
}
