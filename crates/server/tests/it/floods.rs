//! Floods and giants (T-DOS-1): who sends slowly, takes nothing, sends too much or comes too often is refused or cut off,
//! and those beside them are served.

use std::{
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use akkoord_simulator::{browser::PageEvents, steps};

use crate::{
    faults::{ADA, Machine},
    support::{TestApp, pin},
};

/// Longer than any patience of the server.
const LONGER: Duration = Duration::from_secs(50);

fn address(origin: &str) -> SocketAddr {
    let port = url::Url::parse(origin).unwrap().port().unwrap();
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// The head of a request to an address, with these lines in it.
fn head(method: &str, origin: &str, path: &str, lines: &str) -> String {
    let host = origin.strip_prefix("http://").unwrap();
    format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\n{lines}")
}

/// How a connection ended that the server closed.
struct Closed {
    after: Duration,
    answer: String,
}

/// Sends something, then `more` each half second, until the server closes the connection.
fn drip(to: SocketAddr, first: &str, more: &str) -> Closed {
    let mut line = TcpStream::connect(to).unwrap();
    line.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let began = Instant::now();
    line.write_all(first.as_bytes()).unwrap();
    let (mut answer, mut bytes) = (Vec::new(), [0; 65536]);
    while began.elapsed() < LONGER {
        let _ = line.write_all(more.as_bytes());
        match line.read(&mut bytes) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Ok(read) if read > 0 => answer.extend_from_slice(&bytes[..read]),
            _ => return Closed { after: began.elapsed(), answer: String::from_utf8_lossy(&answer).into_owned() },
        }
    }
    panic!("the server waits for ever after {first:?}");
}

/// Asks again and again without reading an answer, until the server closes the connection.
fn take_nothing(to: SocketAddr, request: &str) {
    let mut line = TcpStream::connect(to).unwrap();
    line.set_write_timeout(Some(LONGER)).unwrap();
    let requests = request.repeat(1000);
    let error = loop {
        if let Err(error) = line.write_all(requests.as_bytes()) {
            break error;
        }
    };
    assert!(
        !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "the server waits for ever until its answers are read"
    );
}

#[tokio::test]
async fn t_dos_1_who_sends_slowly_or_reads_nothing_is_cut_off_while_others_are_served() {
    let app = TestApp::as_a_program().await;
    let (login, phone) = (app.app.config.public_url.clone(), app.app.config.phone_url.clone());
    let to = address(&login);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let whole = head("GET", &login, "/static/akkoord.css", "\r\n");
    // What is sent first, what is dripped after it, how long that may take, and how it is answered.
    let slow = [
        (String::new(), "", 35, ""),
        (head("GET", &login, "/signin", "x: "), "x", 35, ""),
        (whole.clone(), "", 35, "HTTP/1.1 200"),
        (whole.clone() + "GET", "T", 35, "HTTP/1.1 200"),
        (head("POST", &login, "/signin", form) + "content-length: 4000\r\n\r\n", "x", 15, "HTTP/1.1 400"),
        (
            head("POST", &login, "/signin", form) + "transfer-encoding: chunked\r\n\r\n",
            "1\r\nx\r\n",
            15,
            "HTTP/1.1 400",
        ),
        (head("POST", &phone, "/phone/v1/nonce", "content-length: 4000\r\n\r\n"), " ", 15, "HTTP/1.1 400"),
    ];
    let mut clients = Vec::new();
    for (first, more, seconds, expected) in slow {
        // Each of them several times, as they would come.
        for _ in 0..16 {
            let first = first.clone();
            clients.push(tokio::task::spawn_blocking(move || {
                let Closed { after, answer } = drip(to, &first, more);
                // With some leave for a machine that is busy.
                assert!(after < Duration::from_secs(seconds + 10), "{after:?} for {first:?}");
                assert!(answer.starts_with(expected), "{first:?} was answered {answer:?}");
            }));
        }
    }
    clients.push(tokio::task::spawn_blocking(move || take_nothing(to, &whole)));
    let began = Instant::now();
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut browser, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "a person signs in meanwhile, in {:?}", began.elapsed());
    for client in clients {
        client.await.unwrap();
    }
}

