//! A push service on loopback, for tests and benches: what a server sends really reaches a service worker in Chromium
//! and in Firefox, and is decrypted there, without Google or Mozilla. Subscriptions without a browser tell what a
//! sender's messages say.
//!
//! It is as strict as the strictest of the real services and can be ordered to fail as they do. It shares no code with
//! the server, and the server never links it: what both understand in the same way was written down twice.

mod chromium;
mod clock;
mod delivery;
mod endpoint;
mod faults;
mod firefox;
mod http;
mod origins;
mod plain;
pub mod rfc8291;
pub mod sender;
mod switchboard;
mod tls;
mod vapid;

use std::{
    io::{Error, ErrorKind, Result},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::BufReader,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

pub use self::{
    clock::Clock,
    delivery::{Delivery, Outcome, Refusal},
    faults::Fault,
    origins::Service,
    plain::PlainSubscription,
    vapid::{Broken, Claims},
};
use self::{
    http::Answer,
    switchboard::{Subscriber, Switchboard, new_token},
};

/// How long a push may take to come, on a machine that is busy with a build.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running service. It stops, with all its connections, when it is dropped.
pub struct FakePush {
    state: Arc<Switchboard>,
    http: SocketAddr,
    sockets: SocketAddr,
    mcs: SocketAddr,
    key_hash: String,
    _doors: JoinSet<()>,
}

impl FakePush {
    /// Starts it on ports of its own.
    pub async fn start() -> Result<Self> {
        Self::start_at(clock::system()).await
    }

    /// The same by another clock: that of a server whose time is moved by hand.
    pub async fn start_at(clock: Clock) -> Result<Self> {
        let state = Arc::new(Switchboard::new(clock));
        let (acceptor, key_hash) = tls::acceptor()?;
        let [http, sockets, mcs] = [listen().await?, listen().await?, listen().await?];
        let addresses = [http.local_addr()?, sockets.local_addr()?, mcs.local_addr()?];
        let mut doors = JoinSet::new();
        let kept = Arc::clone(&state);
        doors.spawn(open(http, move |stream| serve_http(Arc::clone(&kept), stream)));
        let kept = Arc::clone(&state);
        doors.spawn(open(sockets, move |stream| {
            let (state, http) = (Arc::clone(&kept), addresses[0]);
            async move { firefox::serve(state, http, stream).await.map_err(Error::other) }
        }));
        let kept = Arc::clone(&state);
        doors.spawn(open(mcs, move |stream| chromium::mcs::serve(Arc::clone(&kept), acceptor.clone(), stream)));
        let [http, sockets, mcs] = addresses;
        Ok(Self { state, http, sockets, mcs, key_hash, _doors: doors })
    }

    /// Where all endpoints lead, as `http://ADDRESS`.
    pub fn base(&self) -> String {
        format!("http://{}", self.http)
    }

    /// What a Chromium is started with to subscribe here. It needs a `--user-data-dir`, and a page of its default
    /// profile: the others are incognito, where subscribing fails.
    pub fn chromium_flags(&self) -> Vec<String> {
        let http = format!("http://localhost:{}", self.http.port());
        vec![
            format!("--gcm-checkin-url={http}/checkin"),
            format!("--gcm-registration-url={http}/register"),
            format!("--gcm-mcs-endpoint=https://localhost:{}", self.mcs.port()),
            format!("--ignore-certificate-errors-spki-list={}", self.key_hash),
        ]
    }

    /// What stands in the profile of a Firefox that is to subscribe here.
    pub fn firefox_prefs(&self) -> Vec<(String, Value)> {
        let prefs = [
            ("dom.push.serverURL", format!("ws://{}/", self.sockets).into()),
            ("dom.push.testing.allowInsecureServerURL", true.into()),
            // Remote control switches it off, unless the profile says otherwise.
            ("dom.push.connection.enabled", true.into()),
            ("permissions.default.desktop-notification", 1.into()),
            // Without a desktop there is nobody to show a notice but Firefox itself.
            ("alerts.useSystemBackend", false.into()),
        ];
        prefs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The public origins in endpoints, each with where it leads: a sender under test has to connect there instead.
    pub fn origin_map(&self) -> Vec<(String, String)> {
        origins::PUBLIC.iter().map(|origin| ((*origin).to_owned(), self.base())).collect()
    }

    /// Subscribes without a browser, in the form of this service's endpoints; with a key only its owner may push.
    pub fn subscribe_plain(&self, service: Service, key: Option<&[u8]>) -> Result<PlainSubscription> {
        let token = service.token(&new_token());
        let endpoint = service.endpoint(&self.base(), &token);
        let url = endpoint.url();
        self.state.subscribe(&token, Subscriber::Plain, vec![endpoint], key.map(<[u8]>::to_vec));
        let receiver = rfc8291::Receiver::new().map_err(Error::other)?;
        Ok(PlainSubscription { endpoint: url, receiver, state: Arc::clone(&self.state) })
    }

    /// Ends a subscription without telling its browser: pushes are answered 410 from now on.
    pub fn expire(&self, endpoint: &str) {
        self.state.expire(endpoint);
    }

    /// Orders what the next pushes to an endpoint meet, one fault each, before all is well again.
    pub fn order(&self, endpoint: &str, faults: impl IntoIterator<Item = Fault>) {
        self.state.order(endpoint, faults);
    }

    /// All pushes that came in so far, those that were refused or met a fault included.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries()
    }

    /// Waits until so many pushes have come in, and returns all of them.
    pub async fn wait_for(&self, count: usize) -> Result<Vec<Delivery>> {
        let waited = tokio::time::timeout(PATIENCE, self.state.wait_for(count)).await;
        let deliveries = self.deliveries();
        match waited {
            Ok(()) => Ok(deliveries),
            Err(_) => {
                let outcomes: Vec<_> = deliveries.iter().map(|delivery| &delivery.outcome).collect();
                Err(Error::new(ErrorKind::TimedOut, format!("{count} pushes were awaited; what came: {outcomes:?}")))
            }
        }
    }

    /// Waits until a browser has ended the subscription at this endpoint. A Chromium tells its page before it tells its
    /// push service.
    pub async fn wait_for_end(&self, endpoint: &str) -> Result<()> {
        tokio::time::timeout(PATIENCE, self.state.wait_for_end(endpoint)).await.map_err(Error::from)
    }
}

async fn listen() -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

/// Accepts connections for as long as it is polled; with it, all of them end.
async fn open<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                // Pushes and answers are small; none should wait for the next.
                stream.set_nodelay(true).ok();
                connections.spawn(serve(stream));
            },
            // A connection that broke is the other side's matter: tests look at what it should have brought.
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve_http(state: Arc<Switchboard>, stream: TcpStream) -> Result<()> {
    let mut connection = BufReader::new(stream);
    loop {
        let request = match http::read(&mut connection).await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => {
                // Whatever the reader could not read, the sender should not have sent.
                let answer = Answer::status(400).with_body("text/plain", error.to_string());
                return http::write(&mut connection, &answer).await;
            }
        };
        let answer = match request.target.as_str() {
            "/checkin" => chromium::check_in(&request, state.now()),
            "/register" => chromium::register(&state, &request),
            _ => {
                if endpoint::take(&state, &mut connection, request).await? {
                    continue;
                }
                return Ok(());
            }
        };
        http::write(&mut connection, &answer).await?;
    }
}
