//! The line to Firefox, spoken by hand.

use akkoord_fake_push::{
    rfc8291::{self, Receiver},
    sender::{Answered, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::support::{DAY, Pair};

struct Browser(WebSocketStream<TcpStream>);

impl Browser {
    /// Connects, as the browser of this name or as a new one, and returns the name that it has.
    async fn connect(pair: &Pair, name: &str) -> (Self, String) {
        let prefs = pair.fake.firefox_prefs();
        let (_, url) = prefs.iter().find(|(pref, _)| pref == "dom.push.serverURL").unwrap();
        let url = url.as_str().unwrap();
        let stream = TcpStream::connect(url.trim_start_matches("ws://").trim_end_matches('/')).await.unwrap();
        let mut browser = Self(client_async(url, stream).await.unwrap().0);
        browser.say(&json!({ "messageType": "hello", "uaid": name, "use_webpush": true })).await;
        let hello = browser.hear().await;
        assert_eq!((&hello["messageType"], &hello["status"]), (&json!("hello"), &json!(200)));
        (browser, hello["uaid"].as_str().unwrap().to_owned())
    }

    async fn say(&mut self, what: &Value) {
        self.0.send(Message::text(what.to_string())).await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let Message::Text(text) = self.0.next().await.unwrap().unwrap() else { unreachable!("only text is sent") };
        serde_json::from_str(&text).unwrap()
    }

    async fn register(&mut self, pair: &Pair) -> String {
        // With padding, as Firefox does.
        let key = URL_SAFE.encode(pair.sender.public_key());
        self.say(&json!({ "messageType": "register", "channelID": "one", "key": key })).await;
        let registered = self.hear().await;
        assert_eq!((&registered["channelID"], &registered["status"]), (&json!("one"), &json!(200)));
        registered["pushEndpoint"].as_str().unwrap().to_owned()
    }
}

async fn push(pair: &Pair, endpoint: &str, body: &[u8]) -> Answered {
    let base = pair.fake.base();
    let claims = json!({ "aud": base, "exp": pair.now() + DAY, "sub": "mailto:ops@example.org" });
    let authorization = pair.sender.authorization(&claims).unwrap();
    let headers = [("ttl", "60"), ("content-encoding", "aes128gcm"), ("authorization", &authorization)];
    post(&base, endpoint.strip_prefix(&base).unwrap(), &headers, body).await.unwrap()
}

#[tokio::test]
async fn a_push_comes_over_the_line_at_once() {
    let pair = Pair::new().await;
    let (mut browser, _) = Browser::connect(&pair, "").await;
    let endpoint = browser.register(&pair).await;
    let keys = Receiver::new().unwrap();
    let sealed = rfc8291::seal(keys.public_key(), keys.auth(), b"hello").unwrap();
    assert_eq!(push(&pair, &endpoint, &sealed).await.status, 201);
    let heard = browser.hear().await;
    assert_eq!((&heard["messageType"], &heard["channelID"]), (&json!("notification"), &json!("one")));
    assert_eq!(heard["headers"]["encoding"], "aes128gcm");
    let data = URL_SAFE_NO_PAD.decode(heard["data"].as_str().unwrap()).unwrap();
    assert_eq!(keys.open(&data).unwrap(), b"hello");
    browser.say(&json!({})).await;
    assert_eq!(browser.hear().await, json!({}), "a ping is answered");
}

#[tokio::test]
async fn what_comes_while_the_browser_is_away_waits_for_it() {
    let pair = Pair::new().await;
    let (mut browser, name) = Browser::connect(&pair, "").await;
    let endpoint = browser.register(&pair).await;
    browser.0.close(None).await.unwrap();
    while browser.0.next().await.is_some_and(|frame| frame.is_ok()) {}
    assert_eq!(push(&pair, &endpoint, b"sealed").await.status, 201);
    let (mut browser, again) = Browser::connect(&pair, &name).await;
    assert_eq!(again, name);
    assert_eq!(browser.hear().await["data"], URL_SAFE_NO_PAD.encode("sealed"));
}

#[tokio::test]
async fn an_unsubscribed_channel_is_gone() {
    let pair = Pair::new().await;
    let (mut browser, _) = Browser::connect(&pair, "").await;
    let endpoint = browser.register(&pair).await;
    browser.say(&json!({ "messageType": "unregister", "channelID": "one" })).await;
    assert_eq!(browser.hear().await["status"], 200);
    assert_eq!(push(&pair, &endpoint, b"sealed").await.status, 410);
}

#[tokio::test]
async fn a_name_of_another_service_is_not_kept() {
    let pair = Pair::new().await;
    let (_, name) = Browser::connect(&pair, "0123456789abcdef").await;
    assert_ne!(name, "0123456789abcdef", "the browser learns by it that its subscriptions are gone");
}
