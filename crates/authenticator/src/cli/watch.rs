//! `watch`: waits for requests, shows them, and asks what to answer.

use std::{collections::VecDeque, path::Path, time::Duration};

use akkoord_authenticator::{Happened, Phone, PhoneError, RequestState, Requests, Unlocking, Waiting, Watch};
use akkoord_protocols::{phone::request::Number, text::Id};
use serde_json::json;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    Session, WatchArguments,
    failure::{Failure, state_key},
    moment,
    screen::read_line,
};

/// What a watcher of one account tells.
type News = (Phone, Result<Happened, PhoneError>);

/// A line that somebody may be typing.
type Typing = JoinHandle<Result<String, Failure>>;

/// Watches all chosen accounts.
pub(crate) async fn watch(session: &Session, arguments: &WatchArguments) -> Result<(), Failure> {
    let door = session.door();
    let vault = door.vault().await?;
    let network = door.network()?;
    let accounts = door.chosen(&vault)?;
    if accounts.is_empty() {
        return Err(Failure::usage("accounts.none"));
    }
    let (tell, news) = mpsc::channel(16);
    let mut watchers = tokio::task::JoinSet::new();
    let alive = accounts.len();
    for account in accounts {
        let phone = door.ready(&network, account, &vault)?;
        watchers.spawn(follow(Watch::new(phone), tell.clone()));
    }
    drop(tell);
    session.screen.say_text("watch.waiting", &[]);
    Loop { session, arguments, news, later: VecDeque::new(), typing: None, stale: false, answered: Vec::new(), alive }
        .run()
        .await
}

async fn follow(mut watch: Watch, tell: mpsc::Sender<News>) {
    loop {
        let happened = watch.next().await;
        let over = matches!(happened, Err(_) | Ok(Happened::Removed { .. }));
        if tell.send((watch.phone().clone(), happened)).await.is_err() || over {
            return;
        }
    }
}

struct Loop<'a> {
    session: &'a Session,
    arguments: &'a WatchArguments,
    news: mpsc::Receiver<News>,
    /// What came while a request was being answered.
    later: VecDeque<News>,
    /// Standard input is read by a thread that can't be called back, so a line begun for one request may end after it.
    typing: Option<Typing>,
    /// Whether the line being typed was begun for a request that is over.
    stale: bool,
    answered: Vec<Id>,
    /// Watchers that still run.
    alive: usize,
}

