//! The eight-character code for people who cannot scan: Crockford base 32, shown `XXXX-XXXX`.

use crate::random::{Random, bytes};

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A typed code, normalised: eight characters of Crockford's alphabet, 40 bits.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedCode(String);

/// The text is not such a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has eight letters and digits")]
pub struct NotACode;

impl TypedCode {
    /// Draws a code.
    pub fn new(random: &dyn Random) -> Self {
        let drawn = bytes::<8>(random);
        Self(drawn.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|b| char::from(*b)).collect())
    }

    /// The eight characters.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// As shown: `XXXX-XXXX`.
    pub fn to_shown(&self) -> String {
        let (left, right) = self.0.split_at(4);
        format!("{left}-{right}")
    }
}

impl std::fmt::Debug for TypedCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl std::str::FromStr for TypedCode {
    type Err = NotACode;

    /// Upper-cases, drops blanks and hyphens, and reads O as 0 and I and L as 1, as people do. U is no letter of it.
    fn from_str(typed: &str) -> Result<Self, NotACode> {
        let mut code = String::with_capacity(8);
        for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let c = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c if c.is_ascii() && ALPHABET.contains(&(c as u8)) => c,
                _ => return Err(NotACode),
            };
            code.push(c);
        }
        if code.len() == 8 { Ok(Self(code)) } else { Err(NotACode) }
    }
}
