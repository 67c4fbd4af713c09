//! What the terminal says, in English and Dutch.

use std::collections::BTreeMap;

/// The texts of one language.
#[derive(Debug)]
pub(crate) struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The texts for a language as `LANG` names it; English for those that we don't speak.
    pub(crate) fn for_language(language: &str) -> Self {
        let dutch = language.to_ascii_lowercase().starts_with("nl");
        let json = if dutch { include_str!("../../locales/nl.json") } else { include_str!("../../locales/en.json") };
        // A test reads both files, so this can't fail in a program that was built.
        Self(serde_json::from_str(json).unwrap_or_default())
    }

    /// A text, with its places filled.
    pub(crate) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let mut text = self.0.get(key).map_or(key, String::as_str);
        let mut filled = String::with_capacity(text.len());
        // One pass from the left, so that a value that looks like a place stays what it is.
        while let Some((before, rest)) = text.split_once('{') {
            filled.push_str(before);
            let Some((name, after)) = rest.split_once('}') else {
                filled.push('{');
                text = rest;
                continue;
            };
            filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
            text = after;
        }
        filled.push_str(text);
        filled
    }

    /// A text without places.
    pub(crate) fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> =
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (en, nl) = (Texts::for_language("en_GB.UTF-8"), Texts::for_language("nl_NL"));
        assert!(en.0.len() > 50);
        assert!(en.0.keys().eq(nl.0.keys()));
        for (key, text) in &en.0 {
            assert_eq!(places(text), places(&nl.0[key]), "{key}");
        }
        assert_ne!(en.text("who.user"), nl.text("who.user"));
        assert_eq!(Texts::for_language("fr").text("who.user"), en.text("who.user"));
    }

    #[test]
    fn every_key_in_the_code_has_a_text() {
        let en = Texts::for_language("en");
        let groups: Vec<String> =
            en.0.keys().filter_map(|key| key.split_once('.')).map(|(g, _)| g.to_owned()).collect();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli");
        let mut used = std::collections::BTreeSet::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let code = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for literal in code.split('"').skip(1).step_by(2) {
                let group = literal.split_once('.').map(|(group, _)| group);
                let plain = literal.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'.' | b'_' | b'-'));
                if plain && group.is_some_and(|group| groups.iter().any(|known| known == group)) {
                    assert!(en.0.contains_key(literal), "{literal} has no text");
                    used.insert(literal.to_owned());
                }
            }
        }
        let unused: Vec<_> = en.0.keys().filter(|key| !used.contains(*key) && !key.starts_with("op.")).collect();
        assert!(unused.is_empty(), "no longer used: {unused:?}");
    }

    #[test]
    fn a_value_that_looks_like_a_place_is_not_filled() {
        let texts = Texts::for_language("en");
        let shown = texts.with("enrol.what", &[("account", "{server}"), ("name", "x"), ("server", "s")]);
        assert!(shown.contains("{server}"), "{shown}");
    }
}
