//! The certificate: whether its files are good, for our names, and for how long.

use std::os::unix::fs::PermissionsExt;

use akkoord_core::Timestamp;
use rustls::{client::verify_server_name, pki_types::ServerName, server::ParsedCertificate};
use url::Url;

use super::Findings;
use crate::{
    cli::output::moment,
    config::{Config, TlsSection},
    serve::{Tls, read_files},
};

pub(super) fn look(config: &Config, section: &TlsSection, now: Timestamp, findings: &mut Findings) {
    if let Err(error) = Tls::load(section) {
        // The text says what to do.
        findings.fail("tls", error.to_string(), "");
        return;
    }
    let readable = std::fs::metadata(&section.key).is_ok_and(|metadata| metadata.permissions().mode() & 0o007 != 0);
    if readable {
        findings.warn("tls", "everybody on this machine can read the private key", "take that right away: chmod o-rwx");
    }
    let Ok((certificates, _)) = read_files(section) else { return };
    let Some(certificate) = certificates.first() else { return };
    for address in [&config.public_url, &config.phone_url] {
        let name = Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let holds = ParsedCertificate::try_from(certificate).is_ok_and(|parsed| {
            ServerName::try_from(name.as_str()).is_ok_and(|server| verify_server_name(&parsed, &server).is_ok())
        });
        if !holds {
            findings.fail("tls", format!("the certificate is not for {name}"), "get one for both names");
        }
    }
    match not_after(certificate) {
        None => findings.warn("tls", "the certificate's end could not be read", "look at it with another program"),
        Some(end) if end <= now => {
            findings.fail(
                "tls",
                format!("the certificate ended at {}", moment(end)),
                "renew it: no browser accepts it",
            );
        }
        Some(end) if end < now + SOON => findings.warn(
            "tls",
            format!("the certificate ends at {}", moment(end)),
            "see that it is renewed; a new file is taken up without a restart",
        ),
        Some(end) => findings.ok("tls", format!("the certificate is good until {}", moment(end))),
    }
}

const SOON: std::time::Duration = std::time::Duration::from_secs(21 * 24 * 3600);

/// The end of a certificate: RFC 5280 4.1, `Certificate.tbsCertificate.validity.notAfter`.
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    // An explicit version comes first, where there is one; then serial number, signature, issuer.
    if let Some((0xA0, _, after)) = element(rest) {
        rest = after;
    }
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, after_begin) = element(validity)?;
    let (tag, text, _) = element(after_begin)?;
    let text = std::str::from_utf8(text).ok()?;
    match tag {
        // RFC 5280 4.1.2.5.1: two digits of the year, below 50 in this century.
        0x17 => {
            let century = if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" };
            time(&format!("{century}{text}"))
        }
        0x18 => time(text),
        _ => None,
    }
}

/// One element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x0F))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYYYMMDDHHMMSSZ`.
fn time(text: &str) -> Option<Timestamp> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 14)?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(8, 10)?, number(10, 12)?, number(12, 14)?);
    // Days since 1970 by years that begin on 1 March, so that the leap day comes last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp::from_seconds(((days * 24 + hour) * 60 + minute) * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_certificates_are_read() {
        assert_eq!(time("19700101000000Z"), Some(Timestamp(0)));
        assert_eq!(time("20261123114000Z").map(moment).as_deref(), Some("2026-11-23 11:40 UTC"));
        assert_eq!(time("20240229235959Z").map(moment).as_deref(), Some("2024-02-29 23:59 UTC"));
        assert_eq!(time("2026112311400Z"), None);
    }

    #[test]
    fn the_end_of_a_real_certificate_is_read() {
        let mut params = rcgen::CertificateParams::new(vec!["login.example.org".to_owned()]).unwrap();
        for (year, expected) in [(2031, "2031-03-04 00:00 UTC"), (2055, "2055-03-04 00:00 UTC")] {
            params.not_after = rcgen::date_time_ymd(year, 3, 4);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            assert_eq!(not_after(certificate.der()).map(moment).as_deref(), Some(expected));
        }
        assert_eq!(not_after(b"\x30\x03abc"), None);
        assert_eq!(not_after(b"\x30\x84\xff\xff\xff\xff"), None);
    }
}
