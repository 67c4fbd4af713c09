//! The PIN on the phone: stretching, blinding, wrapping and unwrapping. The PIN and its stretched form never leave.

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    jose::SigningKey,
    phone::pin::{self, Blinding, Evaluation, PinError, PinRecord},
    random,
};
use zeroize::Zeroizing;

use crate::random::SystemRandom;

/// A PIN after PBKDF2. Tests and the load generator bring one ready-made, because stretching is the phone's work and
/// would only measure the load generator.
#[derive(Clone)]
pub struct Stretched(Zeroizing<[u8; 32]>);

impl Stretched {
    /// Takes a value that was stretched before.
    pub fn precomputed(x: [u8; 32]) -> Self {
        Self(Zeroizing::new(x))
    }

    /// Stretches a PIN away from the async threads: it takes a good part of a second on a small machine.
    pub(crate) async fn of(pin: &str, salt: Bytes<16>) -> Result<Self, PinError> {
        let pin = Zeroizing::new(pin.to_owned());
        let stretched = tokio::task::spawn_blocking(move || pin::stretch(&pin, &salt.0)).await;
        stretched.map(Self).map_err(|_| PinError::Key)
    }

    pub(crate) fn blind(&self) -> Result<Blinding, PinError> {
        Blinding::new(&SystemRandom, self.0.clone())
    }
}

impl std::fmt::Debug for Stretched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stretched([redacted])")
    }
}

/// With what a person shows that it is them.
#[derive(Clone, Debug)]
pub enum Unlocking<'a> {
    /// The app's PIN.
    Pin(&'a str),
    /// The app's PIN, stretched before.
    Stretched(Stretched),
    /// The platform authenticator.
    Platform,
}

impl Unlocking<'_> {
    /// The stretched PIN; `None` for the platform authenticator.
    pub(crate) async fn stretched(&self, salt: Bytes<16>) -> Result<Option<Stretched>, PinError> {
        match self {
            Self::Pin(pin) => Stretched::of(pin, salt).await.map(Some),
            Self::Stretched(stretched) => Ok(Some(stretched.clone())),
            Self::Platform => Ok(None),
        }
    }
}

/// A PIN-protected key in the making.
pub(crate) struct NewPin {
    salt: Bytes<16>,
    local: Bytes<32>,
    iv: Bytes<12>,
    pub(crate) key: SigningKey,
}

impl NewPin {
    pub(crate) fn new() -> Result<Self, PinError> {
        Ok(Self {
            salt: Bytes(random::bytes(&SystemRandom)),
            local: Bytes(random::bytes(&SystemRandom)),
            iv: Bytes(random::bytes(&SystemRandom)),
            key: SigningKey::generate().map_err(|_| PinError::Key)?,
        })
    }

    pub(crate) fn salt(&self) -> Bytes<16> {
        self.salt
    }

    /// Wraps the new key under what the server's evaluation gave.
    pub(crate) fn wrap(&self, y: &[u8; 32], phone: &str) -> Result<PinRecord, PinError> {
        let kek = pin::wrapping_key(y, &self.local.0, phone)?;
        let document = self.key.to_pkcs8().map_err(|_| PinError::Key)?;
        let wrapped = encode(&pin::wrap(&kek, &self.iv, phone, &document)?);
        Ok(PinRecord { salt: self.salt, local: self.local, iv: self.iv, wrapped })
    }
}

/// Unwraps the PIN-protected key for one signature. A wrong PIN shows here.
pub(crate) fn unwrap(
    record: &PinRecord,
    blinding: Blinding,
    evaluation: &Evaluation,
    voprf: &Bytes<33>,
    phone: &str,
) -> Result<SigningKey, PinError> {
    let y = blinding.finish(evaluation, voprf)?;
    let kek = pin::wrapping_key(&y, &record.local.0, phone)?;
    let wrapped = decode(&record.wrapped).map_err(|_| PinError::Key)?;
    pin::unwrap(&kek, &record.iv, phone, &wrapped)
}

#[cfg(test)]
mod tests {
    use akkoord_protocols::phone::pin::OprfKey;

    use super::*;

    #[test]
    fn the_key_unwraps_with_the_right_pin_and_the_right_server_only() {
        let server = OprfKey::new(&SystemRandom).unwrap();
        let (voprf, phone) = (server.public().unwrap(), "AAAAAAAAAAAAAAAAAAAAAA");
        let evaluate = |x: u8| {
            let blinding = Stretched::precomputed([x; 32]).blind().unwrap();
            let evaluation = server.evaluate(&SystemRandom, &blinding.blinded).unwrap();
            (blinding, evaluation)
        };
        let new = NewPin::new().unwrap();
        let (blinding, evaluation) = evaluate(1);
        let record = new.wrap(&blinding.finish(&evaluation, &voprf).unwrap(), phone).unwrap();

        let (blinding, evaluation) = evaluate(1);
        assert_eq!(unwrap(&record, blinding, &evaluation, &voprf, phone).unwrap().public(), new.key.public());
        let (blinding, evaluation) = evaluate(2);
        assert_eq!(unwrap(&record, blinding, &evaluation, &voprf, phone).unwrap_err(), PinError::Wrong);
        let (blinding, evaluation) = evaluate(1);
        let other = OprfKey::new(&SystemRandom).unwrap().public().unwrap();
        assert_eq!(unwrap(&record, blinding, &evaluation, &other, phone).unwrap_err(), PinError::Proof);
    }
}
