//! The people of a play: accounts with their phones and browsers, and an administrator. They act at random, then settle
//! what is open, and leave what was written down for the checker.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use akkoord_authenticator::{Candidate, EnrolError, Invitation, Network, Phone, PhoneError};
use akkoord_core::approval::State;
use akkoord_protocols::phone::{Platform, link::EnrolmentLink};
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use super::{
    administrator::Administrator,
    browser_seat::{self, Seat},
    chance::Chance,
    check::{Event, History},
    operator::{Operator, OperatorError},
    phone_hand::Hand,
    record::{Made, Recorder},
};
use crate::{
    browser::{Browser, BrowserError},
    steps::{self, StepError},
};

/// The server as its people reach it.
pub struct Stage {
    /// The address of its pages.
    pub login: String,
    /// The way there.
    pub network: Network,
    /// Writes down when.
    pub recorder: Recorder,
    /// Its command line.
    pub operator: Operator,
    /// Whether an answer "busy" promises that nothing was changed. With PostgreSQL nobody can tell where the connection
    /// broke during the commit.
    pub busy_changes_nothing: bool,
}

impl Stage {
    /// Whether an answer with this status says for certain that nothing was done.
    pub(super) fn refuses(&self, status: u16) -> bool {
        status < 500 || (status == 503 && self.busy_changes_nothing)
    }
}

/// How a play goes.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// From which all choices follow.
    pub seed: u64,
    /// How long.
    pub time: Duration,
    /// Browsers of each account: more than requests may wait at once.
    pub browsers: usize,
    /// Whether an administrator removes phones and disables accounts.
    pub administrator: bool,
    /// How long somebody pauses between two deeds, at most.
    pub pause: Duration,
    /// How long somebody stays away who leaves in the middle; nobody does if it is zero.
    pub stays_away: Duration,
}

/// An account with its phones.
pub struct Person {
    pub(super) username: String,
    pub(super) phones: Vec<Phone>,
    desk: Mutex<Desk>,
}

/// What a person has before them.
#[derive(Default)]
struct Desk {
    history: History,
    /// The numbers that are on screens, by request.
    screens: BTreeMap<String, String>,
    /// The browsers that were let in, the last few.
    let_in: Vec<(usize, String, Browser)>,
}

/// Why a play could not be held.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The command line.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A page.
    #[error(transparent)]
    Step(#[from] StepError),
    /// An enrolment.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// A phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
    /// Something else.
    #[error("{0}")]
    Wrong(String),
}

impl From<BrowserError> for CastError {
    fn from(error: BrowserError) -> Self {
        Self::Step(error.into())
    }
}

impl Person {
    pub(super) fn history<T>(&self, change: impl FnOnce(&mut History) -> T) -> T {
        change(&mut self.desk.lock().unwrap_or_else(PoisonError::into_inner).history)
    }

    pub(super) fn note(&self, request: &str, made: Made) {
        self.history(|history| history.note(request, made));
    }

    pub(super) fn show(&self, request: &str, number: String) {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.history.requests.entry(request.to_owned()).or_default().number = Some(number.clone());
        desk.screens.insert(request.to_owned(), number);
    }

    pub(super) fn number_on_screen(&self, request: &str) -> Option<String> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner).screens.get(request).cloned()
    }

    pub(super) fn let_in(&self, number: usize, request: &str, browser: &Browser) {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        desk.let_in.push((number, request.to_owned(), browser.clone()));
        let forgotten = desk.let_in.len().saturating_sub(LET_IN_KEPT);
        desk.let_in.drain(..forgotten);
    }

    /// A new account with its phones, over the pages and the protocol.
    async fn enrol(stage: &Stage, username: &str, phones: usize) -> Result<Self, CastError> {
        let added = stage.operator.run(&["account", "add", username, "--name", "Ada"]).await?;
        let pass = added.get("access_pass").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut browser = Browser::new(&stage.network, &stage.login);
        steps::sign_in_with_pass(&mut browser, username, &pass).await?;
        let mut enrolled = Vec::with_capacity(phones);
        for _ in 0..phones {
            enrolled.push(enrol_phone(stage, &mut browser).await?);
        }
        let history = History { account: username.to_owned(), ..History::default() };
        let desk = Mutex::new(Desk { history, ..Desk::default() });
        Ok(Self { username: username.to_owned(), phones: enrolled, desk })
    }
}

