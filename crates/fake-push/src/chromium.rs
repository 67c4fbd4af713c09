//! What a Chromium talks to in place of Google: the check-in and the registration over HTTP, and the line that its
//! pushes come over (MCS, `chromium/mcs.rs`).

pub(crate) mod mcs;
mod protobuf;

use std::{collections::HashMap, time::SystemTime};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use self::protobuf::{Value, Writer, fields};
use crate::{
    clock,
    http::{Answer, Request},
    origins,
    switchboard::{Message, Subscriber, Switchboard, new_token},
};

/// One subscription of a browser: the worker's registration, and the key that it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) device: String,
    /// The browser's own product name; a push in another name is dropped without a word.
    category: String,
    subtype: String,
    sender: String,
}

impl App {
    /// The push as the browser takes it: DataMessageStanza of mcs.proto.
    pub(crate) fn frame(&self, message: &Message) -> Vec<u8> {
        let app_data = |key: &str, value: &str| Writer::default().text(1, key).text(2, value).done();
        let stanza = Writer::default()
            .text(2, &message.id)
            .text(3, &self.sender)
            .text(5, &self.category)
            .bytes(7, &app_data("subtype", &self.subtype))
            .bytes(7, &app_data("content-encoding", &message.encoding))
            .text(9, &message.id)
            .bytes(21, &message.body);
        mcs::frame(mcs::DATA, &stanza.done())
    }
}

/// A check-in: a browser gets the number and the secret by which it will be known, or keeps those that it has.
/// CheckinRequest: 2 id, 13 secret. CheckinResponse: 1 well, 3 time, 7 id, 8 secret.
pub(crate) fn check_in(request: &Request, now: SystemTime) -> Answer {
    let mut identity = (u64::from_le_bytes(clock::random()) >> 1, u64::from_le_bytes(clock::random()));
    for (number, value) in fields(&request.body) {
        match (number, value) {
            (2, Value::Number(id)) if id != 0 => identity.0 = id,
            (13, Value::Fixed(secret)) if secret != 0 => identity.1 = secret,
            _ => {}
        }
    }
    let answer = Writer::default()
        .number(1, 1)
        .number(3, clock::seconds(now).saturating_mul(1000))
        .fixed(7, identity.0)
        .fixed(8, identity.1);
    Answer::status(200).with_body("application/x-protobuffer", answer.done())
}

/// A registration or its end: forms, answered with lines of text.
pub(crate) fn register(state: &Switchboard, request: &Request) -> Answer {
    let form: HashMap<String, String> = serde_urlencoded::from_bytes(&request.body).unwrap_or_default();
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    let app =
        App { device: field("device"), category: field("app"), subtype: field("X-subtype"), sender: field("sender") };
    if form.contains_key("delete") {
        state.end(|subscriber| {
            matches!(subscriber, Subscriber::Chromium(found) if found.device == app.device
                && found.subtype == app.subtype && (app.sender == "*" || found.sender == app.sender))
        });
        // A token's end is told by the first word, a registration's by the second; each looks for its own.
        return Answer::status(200).with_body("text/plain", format!("token={0}\ndeleted={0}", app.category));
    }
    // A browser that asks again, after an update for instance, has the token that it had.
    let token = state.token_of(&Subscriber::Chromium(app.clone())).unwrap_or_else(|| {
        // In Google's form; senders must not mind the colon.
        let token = format!("{}:APA91b{}", URL_SAFE_NO_PAD.encode(clock::random::<8>()), new_token());
        // The browser's own registrations have a number of Google's here, and take no pushes.
        let key = URL_SAFE_NO_PAD.decode(&app.sender).ok();
        state.subscribe(&token, Subscriber::Chromium(app.clone()), origins::of_chromium(&token), key);
        token
    });
    Answer::status(200).with_body("text/plain", format!("token={token}"))
}
