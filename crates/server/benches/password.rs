//! `cargo xtask bench password`: what a password costs as the first step of a sign-in, beside the bare argon2id hash in the
//! same run, one at a time, in a SQLite database on disk.
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
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use akkoord_core::{Actor, ids::SignInId, password::Use, policy::Policy, secret::Token};
use akkoord_server::{
    http::client::Client,
    use_cases::{
        password::{self, By},
        remembered::Remembering,
        sign_in::{self, Signed, StepTried},
        slow_hash,
    },
};
use akkoord_store::{AccountRow, NewSignIn};
use serde_json::json;

use support::TestApp;

const ROUNDS: usize = 40;
const PASSWORD: &str = "tulp Oslo kraan vijver";

#[tokio::main(worker_threads = 2)]
async fn main() {
    let app = TestApp::today(Policy::default()).await;
    let ada = app.account("ada").await;
    let id = ada.id.clone();
    let row = app.app.store.read(move |tx| Box::pin(async move { tx.account(&id).await })).await.unwrap().unwrap();
    let ctx = app.app.own_ctx(Actor::Operator);
    password::set(&app.app, &ctx, &row, PASSWORD, Use::WithSecondStep, By::Person(None)).await.unwrap();
    let (mut bare, mut checked, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let started = Instant::now();
        tokio::task::spawn_blocking(move || slow_hash::hash(&[round as u8; 32], &[7; 16])).await.unwrap().unwrap();
        bare.push(millis(started));
        // Wrong ones are of a name that nobody has, which costs the same and makes nobody wait.
        for (known, typed, times) in [(true, PASSWORD, &mut checked), (false, "tulp Oslo kraan weide", &mut wrong)] {
            let flow = attempt(&app, &row, known).await;
            let client = Client { address: Ipv4Addr::LOCALHOST.into(), browser: None, network: None };
            let signed = Signed { client: &client, browser: None, old: None, remembering: Remembering::default() };
            let ctx = app.app.own_ctx(Actor::Anonymous);
            let started = Instant::now();
            let tried = sign_in::try_password(&app.app, &ctx, &flow, typed, signed).await.unwrap();
            times.push(millis(started));
            assert_eq!(matches!(tried, StepTried::WrongPassword), !known);
        }
    }
    println!("\n  {:<28} {:>10} {:>10} {:>10}", "figure", "median", "min", "max");
    for (name, times) in [("argon2id_ms", &bare), ("password_ms", &checked), ("wrong_password_ms", &wrong)] {
        let sorted = sorted(times);
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        println!("  {name:<28} {:>10.2} {least:>10.2} {most:>10.2}", median(times));
    }
    let over = median(&checked) - median(&bare);
    println!("  {:<28} {over:>10.2} {:>10} {:>10}   aim: at most 2", "password_over_argon2id_ms", "", "");
    println!(
        "{}",
        json!({ "scenario": "password", "figures": {
        "argon2id_ms": median(&bare), "password_ms": median(&checked), "password_over_argon2id_ms": over } })
    );
}

/// A sign-in that asks for the password.
async fn attempt(app: &TestApp, row: &AccountRow, known: bool) -> Token {
    let ctx = app.app.own_ctx(Actor::Anonymous);
    let flow = Token::new(&*ctx.random);
    let new = NewSignIn {
        id: SignInId::new(&*ctx.random),
        flow_hash: flow.hash(),
        username: row.username.clone(),
        account_id: known.then(|| row.id.clone()),
        organisation_id: row.organisation_id.clone(),
        purpose: "signin".to_owned(),
        return_to: None,
        proved: String::new(),
        chosen: Some("password".to_owned()),
        approval_id: None,
        known_browser_at: None,
        created_at: ctx.now,
        expires_at: ctx.now + Duration::from_secs(600),
    };
    app.app.store.write(move |tx| Box::pin(async move { tx.add_sign_in(&new).await })).await.unwrap();
    flow
}

fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn median(values: &[f64]) -> f64 {
    sorted(values)[values.len() / 2]
}
