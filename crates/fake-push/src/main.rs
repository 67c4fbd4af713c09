//! `akkoord-fake-push`: the push service for trying by hand. It says how to start a browser with it and where a plain
//! subscription is, then tells of each push.

use std::io::{Result, Write as _};

use akkoord_fake_push::{Delivery, FakePush, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let fake = FakePush::start().await?;
    let mut out = std::io::stdout();
    writeln!(out, "Chromium, beside --user-data-dir:\n  {}", fake.chromium_flags().join(" \\\n  "))?;
    writeln!(out, "Firefox, in user.js of its profile:")?;
    for (name, value) in fake.firefox_prefs() {
        writeln!(out, "  user_pref(\"{name}\", {value});")?;
    }
    writeln!(out, "Where these origins lead:")?;
    for (origin, to) in fake.origin_map() {
        writeln!(out, "  {origin} -> {to}")?;
    }
    let plain = fake.subscribe_plain(Service::Own, None)?;
    writeln!(out, "A subscription without a browser:\n  {}", plain.json())?;
    let mut told = 0;
    loop {
        // Nothing for a while is nothing to tell.
        for delivery in fake.wait_for(told + 1).await.unwrap_or_default().iter().skip(told) {
            tell(&mut out, delivery)?;
            told += 1;
        }
        match plain.collect() {
            Ok(messages) => {
                for message in messages {
                    writeln!(out, "  says: {}", String::from_utf8_lossy(&message))?;
                }
            }
            Err(broken) => writeln!(out, "  does not open: {broken}")?,
        }
    }
}

fn tell(out: &mut impl std::io::Write, delivery: &Delivery) -> Result<()> {
    writeln!(out, "{} with {} bytes: {:?}", delivery.target, delivery.body.len(), delivery.outcome)?;
    for name in ["ttl", "urgency", "topic"] {
        if let Some(value) = delivery.header(name) {
            writeln!(out, "  {name}: {value}")?;
        }
    }
    if let Some(claims) = &delivery.claims {
        writeln!(out, "  {claims:?}")?;
    }
    Ok(())
}
