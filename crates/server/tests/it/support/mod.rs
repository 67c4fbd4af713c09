//! What the tests stand on: the application on a port of its own, a clock that is moved by hand, mail that is kept,
//! and phones and browsers that speak HTTP.

pub mod authority;
pub mod chromium;
pub mod desk;
pub mod firefox;
mod instead;
pub mod push;
pub mod recorder;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use akkoord_authenticator::{Account, Candidate, Claimed, Invitation, Network, Phone, Stretched, Unlocking};
use akkoord_core::{Actor, Timestamp, account::Role, ids::AccountId, policy::Policy};
use akkoord_fake_push::FakePush;
use akkoord_server::{
    app::{self, App, Surroundings},
    clock::{Clock, system_random},
    config::Config,
    http,
    outbound::mail::{Mail, MailError, Mailer},
    serve::{self, Serving, Signals, Tls},
    use_cases::{access_pass, account},
};
use akkoord_simulator::{
    browser::Browser,
    steps::{self, Offered},
};
use akkoord_store::StoreError;
use futures_util::future::BoxFuture;

use self::{authority::Authority, instead::Instead, recorder::Recorder};

/// The password of nobody: what every test phone's PIN stretches to, as stretching takes half a second.
const STRETCHED: [u8; 32] = [7; 32];

/// A clock that stands still until it is moved.
pub struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Keeps mail instead of sending it.
#[derive(Default)]
pub struct Outbox(Mutex<Vec<Mail>>);

impl Mailer for Outbox {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        self.0.lock().unwrap().push(mail);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// The application under test.
pub struct TestApp {
    pub app: App,
    pub network: Network,
    /// What it answers in place of its own, where it is not served by the program's own code.
    pub instead: Instead,
    clock: Arc<TestClock>,
    outbox: Arc<Outbox>,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

/// An account with a pass to set up a phone.
pub struct TestAccount {
    pub id: AccountId,
    pub username: String,
    pub pass: String,
}

/// When it is in a test that does not care.
const START: Timestamp = Timestamp(1_800_000_000_000);

static NUMBER: AtomicU64 = AtomicU64::new(0);

impl TestApp {
    pub async fn new() -> Self {
        Self::with_policy(Policy::default()).await
    }

    pub async fn with_policy(policy: Policy) -> Self {
        Self::starting_at(START, policy).await
    }

    /// The same, at the time that it is: for the app, which would rightly say that this phone's clock is wrong.
    pub async fn today(policy: Policy) -> Self {
        Self::starting_at(akkoord_server::clock::SystemClock.now(), policy).await
    }

    /// The same, sending its pushes to a push service on this machine.
    pub async fn ringing(push: &FakePush) -> Self {
        Self::served(akkoord_server::clock::SystemClock.now(), Policy::default(), &push_variables(push)).await
    }

    /// The same, with the workers of the program running by themselves.
    pub async fn ringing_as_a_program(push: &FakePush) -> Self {
        let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let (address, now) = (listener.local_addr().unwrap(), akkoord_server::clock::SystemClock.now());
        let mut app = Self::build(address, Network::loopback().unwrap(), &push_variables(push), now).await;
        app.add_organisation(Policy::default()).await;
        app.serve(listener);
        app
    }

    async fn starting_at(start: Timestamp, policy: Policy) -> Self {
        Self::served(start, policy, &[]).await
    }

    /// The same, on another database: one named by the configuration.
    pub async fn today_with(policy: Policy, variables: &[(&str, String)]) -> Self {
        Self::served(akkoord_server::clock::SystemClock.now(), policy, variables).await
    }

    async fn served(start: Timestamp, policy: Policy, variables: &[(&str, String)]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut app = Self::build(listener.local_addr().unwrap(), Network::loopback().unwrap(), variables, start).await;
        app.add_organisation(policy).await;
        let router = app.instead.around(http::router(app.app.clone()));
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        app.server = tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        app
    }

