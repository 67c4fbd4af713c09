//! One good message of each type; each type with the claims of each other; headers and forms that are refused.

use akkoord_protocols::{
    bytes::{decode, encode},
    jose::{SigningKey, Typ},
};
use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};

use super::{Failure, Message, Named, id, jwk, key, public, raw, same, sample, typ_text};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Messages {
    /// By type. Each is good, and refused when it is read as any other type.
    messages: Named<Message>,
    /// One type's header over another type's claims, signed by the key that the reader expects. All are refused.
    mixed: Vec<Mixed>,
    /// Refused by the reader of the type.
    refused: Vec<RefusedForm>,
    /// A signature whose second half is replaced by the order of the group minus it. It is accepted.
    high_s: Message,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mixed {
    header: Typ,
    claims: Typ,
    error: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedForm {
    read_as: Typ,
    why: String,
    error: String,
    message: String,
}

fn refused_form(read_as: Typ, why: &str, message: String) -> Result<RefusedForm, Failure> {
    match sample::read(read_as, &message, None) {
        Ok(()) => Err(format!("accepted: {why}").into()),
        Err(error) => Ok(RefusedForm { read_as, why: why.to_owned(), error: error.to_owned(), message }),
    }
}

/// Replaces the second half of a signature by its negative.
fn negate_s(message: &str) -> Result<String, Failure> {
    let (input, signature) = message.rsplit_once('.').ok_or("not a message")?;
    let signature = decode(signature)?;
    let (r, s) = signature.split_at_checked(32).ok_or("short")?;
    let order: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let mut borrow = 0;
    let mut negative = Vec::new();
    for (n, s) in order.iter().rev().zip(s.iter().rev()) {
        let difference = i16::from(*n) - i16::from(*s) - borrow;
        borrow = i16::from(difference < 0);
        negative.push(u8::try_from(difference.rem_euclid(256))?);
    }
    negative.reverse();
    Ok(format!("{input}.{}", encode(&[r, &negative].concat())))
}

/// Whether the second half of a signature is above half of the order.
fn is_high(message: &str) -> bool {
    let signature = message.rsplit('.').next().and_then(|text| decode(text).ok());
    signature.and_then(|bytes| bytes.get(32).copied()).is_some_and(|first| first >= 0x80)
}

fn headers(claims: &str, phone: &SigningKey) -> Result<Vec<(String, String)>, Failure> {
    let kid = sample::phone();
    let own = serde_json::to_string(&jwk("phone")?)?;
    let mut list = Vec::new();
    for (why, header) in [
        ("algorithm none", format!(r#"{{"alg":"none","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm None", format!(r#"{{"alg":"None","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm in lower case", format!(r#"{{"alg":"es256","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm HS256", format!(r#"{{"alg":"HS256","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm RS256", format!(r#"{{"alg":"RS256","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm ES384", format!(r#"{{"alg":"ES384","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm ES256K", format!(r#"{{"alg":"ES256K","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm EdDSA", format!(r#"{{"alg":"EdDSA","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm empty", format!(r#"{{"alg":"","typ":"T","kid":"{kid}"}}"#)),
        ("algorithm as an array", format!(r#"{{"alg":["ES256"],"typ":"T","kid":"{kid}"}}"#)),
        ("algorithm as an object", format!(r#"{{"alg":{{"ES256":1}},"typ":"T","kid":"{kid}"}}"#)),
        ("no algorithm", format!(r#"{{"typ":"T","kid":"{kid}"}}"#)),
        ("algorithm twice", format!(r#"{{"alg":"none","alg":"ES256","typ":"T","kid":"{kid}"}}"#)),
        ("crit", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","crit":["exp"]}}"#)),
        ("empty crit", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","crit":[]}}"#)),
        ("b64 and crit", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","b64":false,"crit":["b64"]}}"#)),
        ("jku", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","jku":"https://example.net/keys"}}"#)),
        ("x5u", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","x5u":"https://example.net/cert"}}"#)),
        ("x5c", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","x5c":["MA=="]}}"#)),
        ("cty", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","cty":"JWT"}}"#)),
        ("zip", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","zip":"DEF"}}"#)),
        ("an unknown member", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","x":1}}"#)),
        ("a key beside the kid", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","jwk":{own}}}"#)),
        ("a key instead of the kid", format!(r#"{{"alg":"ES256","typ":"T","jwk":{own}}}"#)),
        ("no kid", r#"{"alg":"ES256","typ":"T"}"#.to_owned()),
        ("an empty kid", r#"{"alg":"ES256","typ":"T","kid":""}"#.to_owned()),
        ("kid null", r#"{"alg":"ES256","typ":"T","kid":null}"#.to_owned()),
        ("kid a number", r#"{"alg":"ES256","typ":"T","kid":1}"#.to_owned()),
        ("kid an array", format!(r#"{{"alg":"ES256","typ":"T","kid":["{kid}"]}}"#)),
        ("kid of another phone", format!(r#"{{"alg":"ES256","typ":"T","kid":"{}"}}"#, id("another phone"))),
        ("kid with a blank", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid} "}}"#)),
        ("kid in another case", format!(r#"{{"alg":"ES256","typ":"T","kid":"{}"}}"#, kid.to_ascii_lowercase())),
        ("kid a path", r#"{"alg":"ES256","typ":"T","kid":"../../dev/null"}"#.to_owned()),
        ("kid a query", r#"{"alg":"ES256","typ":"T","kid":"' OR 1=1 --"}"#.to_owned()),
        ("kid the thumbprint", format!(r#"{{"alg":"ES256","typ":"T","kid":"{}"}}"#, public("phone")?.thumbprint())),
        ("kid of 65 characters", format!(r#"{{"alg":"ES256","typ":"T","kid":"{}"}}"#, "x".repeat(65))),
        ("no type", format!(r#"{{"alg":"ES256","kid":"{kid}"}}"#)),
        ("type JWT", format!(r#"{{"alg":"ES256","typ":"JWT","kid":"{kid}"}}"#)),
        ("type in capitals", format!(r#"{{"alg":"ES256","typ":"AKKOORD-PROOF+JWT","kid":"{kid}"}}"#)),
        ("type with its prefix", format!(r#"{{"alg":"ES256","typ":"application/T","kid":"{kid}"}}"#)),
        ("type with a blank", format!(r#"{{"alg":"ES256","typ":"T ","kid":"{kid}"}}"#)),
        ("type twice", format!(r#"{{"alg":"ES256","typ":"T","typ":"T","kid":"{kid}"}}"#)),
        ("kid twice", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}","kid":"{kid}"}}"#)),
        ("an array", format!(r#"["ES256","T","{kid}"]"#)),
        ("a string", r#""ES256""#.to_owned()),
        ("nothing", String::new()),
        ("a byte order mark", format!("\u{feff}{{\"alg\":\"ES256\",\"typ\":\"T\",\"kid\":\"{kid}\"}}")),
        ("something after the object", format!(r#"{{"alg":"ES256","typ":"T","kid":"{kid}"}}x"#)),
    ] {
        let header = header.replace(r#""T"#, r#""akkoord-proof+jwt"#).replace("/T", "/akkoord-proof+jwt");
        list.push((format!("header: {why}"), raw(phone, &header, claims)?));
    }
    Ok(list)
}

fn forms(good: &str, claims: &str, phone: &SigningKey) -> Result<Vec<(String, String)>, Failure> {
    let (input, signature) = good.rsplit_once('.').ok_or("not a message")?;
    let (header, payload) = input.split_once('.').ok_or("not a message")?;
    let bytes = decode(signature)?;
    let header_text = String::from_utf8(decode(header)?)?;
    let (r, s) = bytes.split_at_checked(32).ok_or("short")?;
    let mac = |secret: &[u8]| -> String {
        let header = encode(header_text.replace("ES256", "HS256").as_bytes());
        let input = format!("{header}.{payload}");
        format!("{input}.{}", encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref()))
    };
    let der = {
        // SEQUENCE of two INTEGERs, each with a zero before it so that it is positive.
        let integer = |half: &[u8]| [&[2, 33, 0], half].concat();
        [vec![0x30, 70], integer(r), integer(s)].concat()
    };
    let flip = |at: usize| -> String {
        let mut bytes = bytes.clone();
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1;
        }
        format!("{input}.{}", encode(&bytes))
    };
    let none = encode(header_text.replace("ES256", "none").as_bytes());
    let list = [
        ("no signature", format!("{input}.")),
        ("algorithm none without a signature", format!("{none}.{payload}.")),
        ("two parts", input.to_owned()),
        ("one part", header.to_owned()),
        ("four parts", format!("{good}.{signature}")),
        ("an empty text", String::new()),
        ("only points", "..".to_owned()),
        ("a line break at the end", format!("{good}\n")),
        ("a blank before", format!(" {good}")),
        ("a padded signature", format!("{good}==")),
        ("a padded header", format!("{header}=.{payload}.{signature}")),
        ("the other base64 alphabet", format!("{input}.{}", signature.replace('-', "+").replace('_', "/") + "+/")),
        ("a signature of 63 bytes", format!("{input}.{}", encode(bytes.get(..63).ok_or("short")?))),
        ("a signature of 65 bytes", format!("{input}.{}", encode(&[bytes.as_slice(), &[0]].concat()))),
        ("a DER signature", format!("{input}.{}", encode(&der))),
        ("a signature of zeros", format!("{input}.{}", encode(&[0; 64]))),
        ("the halves swapped", format!("{input}.{}", encode(&[s, r].concat()))),
        ("the first bit of r", flip(0)),
        ("the last bit of r", flip(31)),
        ("the first bit of s", flip(32)),
        ("the last bit of s", flip(63)),
        ("another message's signature", {
            let other = raw(phone, &header_text, &claims.replacen("POST", "GET", 1))?;
            let other = other.rsplit('.').next().unwrap_or_default().to_owned();
            format!("{input}.{other}")
        }),
        ("a MAC under the public point", mac(public("phone")?.point())),
        ("a MAC under the public JWK", mac(serde_json::to_string(&jwk("phone")?)?.as_bytes())),
        ("the JSON form", format!(r#"{{"protected":"{header}","payload":"{payload}","signature":"{signature}"}}"#)),
        ("more than 8 KiB", raw(phone, &header_text, &format!("{claims}{}", " ".repeat(8000)))?),
    ];
    // The last character of 86 carries four bits that must be zero.
    let mut unused = good.to_owned();
    let last = unused.pop().ok_or("empty")?;
    unused.push(match last {
        'A' => 'B',
        'Q' => 'R',
        'g' => 'h',
        _ => 'x',
    });
    let mut list: Vec<_> = list.map(|(why, message)| (format!("form: {why}"), message)).into();
    list.push(("form: bits after the end".to_owned(), unused));
    Ok(list)
}

fn enrolment_headers() -> Result<Vec<(String, String)>, Failure> {
    let phone = key("phone")?;
    let claims = serde_json::to_string(&sample::claims(Typ::Enrol)?)?;
    let own = serde_json::to_string(&jwk("phone")?)?;
    let typ = "akkoord-enrol+jwt";
    let with = |from: &str, to: &str| own.replacen(from, to, 1);
    let (x, y) = (xy(&own, "x")?, xy(&own, "y")?);
    let mut list = Vec::new();
    for (why, header) in [
        ("a kid beside the key", format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"x","jwk":{own}}}"#)),
        ("a kid instead of the key", format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{}"}}"#, sample::phone())),
        ("neither", format!(r#"{{"alg":"ES256","typ":"{typ}"}}"#)),
        (
            "another's key",
            format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, serde_json::to_string(&jwk("stranger")?)?),
        ),
        ("a private key", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("{", r#"{"d":"AAAA","#))),
        ("a key with a kid", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("{", r#"{"kid":"x","#))),
        ("a key with alg", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("{", r#"{"alg":"ES256","#))),
        ("a key with use", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("{", r#"{"use":"sig","#))),
        ("a key of P-384", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("P-256", "P-384"))),
        ("a key of type oct", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("\"EC\"", "\"oct\""))),
        (
            "a key without y",
            format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with(&format!(r#","y":"{y}""#), "")),
        ),
        ("a key off the curve", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with(&y, &x))),
        (
            "a key of zeros",
            format!(
                r#"{{"alg":"ES256","typ":"{typ}","jwk":{{"crv":"P-256","kty":"EC","x":"{0}","y":"{0}"}}}}"#,
                encode(&[0; 32])
            ),
        ),
        (
            "a key with x of 31 bytes",
            format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with(&x, &encode(&[1; 31]))),
        ),
        (
            "a key with x of 33 bytes",
            format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with(&x, &encode(&[0; 33]))),
        ),
        ("a key as an array", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":["P-256","EC","{x}","{y}"]}}"#)),
        ("a key as text", format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":"{x}"}}"#)),
        (
            "a member of the key twice",
            format!(r#"{{"alg":"ES256","typ":"{typ}","jwk":{}}}"#, with("{", r#"{"kty":"EC","#)),
        ),
    ] {
        list.push((format!("header of an enrolment: {why}"), raw(&phone, &header, &claims)?));
    }
    Ok(list)
}

fn xy(jwk: &str, name: &str) -> Result<String, Failure> {
    let value: serde_json::Value = serde_json::from_str(jwk)?;
    Ok(value.get(name).and_then(serde_json::Value::as_str).ok_or("no coordinate")?.to_owned())
}

pub(crate) fn make() -> Result<Messages, Failure> {
    let mut messages = Named::new();
    let mut mixed = Vec::new();
    for typ in Typ::ALL {
        let (signer, kid) = sample::signer(typ)?;
        messages.insert(typ_text(typ)?, Message::of(signer, sample::message(typ, None)?)?);
        for other in Typ::ALL.into_iter().filter(|other| *other != typ) {
            let claims = sample::claims(other)?;
            let message = match kid.as_deref() {
                Some(kid) => akkoord_protocols::jose::sign(&key(signer)?, typ, kid, &claims)?,
                None => akkoord_protocols::jose::sign_with_key_in_header(&key(signer)?, typ, &claims)?,
            };
            let Err(error) = sample::read(typ, &message, None) else {
                return Err(format!("{typ:?} reads the claims of {other:?}").into());
            };
            mixed.push(Mixed { header: typ, claims: other, error: error.to_owned(), message });
        }
    }
    let phone = key("phone")?;
    let good = sample::proof(&phone)?;
    let claims = serde_json::to_string(&sample::claims(Typ::Proof)?)?;
    let mut refused = Vec::new();
    for (why, message) in [headers(&claims, &phone)?, forms(&good, &claims, &phone)?].concat() {
        refused.push(refused_form(Typ::Proof, &why, message)?);
    }
    for (why, message) in enrolment_headers()? {
        refused.push(refused_form(Typ::Enrol, &why, message)?);
    }
    let high = if is_high(&good) { good } else { negate_s(&good)? };
    Ok(Messages { messages, mixed, refused, high_s: Message::of("phone", high)? })
}

pub(crate) fn check(file: &Messages) -> Result<(), Failure> {
    same("types", &file.messages.len(), &Typ::ALL.len())?;
    for typ in Typ::ALL {
        let message = file.messages.get(&typ_text(typ)?).ok_or("a type has no message")?;
        message.check()?;
        same("own type", &sample::read(typ, &message.message, None), &Ok(()))?;
        for other in Typ::ALL.into_iter().filter(|other| *other != typ) {
            same("another type", &sample::read(other, &message.message, None), &Err("type"))?;
        }
    }
    same("pairs", &file.mixed.len(), &(Typ::ALL.len() * (Typ::ALL.len() - 1)))?;
    for mixed in &file.mixed {
        same("mixed", &sample::read(mixed.header, &mixed.message, None), &Err(mixed.error.as_str()))?;
    }
    for form in &file.refused {
        same(&form.why, &sample::read(form.read_as, &form.message, None), &Err(form.error.as_str()))?;
    }
    file.high_s.check()?;
    same("high s", &is_high(&file.high_s.message), &true)?;
    same("high s is accepted", &sample::read(Typ::Proof, &file.high_s.message, None), &Ok(()))
}
