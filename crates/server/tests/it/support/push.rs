//! A site of its own that subscribes to pushes and shows them, and what a test does on it in whichever browser.

use std::net::SocketAddr;

use akkoord_fake_push::{
    FakePush, rfc8291,
    sender::{Answered, Sender, post},
};
use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// What the worker says is kept until the test asks for it, so that it can't be missed.
const PAGE: &str = r#"<!doctype html><title>Pushes</title><link rel="icon" href="data:,"><script>
  const heard = new ReadableStream({
    start: (kept) => navigator.serviceWorker.addEventListener('message', (event) => kept.enqueue(event.data)),
  }).getReader();
  const within = (promise) => Promise.race([
    promise,
    new Promise((_, fail) => setTimeout(() => fail(new Error('nothing came of it')), 25000)),
  ]);
  const next = () => within(heard.read().then((read) => read.value));
  const subscribe = (key) => within(
    navigator.serviceWorker.register('/worker.js')
      .then(() => navigator.serviceWorker.ready)
      .then((worker) => worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }))
      .then((subscription) => subscription.toJSON()),
  );
  const unsubscribe = () => within(
    navigator.serviceWorker.ready
      .then((worker) => worker.pushManager.getSubscription())
      .then((subscription) => subscription.unsubscribe()),
  );
</script>"#;

/// Shows a notice for each push and tells the page what all of them say.
const WORKER: &str = "
addEventListener('push', (event) => event.waitUntil((async () => {
  const text = event.data.text();
  await registration.showNotification('A push', { body: text, tag: text });
  const shown = (await registration.getNotifications()).map((notice) => notice.body);
  for (const page of await clients.matchAll({ includeUncontrolled: true })) page.postMessage(shown);
})()));
";

/// The site.
pub struct Site {
    pub origin: String,
    server: tokio::task::JoinHandle<()>,
}

impl Site {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let routes = Router::new()
            .route("/", get(|| async { ([(CONTENT_TYPE, "text/html")], PAGE) }))
            .route("/worker.js", get(|| async { ([(CONTENT_TYPE, "text/javascript")], WORKER) }));
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { origin, server }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A subscription of the site as its server would keep it, and the server's key.
pub struct Subscribed {
    sender: Sender,
    subscription: Value,
}

impl Subscribed {
    /// Subscribes in the page that `eval` looks into.
    pub async fn on(eval: impl AsyncFn(&str) -> Value) -> Self {
        let sender = Sender::new().unwrap();
        let key = URL_SAFE_NO_PAD.encode(sender.public_key());
        let subscription = eval(&format!("subscribe('{key}')")).await;
        Self { sender, subscription }
    }

    pub fn endpoint(&self) -> &str {
        self.subscription["endpoint"].as_str().unwrap()
    }

    /// Pushes a text.
    pub async fn push(&self, fake: &FakePush, text: &str) -> Answered {
        self.push_as(&self.sender, fake, text).await
    }

    /// The same in somebody else's name.
    pub async fn push_as(&self, sender: &Sender, fake: &FakePush, text: &str) -> Answered {
        let key = |name: &str| URL_SAFE_NO_PAD.decode(self.subscription["keys"][name].as_str().unwrap()).unwrap();
        let sealed = rfc8291::seal(&key("p256dh"), &key("auth"), text.as_bytes()).unwrap();
        let endpoint = url::Url::parse(self.endpoint()).unwrap();
        let origin = endpoint.origin().ascii_serialization();
        let own = (fake.base(), fake.base());
        let map = fake.origin_map();
        let (_, to) = map.iter().chain([&own]).find(|(from, _)| *from == origin).unwrap();
        let authorization = sender.authorization(&Sender::claims(&origin)).unwrap();
        let headers = [("ttl", "60"), ("content-encoding", "aes128gcm"), ("authorization", &authorization)];
        post(to, endpoint.path(), &headers, &sealed).await.unwrap()
    }
}
