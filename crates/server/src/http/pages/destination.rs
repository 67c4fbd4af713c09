//! Where a sign-in leads besides the account page.

use serde::Deserialize;

/// A page of ours, named in addresses and forms by a word: no address of somebody else's making becomes a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Adding a phone, from its first step.
    AddPhone,
    /// The same on the phone itself, where the app is already.
    AddPhoneInApp,
    /// Setting or changing the password.
    Password,
    /// Adding an app for verification codes.
    AddCodes,
    /// Making recovery codes.
    RecoveryCodes,
    /// Adding a passkey.
    AddPasskey,
    /// Adding a security key.
    AddSecurityKey,
    /// What is left to set up.
    Setup,
    /// Switching two-step verification off.
    TwoStepOff,
}

/// `?then=WORD`
#[derive(Deserialize)]
pub struct Then {
    #[serde(default)]
    then: String,
}

impl Destination {
    const ALL: [Self; 9] = [
        Self::AddPhone,
        Self::AddPhoneInApp,
        Self::Password,
        Self::AddCodes,
        Self::RecoveryCodes,
        Self::AddPasskey,
        Self::AddSecurityKey,
        Self::Setup,
        Self::TwoStepOff,
    ];

    /// The destination of a word; every other word means none.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|destination| destination.word() == word)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AddPhone => "add-phone",
            Self::AddPhoneInApp => "add-phone-in-app",
            Self::Password => "password",
            Self::AddCodes => "add-codes",
            Self::RecoveryCodes => "recovery-codes",
            Self::AddPasskey => "add-passkey",
            Self::AddSecurityKey => "add-security-key",
            Self::Setup => "setup",
            Self::TwoStepOff => "two-step-off",
        }
    }

    /// Its address.
    pub fn path(self) -> &'static str {
        match self {
            Self::AddPhone => "/account/phones/add",
            Self::AddPhoneInApp => "/account/phones/add?app=1",
            Self::Password => "/account/password",
            Self::AddCodes => "/account/codes/add",
            Self::RecoveryCodes => "/account/recovery-codes",
            Self::AddPasskey => "/account/passkeys/add",
            Self::AddSecurityKey => "/account/security-keys/add",
            Self::Setup => "/account/setup",
            Self::TwoStepOff => "/account/two-step/off",
        }
    }
}

impl Then {
    /// The destination, if it is one.
    pub fn destination(&self) -> Option<Destination> {
        Destination::from_word(&self.then)
    }
}
