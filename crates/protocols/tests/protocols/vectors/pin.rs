//! The PIN: stretching, VOPRF, wrapping, and what else is signed with evidence.

use akkoord_protocols::{
    bytes::{Bytes, decode, encode},
    phone::pin::{
        self, Blinding, Evaluation, ITERATIONS, OprfKey, change_hash, enrol_start_hash, setting_hash, unwrap, wrap,
        wrapping_key,
    },
    text::Id,
};
use serde::{Deserialize, Serialize};

use super::{Failure, Fixed, Message, drawn, id, key, public, same, same_bytes, sample};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pins {
    runs: Vec<Run>,
    refused_choices: Vec<Choice>,
    accepted_choices: Vec<Choice>,
    pin_change: PinChange,
    enrol_start: EnrolStart,
    settings: Vec<Setting>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    pin: String,
    salt: Bytes<16>,
    iterations: u32,
    x: Bytes<32>,
    /// Seed of DeriveKeyPair (RFC 9497 section 3.2.1), with empty info.
    oprf_seed: Bytes<32>,
    oprf_key: Bytes<32>,
    voprf: Bytes<33>,
    blind: Bytes<32>,
    blinded: Bytes<33>,
    proof_scalar: Bytes<32>,
    evaluated: Bytes<33>,
    proof: Bytes<64>,
    y: Bytes<32>,
    local: Bytes<32>,
    phone: Id,
    key: Bytes<32>,
    iv: Bytes<12>,
    /// The name of the wrapped key in `keys.json`, whose `pkcs8` is the plain text.
    wraps: String,
    wrapped: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    pin: String,
    least: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PinChange {
    change: Id,
    new: String,
    hash: Bytes<32>,
    evidence: Message,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnrolStart {
    phone: Id,
    nonce: String,
    hash: Bytes<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    setting: String,
    phone: Id,
    nonce: String,
    hash: Bytes<32>,
}

/// A scalar below the order of the group: its first byte is zero.
fn scalar(name: &str) -> [u8; 32] {
    let mut bytes: [u8; 32] = drawn(name);
    let [first, ..] = &mut bytes;
    *first = 0;
    bytes
}

fn run(pin: &str) -> Result<Run, Failure> {
    let salt = drawn("salt");
    let x = pin::stretch(pin, &salt);
    let (oprf_seed, blind, proof_scalar) = (drawn("oprf seed"), scalar("blind"), scalar("proof scalar"));
    let oprf = OprfKey::derive(&oprf_seed, b"")?;
    let blinding = Blinding::new(&Fixed(blind), x.clone())?;
    let blinded = blinding.blinded;
    let evaluation = oprf.evaluate(&Fixed(proof_scalar), &blinded)?;
    let y = blinding.finish(&evaluation, &oprf.public()?)?;
    let (local, iv) = (drawn("local"), Bytes(drawn("iv")));
    let key_bytes = wrapping_key(&y, &local, &sample::phone())?;
    let wrapped = wrap(&key_bytes, &iv, &sample::phone(), &key("pin")?.to_pkcs8()?)?;
    Ok(Run {
        pin: pin.to_owned(),
        salt: Bytes(salt),
        iterations: ITERATIONS,
        x: Bytes(*x),
        oprf_seed: Bytes(oprf_seed),
        oprf_key: Bytes(*oprf.expose()?),
        voprf: oprf.public()?,
        blind: Bytes(blind),
        blinded,
        proof_scalar: Bytes(proof_scalar),
        evaluated: evaluation.evaluated,
        proof: evaluation.proof,
        y: Bytes(*y),
        local: Bytes(local),
        phone: id("phone"),
        key: Bytes(*key_bytes),
        iv,
        wraps: "pin".to_owned(),
        wrapped: encode(&wrapped),
    })
}

fn choices(list: &[(&str, u8)]) -> Vec<Choice> {
    list.iter().map(|(pin, least)| Choice { pin: (*pin).to_owned(), least: *least }).collect()
}

pub(crate) fn make() -> Result<Pins, Failure> {
    let change = id("change");
    let change_hash = change_hash(change.as_str(), &public("pin-next")?);
    let evidence = pin::sign_evidence(&key("pin")?, &sample::phone(), &change_hash)?;
    let nonce = sample::NONCE.to_owned();
    let settings = ["phone_sign_in", "unknown_browsers"].map(|setting| Setting {
        setting: setting.to_owned(),
        phone: id("phone"),
        nonce: nonce.clone(),
        hash: Bytes(setting_hash(setting, &sample::phone(), &nonce)),
    });
    Ok(Pins {
        runs: vec![run("480213")?, run("00718293")?],
        refused_choices: choices(&[
            ("", 6),
            ("48021", 6),
            ("480", 4),
            ("480", 1),
            ("48o213", 6),
            ("４８０２１３", 6),
            (" 480213", 6),
            ("111111", 6),
            ("123456", 6),
            ("654321", 6),
            ("480480", 6),
            ("147258", 6),
            ("2580", 4),
        ]),
        accepted_choices: choices(&[("480213", 6), ("4802", 4), ("000712", 6), ("48021348021", 6)]),
        pin_change: PinChange {
            change,
            new: "pin-next".to_owned(),
            hash: Bytes(change_hash),
            evidence: Message::of("pin", evidence)?,
        },
        enrol_start: EnrolStart { phone: id("phone"), hash: Bytes(enrol_start_hash(&sample::phone(), &nonce)), nonce },
        settings: settings.into(),
    })
}

pub(crate) fn check(file: &Pins) -> Result<(), Failure> {
    for run in &file.runs {
        same("iterations", &run.iterations, &ITERATIONS)?;
        let x = pin::stretch(&run.pin, &run.salt.0);
        same_bytes("x", &*x, &run.x.0)?;
        let oprf = OprfKey::derive(&run.oprf_seed.0, b"")?;
        same_bytes("oprf key", &*oprf.expose()?, &run.oprf_key.0)?;
        let oprf = OprfKey::from_bytes(&run.oprf_key.0)?;
        same_bytes("voprf", &oprf.public()?.0, &run.voprf.0)?;
        let blinding = Blinding::new(&Fixed(run.blind.0), x)?;
        same_bytes("blinded", &blinding.blinded.0, &run.blinded.0)?;
        let evaluation = oprf.evaluate(&Fixed(run.proof_scalar.0), &run.blinded)?;
        same_bytes("evaluated", &evaluation.evaluated.0, &run.evaluated.0)?;
        same_bytes("proof", &evaluation.proof.0, &run.proof.0)?;
        let stored = Evaluation { evaluated: run.evaluated, proof: run.proof };
        let y = blinding.finish(&stored, &run.voprf)?;
        same_bytes("y", &*y, &run.y.0)?;
        let phone = run.phone.as_str();
        let key_bytes = wrapping_key(&y, &run.local.0, phone)?;
        same_bytes("key", &*key_bytes, &run.key.0)?;
        let plain = key(&run.wraps)?.to_pkcs8()?;
        same_bytes("wrapped", &wrap(&key_bytes, &run.iv, phone, &plain)?, &decode(&run.wrapped)?)?;
        let opened = unwrap(&key_bytes, &run.iv, phone, &decode(&run.wrapped)?)?;
        same("unwrapped", opened.public(), &public(&run.wraps)?)?;
    }
    for choice in &file.refused_choices {
        same(&choice.pin, &pin::check_choice(&choice.pin, choice.least).is_err(), &true)?;
    }
    for choice in &file.accepted_choices {
        same(&choice.pin, &pin::check_choice(&choice.pin, choice.least).is_ok(), &true)?;
    }
    let change = &file.pin_change;
    same_bytes("change", &change_hash(change.change.as_str(), &public(&change.new)?), &change.hash.0)?;
    change.evidence.check()?;
    let signer = public(&change.evidence.signed_by)?;
    pin::check_evidence(&change.evidence.message, &signer, &sample::phone(), &change.hash.0)?;
    let start = &file.enrol_start;
    same_bytes("start", &enrol_start_hash(start.phone.as_str(), &start.nonce), &start.hash.0)?;
    for stored in &file.settings {
        let hash = setting_hash(&stored.setting, stored.phone.as_str(), &stored.nonce);
        same_bytes("setting", &hash, &stored.hash.0)?;
    }
    Ok(())
}
