//! An administrator who removes phones, forgives wrong numbers, and disables accounts for a moment, in the middle of it
//! all.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    cast::{Person, Stage},
    chance::Chance,
    record::{Answer, Deed, Made, Who},
};

pub(super) struct Administrator {
    stage: Arc<Stage>,
    people: Vec<Arc<Person>>,
    chance: Chance,
    /// Phones that may still be removed, each with its account.
    removable: Vec<(usize, usize)>,
}

impl Administrator {
    pub(super) fn new(stage: &Arc<Stage>, people: &[Arc<Person>], chance: Chance) -> Self {
        let phones = |(place, person): (usize, &Arc<Person>)| (1..person.phones.len()).map(move |phone| (place, phone));
        let removable = people.iter().enumerate().flat_map(phones).collect();
        Self { stage: Arc::clone(stage), people: people.to_vec(), chance, removable }
    }

    /// Goes on until then; leaves no account disabled.
    pub(super) async fn act_until(&mut self, until: Instant) {
        loop {
            let pause = self.chance.time(Duration::from_millis(300), Duration::from_millis(2_000));
            tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
            if Instant::now() >= until {
                return;
            }
            let place = self.chance.below(self.people.len());
            match self.chance.below(4) {
                0 if !self.removable.is_empty() => {
                    let (place, phone) = self.removable.swap_remove(self.chance.below(self.removable.len()));
                    self.remove(place, phone).await;
                }
                0..=1 => self.switch_off_and_on(place).await,
                _ => self.unlock(place).await,
            }
        }
    }

    async fn remove(&self, place: usize, phone: usize) {
        let Some(person) = self.people.get(place) else { return };
        let Some(id) = person.phones.get(phone).map(|phone| phone.account().phone.to_string()) else { return };
        let deeds = [Deed::EndApprovalsOf { phone }, Deed::RemovePhone { phone }];
        self.command(person, &["phone", "revoke", &id], &deeds).await;
    }

    async fn switch_off_and_on(&mut self, place: usize) {
        let Some(person) = self.people.get(place).cloned() else { return };
        self.command(&person, &["account", "disable", &person.username], &[Deed::EndAll, Deed::Disable]).await;
        tokio::time::sleep(self.chance.time(Duration::ZERO, Duration::from_millis(400))).await;
        // An account that stayed disabled would end the play for its person.
        for _ in 0..100 {
            if self.command(&person, &["account", "enable", &person.username], &[Deed::Enable]).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Forgives wrong numbers: a few make starts decoys, and a few more lock phone sign-in, and then nothing would be
    /// played any more. Requests that are there stay as they are.
    async fn unlock(&self, place: usize) {
        let Some(person) = self.people.get(place) else { return };
        self.command(person, &["account", "unlock", &person.username], &[]).await;
    }

    /// Runs a command and writes down what it did. One that failed may have done it all the same: a commit to
    /// PostgreSQL whose answer is lost leaves that open. It does nothing more once it has ended.
    async fn command(&self, person: &Person, arguments: &[&str], deeds: &[Deed]) -> bool {
        let began = self.stage.recorder.begin();
        let ran = self.stage.operator.run(arguments).await;
        let span = self.stage.recorder.end(began);
        let answer = if ran.is_ok() { Answer::Done } else { Answer::Unknown };
        let made = |deed: &Deed| Made { who: Who::Administrator, deed: *deed, answer, span };
        person.history(|history| history.administered.extend(deeds.iter().map(made)));
        ran.is_ok()
    }
}
