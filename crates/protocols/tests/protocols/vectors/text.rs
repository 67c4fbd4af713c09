//! Strings that people read, ids, base64url: what may stand in them.

use akkoord_protocols::{
    bytes::decode,
    text::{Handle, Id, Name},
};
use serde::{Deserialize, Serialize};

use super::{Failure, same};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    names: Forms,
    ids: Forms,
    handles: Forms,
    base64url: Forms,
    /// Ranges of characters, first and last, that may not stand in a string that people read.
    forbidden: Vec<(u32, u32)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    accepted: Vec<String>,
    refused: Vec<String>,
}

impl Forms {
    fn check(&self, accepts: impl Fn(&str) -> bool) -> Result<(), Failure> {
        for text in &self.accepted {
            same(text, &accepts(text), &true)?;
        }
        for text in &self.refused {
            same(text, &accepts(text), &false)?;
        }
        Ok(())
    }
}

fn forms(accepted: &[&str], refused: &[&str]) -> Forms {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Forms { accepted: owned(accepted), refused: owned(refused) }
}

fn is_name(text: &str) -> bool {
    text.parse::<Name>().is_ok()
}

/// All ranges that are refused inside of a name that is otherwise good and normalised.
fn forbidden() -> Vec<(u32, u32)> {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for c in (0..=0x0010_ffff).filter_map(char::from_u32) {
        let text = format!("a{c}b");
        let refused = akkoord_protocols::text::check(&text, 64) == Err(akkoord_protocols::text::TextError::Forbidden);
        match ranges.last_mut() {
            _ if !refused => {}
            Some((_, last)) if *last + 1 == u32::from(c) => *last += 1,
            _ => ranges.push((c.into(), c.into())),
        }
    }
    ranges
}

pub(crate) fn make() -> Texts {
    let (long, longest) = ("x".repeat(65), "é".repeat(64));
    let names = forms(
        &["Ada", "Zoë's téléphone 📱", "日本語", "עברית", "العربية", "a\u{a0}b", &longest],
        &[
            "",
            " ",
            "\u{a0}",
            &long,
            "a\nb",
            "a\u{0}b",
            "a\u{7f}b",
            "a\u{85}b",
            "ada\u{202e}gro",
            "a\u{2066}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "a\u{feff}b",
            "a\u{ad}b",
            "a\u{61c}b",
            "a\u{2028}b",
            "a\u{fe0f}b",
            "a\u{e0041}b",
            "a\u{3164}b",
            "e\u{301}",
            "\u{212b}",
        ],
    );
    let ids = forms(
        &["AAAAAAAAAAAAAAAAAAAAAA", "_-AAAAAAAAAAAAAAAAAAAA", "zzzzzzzzzzzzzzzzzzzzzw"],
        &[
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAA+A",
            "AAAAAAAAAAAAAAAAAAAAA=",
        ],
    );
    let handle = "a".repeat(65);
    let handles = forms(&["a", "acct_1.A-z", &"a".repeat(64)], &["", &handle, "a b", "a/b", "é", "a\n"]);
    let base64url =
        forms(&["", "AA", "AAA", "AAAA", "-_-_"], &["A", "AA==", "AAA=", "AB", "AAB", "+/+/", "AA\n", " AA", "AAAAA"]);
    Texts { names, ids, handles, base64url, forbidden: forbidden() }
}

pub(crate) fn check(file: &Texts) -> Result<(), Failure> {
    file.names.check(is_name)?;
    file.ids.check(|text| text.parse::<Id>().is_ok())?;
    file.handles.check(|text| text.parse::<Handle>().is_ok())?;
    file.base64url.check(|text| decode(text).is_ok())?;
    same("forbidden characters", &forbidden(), &file.forbidden)
}