impl Loop<'_> {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let (phone, happened) = match self.later.pop_front() {
                Some(news) => news,
                None => self.next_news().await.ok_or_else(Failure::no_request)?,
            };
            let happened = match happened {
                Ok(Happened::Removed { removed_at, removed_by }) => {
                    self.one_less(Failure::removed(removed_at, &removed_by))?;
                    continue;
                }
                Ok(happened) => happened,
                Err(error) => {
                    self.one_less(error.into())?;
                    continue;
                }
            };
            match self.heed(&phone, happened).await? {
                Some(answered) if self.arguments.once => {
                    return match answered {
                        RequestState::Approved | RequestState::Consumed => Ok(()),
                        RequestState::Denied | RequestState::Reported if self.refuses() => Ok(()),
                        state => Err(Failure::Settled { state }),
                    };
                }
                _ => {}
            }
        }
    }

    /// One account's watch has ended for good; the others go on.
    fn one_less(&mut self, failure: Failure) -> Result<(), Failure> {
        self.alive = self.alive.saturating_sub(1);
        if self.alive == 0 {
            return Err(failure);
        }
        self.session.screen.fail(&failure);
        Ok(())
    }

    async fn next_news(&mut self) -> Option<News> {
        let next = self.news.recv();
        match self.arguments.timeout {
            Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), next).await.unwrap_or(None),
            None => next.await,
        }
    }

    fn refuses(&self) -> bool {
        self.arguments.deny || self.arguments.report
    }

    /// Takes in what happened. Returns how a request ended that was answered here.
    async fn heed(&mut self, phone: &Phone, happened: Happened) -> Result<Option<RequestState>, Failure> {
        let screen = &self.session.screen;
        match happened {
            Happened::Asked(Requests { waiting, unreadable }) => {
                for error in &unreadable {
                    screen.say_text("request.unreadable", &[]);
                    screen.emit(&json!({ "event": "unreadable", "text": error.to_string() }));
                }
                let new = waiting.into_iter().find(|waiting| !self.answered.contains(waiting.id()));
                let Some(waiting) = new else { return Ok(None) };
                let state = self.ask(phone, &waiting).await?;
                // Others may have come in the meantime, and their hints were spent.
                if !self.arguments.once
                    && let Ok(requests) = phone.pending().await
                {
                    self.later.push_back((phone.clone(), Ok(Happened::Asked(requests))));
                }
                Ok(state)
            }
            Happened::Settled { .. } | Happened::Removed { .. } => Ok(None),
            Happened::Offline { again_after, .. } => {
                let seconds = again_after.as_secs().to_string();
                let account = phone.account();
                screen
                    .say_text("watch.offline", &[("account", account.owner.username.as_str()), ("seconds", &seconds)]);
                screen.emit(&json!({ "event": "offline", "seconds": again_after.as_secs() }));
                Ok(None)
            }
        }
    }

    /// Shows a request and carries out the answer.
    async fn ask(&mut self, phone: &Phone, waiting: &Waiting) -> Result<Option<RequestState>, Failure> {
        self.answered.push(waiting.id().clone());
        show(self.session, phone, waiting);
        let screen = &self.session.screen;
        let state = if self.arguments.deny {
            phone.deny(waiting).await?
        } else if self.arguments.report {
            phone.report(waiting).await?
        } else {
            match self.answer(phone, waiting).await {
                Ok(Some(state)) => state,
                Ok(None) => return Ok(None),
                // A script gets its exit code; a person may go on with the next request.
                Err(failure) if self.arguments.once || self.arguments.number_from.is_some() => return Err(failure),
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(failure) => {
                    screen.fail(&failure);
                    if failure.is_unreachable() {
                        // The server has not heard of it, so it is asked for again.
                        self.answered.retain(|id| id != waiting.id());
                    }
                    return Ok(None);
                }
            }
        };
        screen.say_text("watch.told", &[("state", &screen.text(state_key(state)))]);
        screen.emit(
            &json!({ "event": "decided", "request": waiting.id(), "state": format!("{state:?}").to_uppercase() }),
        );
        Ok(Some(state))
    }

    async fn answer(&mut self, phone: &Phone, waiting: &Waiting) -> Result<Option<RequestState>, Failure> {
        let screen = &self.session.screen;
        loop {
            let answer = match self.arguments.number_from.as_deref() {
                Some(file) if file != Path::new("-") => number_file(file)?,
                _ => match self.typed(phone, waiting).await? {
                    Some(line) => line,
                    None => return Ok(None),
                },
            };
            let lower = answer.to_lowercase();
            if lower == screen.text("request.deny_key") {
                return Ok(Some(phone.deny(waiting).await?));
            }
            if lower == screen.text("request.report_key") {
                return Ok(Some(phone.report(waiting).await?));
            }
            let digits = waiting.checked.request.number.digits();
            let fits = answer.len() == digits && answer.bytes().all(|byte| byte.is_ascii_digit());
            if !fits && self.arguments.number_from.is_none() {
                screen.say_text("error.number", &[("digits", &digits.to_string())]);
                continue;
            }
            if !fits {
                return Err(PhoneError::Number { digits }.into());
            }
            match self.approve(phone, waiting, &answer).await {
                Err(PhoneError::WrongPin { left }) if left > 0 && self.arguments.pin_file.is_none() => {
                    screen.fail(&Failure::from(PhoneError::WrongPin { left }));
                }
                result => return Ok(Some(result?)),
            }
        }
    }

    async fn approve(&self, phone: &Phone, waiting: &Waiting, number: &str) -> Result<RequestState, PhoneError> {
        let screen = &self.session.screen;
        let pin = screen.secret(self.arguments.pin_file.as_deref(), &screen.text("prompt.pin")).await;
        // Without a PIN nothing was sent, and the request goes on waiting.
        let Ok(pin) = pin else { return Err(PhoneError::NoUnlock) };
        phone.approve(waiting, number, &Unlocking::Pin(&pin)).await
    }

    /// A line of the person; `None` if the request ended before it came.
    async fn typed(&mut self, phone: &Phone, waiting: &Waiting) -> Result<Option<String>, Failure> {
        let screen = &self.session.screen;
        screen.say("");
        let prompt = match &waiting.checked.request.number {
            Number::Enter { .. } => screen.text("request.ask"),
            Number::Choose { options } => screen.with("request.ask_choose", &[("options", &options.join(", "))]),
        };
        screen.say(prompt.trim_end());
        loop {
            let left = waiting.seconds_left(phone.now());
            let over = tokio::time::sleep(Duration::from_secs(u64::try_from(left).unwrap_or(0)));
            let typing = self.typing.get_or_insert_with(|| tokio::spawn(read_line()));
            let ended = tokio::select! {
                line = typing => {
                    self.typing = None;
                    let line = line.map_err(Failure::defect)??;
                    if std::mem::take(&mut self.stale) {
                        screen.say_text("request.stale", &[]);
                        continue;
                    }
                    return Ok(Some(line));
                }
                () = over => Some(RequestState::Expired),
                news = self.news.recv() => match news {
                    Some((_, Ok(Happened::Settled { request, state }))) if request == *waiting.id() => Some(state),
                    // What else happens waits its turn.
                    Some(news) => {
                        self.later.push_back(news);
                        None
                    }
                    // No watcher is left; why is among what waits.
                    None => {
                        self.stale = true;
                        return Ok(None);
                    }
                },
            };
            if let Some(state) = ended {
                screen.say_text("watch.settled", &[("state", &screen.text(state_key(state)))]);
                screen.emit(&json!({ "event": "settled", "request": waiting.id() }));
                self.stale = true;
                return if self.arguments.once { Err(Failure::Settled { state }) } else { Ok(None) };
            }
        }
    }
}