    /// The same behind a relay that writes down every byte.
    pub async fn recorded(policy: Policy) -> (Self, Recorder) {
        let front = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let back = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut app = Self::build(front.local_addr().unwrap(), Network::loopback().unwrap(), &[], START).await;
        app.add_organisation(policy).await;
        let recorder = Recorder::between(front, back.local_addr().unwrap());
        let service = http::router(app.app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        app.server = tokio::spawn(async move { axum::serve(back, service).await.unwrap() });
        (app, recorder)
    }

    /// Served by the program's own code: it can be stopped in an orderly way and started again at the same port.
    pub async fn as_a_program() -> Self {
        let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let mut app = Self::build(listener.local_addr().unwrap(), Network::loopback().unwrap(), &[], START).await;
        app.add_organisation(Policy::default()).await;
        app.serve(listener);
        app
    }

    /// Served by the program's own code under TLS, with two names that are no loopback names to anybody.
    pub async fn under_tls(authority: &Authority) -> Self {
        let listener = serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let port = address.port();
        let variables = [
            ("AKKOORD_PUBLIC_URL", format!("https://{}:{port}", authority::LOGIN)),
            ("AKKOORD_PHONE_URL", format!("https://{}:{port}", authority::PHONE)),
            ("AKKOORD_TLS__CERTIFICATE", authority.certificate_file().display().to_string()),
            ("AKKOORD_TLS__KEY", authority.key_file().display().to_string()),
        ];
        let mut app = Self::build(address, authority.network(address), &variables, START).await;
        app.add_organisation(Policy::default()).await;
        app.serve(listener);
        app
    }

    /// The application, not served yet.
    async fn build(address: SocketAddr, network: Network, more: &[(&str, String)], start: Timestamp) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("akkoord-it-{}-{number}", std::process::id()));
        let variables = [
            ("AKKOORD_NAME", "Example School".to_owned()),
            ("AKKOORD_LISTEN", address.to_string()),
            ("AKKOORD_DATA_DIR", folder.display().to_string()),
            ("AKKOORD_TRUSTED_PROXIES", "[\"127.0.0.0/8\"]".to_owned()),
        ];
        let variables: Vec<_> =
            variables.iter().chain(more).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let clock = Arc::new(TestClock(AtomicI64::new(start.0)));
        let outbox = Arc::new(Outbox::default());
        let app = open(&variables, &clock, &outbox).await;
        let server = tokio::spawn(std::future::ready(()));
        let instead = Instead::default();
        Self { app, network, instead, clock, outbox, folder, variables, address, server }
    }

