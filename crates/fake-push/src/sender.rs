//! A sender of pushes for the tests of this service and of what receives from it.

use std::io::{Error, Result};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::clock;

/// A sender and its key.
pub struct Sender(EcdsaKeyPair);

/// What a push was answered with.
#[derive(Debug)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// First line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Sender {
    /// A new key.
    pub fn new() -> Result<Self> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self).map_err(Error::other)
    }

    /// The public key, an uncompressed point: `applicationServerKey` of a subscription.
    pub fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Claims that hold for a push to this origin.
    pub fn claims(origin: &str) -> Value {
        let tonight = clock::seconds(clock::system()()) + 12 * 60 * 60;
        json!({ "aud": origin, "exp": tonight, "sub": "mailto:ops@example.org" })
    }

    /// An Authorization header with these claims, right or wrong.
    pub fn authorization(&self, claims: &Value) -> Result<String> {
        let [head, body] =
            [r#"{"typ":"JWT","alg":"ES256"}"#, &claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
        let signed = format!("{head}.{body}");
        let signature = self.0.sign(&clock::generator(), signed.as_bytes()).map_err(Error::other)?;
        let (signature, key) = (URL_SAFE_NO_PAD.encode(signature), URL_SAFE_NO_PAD.encode(self.public_key()));
        Ok(format!("vapid t={signed}.{signature}, k={key}"))
    }
}

/// Sends a request over a connection of its own and reads the answer to its end.
pub async fn post(base: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<Answered> {
    let address = base.strip_prefix("http://").ok_or_else(|| Error::other("the base is http://ADDRESS"))?;
    let mut stream = TcpStream::connect(address).await?;
    let mut head = format!("POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).await?;
    stream.shutdown().await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| Error::other("no answer"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Error::other("no status"))?;
    Ok(Answered { status, head: head.to_owned(), body: body.to_owned() })
}