fn number_file(file: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file(&file.display().to_string(), &error))?;
    Ok(text.trim().to_owned())
}

/// Shows who asks, for what, from where, with which browser, since when, and how long is left.
fn show(session: &Session, phone: &Phone, waiting: &Waiting) {
    let screen = &session.screen;
    let (request, now, account) = (&waiting.checked.request, phone.now(), phone.account());
    let ctx = &request.ctx;
    let from: Vec<&str> = [
        ctx.net.as_ref().map(|name| name.as_str()),
        ctx.place.as_ref().map(|name| name.as_str()),
        ctx.ip.as_ref().map(|address| address.as_str()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let from = if from.is_empty() { screen.text("request.unknown_place") } else { from.join(", ") };
    let known = screen.text(if ctx.known { "request.known" } else { "request.unknown" });
    let browser = ctx.browser.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
    let left = moment::clock(waiting.seconds_left(now));
    let when = format!("{}, {}", moment::ago(screen, ctx.at, now), screen.with("request.left", &[("time", &left)]));
    let text = request.text.as_ref().map(|text| format!(": {text}")).unwrap_or_default();
    let what = format!("{}{text}", screen.text(&format!("op.{}", request.op.as_str())));
    screen.say("");
    for (key, value) in [
        ("request.what", what.as_str()),
        ("request.app", request.app.name.as_str()),
        ("request.account", account.owner.username.as_str()),
        ("request.from", &from),
        ("request.browser", &format!("{browser}{known}")),
        ("request.when", &when),
    ] {
        screen.say(&format!("  {:<9} {value}", screen.text(key)));
    }
    screen.emit(&json!({ "event": "request", "request": request, "seconds_left": waiting.seconds_left(now) }));
}