/// Sends the head and then 64 MiB in pieces, until the server answers or closes the connection. Returns the answer.
fn pour(to: SocketAddr, head: &str, piece: &str) -> String {
    let mut line = TcpStream::connect(to).unwrap();
    line.set_write_timeout(Some(LONGER)).unwrap();
    line.set_read_timeout(Some(LONGER)).unwrap();
    let mut sent = 0;
    if line.write_all(head.as_bytes()).is_ok() {
        while sent < GIANT && line.write_all(piece.as_bytes()).is_ok() {
            sent += piece.len();
        }
    }
    // What is on the way to a reader that left fills the system's buffers, and no more.
    assert!(sent < GIANT, "the server took everything");
    let mut answer = Vec::new();
    let _ = line.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

const GIANT: usize = 64 * 1024 * 1024;

/// The memory of a process in MiB: what it had, and the most since then.
struct Memory {
    process: u32,
    before: u64,
}

impl Memory {
    fn of(process: u32) -> Self {
        // Its start took the most for a moment. What is asked for is counted from here on (`proc(5)`).
        std::fs::write(format!("/proc/{process}/clear_refs"), "5").unwrap();
        let mut memory = Self { process, before: 0 };
        memory.before = memory.most();
        memory
    }

    fn most(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Fails if it took more than this meanwhile.
    fn took_at_most(&self, more: u64) {
        let (before, most) = (self.before, self.most());
        assert!(most <= before + more, "{most} MiB at most, {before} MiB before");
    }
}

#[tokio::test]
async fn t_dos_1_giants_are_refused_and_not_kept() {
    let machine = Machine::new().await;
    let ready = machine.ready().clone();
    let to = address(&ready.login);
    let piece = "x".repeat(65536);
    let chunk = format!("10000\r\n{piece}\r\n");
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let json = "content-type: application/json\r\n";
    let (length, chunked) = ("content-length: 1000000000\r\n\r\n", "transfer-encoding: chunked\r\n\r\n");
    let giants = [
        (head("POST", &ready.login, "/signin", form) + length, &piece, "400"),
        (head("POST", &ready.login, "/signin", form) + chunked, &chunk, "400"),
        (head("POST", &ready.phone, "/phone/v1/enrolments/claim", json) + length, &piece, "400"),
        (head("POST", &ready.phone, "/phone/v1/enrolments/claim", json) + chunked, &chunk, "400"),
        (head("GET", &ready.login, "/signin", "cookie: "), &piece, "431"),
        ("GET /".to_owned(), &piece, "431"),
    ];
    machine.browser().open("/signin").await.unwrap();
    let memory = Memory::of(ready.pid);
    let mut clients = Vec::new();
    for (head, piece, status) in giants {
        for _ in 0..20 {
            let (head, piece) = (head.clone(), piece.clone());
            clients.push(tokio::task::spawn_blocking(move || {
                let answer = pour(to, &head, &piece);
                // Whoever goes on sending may lose the answer to the reset that ends it.
                let told = answer.starts_with(&format!("HTTP/1.1 {status}"));
                assert!(told || answer.is_empty(), "{head:?} was answered {answer:?}");
                told.then_some(head)
            }));
        }
    }
    let mut told = std::collections::HashSet::new();
    for client in clients {
        told.extend(client.await.unwrap());
    }
    assert_eq!(told.len(), 6, "some of each kind read their answer");
    memory.took_at_most(32);
    machine.browser().open("/signin").await.unwrap();
}

#[tokio::test]
async fn t_dos_1_json_of_thousands_of_levels_is_refused() {
    let machine = Machine::new().await;
    let (ready, json) = (machine.ready().clone(), "content-type: application/json\r\n");
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let levels = 60_000 / (open.len() + close.len());
        for body in [open.repeat(levels) + "1" + &close.repeat(levels), format!("{{\"a\":{}", open.repeat(levels))] {
            let lines = format!("{json}connection: close\r\ncontent-length: {}\r\n\r\n", body.len());
            let head = head("POST", &ready.phone, "/phone/v1/enrolments/claim", &lines);
            let to = address(&ready.phone);
            let answer = tokio::task::spawn_blocking(move || exchange(to, &(head + &body)));
            let answer = answer.await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("nested too deeply"), "{answer}");
        }
    }
}

