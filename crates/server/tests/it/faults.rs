//! What breaks around the server: it is killed at each step, its disk is full or held by another program, its key is
//! gone, its configuration wrong, the phone's clock off. What it said holds, nothing works twice, and it says what to do.

use std::{
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use akkoord_authenticator::{
    Account, Candidate, EnrolError, Invitation, Network, Phone, PhoneError, Progress, RequestState, SystemRandom,
    Unlocking, Waiting,
};
use akkoord_core::ids::EventId;
use akkoord_protocols::{
    phone::{
        Platform,
        call::{Decide, State},
        decision::{Decision, UnlockedBy, Verdict},
        problem::Code,
    },
    text::Id,
};
use akkoord_server::clock::system_random;
use akkoord_simulator::{
    browser::Browser,
    folder::Folder,
    server::{Ready, Server, ServerError},
    steps::{self, Offered},
};
use akkoord_store::{NewAuditEvent, RootKey, Seal, Store, StoreError};

use crate::support::{TestApp, Unlock, name, pin, stretched};

pub const ADA: &str = "ada@example.org";

fn akkoord() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_akkoord"))
}

/// A port below those that the system gives to connections: nobody takes it while the server is down.
pub fn quiet_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = 20_000 + u16::try_from(std::process::id() % 1_000).unwrap() * 10;
    loop {
        let port = start + NEXT.fetch_add(1, Ordering::SeqCst);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The program on a folder and a port of its own, which it finds again after each power cut.
pub struct Machine {
    folder: Folder,
    port: u16,
    network: Network,
    server: Option<Server>,
}

impl Machine {
    pub async fn new() -> Self {
        let folder = Folder::new("faults").unwrap();
        let mut machine = Self { folder, port: quiet_port(), network: Network::loopback().unwrap(), server: None };
        machine.start().await;
        machine
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub async fn start(&mut self) {
        self.server = Some(Server::start(akkoord(), &self.data(), Some(self.port), &[]).await.unwrap());
    }

    /// Kills the program as a power cut would and starts it again.
    async fn power_cut(&mut self) {
        self.server.take().unwrap().kill();
        self.start().await;
    }

    /// What the running program told.
    pub fn ready(&self) -> &Ready {
        &self.server.as_ref().unwrap().ready
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The running program, to be stopped by the caller.
    pub fn take(&mut self) -> Server {
        self.server.take().unwrap()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.network, &self.ready().login)
    }

    pub fn pass(&self) -> String {
        let accounts = &self.ready().accounts;
        accounts.iter().find(|account| account.username == ADA).unwrap().access_pass.clone().unwrap()
    }

    fn candidate(&self, offered: &Offered) -> Candidate {
        Candidate::new(&self.network, Invitation::Link(offered.link.parse().unwrap())).unwrap()
    }
}

fn refused(result: Result<RequestState, PhoneError>) -> (Code, Option<String>) {
    match result {
        Err(PhoneError::Call(error)) => {
            let problem = error.problem().unwrap();
            (problem.code, problem.state.clone())
        }
        other => panic!("not refused: {other:?}"),
    }
}

async fn oldest(phone: &Phone) -> Waiting {
    phone.pending().await.unwrap().waiting.remove(0)
}

async fn claim_code(candidate: Candidate) -> Option<Code> {
    match candidate.claim().await {
        Err(EnrolError::Call(error)) => error.code(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Enrols a phone, with a power cut after each answer if `cut` says so.
pub async fn enrol(machine: &mut Machine, cut: bool) -> (Phone, Browser) {
    let pass = machine.pass();
    let mut browser = machine.browser();
    steps::sign_in_with_pass(&mut browser, ADA, &pass).await.unwrap();
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let candidate = machine.candidate(&offered);
    if cut {
        machine.power_cut().await;
        browser.open(&offered.path).await.unwrap();
        assert_eq!(browser.page.attribute("data-stage").as_deref(), Some("scan"));
        assert_eq!(browser.page.attribute("data-link"), Some(offered.link.clone()));
        let mut thief = machine.browser();
        assert!(steps::sign_in_with_pass(&mut thief, ADA, &pass).await.is_err(), "the pass is used");
    }
    let mut answer = candidate.send_claim().await.unwrap();
    if cut {
        machine.power_cut().await;
        let again = candidate.send_claim().await.unwrap();
        assert_eq!((&again.offer, &again.t), (&answer.offer, &answer.t));
        assert_eq!(claim_code(machine.candidate(&offered)).await, Some(Code::Taken));
        answer = again;
    }
    let mut claimed = candidate.accept(answer).unwrap();
    claimed.set_stretched_pin(&stretched()).await.unwrap();
    let body = claimed.prove_body(&claimed.enrol_claims(name("Phone"), Platform::Terminal)).unwrap();
    assert_eq!(claimed.send_prove(&body).await.unwrap(), "PROVED");
    if cut {
        machine.power_cut().await;
        assert_eq!(claimed.send_prove(&body).await.unwrap(), "PROVED", "the same message again");
    }
    let proved = claimed.proved(name("Phone"));
    let digits = proved.digits().expose().to_owned();
    steps::type_digits(&mut browser, &offered, &digits).await.unwrap();
    if cut {
        machine.power_cut().await;
        assert!(steps::type_digits(&mut browser, &offered, &digits).await.is_err(), "typed once");
        assert_eq!(claim_code(machine.candidate(&offered)).await, Some(Code::Gone));
    }
    let account = active(proved.state().await.unwrap());
    assert!(account.codes.is_some());
    if cut {
        machine.power_cut().await;
        let again = active(proved.state().await.unwrap()).codes.map(|codes| codes.secret);
        assert_eq!(again, account.codes.as_ref().map(|codes| codes.secret), "the same codes");
    }
    (Phone::new(proved.connection.clone(), account), browser)
}

fn active(progress: Progress) -> Account {
    match progress {
        Progress::Active(account) => *account,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn killed_after_each_step_the_server_loses_nothing_and_repeats_nothing() {
    let mut machine = Machine::new().await;
    let (phone, _) = enrol(&mut machine, true).await;

    let mut browser = machine.browser();
    let number = steps::start_sign_in(&mut browser, ADA).await.unwrap();
    machine.power_cut().await;
    assert_eq!(browser.open("/signin/approve").await.unwrap().number().unwrap(), number);
    let request = oldest(&phone).await;

    let decision = phone.prepare_approval(&request, &number, &pin()).await.unwrap();
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    machine.power_cut().await;
    assert!(phone.pending().await.unwrap().waiting.is_empty());
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved, "the same answer");
    assert_eq!(refused(phone.approve(&request, &number, &pin()).await).0, Code::NotFound, "nothing to unlock");

    browser.open("/signin/approve").await.unwrap();
    let mut second_window = browser.clone();
    steps::finish_sign_in(&mut browser).await.unwrap();
    machine.power_cut().await;
    assert_eq!(browser.open("/account").await.unwrap().path, "/account");
    assert_eq!(steps::signed_in_as(&browser).unwrap(), ADA);
    assert!(steps::finish_sign_in(&mut second_window).await.is_err(), "consumed");
    second_window.open("/account").await.unwrap();
    assert_ne!(second_window.page.path, "/account");
    assert_eq!(refused(phone.deny(&request).await), (Code::AlreadySettled, Some("CONSUMED".to_owned())));
    assert_eq!(phone.own_state().await.unwrap().pin_left, 5);

    let history = phone.history(None).await.unwrap();
    assert_eq!(history.entries.len(), 1);
    assert_eq!(phone.report_past(&history.entries[0].id).await.unwrap(), 1);
    machine.power_cut().await;
    assert_ne!(browser.open("/account").await.unwrap().path, "/account", "what was reported stays out");
}

/// The cut falls anywhere: what was answered holds, and what was not is either done or not, never twice.
#[tokio::test]
async fn killed_in_the_middle_the_server_keeps_what_it_said() {
    let mut machine = Machine::new().await;
    let (phone, _) = enrol(&mut machine, false).await;
    for pause in [0, 1, 2, 3, 4, 6, 9] {
        let mut browser = machine.browser();
        let number = steps::start_sign_in(&mut browser, ADA).await.unwrap();
        let request = oldest(&phone).await;
        let decision = phone.prepare_approval(&request, &number, &pin()).await.unwrap();
        browser.open("/signin/approve").await.unwrap();
        let before = browser.clone();
        let working = {
            let (phone, decision) = (phone.clone(), decision.clone());
            tokio::spawn(async move {
                let decided = phone.decide(&decision).await;
                let finished = match decided {
                    Ok(_) => steps::finish_sign_in(&mut browser).await.is_ok(),
                    Err(_) => false,
                };
                (decided, finished, browser)
            })
        };
        tokio::time::sleep(Duration::from_millis(pause)).await;
        machine.power_cut().await;
        let (decided, finished, mut browser) = working.await.unwrap();
        let state = async || {
            let history = phone.history(None).await.unwrap();
            history.entries.into_iter().find(|entry| entry.id == *request.id()).unwrap().state
        };
        if decided.is_ok() {
            assert!(["APPROVED", "CONSUMED"].contains(&state().await.as_str()), "after {pause} ms");
        }
        // The phone asks again, as it may: the same decision has the same answer, done before or not.
        assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
        if finished {
            assert_eq!(state().await, "CONSUMED");
            assert_eq!(browser.open("/account").await.unwrap().path, "/account", "after {pause} ms");
        }
        let consumed = state().await == "CONSUMED";
        let mut window = before.clone();
        assert_eq!(steps::finish_sign_in(&mut window).await.is_ok(), !consumed, "after {pause} ms");
        let mut window = before;
        assert!(steps::finish_sign_in(&mut window).await.is_err(), "once");
        assert_eq!(state().await, "CONSUMED");
    }
}

/// Starts the program on a folder where it must refuse to; returns what it says.
async fn says_no(data: &Path, port: u16) -> String {
    match Server::start(akkoord(), data, Some(port), &[]).await {
        Err(ServerError::Ended { status, log }) => {
            assert_eq!(status.code(), Some(1), "{log}");
            log
        }
        other => panic!("it did not refuse: {other:?}"),
    }
}

#[tokio::test]
async fn a_taken_port_stops_the_start_before_anything_is_made() {
    let folder = Folder::new("port").unwrap();
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = holder.local_addr().unwrap().port();
    let said = says_no(&folder.join("data"), port).await;
    assert!(said.contains(&format!("127.0.0.1:{port}")) && said.contains("set listen to another port"), "{said}");
    assert!(!folder.join("data").exists());
}

#[test]
fn a_wrong_configuration_names_its_key_and_makes_nothing() {
    let folder = Folder::new("config").unwrap();
    let (file, data) = (folder.join("akkoord.toml"), folder.join("data"));
    for (text, expected) in [
        ("nmae = \"x\"", "unknown field `nmae`"),
        ("listen = \"8080\"", "listen: "),
        ("public_url = \"http://login.example.org\"", "public_url: "),
        ("trusted_proxies = [\"10.0.0.1/8\"]", "trusted_proxies: "),
        ("[log]\nlevel = \"inof\"", "log.level: "),
        ("[database]\nurl = \"mysql://x\"", "database.url: "),
        ("[tls]\ncertificate = \"none.pem\"\nkey = \"none.pem\"", "tls.certificate: "),
    ] {
        std::fs::write(&file, format!("data_dir = {data:?}\n{text}\n")).unwrap();
        let mut command = Command::new(akkoord());
        let ended = command.args(["--json", "--config"]).arg(&file).arg("serve").env_clear().output().unwrap();
        assert_eq!(ended.status.code(), Some(1), "{text}");
        let said: serde_json::Value = serde_json::from_slice(&ended.stderr).unwrap();
        assert!(said["error"].as_str().unwrap().contains(expected), "{text}: {said}");
        assert!(ended.stdout.is_empty() && !data.exists(), "{text}");
    }
}

#[tokio::test]
async fn without_its_own_root_key_the_server_refuses_to_start_and_leaves_the_database_alone() {
    let mut machine = Machine::new().await;
    machine.server.take().unwrap().stop().await.unwrap();
    let (data, port) = (machine.data(), machine.port);
    let (key, database) = (data.join("root.key"), data.join("akkoord.db"));
    let (own, before) = (std::fs::read(&key).unwrap(), std::fs::read(&database).unwrap());
    let write = |bytes: &[u8], mode: u32| {
        std::fs::write(&key, bytes).unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (bytes, mode, expected) in [
        (None, 0, "put the file back from its own backup"),
        (Some(&[9; 32][..]), 0o600, "the root key does not belong to this database"),
        (Some(&own[..31]), 0o600, "has 31 bytes instead of 32"),
        (Some(&own[..]), 0o640, "can be read by others (mode 640): run chmod 600"),
    ] {
        match bytes {
            Some(bytes) => write(bytes, mode),
            None => std::fs::remove_file(&key).unwrap(),
        }
        let said = says_no(&data, port).await;
        assert!(said.contains(expected), "{said}");
        assert_eq!(std::fs::read(&key).ok().as_deref(), bytes, "no key is made or mended");
        assert!(std::fs::read(&database).unwrap() == before, "the database changed: {expected}");
    }
    write(&own, 0o600);
    machine.start().await;
}

async fn pragma(app: &TestApp, sql: &'static str) {
    let done = app.app.store.write(move |tx| Box::pin(async move { tx.query_all(sql, &[]).await.map(drop) })).await;
    done.map_err(|error: StoreError| error).unwrap();
}

/// Adds something large to the database; false where it has no room.
async fn add_bytes(app: &TestApp, size: usize) -> bool {
    let event = NewAuditEvent {
        id: EventId::new(&SystemRandom),
        at: app.app.clock.now(),
        event: "filling".to_owned(),
        actor: "system".to_owned(),
        account_id: None,
        subject: None,
        request_id: "filling".to_owned(),
        detail: "x".repeat(size),
    };
    let added = app.app.store.write(move |tx| Box::pin(async move { tx.add_audit_event(&event).await })).await;
    added.map_err(|error: StoreError| error).is_ok()
}

/// A request waits, the database cannot write until `mend` is called: both sides are told to come back, nothing of what
/// they tried is there, and then it works.
async fn cannot_write(app: &TestApp, spoil: impl AsyncFnOnce(), mend: impl AsyncFnOnce()) {
    let (ada, phone, mut signed_in) = app.account_with("ada", Unlock::Platform).await;
    // Long enough that the next page of a session would mark it as used.
    app.pass(Duration::from_secs(70));
    let (mut browser, number) = app.start(&ada).await;
    let request = oldest(&phone).await;
    let decision = phone.prepare_approval(&request, &number, &Unlocking::Platform).await.unwrap();
    let events = app.audit().await.len();
    spoil().await;
    let Err(PhoneError::Call(akkoord_authenticator::CallError::Refused(busy))) = phone.decide(&decision).await else {
        panic!("it was taken")
    };
    assert_eq!((busy.problem.code, busy.problem.status), (Code::Busy, 503));
    assert!(busy.retry_after.is_some_and(|wait| wait > Duration::ZERO));
    let mut other = app.browser();
    other.open("/signin").await.unwrap();
    let answer = other.post("/signin", &[("username", ADA)]).await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    assert!(answer.body.contains("Please wait a moment"), "{}", answer.body);
    assert!(answer.header("set-cookie").is_none(), "nothing was started");
    assert_eq!(browser.open("/signin/approve").await.unwrap().number(), Some(number), "reading goes on");
    signed_in.open("/account").await.unwrap();
    assert_eq!(steps::signed_in_as(&signed_in).unwrap(), ada.username, "also for who is signed in");
    let answer = signed_in.post("/account/practice", &[]).await.unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("Go to your account"), "{}", answer.body);
    assert_eq!(oldest(&phone).await.id(), request.id(), "and it still waits");

    mend().await;
    let told = app.audit().await;
    assert_eq!(told.iter().filter(|event| *event != "filling").count(), events, "nothing is half written");
    assert_eq!(phone.decide(&decision).await.unwrap(), RequestState::Approved);
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn a_full_database_says_busy_and_goes_on_when_there_is_room() {
    let app = TestApp::new().await;
    // SQLite treats a database that may not grow like one on a full disk. What is free within it is used up first.
    let fill = async || {
        pragma(&app, "PRAGMA max_page_count = 1").await;
        for size in [20_000, 1_000, 100, 1] {
            let mut added = 0;
            while add_bytes(&app, size).await {
                added += 1;
                assert!(added < 100, "it is not full");
            }
        }
    };
    cannot_write(&app, fill, async || pragma(&app, "PRAGMA max_page_count = 1000000").await).await;
}

#[tokio::test]
async fn a_database_that_another_program_holds_says_busy_and_goes_on_when_it_is_free() {
    let app = TestApp::new().await;
    // The usual five seconds only make the test longer.
    pragma(&app, "PRAGMA busy_timeout = 100").await;
    let root = RootKey::load(&app.app.config.root_key_path()).unwrap();
    let seal = Seal::new(&root, system_random());
    let other = Store::open(&app.app.config.database, seal, app.app.clock.now()).await.unwrap();
    let (release, held) = std::sync::mpsc::channel::<()>();
    let (locked, is_locked) = tokio::sync::oneshot::channel();
    let hold = async move || {
        tokio::spawn(async move {
            let write = other.write(move |_| {
                Box::pin(async move {
                    locked.send(()).unwrap();
                    held.recv().ok();
                    Ok::<_, StoreError>(())
                })
            });
            write.await.unwrap();
            other.close().await;
        });
        is_locked.await.unwrap();
    };
    cannot_write(&app, hold, async || release.send(()).unwrap()).await;
}

#[tokio::test]
async fn a_phone_whose_own_clock_is_off_goes_by_the_servers() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    // The test's clock is months away from this machine's already, and now the phone's reckoning is five hours slow.
    app.pass(Duration::from_secs(5 * 3600));
    let (mut browser, number) = app.start(&ada).await;
    let request = oldest(&phone).await;
    assert!((request.checked.request.iat - phone.now()).abs() < 5);
    assert!((110..=120).contains(&request.seconds_left(phone.now())));
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn a_decision_from_another_time_than_its_request_is_refused() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (_browser, _) = app.start(&ada).await;
    let waiting = oldest(&phone).await;
    let account = phone.account();
    let (request, path) = (&waiting.checked.request, format!("requests/{}/decision", waiting.id()));
    let deny = async |iat: i64| {
        let decision = Decision {
            v: 1,
            iss: account.phone.clone(),
            aud: account.server.iss.clone(),
            rid: waiting.id().clone(),
            rh: waiting.checked.hash,
            d: Verdict::Deny,
            number: None,
            unlock: UnlockedBy::None,
            iat,
            jti: Id::new(&SystemRandom),
        };
        let body = Decide { decision: decision.sign(&account.key).unwrap(), evidence: None };
        phone.post::<_, State>(&path, &body).await.map(|state| RequestState::from_wire(&state.state))
    };
    for iat in [request.iat - 61, request.exp + 61, request.iat - 3 * 3600, request.iat + 3 * 3600] {
        assert_eq!(refused(deny(iat).await).0, Code::Invalid, "{iat}");
    }
    assert_eq!(oldest(&phone).await.id(), waiting.id(), "nothing is settled");
    assert_eq!(deny(request.exp + 60).await.unwrap(), RequestState::Denied, "the edge is inside");
}
