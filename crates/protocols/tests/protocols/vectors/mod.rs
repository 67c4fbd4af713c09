//! Our own vectors: made from fixed keys, written by `cargo run -p akkoord-protocols --example vectors -- --write`, and
//! recomputed here from what stands in the files. `tests/vectors/README.md` describes them for other implementations.
//!
//! Signatures are randomised, so a message is made once and stored; everything else must come out the same each time.

use std::{collections::BTreeMap, error::Error, path::Path, sync::Mutex};

use akkoord_protocols::{
    bytes::{encode, sha256},
    jose::{Jwk, JwsError, PublicKey, SigningKey, Typ},
    phone::{decision::DecisionError, offer::OfferError, proof::ProofError, request::RequestError},
    random::Random,
    text::Id,
};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(crate) mod corpus;
pub(crate) mod enrolment;
pub(crate) mod json;
pub(crate) mod key_care;
pub(crate) mod keys;
pub(crate) mod messages;
pub(crate) mod pin;
pub(crate) mod proof;
pub(crate) mod request;
pub(crate) mod sample;
pub(crate) mod text;

/// A reason why vectors cannot be made or do not agree.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// One file of vectors.
pub(crate) struct File {
    /// Its name in `tests/vectors`.
    pub(crate) name: &'static str,
    /// Makes it anew.
    pub(crate) make: fn() -> Result<Value, Failure>,
    /// Recomputes everything in it.
    pub(crate) check: fn(Value) -> Result<(), Failure>,
}

/// All files.
pub(crate) const FILES: [File; 9] = [
    File { name: "keys.json", make: || value(keys::make()?), check: |file| keys::check(&typed(file)?) },
    File { name: "enrolment.json", make: || value(enrolment::make()?), check: |file| enrolment::check(&typed(file)?) },
    File { name: "request.json", make: || value(request::make()?), check: |file| request::check(&typed(file)?) },
    File { name: "proof.json", make: || value(proof::make()?), check: |file| proof::check(&typed(file)?) },
    File { name: "pin.json", make: || value(pin::make()?), check: |file| pin::check(&typed(file)?) },
    File { name: "messages.json", make: || value(messages::make()?), check: |file| messages::check(&typed(file)?) },
    File { name: "key-care.json", make: || value(key_care::make()?), check: |file| key_care::check(&typed(file)?) },
    File { name: "json.json", make: || value(json::make()), check: |file| json::check(&typed(file)?) },
    File { name: "text.json", make: || value(text::make()), check: |file| text::check(&typed(file)?) },
];

fn value(file: impl Serialize) -> Result<Value, Failure> {
    Ok(serde_json::to_value(file)?)
}

fn typed<T: DeserializeOwned>(file: Value) -> Result<T, Failure> {
    Ok(serde_json::from_value(file)?)
}

/// Reads one file.
pub(crate) fn read(name: &str) -> Result<Value, Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// A message with what it says, so that a reader of the file sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// The name of the key in `keys.json`.
    pub(crate) signed_by: String,
    pub(crate) message: String,
    pub(crate) claims: Value,
}

impl Message {
    pub(crate) fn of(signed_by: &str, message: String) -> Result<Self, Failure> {
        let claims = claims_of(&message)?;
        Ok(Self { signed_by: signed_by.to_owned(), message, claims })
    }

    /// Whether the message says what stands beside it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        same("claims", &claims_of(&self.message)?, &self.claims)
    }
}

/// A message that its reader must refuse.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refused {
    pub(crate) why: String,
    /// Which check refuses it in our implementation. Others may find another reason first.
    pub(crate) error: String,
    pub(crate) message: String,
}

/// What the second part of a message says, unverified.
pub(crate) fn claims_of(message: &str) -> Result<Value, Failure> {
    let payload = message.split('.').nth(1).ok_or("not a message")?;
    Ok(serde_json::from_slice(&akkoord_protocols::bytes::decode(payload)?)?)
}

/// A message with any header and payload, with a good signature.
pub(crate) fn raw(key: &SigningKey, header: &str, payload: &str) -> Result<String, Failure> {
    let input = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = key.sign(input.as_bytes())?;
    Ok(format!("{input}.{}", signature.to_text()))
}

/// The type as it stands in a header.
pub(crate) fn typ_text(typ: Typ) -> Result<String, Failure> {
    Ok(serde_json::to_value(typ)?.as_str().ok_or("a type is a string")?.to_owned())
}

/// The key of this name: its scalar is a hash of the name, so that everybody can make it.
pub(crate) fn key(name: &str) -> Result<SigningKey, Failure> {
    // The curve's slow implementation makes the point once; the tests ask for the same keys very often.
    static POINTS: Mutex<BTreeMap<String, [u8; 65]>> = Mutex::new(BTreeMap::new());
    let scalar = sha256(&[b"akkoord vectors key ", name.as_bytes()]);
    let mut points = POINTS.lock().map_err(|_| "a test failed here")?;
    let point = match points.get(name) {
        Some(point) => *point,
        None => {
            let secret = p256::SecretKey::from_slice(&scalar).map_err(|_| "not a scalar")?;
            let point = secret.public_key().to_encoded_point(false).as_bytes().try_into()?;
            points.insert(name.to_owned(), point);
            point
        }
    };
    Ok(SigningKey::from_scalar(&scalar, &point)?)
}

