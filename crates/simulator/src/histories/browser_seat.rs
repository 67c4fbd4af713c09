//! A browser of a person: starts, starts again, gives up, comes back, alone or in several windows at once.

use std::{sync::Arc, time::Duration};

use reqwest::Method;
use tokio::task::JoinSet;

use super::{
    cast::{Person, Stage, state_of},
    chance::Chance,
    record::{Answer, Deed, Made, Span, Who},
};
use crate::browser::{Answer as Page, Browser, BrowserError};

/// A browser and where it is in its sign-in.
pub(super) struct Seat {
    number: usize,
    person: Arc<Person>,
    stage: Arc<Stage>,
    chance: Chance,
    browser: Browser,
    flow: Flow,
    /// Whether its page told that this sign-in is over. The browser has its cookie still.
    is_over: bool,
}

/// What the browser knows of its sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Flow {
    /// There is none.
    None,
    /// There is one, and its page was never seen.
    Unseen,
    /// This request.
    Of(String),
}

const FLOW: &str = "__Host-flow";
const SESSION: &str = "__Host-session";
/// How long somebody waits who got no answer.
const MOMENT: Duration = Duration::from_millis(100);
/// How long an event stream may take for its first event.
const PATIENCE: Duration = Duration::from_secs(5);

impl Seat {
    pub(super) fn new(number: usize, person: &Arc<Person>, stage: &Arc<Stage>, chance: Chance) -> Self {
        let browser = Browser::new(&stage.network, &stage.login);
        let (person, stage) = (Arc::clone(person), Arc::clone(stage));
        Self { number, person, stage, chance, browser, flow: Flow::None, is_over: false }
    }

    /// Does the next thing.
    pub(super) async fn act(&mut self) {
        let Flow::Of(id) = self.flow.clone() else { return self.start().await };
        if self.is_over {
            return self.start().await;
        }
        match self.chance.below(20) {
            0..=6 => self.look(&id).await,
            7..=14 => {
                let windows = if self.chance.one_in(4) { 2 + self.chance.below(9) } else { 1 };
                self.finish(&id, windows).await;
            }
            15..=16 => self.cancel().await,
            17..=18 => self.start().await,
            _ => self.come_as_a_stranger().await,
        }
    }

    fn cookie(&self) -> Option<String> {
        self.browser.cookies.value(FLOW).map(str::to_owned)
    }

    /// Waits a moment after a call without an answer, as the server may be down.
    async fn be_patient(&self, answer: Answer) {
        if answer == Answer::Unknown {
            tokio::time::sleep(MOMENT).await;
        }
    }

    fn note(&self, id: &str, deed: Deed, answer: Answer, span: Span) {
        self.person.note(id, Made { who: Who::Browser(self.number), deed, answer, span });
    }

    /// Types the user name, in the place of a sign-in that may be under way.
    async fn start(&mut self) {
        self.browser.cookies.remove(SESSION);
        match self.browser.open("/signin").await {
            Ok(page) if page.status == 200 && page.path == "/signin" => {}
            _ => return,
        }
        let (old, cookie) = (self.flow.clone(), self.cookie());
        let began = self.stage.recorder.begin();
        let name = self.person.username.clone();
        let answer = self.browser.post("/signin", &[("username", &name)]).await;
        // The cookie comes with the head of the answer: whoever has it was answered, also where the rest was cut off.
        let started = self.cookie() != cookie;
        let refused = answer.as_ref().is_ok_and(|page| self.stage.refuses(page.status));
        if !started && refused {
            return;
        }
        let (answer, span) = if started {
            (Answer::Done, self.stage.recorder.end(began))
        } else {
            (Answer::Unknown, self.stage.recorder.lose(began))
        };
        if let Flow::Of(id) = &old {
            self.note(id, Deed::Supersede, answer, span);
        }
        if started {
            (self.flow, self.is_over) = (Flow::Unseen, false);
            if self.read_number(span).await {
                return;
            }
        }
        self.person.history(|history| history.lost_starts += 1);
        self.be_patient(answer).await;
    }

