//! Where senders push to: generic event delivery (RFC 8030) with VAPID.

use std::{
    io::Result,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    clock,
    delivery::{Delivery, Outcome, Refusal},
    http::{self, Answer, Connection, Request},
    switchboard::{Found, Message, Switchboard, Target},
    vapid::Vapid,
};

type Judged<T> = std::result::Result<T, Refusal>;

const LARGEST: usize = 4096;
const LONGEST_TOPIC: usize = 32;
/// How long a message is kept at most, whatever its sender asks for; what most services do.
const LONGEST_TTL: Duration = Duration::from_secs(28 * 24 * 60 * 60);
const URGENCIES: [&str; 4] = ["very-low", "low", "normal", "high"];

/// Takes one push. The connection is good for another only if this returns true.
pub(crate) async fn take(state: &Switchboard, connection: &mut Connection, request: Request) -> Result<bool> {
    let (outcome, reply) = match state.next_fault(&request.target) {
        Some(fault) => (Outcome::Faulted(fault.clone()), Err(fault)),
        None => match judge(state, &request) {
            Ok(message) => {
                state.deliver(&request.target, &message);
                (Outcome::Accepted, Ok(created(&message)))
            }
            Err(refusal) => {
                let answer = Answer::status(refusal.status()).with_body("text/plain", refusal.to_string());
                (Outcome::Refused(refusal), Ok(answer))
            }
        },
    };
    let claims = request.header("authorization").and_then(|header| Vapid::read(header).ok()).map(|vapid| vapid.claims);
    let Request { target, headers, body, .. } = request;
    state.record(Delivery { at: Instant::now(), target, headers, claims, body, outcome });
    match reply {
        Ok(answer) => http::write(connection, &answer).await.map(|()| true),
        Err(fault) => fault.act(connection).await,
    }
}

/// RFC 8030 sections 5 and 5.2: where the message is, and how long it is kept.
fn created(message: &Message) -> Answer {
    Answer::status(201)
        .with_header("location", format!("/message/{}", message.id))
        .with_header("ttl", message.ttl.to_string())
}

fn judge(state: &Switchboard, request: &Request) -> Judged<Message> {
    if request.method != "POST" {
        return Err(Refusal::Method);
    }
    let target = match state.find(&request.target) {
        Found::Nobody => return Err(Refusal::Unknown),
        Found::Gone => return Err(Refusal::Gone),
        Found::Here(target) => target,
    };
    if request.body.len() > LARGEST {
        return Err(Refusal::TooLarge);
    }
    let ttl = request.header("ttl").filter(|ttl| ttl.bytes().all(|byte| byte.is_ascii_digit()));
    let ttl: u64 = ttl.and_then(|ttl| ttl.parse().ok()).ok_or(Refusal::Ttl)?;
    if request.header("urgency").is_some_and(|urgency| !URGENCIES.contains(&urgency)) {
        return Err(Refusal::Urgency);
    }
    let topic = request.header("topic");
    if topic.is_some_and(|topic| !is_topic(topic)) {
        return Err(Refusal::Topic);
    }
    let encoding = request.header("content-encoding").filter(|encoding| *encoding == "aes128gcm");
    let encoding = encoding.ok_or(Refusal::Encoding)?;
    check_sender(state, request, &target)?;
    Ok(Message {
        id: URL_SAFE_NO_PAD.encode(clock::random::<16>()),
        encoding: encoding.to_owned(),
        body: request.body.clone(),
        topic: topic.map(str::to_owned),
        ttl: ttl.min(LONGEST_TTL.as_secs()),
    })
}

/// RFC 8292 section 4.2. What is signed has to hold even where nobody asked for a key.
fn check_sender(state: &Switchboard, request: &Request, target: &Target) -> Judged<()> {
    let Some(header) = request.header("authorization") else {
        return if target.key.is_some() { Err(Refusal::Unsigned) } else { Ok(()) };
    };
    let audiences: Vec<&str> = target.audiences.iter().map(String::as_str).collect();
    Vapid::read(header)?.verify(&audiences, clock::seconds(state.now()), target.key.as_deref())?;
    Ok(())
}

fn is_topic(topic: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LONGEST_TOPIC).contains(&topic.len()) && topic.bytes().all(letter)
}
