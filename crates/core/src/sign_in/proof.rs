//! What the steps of a sign-in proved.

use std::{fmt, str::FromStr};

use akkoord_protocols::phone::Unlock;

use crate::account::UnknownWord;

/// What one step proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A phone approved, its owner verified in this way: both steps at once.
    Phone(Unlock),
    /// The password was typed.
    Password,
    /// A verification code was typed.
    Code,
    /// A temporary access pass was used.
    AccessPass,
    /// A recovery code was used.
    RecoveryCode,
    /// A passkey signed, its user verified: both steps at once.
    Passkey,
    /// A security key was touched, or a passkey used as one: something that its person has.
    SecurityKey,
    /// The browser is one on which the person made the second step before, and asked not to be asked again.
    RememberedBrowser,
}

impl Proof {
    /// All there are.
    pub const ALL: [Self; 9] = [
        Self::Phone(Unlock::Webauthn),
        Self::Phone(Unlock::Pin),
        Self::Password,
        Self::Code,
        Self::AccessPass,
        Self::RecoveryCode,
        Self::Passkey,
        Self::SecurityKey,
        Self::RememberedBrowser,
    ];

    /// As stored with the attempt and the session.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone(Unlock::Webauthn) => "phone-webauthn",
            Self::Phone(Unlock::Pin) => "phone-pin",
            Self::Password => "password",
            Self::Code => "code",
            Self::AccessPass => "access-pass",
            Self::RecoveryCode => "recovery-code",
            Self::Passkey => "passkey",
            Self::SecurityKey => "security-key",
            Self::RememberedBrowser => "remembered-browser",
        }
    }

    fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Phone(Unlock::Webauthn) => &["pop", "mca", "user", "mfa"],
            Self::Phone(Unlock::Pin) => &["swk", "pin", "mca", "mfa"],
            Self::Password => &["pwd"],
            Self::Code | Self::AccessPass | Self::RecoveryCode => &["otp"],
            Self::Passkey => &["pop", "user", "mfa"],
            // Neither hardware nor software: without attestation nobody knows.
            Self::SecurityKey => &["pop"],
            // RFC 8176 has no word for it, and it proves nobody to be there.
            Self::RememberedBrowser => &[],
        }
    }
}

impl FromStr for Proof {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|proof| proof.as_str() == word).ok_or(UnknownWord)
    }
}

/// What an attempt has proved so far, in the order of its steps. As stored: their words with blanks between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proved(Vec<Proof>);

impl Proved {
    /// The same and one more; what is there already is not there twice.
    #[must_use]
    pub fn and(mut self, proof: Proof) -> Self {
        if !self.0.contains(&proof) {
            self.0.push(proof);
        }
        self
    }

    /// Whether a step proved this.
    pub fn has(&self, proof: Proof) -> bool {
        self.0.contains(&proof)
    }

    /// Whether nothing was proved yet.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a phone approved, however its owner was verified.
    pub fn has_phone(&self) -> bool {
        self.0.iter().any(|proof| matches!(proof, Proof::Phone(_)))
    }

    /// Authentication method references (RFC 8176) of all steps together. Two of different kinds are `mfa`.
    pub fn amr(&self) -> Vec<&'static str> {
        let mut amr: Vec<&'static str> = Vec::new();
        for word in self.0.iter().flat_map(|proof| proof.amr()) {
            if !amr.contains(word) {
                amr.push(word);
            }
        }
        if self.has(Proof::Password) && (self.has(Proof::Code) || self.has(Proof::SecurityKey)) {
            amr.push("mfa");
        }
        amr
    }
}

impl From<Proof> for Proved {
    fn from(proof: Proof) -> Self {
        Self(vec![proof])
    }
}

impl fmt::Display for Proved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|proof| proof.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Proved {
    type Err = UnknownWord;
    fn from_str(words: &str) -> Result<Self, UnknownWord> {
        words.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}
