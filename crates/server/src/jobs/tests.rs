use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use akkoord_core::{Timestamp, ids::JobId};
use akkoord_store::{NewJob, Place};
use futures_util::future::BoxFuture;

use super::*;
use crate::{
    app::{self, Surroundings},
    clock::{Clock, system_random},
    config::Config,
    outbound::mail::{Mail, MailError, Mailer},
};

/// A clock that is moved by hand.
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

/// A mailer that answers as told and keeps what it got.
#[derive(Default)]
struct Recording {
    answers: Mutex<Vec<MailError>>,
    sent: Mutex<Vec<Mail>>,
}

impl Mailer for Recording {
    fn send(&self, mail: Mail) -> BoxFuture<'_, Result<(), MailError>> {
        Box::pin(async move {
            self.sent.lock().unwrap().push(mail);
            self.answers.lock().unwrap().pop().map_or(Ok(()), Err)
        })
    }
}

struct World {
    app: App,
    clock: Arc<Hand>,
    mailer: Arc<Recording>,
    folder: PathBuf,
}

impl World {
    async fn new(name: &str, has_mail: bool) -> Self {
        let folder = std::env::temp_dir().join(format!("akkoord-jobs-{name}-{}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        let setting = ("AKKOORD_DATA_DIR".to_owned(), folder.display().to_string());
        let config = Config::load(None, &[setting]).unwrap();
        let (clock, mailer) = (Arc::new(Hand(AtomicI64::new(1_790_000_000_000))), Arc::new(Recording::default()));
        let surroundings = Surroundings {
            clock: Arc::clone(&clock) as _,
            random: system_random(),
            mailer: has_mail.then(|| Arc::clone(&mailer) as _),
        };
        let store = app::open_store(&config, &surroundings).await.unwrap();
        let app = App::build(config, store, surroundings).await.unwrap();
        Self { app, clock, mailer, folder }
    }

    fn pass(&self, minutes: i64) {
        self.clock.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }

    async fn queue(&self) {
        let ctx = self.app.own_ctx(Actor::System);
        let queued = self.app.store.write(move |tx| {
            Box::pin(
                async move { queue_mail(tx, &ctx, "ada@example.org", "Subject".to_owned(), "Text".to_owned()).await },
            )
        });
        queued.await.unwrap();
    }

    async fn open_jobs(&self) -> i64 {
        self.app.store.read(|tx| Box::pin(async move { tx.count_open_jobs().await })).await.unwrap()
    }

    fn sent(&self) -> usize {
        self.mailer.sent.lock().unwrap().len()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

#[tokio::test]
async fn a_queued_mail_is_sent_once() {
    let world = World::new("once", true).await;
    for _ in 0..6 {
        world.queue().await;
    }
    assert_eq!(run_due(&world.app).await.unwrap(), 6);
    assert_eq!(run_due(&world.app).await.unwrap(), 0);
    assert_eq!((world.sent(), world.open_jobs().await), (6, 0));
    let sent = world.mailer.sent.lock().unwrap();
    assert_eq!(
        (sent[0].to.as_str(), sent[0].subject.as_str(), sent[0].body.as_str()),
        ("ada@example.org", "Subject", "Text")
    );
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_tried_again_with_growing_pauses() {
    let world = World::new("again", true).await;
    world.queue().await;
    *world.mailer.answers.lock().unwrap() = vec![MailError::Temporary("away".to_owned()); 7];
    let mut waited = Vec::new();
    let mut minutes = 0;
    while world.open_jobs().await > 0 {
        if run_due(&world.app).await.unwrap() > 0 {
            waited.push(minutes);
            minutes = 0;
        }
        world.pass(1);
        minutes += 1;
    }
    assert_eq!(waited, [0, 1, 5, 15, 30, 60, 180, 360]);
    assert_eq!(world.sent(), 8);
    let ids: std::collections::BTreeSet<_> =
        world.mailer.sent.lock().unwrap().iter().map(|mail| mail.id.clone()).collect();
    assert_eq!(ids.len(), 1, "each try has one Message-ID");
}

#[tokio::test]
async fn a_mail_is_given_up_after_the_last_try_or_a_final_refusal() {
    let world = World::new("given-up", true).await;
    world.queue().await;
    *world.mailer.answers.lock().unwrap() = vec![MailError::Temporary("away".to_owned()); 8];
    for _ in 0..20 {
        run_due(&world.app).await.unwrap();
        world.pass(6 * 60);
    }
    assert_eq!((world.sent(), world.open_jobs().await), (8, 0));
    *world.mailer.answers.lock().unwrap() = vec![MailError::Permanent("nobody".to_owned())];
    world.queue().await;
    run_due(&world.app).await.unwrap();
    assert_eq!((world.sent(), world.open_jobs().await), (9, 0));
}

#[tokio::test]
async fn a_job_of_a_worker_that_died_is_taken_by_the_next() {
    let world = World::new("died", true).await;
    world.queue().await;
    let now = world.app.clock.now();
    let claimed = world
        .app
        .store
        .write(move |tx| Box::pin(async move { tx.claim_jobs(now, now + CLAIM, Lane::Rest, 4).await }))
        .await;
    assert_eq!(claimed.unwrap().len(), 1);
    assert_eq!(run_due(&world.app).await.unwrap(), 0, "its claim holds");
    world.pass(1);
    assert_eq!(run_due(&world.app).await.unwrap(), 1);
    assert_eq!((world.sent(), world.open_jobs().await), (1, 0));
}

#[tokio::test]
async fn a_job_that_no_try_answers_for_is_given_up_without_another() {
    let world = World::new("poison", true).await;
    world.queue().await;
    for _ in 0..TRIES {
        let now = world.app.clock.now();
        let claimed = world
            .app
            .store
            .write(move |tx| Box::pin(async move { tx.claim_jobs(now, now + CLAIM, Lane::Rest, 4).await }));
        assert_eq!(claimed.await.unwrap().len(), 1);
        world.pass(1);
    }
    run_due(&world.app).await.unwrap();
    assert_eq!((world.sent(), world.open_jobs().await), (0, 0));
}

#[tokio::test]
async fn without_a_mail_server_a_notice_is_dropped_and_an_unknown_kind_waits() {
    let world = World::new("none", false).await;
    world.queue().await;
    let now = world.app.clock.now();
    let id = JobId::new(&*world.app.random);
    let payload = world.app.store.seal().seal(Place::JobPayload, id.as_str(), b"{}");
    let new = NewJob {
        id,
        kind: "of a newer version".to_owned(),
        lane: Lane::Rest,
        subject: None,
        payload,
        run_at: now,
        created_at: now,
    };
    world.app.store.write(move |tx| Box::pin(async move { tx.add_job(&new).await })).await.unwrap();
    assert_eq!(run_due(&world.app).await.unwrap(), 2);
    assert_eq!((world.sent(), world.open_jobs().await), (0, 1));
}

#[tokio::test]
async fn housekeeping_sweeps_and_takes_up_keys_that_were_added() {
    let world = World::new("sweep", false).await;
    let ctx = world.app.own_ctx(Actor::Operator);
    let from = ctx.now + Duration::from_secs(3600);
    let kid =
        crate::use_cases::server_key::roll(&world.app.store, &ctx, &world.app.config.public_url, from).await.unwrap();
    let pinned = |app: &App| {
        app.server_keys()
            .to_pin(app.clock.now())
            .keys
            .iter()
            .any(|key| serde_json::to_string(key).unwrap().contains(&kid))
    };
    assert!(!pinned(&world.app));
    housekeeping::sweep(&world.app).await.unwrap();
    assert!(pinned(&world.app));
}

#[tokio::test]
async fn the_worker_ends_when_the_application_stops() {
    let world = World::new("stop", true).await;
    let worker = tokio::spawn(run(world.app.clone()));
    world.queue().await;
    let sent = async {
        while world.sent() == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), sent).await.expect("the mail is found without being told");
    world.app.stop();
    tokio::time::timeout(Duration::from_secs(2), worker).await.expect("the worker ends").unwrap();
}
