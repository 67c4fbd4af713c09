//! The server's chain of key rolls, and a phone's change of key.

use akkoord_protocols::phone::{
    keyroll::Keyroll,
    rotation::{Rotate, signature},
};
use serde::{Deserialize, Serialize};

use super::{
    Failure, Message, Refused, all_refused, id, jwk, key, public, refused, same,
    sample::{self, ISS, NOW},
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyCare {
    iss: String,
    chain: Vec<Message>,
    /// What a phone adds that pinned this key.
    follows: Vec<Follow>,
    refused_chains: Vec<RefusedChain>,
    phone: String,
    old: String,
    new: String,
    rotate: Message,
    refused_rotations: Vec<Refused>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Follow {
    pinned: String,
    added: Vec<Added>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    key: String,
    from: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusedChain {
    why: String,
    error: String,
    pinned: String,
    chain: Vec<String>,
}

fn chain() -> Result<Vec<String>, Failure> {
    Ok(vec![
        sample::keyroll("server-next", NOW + 86_400)?.sign(&key("server")?)?,
        sample::keyroll("server-third", NOW + 172_800)?.sign(&key("server-next")?)?,
    ])
}

fn follows() -> Vec<Follow> {
    let next = || Added { key: "server-next".to_owned(), from: NOW + 86_400 };
    let third = || Added { key: "server-third".to_owned(), from: NOW + 172_800 };
    vec![
        Follow { pinned: "server".to_owned(), added: vec![next(), third()] },
        Follow { pinned: "server-next".to_owned(), added: vec![third()] },
        Follow { pinned: "server-third".to_owned(), added: vec![] },
        Follow { pinned: "stranger".to_owned(), added: vec![] },
    ]
}

fn refused_chains() -> Result<Vec<RefusedChain>, Failure> {
    let good = chain()?;
    let [first, second] = good.as_slice() else { return Err("two links".into()) };
    let kid = public("server")?.thumbprint();
    let header = format!(r#"{{"alg":"ES256","typ":"akkoord-keyroll+jwt","kid":"{kid}"}}"#);
    let claims = serde_json::to_string(&sample::keyroll("stranger", NOW)?)?;
    let forged = super::raw(&key("stranger")?, &header, &claims)?;
    let foreign = Keyroll { iss: "https://login.example.net".to_owned(), ..sample::keyroll("server-next", NOW)? };
    let off_curve = {
        let point = serde_json::to_value(jwk("stranger")?)?;
        let x = point.get("x").and_then(serde_json::Value::as_str).ok_or("no x")?;
        let y = point.get("y").and_then(serde_json::Value::as_str).ok_or("no y")?;
        super::raw(&key("server")?, &header, &claims.replacen(y, x, 1))?
    };
    let mut list = Vec::new();
    for (why, chain) in [
        ("a forged link", vec![forged.clone()]),
        ("a forged link after a good one", vec![first.clone(), forged]),
        ("a missing link", vec![first.clone(), sample::keyroll("stranger", NOW)?.sign(&key("server-third")?)?]),
        ("links in the wrong order", vec![first.clone(), first.clone(), second.clone()]),
        ("a link of another server", vec![foreign.sign(&key("server")?)?]),
        ("a key that is no point", vec![off_curve]),
        ("version 2", vec![super::raw(&key("server")?, &header, &claims.replacen(r#""v":1"#, r#""v":2"#, 1))?]),
    ] {
        let Err(error) = Keyroll::follow(&chain, &public("server")?, ISS) else {
            return Err(format!("accepted: {why}").into());
        };
        let error = super::word(&error).to_owned();
        list.push(RefusedChain { why: why.to_owned(), error, pinned: "server".to_owned(), chain });
    }
    Ok(list)
}

fn refused_rotations() -> Result<Vec<Refused>, Failure> {
    let (old, new) = (key("phone")?, key("phone-next")?);
    let good = sample::rotate(&old, &new)?;
    let mut list = Vec::new();
    let mut add = |why: &str, rotate: &Rotate, signer: &str| -> Result<(), Failure> {
        let header = format!(r#"{{"alg":"ES256","typ":"akkoord-rotate+jwt","kid":"{}"}}"#, sample::phone());
        let message = super::raw(&key(signer)?, &header, &serde_json::to_string(rotate)?)?;
        let read = Rotate::check(&message, &sample::phone(), ISS, old.public());
        list.push(refused(why, message, read)?);
        Ok(())
    };
    add("signed by the new key only", &good, "phone-next")?;
    add("of another phone", &Rotate { iss: id("another phone"), ..good.clone() }, "phone")?;
    add("for another server", &Rotate { aud: format!("{ISS}/"), ..good.clone() }, "phone")?;
    add("a key that did not sign", &Rotate { jwk: jwk("stranger")?, ..good.clone() }, "phone")?;
    let for_another = signature(&new, id("another phone").as_str(), old.public().thumbprint())?;
    add("signed by the new key for another phone", &Rotate { sig: for_another, ..good.clone() }, "phone")?;
    let over_another = signature(&new, &sample::phone(), new.public().thumbprint())?;
    add("signed by the new key over another old key", &Rotate { sig: over_another, ..good.clone() }, "phone")?;
    let by_old = signature(&old, &sample::phone(), old.public().thumbprint())?;
    add("signed twice by the old key", &Rotate { sig: by_old, ..good.clone() }, "phone")?;
    Ok(list)
}

pub(crate) fn make() -> Result<KeyCare, Failure> {
    let signers = ["server", "server-next"];
    let chain = chain()?.into_iter().zip(signers).map(|(message, signer)| Message::of(signer, message));
    let (old, new) = (key("phone")?, key("phone-next")?);
    Ok(KeyCare {
        iss: ISS.to_owned(),
        chain: chain.collect::<Result<_, _>>()?,
        follows: follows(),
        refused_chains: refused_chains()?,
        phone: sample::phone(),
        old: "phone".to_owned(),
        new: "phone-next".to_owned(),
        rotate: Message::of("phone", sample::rotate(&old, &new)?.sign(&old)?)?,
        refused_rotations: refused_rotations()?,
    })
}

pub(crate) fn check(file: &KeyCare) -> Result<(), Failure> {
    for message in &file.chain {
        message.check()?;
    }
    let chain: Vec<String> = file.chain.iter().map(|message| message.message.clone()).collect();
    for follow in &file.follows {
        let added = Keyroll::follow(&chain, &public(&follow.pinned)?, &file.iss)?;
        let expected = follow
            .added
            .iter()
            .map(|added| Ok((public(&added.key)?, added.from)))
            .collect::<Result<Vec<_>, Failure>>()?;
        same(&follow.pinned, &added, &expected)?;
    }
    for refused in &file.refused_chains {
        let error = Keyroll::follow(&refused.chain, &public(&refused.pinned)?, &file.iss).err();
        same(&refused.why, &error.as_ref().map(super::word), &Some(refused.error.as_str()))?;
    }
    file.rotate.check()?;
    let old = public(&file.old)?;
    same("new key", &Rotate::check(&file.rotate.message, &file.phone, &file.iss, &old)?, &public(&file.new)?)?;
    all_refused(&file.refused_rotations, |message| Rotate::check(message, &file.phone, &file.iss, &old))
}