/// Sends a whole request that asks for the connection to be closed, and returns the answer.
fn exchange(to: SocketAddr, request: &str) -> String {
    let mut line = TcpStream::connect(to).unwrap();
    line.set_read_timeout(Some(LONGER)).unwrap();
    line.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    answer
}

/// Soon, or never.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it came soon")
}

async fn is_ended(events: &mut PageEvents) -> bool {
    soon(events.next()).await.unwrap().is_none()
}

#[tokio::test]
async fn t_dos_1_the_ninth_stream_of_a_request_ends_the_first_and_the_others_hear_of_it() {
    let app = TestApp::as_a_program().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let mut screens = Vec::new();
    for _ in 0..9 {
        screens.push(soon(phone.events()).await.unwrap());
    }
    let mut first = screens.remove(0);
    assert!(soon(first.next()).await.unwrap().is_none(), "the phone's oldest stream ends");

    let (mut browser, number) = app.start(&ada).await;
    for screen in &mut screens {
        assert!(soon(screen.next()).await.unwrap().is_some(), "the phone's others hear of the request");
    }
    let mut windows = Vec::new();
    for _ in 0..9 {
        let mut window = browser.events("/signin/events").await.unwrap();
        assert!(soon(window.next()).await.unwrap().is_some_and(|event| event.data == "PENDING"));
        windows.push(window);
    }
    assert!(is_ended(&mut windows.remove(0)).await, "the oldest window's stream ends");
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    for window in &mut windows {
        window.state("approved", Duration::from_secs(10)).await.unwrap();
    }
    steps::finish_sign_in(&mut browser).await.unwrap();
}

#[tokio::test]
async fn t_dos_1_a_flood_of_access_passes_is_told_to_wait_and_takes_bounded_memory() {
    let machine = Machine::new().await;
    let mut stranger = machine.browser();
    stranger.open("/signin").await.unwrap();
    stranger.submit("/signin", &[("username", ADA)]).await.unwrap();
    stranger.open("/signin/access-pass").await.unwrap();
    let memory = Memory::of(machine.ready().pid);
    // As many as are hashed and wait for it, and then as many again.
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..260 {
        let mut window = stranger.clone();
        tries.spawn(async move {
            let answer = window.post("/signin/access-pass", &[("pass", "0000-0000-0000")]).await.unwrap();
            (answer.status, answer.header("retry-after").is_some())
        });
    }
    let answered = soon(tries.join_next()).await.unwrap().unwrap();
    let began = Instant::now();
    let number = steps::start_sign_in(&mut machine.browser(), ADA).await.unwrap();
    assert!(!number.is_empty() && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let mut busy = 0;
    for (status, wait) in std::iter::once(answered).chain(tries.join_all().await) {
        assert!([422, 429, 503].contains(&status), "{status}");
        assert_eq!(status == 503, wait, "who is to come again is told when");
        busy += usize::from(status == 503);
    }
    assert!((100..260).contains(&busy), "{busy} were told to come again");
    // Two are hashed at once, each with 46 MiB.
    memory.took_at_most(2 * 46 + 32);
    steps::sign_in_with_pass(&mut machine.browser(), ADA, &machine.pass()).await.unwrap();
}

#[tokio::test]
async fn t_dos_1_while_too_many_sign_ins_are_begun_strangers_wait_and_known_browsers_do_not() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with_phone("ada").await;
    let (mut known, number) = app.start(&ada).await;
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut known).await.unwrap();
    steps::sign_out(&mut known).await.unwrap();

    let under_way = app.app.starting.try_acquire_many(256).unwrap();
    let mut stranger = app.browser();
    stranger.open("/signin").await.unwrap();
    let answer = stranger.post("/signin", &[("username", &ada.username)]).await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    steps::start_sign_in(&mut known, &ada.username).await.unwrap();
    drop(under_way);
    steps::start_sign_in(&mut stranger, &ada.username).await.unwrap();
}
