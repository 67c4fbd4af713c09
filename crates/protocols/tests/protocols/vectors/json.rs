//! JSON texts that are allowed and that are refused, whatever they are about.

use akkoord_protocols::json::check as check_json;
use serde::{Deserialize, Serialize};

use super::{Failure, same};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Json {
    accepted: Vec<String>,
    refused: Vec<String>,
    /// Whole numbers in another spelling: our programs refuse them and never write them; a reader that cannot tell may
    /// take them.
    left_open: Vec<String>,
}

pub(crate) fn make() -> Json {
    let accepted = [
        "{}",
        r#" { "a" : [ 1 , true , "x" , { } ] } "#,
        r#"{"a":9007199254740991,"b":-9007199254740991}"#,
        r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}"#,
        r#"{"a":[[[[[[[]]]]]]]}"#,
        r#"{"a":"\u00e9\ud83d\ude00"}"#,
        r#"{"a":1,"A":2}"#,
        r#"{"webauthn":{"response":{"userHandle":null},"x":1.5}}"#,
        r#"{"evidence":{"type":"webauthn","credential":{"authenticatorAttachment":null}}}"#,
    ];
    let refused = [
        "",
        "{",
        "{}{}",
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":1,"b":2}]}"#,
        r#"{"webauthn":{"a":1,"a":2}}"#,
        r#"{"a":null}"#,
        r#"{"a":[null]}"#,
        r#"{"webauthn":null}"#,
        r#"{"credential":null}"#,
        r#"{"a":1.5}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{}}}}}}}}}"#,
        r#"{"a":9007199254740992}"#,
        r#"{"a":-9007199254740992}"#,
        r#"{"a":123456789012345678901234567890}"#,
        r#"{"a":NaN}"#,
        r#"{"a":[[[[[[[[]]]]]]]]}"#,
        r#"{"webauthn":[[[[[[[[]]]]]]]]}"#,
        r#"{"a":"\ud800"}"#,
        "{\"a\":\"\t\"}",
        r#"{"a":1,}"#,
        r#"{'a':1}"#,
        r#"{a:1}"#,
        r#"{"a":1}//"#,
        "\u{feff}{}",
    ];
    let left_open = [r#"{"a":1e3}"#, r#"{"a":1.0}"#, r#"{"a":-0}"#];
    Json {
        accepted: accepted.map(str::to_owned).into(),
        refused: refused.map(str::to_owned).into(),
        left_open: left_open.map(str::to_owned).into(),
    }
}

pub(crate) fn check(file: &Json) -> Result<(), Failure> {
    for text in &file.accepted {
        same(text, &check_json(text.as_bytes()).is_ok(), &true)?;
    }
    for text in file.refused.iter().chain(&file.left_open) {
        same(text, &check_json(text.as_bytes()).is_err(), &true)?;
    }
    Ok(())
}