    async fn add_organisation(&self, policy: Policy) {
        let ctx = self.app.own_ctx(Actor::Operator);
        self.app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let name = "Example School".parse().unwrap();
                    account::add_organisation(tx, &ctx, &name, Some("help@example.org".to_owned()), &policy).await
                })
            })
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
    }

    /// Gives the organisation another policy, as an operator does while the server runs.
    pub async fn set_policy(&self, policy: &Policy) {
        let text = serde_json::to_string(policy).unwrap();
        let write = self.app.store.write(move |tx| {
            Box::pin(async move {
                let row = tx.organisations().await?.into_iter().next().unwrap();
                tx.set_organisation_policy(&row.id, &row.policy, &text).await
            })
        });
        let set: Result<bool, StoreError> = write.await;
        assert!(set.unwrap());
    }

    fn serve(&mut self, listener: tokio::net::TcpListener) {
        let app = self.app.clone();
        let tls = app.config.tls.as_ref().map(|section| Tls::load(section).unwrap());
        let serving = Serving { app, listener, tls, clock: None, signals: Signals::take().unwrap() };
        self.server = tokio::spawn(async move { serving.run().await.unwrap() });
    }

    /// Stops the server as a signal would; returns when it has ended.
    pub async fn stop(&mut self) {
        self.app.stop();
        (&mut self.server).await.unwrap();
    }

    /// Starts it again, at the same port and with the same data.
    pub async fn start_again(&mut self) {
        let listener = serve::listen(self.address).unwrap();
        self.app = open(&self.variables, &self.clock, &self.outbox).await;
        self.serve(listener);
    }

    /// What its clock says.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the program's command line is told to work beside this application.
    pub fn environment(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    /// Its clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Puts the clock back.
    pub fn put_back(&self, time: Duration) {
        self.clock.0.fetch_sub(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Moves the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.0.fetch_add(i64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Adds an account of the organisation, with an access pass and an address for notices.
    pub async fn account(&self, name: &str) -> TestAccount {
        self.account_of(name, true).await
    }

    /// The same of a person's own.
    pub async fn personal_account(&self, name: &str) -> TestAccount {
        self.account_of(name, false).await
    }

    async fn account_of(&self, name: &str, of_the_organisation: bool) -> TestAccount {
        let ctx = self.app.own_ctx(Actor::Operator);
        let username = format!("{name}@example.org");
        let typed = username.clone();
        let person: String = name.chars().take(1).flat_map(char::to_uppercase).chain(name.chars().skip(1)).collect();
        let new_pass = access_pass::draw(&ctx).unwrap();
        let (id, pass) = self
            .app
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let organisation = tx.organisations().await?.into_iter().next().unwrap();
                    let policy = account::organisation(organisation.clone())?.policy;
                    let new = account::New {
                        organisation: of_the_organisation.then_some(organisation.id),
                        username: typed.parse().unwrap(),
                        name: person.parse().unwrap(),
                        email: Some(typed),
                        role: Role::Member,
                    };
                    let id = account::add(tx, &ctx, new).await?;
                    let (pass, _) = access_pass::add(tx, &ctx, &id, &policy, new_pass).await?;
                    Ok::<_, StoreError>((id, pass))
                })
            })
            .await
            .unwrap();
        TestAccount { id, username, pass }
    }

    /// Another access pass of an account.
    pub async fn new_pass(&self, account: &TestAccount) -> String {
        let ctx = self.app.own_ctx(Actor::Operator);
        let (id, drawn) = (account.id.clone(), access_pass::draw(&ctx).unwrap());
        let added = self
            .app
            .store
            .write(move |tx| Box::pin(async move { access_pass::add(tx, &ctx, &id, &Policy::default(), drawn).await }));
        added.await.map_err(|error: StoreError| error).unwrap().0
    }

    /// A browser that has not been here.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.network, &self.app.config.public_url)
    }

    /// A browser signed in with the account's access pass.
    pub async fn browser_with_pass(&self, account: &TestAccount) -> Browser {
        let mut browser = self.browser();
        steps::sign_in_with_pass(&mut browser, &account.username, &account.pass).await.unwrap();
        browser
    }

    /// A phone that has claimed an offered enrolment.
    pub async fn claim(&self, offered: &Offered) -> Claimed {
        let link = offered.link.parse().unwrap();
        Candidate::new(&self.network, Invitation::Link(link)).unwrap().claim().await.unwrap()
    }

    /// Enrols a phone, through the page and the real calls.
    pub async fn enrol_with(&self, browser: &mut Browser, unlock: Unlock) -> Phone {
        let offered = steps::add_phone(browser).await.unwrap();
        let mut claimed = self.claim(&offered).await;
        match unlock {
            Unlock::Pin => claimed.set_stretched_pin(&stretched()).await.unwrap(),
            Unlock::Platform => claimed.use_soft_platform().unwrap(),
        }
        let proved = claimed.prove(name("Test phone"), akkoord_protocols::phone::Platform::Terminal).await.unwrap();
        steps::type_digits(browser, &offered, proved.digits().expose()).await.unwrap();
        let connection = proved.connection.clone();
        let account: Account = proved.wait().await.unwrap();
        Phone::new(connection, account)
    }

    /// An account with a phone, and the browser that added it.
    pub async fn account_with_phone(&self, name: &str) -> (TestAccount, Phone, Browser) {
        self.account_with(name, Unlock::Pin).await
    }

    pub async fn account_with(&self, name: &str, unlock: Unlock) -> (TestAccount, Phone, Browser) {
        let account = self.account(name).await;
        let mut browser = self.browser_with_pass(&account).await;
        let phone = self.enrol_with(&mut browser, unlock).await;
        (account, phone, browser)
    }

    /// Starts a sign-in in a new browser. Returns it with the number on its page.
    pub async fn start(&self, account: &TestAccount) -> (Browser, String) {
        let mut browser = self.browser();
        let number = steps::start_sign_in(&mut browser, &account.username).await.unwrap();
        (browser, number)
    }

    /// Does the jobs that are due and returns the mail that was sent so far.
    pub async fn mail(&self) -> Vec<Mail> {
        akkoord_server::jobs::run_due(&self.app).await.unwrap();
        self.outbox.0.lock().unwrap().clone()
    }

    /// The events of the audit, newest first.
    pub async fn audit(&self) -> Vec<String> {
        let filter = akkoord_store::AuditFilter::default();
        let rows = self.app.store.read(move |tx| Box::pin(async move { tx.audit_events(&filter, 200).await })).await;
        rows.map_err(|error: StoreError| error).unwrap().into_iter().map(|row| row.event).collect()
    }
}

