//! JSON as the phone protocol allows it: one object, no member twice at any depth, eight levels, no `null`, whole
//! numbers below 2^53. Two readers that disagree about a doubled member can be played off against each other.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Levels of arrays and objects, the outermost counted.
pub const MAX_DEPTH: u8 = 8;
const MAX_INTEGER: u64 = 1 << 53;

/// Why a JSON text is refused. `message` names the place; it never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    /// What is wrong and where.
    pub message: String,
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let told = error.to_string();
        // These five repeat what they met, which may be a secret in the wrong place; what was expected is enough.
        let repeats = ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
        let Some(kind) = repeats.into_iter().find(|kind| told.starts_with(kind)) else {
            return Self { message: told };
        };
        let expected = told.rfind(", expected ").or_else(|| told.rfind(", there are no "));
        let message = match expected.and_then(|at| told.get(at..)) {
            Some(expected) => format!("{kind}{expected}"),
            None => format!("{kind} at line {} column {}", error.line(), error.column()),
        };
        Self { message }
    }
}

/// Reads an object under the rules above. Whether unknown members are refused is the type's own choice.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes)?;
    // The deserialiser would fill a struct from an array, in the order of its fields: a second form of one value.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(JsonError { message: "expected an object".to_owned() });
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// Checks a text against the rules above without building a value.
pub fn check(bytes: &[u8]) -> Result<(), JsonError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Level { left: MAX_DEPTH, whose: Whose::Ours }.deserialize(&mut reader)?;
    Ok(reader.end()?)
}

/// One level of a text.
#[derive(Clone, Copy)]
struct Level {
    left: u8,
    whose: Whose,
}

/// Who made a part of a text. Browsers make WebAuthn's JSON, and it may hold `null` and fractions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    /// The value of a member that holds WebAuthn's JSON: foreign inside, but an absent one is left out.
    Border,
    Foreign,
}

impl Level {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => {
                Ok(Self { left, whose: if self.whose == Whose::Ours { Whose::Ours } else { Whose::Foreign } })
            }
            None => Err(E::custom("nested too deeply")),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without null")
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.visit_u64(number.unsigned_abs())
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        if number < MAX_INTEGER { Ok(()) } else { Err(E::custom("a number of 2^53 or more")) }
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        if self.whose == Whose::Foreign { Ok(()) } else { Err(E::custom("a number that is not whole")) }
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.whose == Whose::Foreign { Ok(()) } else { Err(E::custom("null: leave an absent member out")) }
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = std::collections::HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let whose = match name.as_str() {
                "webauthn" | "credential" if inner.whose == Whose::Ours => Whose::Border,
                _ => inner.whose,
            };
            if !seen.insert(name) {
                return Err(A::Error::custom("a member stands twice"));
            }
            members.next_value_seed(Level { whose, ..inner })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            r#"{"a":null}"#,
            r#"{"a":1.5}"#,
            r#"{"a":9007199254740992}"#,
            r#"{"a":1} x"#,
            r#"[[[[[[[[[]]]]]]]]]"#,
            "{\"a\":\"\u{0}\"}",
            "",
        ] {
            assert!(check(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_plain_is_read() {
        for text in [r#"{"a":1,"b":{"a":[1,2,"x",true]}}"#, r#"{"a":9007199254740991}"#, r#"[[[[[[[[]]]]]]]]"#] {
            assert!(check(text.as_bytes()).is_ok(), "{text}");
        }
        assert!(check(br#"{"webauthn":{"response":{"userHandle":null}}}"#).is_ok(), "a browser's own JSON");
        assert!(check(br#"{"webauthn":null}"#).is_err(), "an absent member is left out");
    }

    #[test]
    fn one_value_has_one_form_and_no_error_repeats_a_value() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Call {
            #[expect(dead_code, reason = "only its reading is looked at")]
            t: bool,
        }
        assert_eq!(parse::<Call>(b"[true]").unwrap_err().message, "expected an object");
        for text in [r#"{"t":"hunter2, expected hunter2"}"#, r#"{"hunter2":1}"#, r#"{"t":true,"hunter2":true}"#] {
            let message = parse::<Call>(text.as_bytes()).unwrap_err().message;
            assert!(!message.contains("hunter2") && message.contains("expected"), "{message}");
        }
        assert!(parse::<Call>(b"{}").unwrap_err().message.starts_with("missing field `t`"));
    }
}
