//! The keys of all other files, and their thumbprints (RFC 7638).

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    jose::{Jwk, KeyWithId, SigningKey, Thumbprint},
};
use serde::{Deserialize, Serialize};

use super::{Failure, Named, key, same, same_bytes};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    jwk: Jwk,
    /// The private scalar: the hash of `akkoord vectors key ` and the name.
    d: Bytes<32>,
    pkcs8: String,
    thumbprint: Thumbprint,
    with_id: KeyWithId,
}

const NAMES: [&str; 9] =
    ["server", "server-next", "server-third", "phone", "phone-next", "pin", "pin-next", "vapid", "stranger"];

pub(crate) fn make() -> Result<Named<Key>, Failure> {
    let mut keys = Named::new();
    for name in NAMES {
        let key = key(name)?;
        let d = akkoord_protocols::bytes::sha256(&[b"akkoord vectors key ", name.as_bytes()]);
        let (jwk, thumbprint) = (key.public().jwk(), key.public().thumbprint());
        let with_id = KeyWithId::of(key.public());
        keys.insert(name.to_owned(), Key { jwk, d: Bytes(d), pkcs8: encode(&key.to_pkcs8()?), thumbprint, with_id });
    }
    Ok(keys)
}

pub(crate) fn check(keys: &Named<Key>) -> Result<(), Failure> {
    same("names", &keys.len(), &NAMES.len())?;
    for (name, stored) in keys {
        let public = stored.jwk.key()?;
        same("thumbprint", &stored.jwk.thumbprint(), &stored.thumbprint)?;
        same("key with id", &stored.with_id.key()?, &public)?;
        same("name", key(name)?.public(), &public)?;
        same("scalar and point", SigningKey::from_scalar(&stored.d.0, public.point())?.public(), &public)?;
        let read = SigningKey::from_pkcs8(&decode(&stored.pkcs8)?)?;
        same("pkcs8", read.public(), &public)?;
        same_bytes("pkcs8 again", &read.to_pkcs8()?, &decode(&stored.pkcs8)?)?;
    }
    Ok(())
}
