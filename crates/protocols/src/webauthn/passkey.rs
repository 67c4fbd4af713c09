//! What signs a person in at a browser: passkeys, which are enough alone, and security keys, which come after a password.
//!
//! Whether the user was verified is ours to decide and not the library's: it would go by what was asked when the credential
//! was made, and a passkey that verified its user then may come after a password with a touch.

use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, COSEAlgorithm, PublicKeyCredential, RegisterPublicKeyCredential,
    UserVerificationPolicy,
};

use super::{RelyingParty, StoredCredential, WebauthnError, refused, with_challenge};
use crate::bytes::encode;

/// What a credential is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Found by its authenticator without a name, and used only after the authenticator has verified its user.
    Passkey,
    /// Something one has: a touch shows that it is there, and nothing more.
    SecurityKey,
}

/// For whom a credential is made.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Comes back with each assertion of a passkey: no personal data (WebAuthn Level 3 section 14.6.1), at most 64 bytes.
    pub handle: &'a [u8],
    /// The name that the authenticator lists.
    pub name: &'a str,
    /// And the one that people call them by.
    pub display_name: &'a str,
}

/// What an assertion says of itself before it is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The credential that made it, as base64url.
    pub credential: String,
    /// For whom that was made.
    pub handle: Option<Vec<u8>>,
}

/// An assertion that holds.
#[derive(Clone)]
pub struct Asserted {
    /// The credential with its new counter and state of backup, to be stored in the old one's place.
    pub credential: StoredCredential,
    /// Whether the authenticator verified its user.
    pub user_verified: bool,
}

/// ES256 for nearly all, RS256 for older Windows.
const ALGORITHMS: [COSEAlgorithm; 2] = [COSEAlgorithm::ES256, COSEAlgorithm::RS256];
/// How long the browser lets a person look for the key, in milliseconds.
const TIMEOUT: u32 = 120_000;

impl RelyingParty {
    /// PublicKeyCredentialCreationOptionsJSON for a credential of this kind. What the person has already is excluded, so
    /// that an authenticator is not added twice.
    pub fn options_to_add(
        &self,
        kind: Kind,
        person: Person<'_>,
        challenge: &[u8; 32],
        exclude: &[StoredCredential],
    ) -> Value {
        let selection = match kind {
            Kind::Passkey => json!({
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            }),
            // After a password a touch is enough; the few places of a key for what it finds by itself stay free.
            Kind::SecurityKey => json!({
                "authenticatorAttachment": "cross-platform",
                "residentKey": "discouraged",
                "requireResidentKey": false,
                "userVerification": "discouraged",
            }),
        };
        let hints = match kind {
            Kind::Passkey => json!([]),
            Kind::SecurityKey => json!(["security-key"]),
        };
        json!({
            "rp": { "id": self.id, "name": self.core.rp_name() },
            "user": { "id": encode(person.handle), "name": person.name, "displayName": person.display_name },
            "challenge": encode(challenge),
            "pubKeyCredParams": ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg as i64 })),
            "timeout": TIMEOUT,
            "attestation": "none",
            "excludeCredentials": descriptors(exclude),
            "authenticatorSelection": selection,
            "hints": hints,
        })
    }

    /// Checks a new credential against our challenge. A passkey must have verified its user.
    pub fn add(&self, kind: Kind, challenge: &[u8; 32], credential: &Value) -> Result<StoredCredential, WebauthnError> {
        let credential: RegisterPublicKeyCredential =
            serde_json::from_value(credential.clone()).map_err(|_| WebauthnError::Form)?;
        let builder = self
            .core
            .new_challenge_register_builder(&[0; 16], "person", "person")
            .map_err(refused)?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(match kind {
                Kind::Passkey => UserVerificationPolicy::Required,
                Kind::SecurityKey => UserVerificationPolicy::Discouraged_DO_NOT_USE,
            })
            .credential_algorithms(ALGORITHMS.to_vec());
        let (_, state) = self.core.generate_challenge_register(builder).map_err(refused)?;
        let state = with_challenge(&state, challenge)?;
        let mut made = self.core.register_credential(&credential, &state, None).map_err(refused)?;
        made.registration_policy = UserVerificationPolicy::Discouraged_DO_NOT_USE;
        Ok(StoredCredential(made))
    }

    /// PublicKeyCredentialRequestOptionsJSON. With nothing allowed by name a person chooses among the passkeys that the
    /// browser knows: before anything was proved, nothing here may depend on an account. After a password its own
    /// credentials are named, and a touch is enough.
    pub fn options_to_assert(&self, challenge: &[u8; 32], allow: &[StoredCredential]) -> Value {
        json!({
            "challenge": encode(challenge),
            "rpId": self.id,
            "timeout": TIMEOUT,
            "allowCredentials": descriptors(allow),
            "userVerification": if allow.is_empty() { "required" } else { "discouraged" },
        })
    }

    /// What an assertion says of itself.
    pub fn claim(assertion: &Value) -> Result<Claim, WebauthnError> {
        let assertion: PublicKeyCredential =
            serde_json::from_value(assertion.clone()).map_err(|_| WebauthnError::Form)?;
        let handle = assertion.get_user_unique_id().map(<[u8]>::to_vec);
        Ok(Claim { credential: encode(assertion.get_credential_id()), handle })
    }

    /// Checks an assertion over our challenge. Where the authenticator counts its signatures, the counter must have grown.
    pub fn assert(
        &self,
        stored: &StoredCredential,
        challenge: &[u8; 32],
        assertion: &Value,
    ) -> Result<Asserted, WebauthnError> {
        let result = self.assertion(stored, challenge, assertion, UserVerificationPolicy::Discouraged_DO_NOT_USE)?;
        let mut credential = stored.clone();
        credential.0.counter = result.counter();
        credential.0.backup_state = result.backup_state();
        // A key that had no PIN when it was added, and has one now, says so in its assertion. It was added as a touch, and
        // counts for no more (WebAuthn Level 3 section 7.2, on uvInitialized).
        Ok(Asserted { credential, user_verified: result.user_verified() && stored.0.user_verified })
    }
}

impl StoredCredential {
    /// Its id as base64url: what assertions are found by.
    pub fn handle(&self) -> String {
        encode(self.0.cred_id.as_slice())
    }

    /// Whether its authenticator keeps copies of it elsewhere.
    pub fn is_backed_up(&self) -> bool {
        self.0.backup_state
    }
}

fn descriptors(credentials: &[StoredCredential]) -> Vec<Value> {
    let one = |StoredCredential(credential): &StoredCredential| {
        let mut descriptor = json!({ "type": "public-key", "id": encode(credential.cred_id.as_slice()) });
        if let (Some(transports), Some(members)) = (&credential.transports, descriptor.as_object_mut()) {
            members.insert("transports".to_owned(), json!(transports));
        }
        descriptor
    };
    credentials.iter().map(one).collect()
}
