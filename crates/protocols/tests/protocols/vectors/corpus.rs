//! The seeds of the fuzz functions, taken from the vectors: `tests/corpus/<parser>/<number>`.

use akkoord_protocols::phone::nonce::NonceKey;
use serde_json::Value;

use super::{Failure, claims_of, id, read, sample};

/// Seeds for one parser are few and short: the mutations do the work.
const MOST: usize = 16;

/// A seed: its parser, its name and its bytes.
pub(crate) type Seed = (&'static str, String, String);

/// The seeds of all parsers but `webauthn`, whose are a browser's JSON.
pub(crate) fn make() -> Result<Vec<Seed>, Failure> {
    let mut all = Vec::new();
    let mut folder = |parser: &'static str, seeds: Vec<String>| {
        let short = seeds.into_iter().filter(|seed| seed.len() < 6000).take(MOST).enumerate();
        all.extend(short.map(|(number, seed)| (parser, format!("{number:02}"), seed)));
    };
    let messages = read("messages.json")?;
    let enrolment = read("enrolment.json")?;
    let good: Vec<String> = texts(&messages, "/messages", "message");
    let bad = texts(&messages, "/refused", "message");
    folder("jws", good.iter().chain(bad.iter().step_by(9)).cloned().collect());
    let claims = good.iter().map(|message| Ok(claims_of(message)?.to_string())).collect::<Result<Vec<_>, Failure>>()?;
    folder("claims", claims);
    let headers = good.iter().chain(bad.iter().step_by(7)).filter_map(|message| {
        let header = akkoord_protocols::bytes::decode(message.split('.').next()?).ok()?;
        String::from_utf8(header).ok()
    });
    folder("header", headers.collect());
    let json = read("json.json")?;
    folder("json", [strings(&json, "/accepted"), every(4, strings(&json, "/refused"))].concat());
    let links = texts(&enrolment, "/links", "text");
    folder("link", [links, every(2, texts(&enrolment, "/refused_links", "text"))].concat());
    let codes = texts(&enrolment, "/typed_codes", "typed");
    folder("code", [codes, strings(&enrolment, "/refused_codes")].concat());
    let text = read("text.json")?;
    let places = ["/names/accepted", "/names/refused", "/ids/accepted", "/handles/accepted", "/base64url/refused"];
    folder("text", places.iter().flat_map(|place| strings(&text, place).into_iter().take(3)).collect());
    let keys = read("keys.json")?;
    let keys = keys.as_object().into_iter().flatten();
    folder("jwk", keys.filter_map(|(_, key)| Some(key.get("jwk")?.to_string())).collect());
    folder("nonce", vec![NonceKey::new(&[7; 32]).make(sample::NOW), sample::NONCE.to_owned()]);
    let pin = read("pin.json")?;
    folder("pin", ["blinded", "evaluated", "voprf"].iter().flat_map(|name| texts(&pin, "/runs", name)).collect());
    folder("bodies", bodies());
    Ok(all)
}

/// One body or answer of each kind that has some depth.
fn bodies() -> Vec<String> {
    let b32 = akkoord_protocols::bytes::encode(&[1; 32]);
    let b33 = akkoord_protocols::bytes::encode(&[2; 33]);
    let request = id("request");
    vec![
        "{}".to_owned(),
        format!(r#"{{"t":"{b32}","c":"{b32}"}}"#),
        format!(r#"{{"username":"ada","code":"7KQ2-M4XZ","c":"{b32}"}}"#),
        format!(r#"{{"t":"{b32}","blinded":"{b33}"}}"#),
        format!(
            r#"{{"t":"{b32}","enrol":"a.b.c","webauthn":{{"id":"x","response":{{"userHandle":null}}}},"push":{{}}}}"#
        ),
        r#"{"decision":"a.b.c","evidence":{"type":"pin","jws":"a.b.c"}}"#.to_owned(),
        r#"{"decision":"a.b.c","evidence":{"type":"webauthn","credential":{"id":"x","authenticatorAttachment":null}}}"#
            .to_owned(),
        format!(r#"{{"request":"{request}","blinded":"{b33}","new":true}}"#),
        r#"{"name":"Ada","phone_sign_in":true,"notifications":false,"evidence":{"type":"pin","jws":"x"}}"#.to_owned(),
        r#"{"requests":["a.b.c"],"keyroll":["a.b.c"]}"#.to_owned(),
        r#"{"code":"removed","title":"x","status":403,"removed_at":1,"removed_by":"self"}"#.to_owned(),
        r#"{"digits":"123 456"}"#.to_owned(),
        format!(r#"{{"before":"{request}"}}"#),
    ]
}

fn every(step: usize, list: Vec<String>) -> Vec<String> {
    list.into_iter().step_by(step).collect()
}

/// The member `name` of each entry of a list or map.
fn texts(file: &Value, place: &str, name: &str) -> Vec<String> {
    let entries: Vec<&Value> = match file.pointer(place) {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(map)) => map.values().collect(),
        _ => vec![],
    };
    entries.into_iter().filter_map(|entry| Some(entry.get(name)?.as_str()?.to_owned())).collect()
}

fn strings(file: &Value, place: &str) -> Vec<String> {
    let list = file.pointer(place).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}
