//! The texts for people.

use super::super::texts;
use super::{finds, holds, told, tree};

const PAGE: (&str, &str) =
    ("crates/server/templates/a.html", "{{ t.text(\"signin.title\") }} {{ t.text(\"signin.hello\") }}");

#[test]
fn texts_that_match_and_are_used_are_fine() {
    let both = "{\n  \"signin.title\": \"A\",\n  \"signin.hello\": \"B {name}\"\n}\n";
    holds(texts::locales, &[("locales/en.json", both), ("locales/nl.json", both), PAGE]);
}

#[test]
fn texts_that_differ_are_found() {
    let english = "{\n  \"signin.title\": \"A\",\n  \"signin.hello\": \"B {name}\"\n}\n";
    for (dutch, place, words) in [
        ("{\n  \"signin.title\": \"A\"\n}\n", "locales/nl.json:1", "lacks `signin.hello`"),
        ("{\n  \"signin.title\": \"A\",\n  \"signin.hello\": \"B {naam}\"\n}\n", "locales/nl.json:3", "placeholders"),
        ("{\n  \"signin.title\": \" \",\n  \"signin.hello\": \"B {name}\"\n}\n", "locales/nl.json:2", "empty"),
        ("{\n  \"signin.title\": {\"a\": \"b\"}\n}\n", "locales/nl.json:2", "flat"),
        (
            "{\n  \"signin.title\": \"A\",\n  \"signin.title\": \"A\",\n  \"signin.hello\": \"{name}\"\n}\n",
            "locales/nl.json:2",
            "twice",
        ),
        ("{\n", "locales/nl.json:2", "not valid JSON"),
        ("[]", "locales/nl.json:1", "no JSON object"),
    ] {
        finds(texts::locales, &[("locales/en.json", english), ("locales/nl.json", dutch), PAGE], place, words);
    }
    let more = "{\n  \"signin.title\": \"A\",\n  \"signin.hello\": \"B {name}\",\n  \"x\": \"x\"\n}\n";
    let found = told(texts::locales(&tree(&[("locales/en.json", english), ("locales/nl.json", more), PAGE])));
    assert_eq!(found, ["locales/en.json:1: lacks `x`: write the English text"]);
}

#[test]
fn texts_that_no_page_shows_are_found() {
    let both = "{\n  \"signin.title\": \"A\",\n  \"signin\": \"B\",\n  \"signin.hello\": \"C\"\n}\n";
    finds(
        texts::locales,
        &[("locales/en.json", both), ("locales/nl.json", both), PAGE],
        "locales/en.json:3",
        "nothing shows `signin`",
    );
    let found = told(texts::locales(&tree(&[])));
    assert_eq!(found.len(), 2, "{found:#?}");
}