/// The public half of the key of this name.
pub(crate) fn public(name: &str) -> Result<PublicKey, Failure> {
    Ok(key(name)?.public().clone())
}

/// The JWK of the key of this name.
pub(crate) fn jwk(name: &str) -> Result<Jwk, Failure> {
    Ok(public(name)?.jwk())
}

/// Bytes that stand for random ones.
pub(crate) fn drawn<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    Seeded::new(name).fill(&mut bytes);
    bytes
}

/// The id of this name.
pub(crate) fn id(name: &str) -> Id {
    Id::new(&Seeded::new(name))
}

/// A generator whose output follows from its seed: SHA-256 over the seed and a counter.
pub(crate) struct Seeded {
    seed: String,
    counter: std::sync::atomic::AtomicU64,
}

impl Seeded {
    pub(crate) fn new(seed: &str) -> Self {
        Self { seed: seed.to_owned(), counter: 0.into() }
    }
}

impl Random for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let block = sha256(&[b"akkoord vectors random ", self.seed.as_bytes(), &[0], &count.to_be_bytes()]);
            for (to, from) in chunk.iter_mut().zip(block) {
                *to = from;
            }
        }
    }
}

/// A generator that gives the same bytes each time: for a scalar that a vector names.
pub(crate) struct Fixed(pub(crate) [u8; 32]);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        for (to, from) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *to = *from;
        }
    }
}

/// Compares what was computed with what stands in the file.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, computed: &T, stored: &T) -> Result<(), Failure> {
    if computed == stored {
        Ok(())
    } else {
        Err(format!("{what}: computed {computed:?}, the file has {stored:?}").into())
    }
}

/// Compares bytes, and shows them when they differ.
pub(crate) fn same_bytes(what: &str, computed: &[u8], stored: &[u8]) -> Result<(), Failure> {
    same(what, &encode(computed), &encode(stored))
}

/// The word for an error, as in the files.
pub(crate) fn word(error: &JwsError) -> &'static str {
    match error {
        JwsError::Form => "form",
        JwsError::Header => "header",
        JwsError::WrongType => "type",
        JwsError::WrongKey => "key",
        JwsError::Signature => "signature",
        JwsError::Version => "version",
        JwsError::Claims(_) => "claims",
    }
}

/// An error of a reader, as a word.
pub(crate) trait Word {
    fn word(&self) -> &'static str;
}

impl Word for JwsError {
    fn word(&self) -> &'static str {
        word(self)
    }
}

impl Word for OfferError {
    fn word(&self) -> &'static str {
        match self {
            Self::Message(error) => word(error),
            Self::WrongServerKey => "server key",
            Self::WrongCommitment => "commitment",
            Self::WrongAddress => "address",
            Self::Incomplete => "incomplete",
        }
    }
}

impl Word for RequestError {
    fn word(&self) -> &'static str {
        match self {
            Self::Message(error) => word(error),
            Self::UnknownKey => "server key",
            Self::Misdirected => "misdirected",
            Self::Expired => "expired",
            Self::Senseless => "senseless",
        }
    }
}

impl Word for DecisionError {
    fn word(&self) -> &'static str {
        match self {
            Self::Message(error) => word(error),
            Self::Misdirected => "misdirected",
            Self::Senseless => "senseless",
            Self::Digits(_) => "digits",
            Self::Time => "time",
        }
    }
}

impl Word for ProofError {
    fn word(&self) -> &'static str {
        match self {
            Self::Message(error) => word(error),
            Self::Audience => "audience",
            Self::Call => "call",
            Self::Body => "body",
        }
    }
}

/// Checks that a reader refuses each of these, for the reason in the file.
pub(crate) fn all_refused<T, E: Word>(refused: &[Refused], read: impl Fn(&str) -> Result<T, E>) -> Result<(), Failure> {
    for Refused { why, error, message } in refused {
        match read(message) {
            Ok(_) => return Err(format!("accepted: {why}").into()),
            Err(found) => same(why, &found.word().to_owned(), error)?,
        }
    }
    Ok(())
}

/// Notes why a reader refuses a message; a message that it accepts is no vector.
pub(crate) fn refused<T, E: Word>(why: &str, message: String, read: Result<T, E>) -> Result<Refused, Failure> {
    match read {
        Ok(_) => Err(format!("accepted: {why}").into()),
        Err(error) => Ok(Refused { why: why.to_owned(), error: error.word().to_owned(), message }),
    }
}

/// A map as it stands in a file.
pub(crate) type Named<T> = BTreeMap<String, T>;
