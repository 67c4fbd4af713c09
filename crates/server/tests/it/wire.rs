//! What others could read: the line to the phone, the database file, the log. Secrets are planted by the main job and
//! then searched for in every form that they are written in.

use std::{
    io,
    sync::{Arc, Mutex, OnceLock},
};

use akkoord_authenticator::{Phone, Unlocking};
use akkoord_core::policy::{NumberMode, Policy};
use akkoord_protocols::{
    bytes::{decode, encode},
    phone::{
        Platform,
        call::{Empty, Pending},
        pin::stretch,
        problem::Code,
    },
};
use akkoord_simulator::steps;
use akkoord_store::{Place, StoreError};
use serde_json::Value;
use tracing_subscriber::{EnvFilter, fmt};

use crate::support::{TestAccount, TestApp, Unlock, name, pin, recorder::text};

/// A secret and what it is.
type Secret = (&'static str, Vec<u8>);

/// Text with everything in it that is base64url written out behind it: the parts of messages, keys and hashes.
fn unpacked(bytes: &[u8]) -> String {
    let mut all = text(bytes);
    let mut from = 0;
    // What was unpacked may hold more of the kind.
    for _ in 0..2 {
        let part = all[from..].to_owned();
        from = all.len();
        for run in part.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')) {
            if let Some(bytes) = Some(run).filter(|run| run.len() >= 16).and_then(|run| decode(run).ok()) {
                all.push('\n');
                all.push_str(&text(&bytes));
            }
        }
    }
    all
}

fn assert_absent(place: &str, found: &str, secrets: &[Secret]) {
    for (what, secret) in secrets {
        assert!(secret.len() >= 6, "{what} is too short to be searched for");
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        for form in [text(secret), hex, encode(secret)] {
            assert!(!found.contains(&form), "{what} stands in {place}");
        }
    }
}

/// The server's times, in which six digits may come to stand by chance.
fn without_times(mut text: String) -> String {
    while let Some(at) = text.find("18000") {
        let end = (at + 10).min(text.len());
        text.replace_range(at..end, "#");
    }
    text
}