/// Sends to the push service on this machine what would go to the browsers' own.
fn push_variables(push: &FakePush) -> [(&'static str, String); 2] {
    let origins: Vec<_> = push.origin_map().iter().map(|(from, to)| format!("\"{from}\" = \"{to}\"")).collect();
    [
        ("AKKOORD_PUSH__TEST_ORIGINS", format!("{{ {} }}", origins.join(", "))),
        ("AKKOORD_PUSH__SERVICES", "[\"ntfy.sh\"]".to_owned()),
    ]
}

/// Opens the application as the program does at its start.
async fn open(variables: &[(String, String)], clock: &Arc<TestClock>, outbox: &Arc<Outbox>) -> App {
    let config = Config::load(None, variables).unwrap();
    let surroundings = Surroundings { clock: clock.clone(), random: system_random(), mailer: Some(outbox.clone()) };
    let store = app::open_store(&config, &surroundings).await.unwrap();
    App::build(config, store, surroundings).await.unwrap()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.app.stop();
        self.server.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A page with a number, but for what differs by chance or by what was typed: the name, the number, tokens and the
/// request's id.
pub fn page_without(html: &str, name: &str, number: &str) -> String {
    let mut html = html.replace(name, "NAME");
    // Only where it is the number: its digits may also stand in a size, a colour or the version of a file.
    for [before, after] in [["data-number=\"", "\""], ["translate=\"no\">", "<"]] {
        html = html.replace(&format!("{before}{number}{after}"), &format!("{before}NN{after}"));
    }
    let spoken = number.chars().map(String::from).collect::<Vec<_>>().join(", ");
    html = html.replace(&spoken, "N, N");
    for start in ["name=\"csrf\" value=\"", "data-csrf=\"", "events?of="] {
        let mut from = 0;
        while let Some(at) = html[from..].find(start) {
            from += at + start.len();
            let to = html[from..].find('"').unwrap() + from;
            html.replace_range(from..to, "");
        }
    }
    html
}

/// How a test phone is unlocked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unlock {
    Pin,
    Platform,
}

pub fn stretched() -> Stretched {
    Stretched::precomputed(STRETCHED)
}

pub fn pin() -> Unlocking<'static> {
    Unlocking::Stretched(stretched())
}

pub fn name(text: &str) -> akkoord_protocols::text::Name {
    text.parse().unwrap()
}