    /// Looks at the page of a request that was started. False where it was over before anybody saw it.
    async fn read_number(&mut self, span: Span) -> bool {
        for _ in 0..5 {
            match self.browser.open("/signin/approve").await {
                Ok(page) if page.status == 200 => {
                    let of = page.attribute("data-events");
                    let id = of.as_deref().and_then(|path| path.split_once("of=")).map(|(_, id)| id.to_owned());
                    let (Some(id), Some(number)) = (id, page.number()) else { return false };
                    self.note(&id, Deed::Start, Answer::Done, span);
                    self.person.show(&id, number);
                    self.flow = Flow::Of(id);
                    return true;
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        false
    }

    /// Reads the state as the waiting page does.
    async fn look(&mut self, id: &str) {
        let began = self.stage.recorder.begin();
        let read = tokio::time::timeout(PATIENCE, async { self.browser.events("/signin/events").await?.next().await });
        match read.await {
            Ok(Ok(Some(event))) if event.name == "state" => {
                let Some(state) = state_of(event.data.trim()) else { return };
                self.note(id, Deed::Look, Answer::Told(state), self.stage.recorder.end(began));
                self.is_over = state.is_settled() && self.chance.one_in(2);
            }
            Ok(Err(BrowserError::Events(_))) => self.look_whether_it_is_there(id).await,
            _ => {}
        }
    }

    /// The stream did not open: was it the server, or is the sign-in gone? A page with an older number is answered at
    /// once and to the end.
    async fn look_whether_it_is_there(&mut self, id: &str) {
        let began = self.stage.recorder.begin();
        let answer = self.browser.send(Method::GET, "/signin/events?of=another", None, &[]).await;
        if answer.is_ok_and(|answer| answer.status == 404) {
            self.note(id, Deed::Look, Answer::Gone, self.stage.recorder.end(began));
            self.flow = Flow::None;
        }
    }

    /// Comes back, in several windows at once.
    async fn finish(&mut self, id: &str, windows: usize) {
        let (mut tasks, mut last) = (JoinSet::new(), Answer::Done);
        for _ in 0..windows {
            let (mut window, stage) = (self.browser.clone(), Arc::clone(&self.stage));
            tasks.spawn(async move {
                let began = stage.recorder.begin();
                let answer = window.post("/signin/finish", &[]).await;
                let let_in = window.cookies.value(SESSION).is_some();
                let answer = match answer {
                    // As with the start: the cookie has come, whatever became of the rest.
                    _ if let_in => Some(Answer::Done),
                    Ok(page) if page.status == 303 => Some(Answer::Refused(None)),
                    Ok(page) if stage.refuses(page.status) => None,
                    Err(BrowserError::NoForm(_)) => None,
                    _ => Some(Answer::Unknown),
                };
                let is_known = answer != Some(Answer::Unknown);
                (window, answer, if is_known { stage.recorder.end(began) } else { stage.recorder.lose(began) })
            });
        }
        while let Some(Ok((window, answer, span))) = tasks.join_next().await {
            let Some(answer) = answer else { continue };
            self.note(id, Deed::Finish, answer, span);
            last = answer;
            if answer == Answer::Done {
                self.person.let_in(self.number, id, &window);
                self.browser = window;
                self.flow = Flow::None;
            }
        }
        self.be_patient(last).await;
        if self.flow == Flow::None && self.chance.one_in(3) {
            let (person, stage) = (Arc::clone(&self.person), Arc::clone(&self.stage));
            use_session(&stage, &person, self.number, id, &mut self.browser).await;
        }
    }

    async fn cancel(&mut self) {
        let began = self.stage.recorder.begin();
        let answer = self.browser.post("/signin/cancel", &[]).await;
        let (answer, span) = match self.stage.cancelled(&answer) {
            Some(true) => (Answer::Done, self.stage.recorder.end(began)),
            Some(false) => return,
            None => (Answer::Unknown, self.stage.recorder.lose(began)),
        };
        if let Flow::Of(id) = self.flow.clone() {
            self.note(&id, Deed::Cancel, answer, span);
        }
        if answer == Answer::Done || self.cookie().is_none() {
            self.flow = Flow::None;
        }
        self.be_patient(answer).await;
    }

    /// Somebody with an id and without its cookie: an id proves nothing.
    async fn come_as_a_stranger(&mut self) {
        let mut stranger = Browser::new(&self.stage.network, &self.stage.login);
        if stranger.open("/signin").await.is_err() {
            return;
        }
        if self.chance.one_in(2) {
            stranger.cookies.put(FLOW, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        }
        for action in ["/signin/finish", "/signin/cancel"] {
            let _ = stranger.post(action, &[]).await;
        }
        if stranger.cookies.value(SESSION).is_some() {
            self.person.history(|history| history.let_in_without_flow += 1);
        }
    }

    /// Gives up what is under way, now that the server is well again.
    pub(super) async fn settle(&mut self) {
        for _ in 0..20 {
            if self.flow == Flow::None {
                return;
            }
            // The form's token may be of before a sign-in.
            if self.browser.open("/signin").await.is_ok() {
                self.cancel().await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Stage {
    /// Whether a sign-in was cancelled; `None` where nobody knows.
    fn cancelled(&self, answer: &Result<Page, BrowserError>) -> Option<bool> {
        match answer {
            Ok(page) if page.status == 303 => Some(true),
            Ok(page) if self.refuses(page.status) => Some(false),
            Err(BrowserError::NoForm(_)) => Some(false),
            _ => None,
        }
    }
}

/// Opens the account with the session that a request let in.
pub(super) async fn use_session(stage: &Stage, person: &Person, number: usize, id: &str, browser: &mut Browser) {
    let began = stage.recorder.begin();
    let answer = match browser.open("/account").await {
        Ok(page) if page.status == 200 && page.path == "/account" => Answer::Done,
        Ok(page) if page.status == 200 && page.path == "/signin" => Answer::Refused(None),
        _ => return,
    };
    let span = stage.recorder.end(began);
    person.note(id, Made { who: Who::Browser(number), deed: Deed::UseSession, answer, span });
}
