//! What a Firefox talks to in place of Mozilla: autopush, JSON over a WebSocket.

use std::{net::SocketAddr, sync::Arc};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitStream};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message as Frame},
};

use crate::{
    clock,
    origins::Service,
    switchboard::{Line, Message, Subscriber, Switchboard, new_token},
};

/// One subscription of a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) browser: String,
    id: String,
}

impl Channel {
    pub(crate) fn frame(&self, message: &Message) -> Vec<u8> {
        let data = URL_SAFE_NO_PAD.encode(&message.body);
        let notification = json!({
            "messageType": "notification",
            "channelID": self.id,
            "version": message.id,
            "data": data,
            "headers": { "encoding": message.encoding },
        });
        notification.to_string().into_bytes()
    }
}

type Input = SplitStream<WebSocketStream<TcpStream>>;

/// Serves one browser until it goes. `http` is where senders will find it.
pub(crate) async fn serve(state: Arc<Switchboard>, http: SocketAddr, stream: TcpStream) -> Result<(), Error> {
    let (mut output, mut input) = tokio_tungstenite::accept_async(stream).await?.split();
    let (line, mut frames) = mpsc::unbounded_channel::<Vec<u8>>();
    let Some(browser) = greet(&state, &mut input, &line).await? else { return Ok(()) };
    state.connect(&browser, &line);
    let speak = async {
        while let Some(frame) = frames.recv().await {
            output.send(Frame::text(String::from_utf8_lossy(&frame).into_owned())).await?;
        }
        Ok(())
    };
    let ended = tokio::select! {
        ended = listen(&state, http, &browser, &mut input, &line) => ended,
        ended = speak => ended,
    };
    state.disconnect(&browser, &line);
    ended
}

/// The browser's first word, with the name that it has from an earlier time. One that we do not know gets another, by
/// which it learns that its subscriptions are gone.
async fn greet(state: &Switchboard, input: &mut Input, line: &Line) -> Result<Option<String>, Error> {
    let Some(hello) = next(input).await? else { return Ok(None) };
    let named = hello.get("uaid").and_then(Value::as_str).filter(|name| state.knows(name)).map(str::to_owned);
    let name = named.unwrap_or_else(|| format!("{:032x}", u128::from_le_bytes(clock::random())));
    say(line, &json!({ "messageType": "hello", "uaid": name, "status": 200, "use_webpush": true, "broadcasts": {} }));
    Ok(Some(name))
}

async fn listen(
    state: &Switchboard,
    http: SocketAddr,
    browser: &str,
    input: &mut Input,
    line: &Line,
) -> Result<(), Error> {
    while let Some(said) = next(input).await? {
        let channel = Channel {
            browser: browser.to_owned(),
            id: said.get("channelID").and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        match said.get("messageType").and_then(Value::as_str) {
            Some("register") => say(line, &register(state, http, channel, said.get("key").and_then(Value::as_str))),
            Some("unregister") => {
                let ended = Subscriber::Firefox(channel.clone());
                state.end(|subscriber| *subscriber == ended);
                say(line, &json!({ "messageType": "unregister", "channelID": channel.id, "status": 200 }));
            }
            // An empty object is a ping, answered with the same.
            None => say(line, &json!({})),
            // Acknowledgements and broadcasts.
            Some(_) => {}
        }
    }
    Ok(())
}

fn register(state: &Switchboard, http: SocketAddr, channel: Channel, key: Option<&str>) -> Value {
    let id = channel.id.clone();
    let token = new_token();
    let endpoint = Service::Own.endpoint(&format!("http://{http}"), &token);
    let url = endpoint.url();
    let key = match key.map(|key| either_alphabet().decode(key.replace('+', "-").replace('/', "_"))) {
        Some(Ok(key)) => Some(key),
        Some(Err(_)) => return json!({ "messageType": "register", "channelID": id, "status": 400 }),
        None => None,
    };
    state.subscribe(&token, Subscriber::Firefox(channel), vec![endpoint], key);
    json!({ "messageType": "register", "channelID": id, "status": 200, "pushEndpoint": url })
}

/// Firefox writes the key with padding.
fn either_alphabet() -> GeneralPurpose {
    let indifferent = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::URL_SAFE, indifferent)
}

/// The next thing that the browser says; nothing when it has gone.
async fn next(input: &mut Input) -> Result<Option<Value>, Error> {
    while let Some(frame) = input.next().await {
        if let Frame::Text(text) = frame? {
            return Ok(Some(serde_json::from_str(&text).unwrap_or_default()));
        }
    }
    Ok(None)
}

fn say(line: &Line, what: &Value) {
    // Whoever no longer listens has gone.
    line.send(what.to_string().into_bytes()).ok();
}