/// The claims of the only request that waits, as sent.
async fn claims(phone: &Phone) -> Value {
    let pending: Pending = phone.post("requests/pending", &Empty {}).await.unwrap();
    assert_eq!(pending.requests.len(), 1);
    serde_json::from_slice(&decode(pending.requests[0].split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Takes a member out of an object.
fn take(claims: &mut Value, member: &str) -> Value {
    claims.as_object_mut().unwrap().remove(member).unwrap()
}

#[tokio::test]
async fn t_num_2_no_byte_to_the_phone_holds_the_number() {
    let (app, recorder) = TestApp::recorded(Policy { number_digits: 6, ..Policy::default() }).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut events = phone.events().await.unwrap();
    let mut browser = app.browser();
    let mut seen = 0;
    for run in 0..40 {
        let number = steps::start_sign_in(&mut browser, &ada.username).await.unwrap();
        steps::number_is_shown(&mut browser).await.unwrap();
        events.next().await.unwrap();
        let request = phone.pending().await.unwrap().waiting.remove(0);
        phone.own_state().await.unwrap();
        match run % 4 {
            0 => drop(phone.approve(&request, &number, &Unlocking::Platform).await.unwrap()),
            1 => drop(phone.deny(&request).await.unwrap()),
            2 => drop(phone.report(&request).await.unwrap()),
            _ => drop(browser.submit("/signin/cancel", &[]).await.unwrap()),
        }
        events.next().await.unwrap();
        phone.history(None).await.unwrap();
        let answered = recorder.phones().answered;
        let told = without_times(unpacked(&answered[seen..]));
        seen = answered.len();
        assert!(told.contains("\"mode\":\"enter\""), "the search sees into the request");
        assert!(!told.contains(&number), "run {run}");
    }
}

#[tokio::test]
async fn t_num_2_requests_with_different_numbers_say_the_same() {
    let app = TestApp::new().await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = app.browser();
    let mut first = None;
    let mut numbers = std::collections::HashSet::new();
    // The clock stands still, so that nothing but the number and chance can differ.
    for _ in 0..40 {
        numbers.insert(steps::start_sign_in(&mut browser, &ada.username).await.unwrap());
        let mut said = claims(&phone).await;
        let (id, n) = (take(&mut said, "jti"), take(&mut said, "n"));
        assert_eq!((id.as_str().unwrap().len(), n.as_str().unwrap().len()), (22, 22));
        assert_eq!(said["number"], serde_json::json!({ "mode": "enter", "digits": 2 }));
        assert_eq!(*first.get_or_insert_with(|| said.clone()), said);
    }
    assert!(numbers.len() > 20, "{numbers:?}");
}

#[tokio::test]
async fn t_num_2_of_three_numbers_none_stands_out() {
    let app = TestApp::with_policy(Policy { number_mode: NumberMode::Choose, ..Policy::default() }).await;
    let (ada, phone, _) = app.account_with("ada", Unlock::Platform).await;
    let mut browser = app.browser();
    let (mut first, mut places) = (None, [0_u32; 3]);
    for _ in 0..90 {
        let number = steps::start_sign_in(&mut browser, &ada.username).await.unwrap();
        let mut said = claims(&phone).await;
        take(&mut said, "jti");
        take(&mut said, "n");
        let asked = take(&mut said, "number");
        let options: Vec<&str> = asked["options"].as_array().unwrap().iter().map(|o| o.as_str().unwrap()).collect();
        assert!(options.iter().all(|option| option.len() == number.len() && !option.starts_with('0')), "{options:?}");
        places[options.iter().position(|option| *option == number).unwrap()] += 1;
        assert_eq!(options.iter().collect::<std::collections::HashSet<_>>().len(), 3);
        assert_eq!(*first.get_or_insert_with(|| said.clone()), said, "the rest says nothing of it");
    }
    // Thirty each, give or take four and a half standard deviations; the even spread itself is tried in core.
    assert!(places.iter().all(|count| (10..=50).contains(count)), "{places:?}");
}

/// Twelve digits, so that none of the searches finds them by chance.
const PIN: &str = "840271635948";

#[tokio::test]
async fn t_pin_2_neither_the_pin_nor_what_it_is_stretched_to_leaves_the_phone() {
    let log = captured_log();
    let (app, recorder) = TestApp::recorded(Policy::default()).await;
    let ada = app.account("ada").await;
    let mut browser = app.browser_with_pass(&ada).await;
    let offered = steps::add_phone(&mut browser).await.unwrap();
    let mut claimed = app.claim(&offered).await;
    claimed.set_pin(PIN).await.unwrap();
    let proved = claimed.prove(name("Phone"), Platform::Terminal).await.unwrap();
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    let phone = Phone::new(proved.connection.clone(), proved.wait().await.unwrap());

    let record = phone.account().pin.clone().unwrap();
    let stretched = stretch(PIN, &record.salt.0);
    for unlocking in
        [Unlocking::Pin(PIN), Unlocking::Stretched(akkoord_authenticator::Stretched::precomputed(*stretched))]
    {
        let (mut browser, number) = app.start(&ada).await;
        let request = phone.pending().await.unwrap().waiting.remove(0);
        phone.approve(&request, &number, &unlocking).await.unwrap();
        steps::finish_sign_in(&mut browser).await.unwrap();
    }
    let secrets = [
        ("the PIN", PIN.as_bytes().to_vec()),
        ("the stretched PIN", stretched.to_vec()),
        ("the phone's half of the wrapping key", record.local.0.to_vec()),
        ("the salt", record.salt.0.to_vec()),
        ("the wrapped key", decode(&record.wrapped).unwrap()),
    ];
    let line = recorder.all();
    let sent = text(&line.sent);
    let mut blinded: Vec<&str> = sent.split("\"blinded\":\"").skip(1).map(|rest| &rest[..44]).collect();
    assert_eq!(blinded.len(), 3, "the search sees what is sent");
    blinded.sort_unstable();
    blinded.dedup();
    assert_eq!(blinded.len(), 3, "evaluations of one PIN look alike");
    assert_absent("what was sent", &unpacked(&line.sent), &secrets);
    assert_absent("what was answered", &unpacked(&line.answered), &secrets);
    assert_absent("the database", &unpacked(&database(&app)), &secrets);
    assert_absent("the log", &log.text(), &secrets);
}

/// The bytes of the database and its side files.
fn database(app: &TestApp) -> Vec<u8> {
    let files = std::fs::read_dir(&app.app.config.data_dir).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("akkoord.db"));
    files.flat_map(|path| std::fs::read(path).unwrap()).collect()
}

/// The main job from the access pass to the signed-in browser, with everything secret that it met.
async fn main_job(app: &TestApp, person: &str) -> (TestAccount, Phone, Vec<Secret>) {
    let ada = app.account(person).await;
    let mut secrets: Vec<Secret> = vec![("the access pass", ada.pass.clone().into_bytes())];
    secrets.push(("the access pass without hyphens", ada.pass.replace('-', "").into_bytes()));
    let mut keep = |what: &'static str, secret: &[u8]| secrets.push((what, secret.to_vec()));
    let mut browser = app.browser();
    browser.open("/signin").await.unwrap();
    let form = browser.cookies.value("__Host-form").unwrap().to_owned();
    keep("the form cookie", &decode(&form).unwrap());
    steps::sign_in_with_pass(&mut browser, &ada.username, &ada.pass).await.unwrap();
    let session = browser.cookies.value("__Host-session").unwrap().to_owned();
    keep("the session of the pass", &decode(&session).unwrap());
    let offered = steps::add_phone(&mut browser).await.unwrap();
    keep("the enrolment token", &decode(offered.link.split('.').rev().nth(1).unwrap()).unwrap());
    keep("the typed code", offered.code.as_bytes());
    keep("the typed code without hyphen", offered.code.replace('-', "").as_bytes());
    let mut claimed = app.claim(&offered).await;
    keep("the claim token", &claimed.token.0);
    claimed.set_stretched_pin(&crate::support::stretched()).await.unwrap();
    let proved = claimed.prove(name("Phone"), Platform::Terminal).await.unwrap();
    keep("the six digits", proved.digits().expose().as_bytes());
    steps::type_digits(&mut browser, &offered, proved.digits().expose()).await.unwrap();
    let phone = Phone::new(proved.connection.clone(), proved.wait().await.unwrap());
    keep("the secret of the codes", &phone.account().codes.clone().unwrap().secret.0);

    let (mut browser, number) = app.start(&ada).await;
    keep("the flow cookie", &decode(browser.cookies.value("__Host-flow").unwrap()).unwrap());
    let request = phone.pending().await.unwrap().waiting.remove(0);
    phone.approve(&request, &number, &pin()).await.unwrap();
    steps::finish_sign_in(&mut browser).await.unwrap();
    keep("the session", &decode(browser.cookies.value("__Host-session").unwrap()).unwrap());
    keep("the known-browser cookie", &decode(browser.cookies.value("__Host-browser").unwrap()).unwrap());

    let id = akkoord_core::ids::PhoneId::try_from(phone.account().phone.to_string()).unwrap();
    let wanted = id.clone();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.phone(&wanted).await })).await;
    let sealed = row.map_err(|error: StoreError| error).unwrap().unwrap().oprf_key.unwrap();
    let oprf = app.app.store.seal().open(Place::PhoneOprfKey, id.as_str(), &sealed).unwrap();
    keep("the key that hardens the PIN", &oprf);
    keep("the root key", &std::fs::read(app.app.config.root_key_path()).unwrap());
    for mail in app.mail().await {
        let link = mail.body.split("/not-me/").nth(1).map(|rest| rest.split_whitespace().next().unwrap().to_owned());
        if let Some(link) = link {
            keep("the link that undoes the phone", &decode(&link).unwrap());
        }
    }
    // Not a secret of the database, which has to compare it.
    secrets.push((NUMBER, number.into_bytes()));
    (ada, phone, secrets)
}