impl Person {
    /// Reads the audit, after the sweeper has come by for what has expired: it comes once a minute.
    async fn read_audit(&self, operator: &Operator) -> Result<(), CastError> {
        let asked = Instant::now();
        loop {
            let audit = audit_of(operator, &self.username).await?;
            let is_complete = self.history(|history| {
                history.audit = audit;
                let expired = history.end.iter().filter(|(_, state)| **state == State::Expired);
                let event = |id: &str| Event::Settled(id.to_owned(), State::Expired.as_str().to_owned());
                expired.map(|(id, _)| event(id)).all(|event| history.audit.contains(&event))
            });
            if is_complete || asked.elapsed() > SWEPT_AFTER {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

async fn enrol_phone(stage: &Stage, browser: &mut Browser) -> Result<Phone, CastError> {
    let offered = steps::add_phone(browser).await?;
    let link: EnrolmentLink = offered.link.parse().map_err(EnrolError::Link)?;
    let mut claimed = Candidate::new(&stage.network, Invitation::Link(link))?.claim().await?;
    claimed.use_soft_platform()?;
    let name = "Simulated phone".parse().map_err(|_| CastError::Wrong("a name".to_owned()))?;
    let proved = claimed.prove(name, Platform::Other).await?;
    steps::type_digits(browser, &offered, proved.digits().expose()).await?;
    let connection = proved.connection.clone();
    Ok(Phone::new(connection, proved.wait().await?))
}

/// All who take part.
pub struct Cast {
    stage: Arc<Stage>,
    people: Vec<Arc<Person>>,
    seats: Vec<Seat>,
    /// The first phone of each account is never removed: it reads how everything ended.
    keepers: Vec<Hand>,
}

impl Cast {
    /// Adds accounts of these names, each with so many phones.
    pub async fn enrol(stage: &Arc<Stage>, names: &[String], phones: usize) -> Result<Self, CastError> {
        let mut people = Vec::with_capacity(names.len());
        for name in names {
            people.push(Arc::new(Person::enrol(stage, name, phones).await?));
        }
        Ok(Self { stage: Arc::clone(stage), people, seats: Vec::new(), keepers: Vec::new() })
    }

    /// Lets them act, all at once, for the time of the script.
    pub async fn act(&mut self, script: &Script) {
        let until = Instant::now() + script.time;
        let (mut seats, mut hands, mut administering) = (JoinSet::new(), JoinSet::new(), JoinSet::new());
        for (place, person) in self.people.iter().enumerate() {
            let whose = |number: usize| Chance::new(script.seed, u64::try_from(place * 1000 + number).unwrap_or(0));
            for number in 0..script.browsers {
                let mut seat = Seat::new(number, person, &self.stage, whose(number));
                let mut tempo = Tempo::new(script, until, whose(200 + number));
                seats.spawn(async move {
                    while tempo.goes_on().await {
                        seat.act().await;
                    }
                    seat
                });
            }
            for (number, phone) in person.phones.iter().enumerate() {
                let mut hand = Hand::new(number, phone, person, &self.stage, whose(400 + number));
                let mut tempo = Tempo::new(script, until, whose(600 + number));
                hands.spawn(async move {
                    while tempo.goes_on().await {
                        hand.act().await;
                    }
                    (number == 0).then_some(hand)
                });
            }
        }
        if script.administrator {
            let chance = Chance::new(script.seed, u64::MAX - 1);
            let mut administrator = Administrator::new(&self.stage, &self.people, chance);
            administering.spawn(async move { administrator.act_until(until).await });
        }
        self.seats = seats.join_all().await;
        self.keepers = hands.join_all().await.into_iter().flatten().collect();
        administering.join_all().await;
    }

    /// Ends what is open, reads how everything ended and returns what was written down. The server must be well.
    pub async fn settle(mut self) -> Result<Vec<History>, CastError> {
        for seat in &mut self.seats {
            seat.settle().await;
        }
        for hand in &mut self.keepers {
            hand.settle().await;
            hand.read_ends().await?;
        }
        let mut histories = Vec::with_capacity(self.people.len());
        for person in &self.people {
            let let_in = std::mem::take(&mut person.desk.lock().unwrap_or_else(PoisonError::into_inner).let_in);
            for (number, request, mut browser) in let_in {
                browser_seat::use_session(&self.stage, person, number, &request, &mut browser).await;
            }
            person.read_audit(&self.stage.operator).await?;
            histories.push(person.history(|history| history.clone()));
        }
        Ok(histories)
    }
}

/// The pace of somebody.
struct Tempo {
    until: Instant,
    chance: Chance,
    pause: Duration,
    stays_away: Duration,
}

impl Tempo {
    fn new(script: &Script, until: Instant, chance: Chance) -> Self {
        Self { until, chance, pause: script.pause, stays_away: script.stays_away }
    }

    /// Pauses, and says whether there is time for one more deed.
    async fn goes_on(&mut self) -> bool {
        let away = !self.stays_away.is_zero() && self.chance.one_in(AWAY_ONE_IN);
        let pause = if away { self.stays_away } else { self.chance.time(Duration::ZERO, self.pause) };
        tokio::time::sleep_until(self.until.min(Instant::now() + pause)).await;
        Instant::now() < self.until
    }
}

/// What the audit tells of an account's requests.
async fn audit_of(operator: &Operator, username: &str) -> Result<Vec<Event>, CastError> {
    let told = operator.run(&["audit", "--account", username, "--limit", "10000"]).await?;
    let text = |event: &Value, path: &str| event.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let events = told.as_array().into_iter().flatten().filter_map(|event| match event.get("event")?.as_str()? {
        "request.started" => Some(Event::Started(text(event, "/subject")?)),
        "request.settled" => Some(Event::Settled(text(event, "/subject")?, text(event, "/detail/state")?)),
        "session.started" => Some(Event::Session(text(event, "/detail/request")?)),
        _ => None,
    });
    Ok(events.collect())
}

/// A state from its word on the wire.
pub(super) fn state_of(word: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.wire() == word)
}

/// Browsers that were let in, of which it is looked at the end whether they still are.
const LET_IN_KEPT: usize = 12;
/// After which time the sweeper must have come by.
const SWEPT_AFTER: Duration = Duration::from_secs(70);
/// How often somebody leaves in the middle.
const AWAY_ONE_IN: usize = 8;
