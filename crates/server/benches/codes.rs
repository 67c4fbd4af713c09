//! `cargo xtask bench codes`: how many verification codes a second, as the second step of a sign-in does it, with 100,000
//! accounts in a SQLite database on disk: the try counted, the code looked at and used up for good, the session and the
//! audit written, all of it flushed before the answer. The password before it is `cargo xtask bench password`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    unused_imports,
    reason = "it stands on what the tests stand on, uses a part of it, and fails as loudly"
)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, Instant},
};

use akkoord_core::{
    Actor, Ctx, Timestamp,
    ids::{AccountId, CodeGeneratorId, OrganisationId, SignInId},
    policy::Policy,
    secret::Token,
};
use akkoord_protocols::otp::{Algorithm, totp};
use akkoord_server::{
    http::client::Client,
    use_cases::{
        remembered::Remembering,
        sign_in::{self, Signed, StepTried},
    },
};
use akkoord_store::{NewAccount, NewCodeGenerator, NewSignIn, Place, Tx};
use serde_json::json;
use tokio::task::JoinSet;

use support::TestApp;

const ACCOUNTS: usize = 100_000;
/// Each account signs in once a run, because each code is good once.
const PER_RUN: usize = 20_000;
const RUNS: usize = 3;
const AT_ONCE: usize = 256;
/// Accounts that one transaction adds.
const CHUNK: usize = 1000;

/// Who has typed the right password and is about to type the code.
struct Waiting {
    flow: Token,
    code: String,
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let app = Arc::new(TestApp::today(Policy::default()).await);
    let organisation = organisation(&app).await;
    println!("adding {ACCOUNTS} accounts with an authenticator each ...");
    let mut waiting = Vec::with_capacity(RUNS * PER_RUN);
    for first in (0..ACCOUNTS).step_by(CHUNK) {
        waiting.extend(add(&app, &organisation, first).await);
    }
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for run in waiting.chunks(PER_RUN).take(RUNS) {
        let (time, cpu) = try_all(&app, run).await;
        let count = run.len() as f64;
        rates.push(count / time.as_secs_f64());
        costs.push(cpu.as_secs_f64() * 1000.0 / count);
    }
    let (rate, cost) = (median(&rates), median(&costs));
    println!("\n  {:<36} {:>10} {:>10} {:>10}", "figure", "median", "min", "max");
    for (name, values, aim) in
        [("code_checks_per_second", &rates, "at least 5000"), ("code_cpu_ms_per_check", &costs, "at most 0.3")]
    {
        let sorted = sorted(values);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        println!("  {name:<36} {:>10.3} {least:>10.3} {most:>10.3}   aim: {aim}", median(values));
    }
    println!(
        "{}",
        json!({ "scenario": "codes", "figures": {
        "code_checks_per_second": rate.round(), "code_cpu_ms_per_check": (cost * 1000.0).round() / 1000.0 } })
    );
}

async fn organisation(app: &TestApp) -> OrganisationId {
    let all = app.app.store.read(|tx| Box::pin(async move { tx.organisations().await })).await.unwrap();
    all.into_iter().next().unwrap().id
}

/// Adds accounts, each with an authenticator and a sign-in whose password was right.
async fn add(app: &TestApp, organisation: &OrganisationId, first: usize) -> Vec<Waiting> {
    let (ctx, inner, organisation) = (app.app.own_ctx(Actor::Operator), app.app.clone(), organisation.clone());
    app.app
        .store
        .write(move |tx| {
            Box::pin(async move {
                let mut waiting = Vec::with_capacity(CHUNK);
                for number in first..first + CHUNK {
                    waiting.push(add_one(tx, &inner, &ctx, &organisation, number).await?);
                }
                Ok::<_, akkoord_store::StoreError>(waiting)
            })
        })
        .await
        .unwrap()
}

async fn add_one(
    tx: &mut Tx,
    app: &akkoord_server::app::App,
    ctx: &Ctx,
    organisation: &OrganisationId,
    number: usize,
) -> Result<Waiting, akkoord_store::StoreError> {
    let (id, generator) = (AccountId::new(&*ctx.random), CodeGeneratorId::new(&*ctx.random));
    let username = format!("person{number:06}@example.org");
    tx.add_account(&NewAccount {
        id: id.clone(),
        organisation_id: Some(organisation.clone()),
        kind: "work".to_owned(),
        username: username.clone(),
        name: format!("Person {number}"),
        email: None,
        role: "user".to_owned(),
        language: None,
        created_at: ctx.now,
    })
    .await?;
    let secret: Vec<u8> = Token::new(&*ctx.random).expose_text().bytes().take(20).collect();
    tx.add_code_generator(&NewCodeGenerator {
        secret: app.store.seal().seal(Place::CodeGeneratorSecret, generator.as_str(), &secret),
        id: generator,
        account_id: id.clone(),
        name: "Authenticator app".to_owned(),
        code_step: 0,
        created_at: ctx.now,
    })
    .await?;
    tx.switch_two_step_on(&id, ctx.now).await?;
    let flow = Token::new(&*ctx.random);
    tx.add_sign_in(&NewSignIn {
        id: SignInId::new(&*ctx.random),
        flow_hash: flow.hash(),
        username,
        account_id: Some(id),
        organisation_id: Some(organisation.clone()),
        purpose: "signin".to_owned(),
        return_to: None,
        proved: "password".to_owned(),
        chosen: Some("password".to_owned()),
        approval_id: None,
        known_browser_at: None,
        created_at: ctx.now,
        expires_at: ctx.now + Duration::from_secs(600),
    })
    .await?;
    let code = totp(&secret, ctx.now.seconds().cast_unsigned(), 30, Algorithm::Sha1, 6).unwrap();
    Ok(Waiting { flow, code })
}

/// Lets all type their codes, [`AT_ONCE`] at any moment. The time and the processor's, this program's own included.
async fn try_all(app: &Arc<TestApp>, all: &[Waiting]) -> (Duration, Duration) {
    let shares = all.len().div_ceil(AT_ONCE);
    let (started, cpu) = (Instant::now(), processor_time());
    let mut tasks = JoinSet::new();
    for share in all.chunks(shares) {
        let share: Vec<(Token, String)> = share.iter().map(|one| (one.flow.clone(), one.code.clone())).collect();
        let app = Arc::clone(app);
        tasks.spawn(async move {
            let client = Client { address: IpAddr::V4(Ipv4Addr::LOCALHOST), browser: None, network: None };
            for (flow, code) in share {
                let ctx = app.app.own_ctx(Actor::Anonymous);
                let signed = Signed { client: &client, browser: None, old: None, remembering: Remembering::default() };
                let tried = sign_in::try_code(&app.app, &ctx, &flow, &code, signed).await.unwrap();
                assert!(matches!(tried, StepTried::SignedIn(..)), "a right code was refused");
            }
        });
    }
    tasks.join_all().await;
    (started.elapsed(), processor_time() - cpu)
}

/// The processor time of this process (proc(5), `stat`, in hundredths of a second).
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: u64 = after_name.split(' ').skip(11).take(2).map(|part| part.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn median(values: &[f64]) -> f64 {
    sorted(values)[values.len() / 2]
}
