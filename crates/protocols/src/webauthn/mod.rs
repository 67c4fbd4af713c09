//! WebAuthn Level 3: our options and policy around the library's verifier. Here the platform authenticator of a phone; in
//! `passkey.rs` what signs a browser in.
//!
//! The challenge is ours: a hash over what is signed for, not a random value. The library draws its own challenge
//! and keeps it in a state that it lets us serialise; we put ours in there. It accepts the same assertion twice,
//! so single use is the caller's.

mod passkey;

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;
use webauthn_rs_core::{
    WebauthnCore,
    proto::{
        AttestationConveyancePreference, AuthenticationResult, AuthenticatorAttachment, COSEAlgorithm, Credential,
        PublicKeyCredential, RegisterPublicKeyCredential, UserVerificationPolicy,
    },
};

pub use self::passkey::{Asserted, Claim, Kind, Person};
use crate::bytes::encode;

/// Why an answer of a platform authenticator is refused.
#[derive(Debug, thiserror::Error)]
pub enum WebauthnError {
    /// The JSON is not a credential.
    #[error("is not a WebAuthn credential")]
    Form,
    /// The library refused it: another challenge, origin or relying party, no user verification, a bad signature.
    #[error("was refused: {0}")]
    Refused(String),
    /// The signature counter did not grow: somebody may hold a copy of the credential's key (WebAuthn Level 3 section
    /// 6.1.1).
    #[error("counts as a copy of the authenticator would")]
    Copied,
    /// The stored credential does not read.
    #[error("the stored credential does not read")]
    Stored,
    /// The configured origin has no host.
    #[error("the origin has no host")]
    Origin,
}

/// Verifies credentials of one relying party.
pub struct RelyingParty {
    core: WebauthnCore,
    id: String,
}

/// A credential as stored: what a later assertion is checked against.
#[derive(Clone)]
pub struct StoredCredential(Credential);

impl RelyingParty {
    /// A relying party whose id is the host of the first origin. Sub-domains of it are never accepted.
    pub fn new(origins: &[Url]) -> Result<Self, WebauthnError> {
        let id = origins.first().and_then(Url::host_str).ok_or(WebauthnError::Origin)?;
        let timeout = Duration::from_secs(120);
        let core =
            WebauthnCore::new_unsafe_experts_only("Akkoord", id, origins.to_vec(), timeout, Some(false), Some(false));
        Ok(Self { core, id: id.to_owned() })
    }

    /// PublicKeyCredentialCreationOptionsJSON for the offer, without `challenge` and `rp.id`, which the app adds.
    pub fn creation_options(user: &[u8; 16], name: &str, display_name: &str) -> Value {
        json!({
            "rp": { "name": "Akkoord" },
            "user": { "id": encode(user), "name": name, "displayName": display_name },
            "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
            "timeout": 120_000,
            "attestation": "none",
            "authenticatorSelection": {
                "authenticatorAttachment": "platform",
                "residentKey": "discouraged",
                "requireResidentKey": false,
                "userVerification": "required"
            }
        })
    }

    /// Checks a new credential against our challenge: ES256, user verified, no attestation asked.
    pub fn register(&self, challenge: &[u8; 32], credential: &Value) -> Result<StoredCredential, WebauthnError> {
        let credential: RegisterPublicKeyCredential =
            serde_json::from_value(credential.clone()).map_err(|_| WebauthnError::Form)?;
        let builder = self
            .core
            .new_challenge_register_builder(&[0; 16], "phone", "phone")
            .map_err(refused)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(UserVerificationPolicy::Required)
            .credential_algorithms(vec![COSEAlgorithm::ES256])
            .authenticator_attachment(Some(AuthenticatorAttachment::Platform));
        let (_, state) = self.core.generate_challenge_register(builder).map_err(refused)?;
        let state = with_challenge(&state, challenge)?;
        self.core.register_credential(&credential, &state, None).map(StoredCredential).map_err(refused)
    }

    /// Checks an assertion by this credential over our challenge, with the user verified. Where the authenticator counts
    /// its signatures, the counter must have grown, and the credential with the new one is returned, to be stored in the
    /// old one's place. Many don't count: they say 0 each time, and nothing is returned.
    pub fn verify(
        &self,
        stored: &StoredCredential,
        challenge: &[u8; 32],
        assertion: &Value,
    ) -> Result<Option<StoredCredential>, WebauthnError> {
        let result = self.assertion(stored, challenge, assertion, UserVerificationPolicy::Required)?;
        // The library was told to require it; an approval without it would be an approval by whoever holds the phone.
        if !result.user_verified() {
            return Err(WebauthnError::Refused("user not verified".to_owned()));
        }
        Ok((result.counter() > stored.0.counter).then(|| {
            let mut advanced = stored.clone();
            advanced.0.counter = result.counter();
            advanced
        }))
    }

    fn assertion(
        &self,
        stored: &StoredCredential,
        challenge: &[u8; 32],
        assertion: &Value,
        policy: UserVerificationPolicy,
    ) -> Result<AuthenticationResult, WebauthnError> {
        let assertion: PublicKeyCredential =
            serde_json::from_value(assertion.clone()).map_err(|_| WebauthnError::Form)?;
        let builder =
            self.core.new_challenge_authenticate_builder(vec![stored.0.clone()], Some(policy)).map_err(refused)?;
        let (_, state) = self.core.generate_challenge_authenticate(builder).map_err(refused)?;
        let state = with_challenge(&state, challenge)?;
        let result = self.core.authenticate_credential(&assertion, &state).map_err(refused)?;
        // WebAuthn Level 3 section 7.2 step 13. The library looks at this in a registration, not in an assertion: a page
        // of another origin that holds ours in a frame must not get one.
        if says_cross_origin(assertion.response.client_data_json.as_ref()) {
            return Err(WebauthnError::Refused("made in a frame of another origin".to_owned()));
        }
        Ok(result)
    }
}

impl StoredCredential {
    /// The credential as stored text.
    pub fn to_text(&self) -> Result<String, WebauthnError> {
        serde_json::to_string(&self.0).map_err(|_| WebauthnError::Stored)
    }

    /// Reads a stored credential.
    pub fn from_text(text: &str) -> Result<Self, WebauthnError> {
        serde_json::from_str(text).map(Self).map_err(|_| WebauthnError::Stored)
    }
}

fn says_cross_origin(client_data: &[u8]) -> bool {
    let client_data: Option<Value> = serde_json::from_slice(client_data).ok();
    client_data.is_none_or(|data| data.get("crossOrigin").is_some_and(|value| *value != Value::Bool(false)))
}

fn with_challenge<S>(state: &S, challenge: &[u8; 32]) -> Result<S, WebauthnError>
where
    S: serde::Serialize + serde::de::DeserializeOwned,
{
    let mut state = serde_json::to_value(state).map_err(|_| WebauthnError::Form)?;
    match state.get_mut("challenge") {
        Some(value) => *value = Value::String(encode(challenge)),
        None => return Err(WebauthnError::Form),
    }
    serde_json::from_value(state).map_err(|_| WebauthnError::Form)
}

fn refused(error: webauthn_rs_core::error::WebauthnError) -> WebauthnError {
    match error {
        webauthn_rs_core::error::WebauthnError::CredentialPossibleCompromise => WebauthnError::Copied,
        error => WebauthnError::Refused(format!("{error:?}")),
    }
}
