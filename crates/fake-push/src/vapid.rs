//! Who sent a push (VAPID, RFC 8292), as strict as the strictest of the real services.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// What a sender says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `aud`: the origin that the push is meant for.
    pub audience: String,
    /// `exp`, in seconds since 1970.
    pub expires: u64,
    /// `sub`: whom to write to when the sender misbehaves.
    pub subject: String,
}

/// Why a sender is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// RFC 8292 section 3.
    #[error("the Authorization header is not `vapid t=.., k=..`")]
    Scheme,
    /// RFC 7515 section 7.1.
    #[error("the token is no JWS of JSON")]
    Token,
    /// RFC 8292 section 2: ES256 and nothing else.
    #[error("the token is not signed with ES256")]
    Algorithm,
    /// A claim that is missing or of another type.
    #[error("the claim `{0}` is missing or of the wrong type")]
    Claim(&'static str),
    /// RFC 8292 section 2: the origin of the push resource.
    #[error("the token is for another push service")]
    Audience,
    /// It is over.
    #[error("the token has expired")]
    Expired,
    /// RFC 8292 section 2: not more than 24 hours from the time of the request.
    #[error("the token holds for more than 24 hours")]
    TooLong,
    /// RFC 8292 section 2.1: a `mailto:` or an `https:` address. The RFC lets it be left out; Apple's service does not.
    #[error("the subject is neither a mail address nor an https address")]
    Subject,
    /// RFC 8292 section 4.2: the key that the subscription is restricted to.
    #[error("the key is not the one that was subscribed for")]
    Key,
    /// The signature is somebody else's, or over something else.
    #[error("the signature does not hold")]
    Signature,
}

/// RFC 8292 section 2.
const LONGEST: u64 = 24 * 60 * 60;

/// An Authorization header as read, not judged yet.
pub(crate) struct Vapid {
    pub(crate) claims: Claims,
    pub(crate) key: Vec<u8>,
    signed: String,
    signature: Vec<u8>,
}

impl Vapid {
    pub(crate) fn read(header: &str) -> Result<Self, Broken> {
        let (scheme, parameters) = header.trim().split_once(' ').ok_or(Broken::Scheme)?;
        if !scheme.eq_ignore_ascii_case("vapid") {
            return Err(Broken::Scheme);
        }
        let parameter = |wanted: &str| {
            let mut pairs = parameters.split(',').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value).ok_or(Broken::Scheme)
        };
        let (token, key) = (parameter("t")?, parameter("k")?);
        let key = URL_SAFE_NO_PAD.decode(key).map_err(|_| Broken::Scheme)?;
        let (signed, signature) = token.rsplit_once('.').ok_or(Broken::Token)?;
        let (head, body) = signed.split_once('.').ok_or(Broken::Token)?;
        if json(head)?.get("alg").and_then(Value::as_str) != Some("ES256") {
            return Err(Broken::Algorithm);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Broken::Token)?;
        Ok(Self { claims: claims(&json(body)?)?, key, signed: signed.to_owned(), signature })
    }

    /// Judges it: for one of these origins, now, by the key of the subscription if there is one.
    pub(crate) fn verify(&self, audiences: &[&str], now: u64, key: Option<&[u8]>) -> Result<(), Broken> {
        // Compared as bytes, because browsers write the same key in different alphabets.
        if key.is_some_and(|key| key != self.key) {
            return Err(Broken::Key);
        }
        let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.key);
        verifier.verify(self.signed.as_bytes(), &self.signature).map_err(|_| Broken::Signature)?;
        if !audiences.contains(&self.claims.audience.as_str()) {
            return Err(Broken::Audience);
        }
        if self.claims.expires <= now {
            return Err(Broken::Expired);
        }
        if self.claims.expires > now.saturating_add(LONGEST) {
            return Err(Broken::TooLong);
        }
        if !["mailto:", "https:"].iter().any(|scheme| self.claims.subject.starts_with(scheme)) {
            return Err(Broken::Subject);
        }
        Ok(())
    }
}

fn json(part: &str) -> Result<Value, Broken> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Broken::Token)?;
    serde_json::from_slice(&bytes).map_err(|_| Broken::Token)
}

fn claims(body: &Value) -> Result<Claims, Broken> {
    let text = |name: &'static str| body.get(name).and_then(Value::as_str).ok_or(Broken::Claim(name));
    Ok(Claims {
        audience: text("aud")?.to_owned(),
        expires: body.get("exp").and_then(Value::as_u64).ok_or(Broken::Claim("exp"))?,
        subject: text("sub")?.to_owned(),
    })
}