const NUMBER: &str = "the number on the screen";

#[tokio::test]
async fn t_db_1_the_database_of_a_main_job_holds_nothing_that_could_be_used() {
    let app = TestApp::with_policy(Policy { number_digits: 6, ..Policy::default() }).await;
    let (ada, _, mut secrets) = main_job(&app, "ada").await;
    assert!(secrets.iter().any(|(what, _)| *what == "the link that undoes the phone"), "it was mailed");
    secrets.retain(|(what, _)| *what != NUMBER);
    let dump = unpacked(&database(&app));
    assert!(dump.contains(&ada.username) && dump.contains(ada.id.as_str()), "the search finds what is there");
    assert_absent("the database", &dump, &secrets);
}

#[tokio::test]
async fn t_log_1_the_log_of_a_main_job_holds_no_secret_and_no_address() {
    let log = captured_log();
    let app = TestApp::with_policy(Policy { number_digits: 6, ..Policy::default() }).await;
    let (planted, phone, secrets) = main_job(&app, "planted").await;
    // What goes wrong is logged with its cause, and the cause must be as silent.
    let (mut browser, _) = app.start(&planted).await;
    app.app.store.close().await;
    let failed = phone.pending().await.unwrap_err();
    assert!(
        matches!(&failed, akkoord_authenticator::PhoneError::Call(error) if error.code() == Some(Code::Busy)),
        "{failed:?}"
    );
    assert_eq!(browser.open("/signin/approve").await.unwrap().status, 503);
    let log = log.text();
    for logged in ["a call of a phone failed", "a page could not be answered"] {
        assert!(log.contains(logged), "the log is caught");
    }
    assert_absent("the log", &log, &secrets);
    assert!(!log.contains("planted"), "the log names a person");
}

/// What this process logs, at every level, our libraries included.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        unpacked(&self.0.lock().unwrap())
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of all tests of this process from now on: what a subscriber of one thread catches would lack the
/// database's own thread.
fn captured_log() -> Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    let log = LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let builder = fmt().with_env_filter(EnvFilter::new("trace")).with_ansi(false).without_time();
        builder.with_writer(move || writer.clone()).try_init().unwrap();
        log
    });
    log.clone()
}
