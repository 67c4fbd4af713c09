//! What this machine can do at best: signatures, the slower parts on `p256`, and durable writes.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use akkoord_authenticator::{SoftAuthenticator, SystemRandom};
use akkoord_protocols::{
    jose::SigningKey,
    phone::pin::{Blinding, OprfKey},
    webauthn::RelyingParty,
};

use super::{BenchError, report::Report};

/// How long each floor is measured.
const TIME: Duration = Duration::from_millis(700);

/// Measures all floors.
pub(super) fn measure(folder: &Path, report: &mut Report) -> Result<(), BenchError> {
    let broken = |what: &str| BenchError::Wrong(format!("{what} does not work on this machine"));
    let key = SigningKey::generate().map_err(|_| broken("signing"))?;
    let message = [7; 300];
    let signature = key.sign(&message).map_err(|_| broken("signing"))?;
    report.set("floor_es256_verify_per_second", per_second(|| key.public().verify(&message, &signature).is_ok())?);
    report.set("floor_es256_sign_per_second", per_second(|| key.sign(&message).is_ok())?);

    let oprf = OprfKey::new(&SystemRandom).map_err(|_| broken("the VOPRF"))?;
    let blind = || Blinding::new(&SystemRandom, [1; 32].into());
    let blinded = blind().map_err(|_| broken("the VOPRF"))?.blinded;
    report.set("floor_voprf_evaluate_per_second", per_second(|| oprf.evaluate(&SystemRandom, &blinded).is_ok())?);

    let origin = url::Url::parse("http://phone.localhost").map_err(|_| broken("an address"))?;
    let party = RelyingParty::new(std::slice::from_ref(&origin)).map_err(|_| broken("WebAuthn"))?;
    let authenticator = SoftAuthenticator::new(&origin).map_err(|_| broken("WebAuthn"))?;
    let stored = party.register(&[1; 32], &authenticator.register(&[1; 32])).map_err(|_| broken("WebAuthn"))?;
    let assertion = authenticator.assert(&[2; 32]).map_err(|_| broken("WebAuthn"))?;
    let verify = || party.verify(&stored, &[2; 32], &assertion).is_ok();
    report.set("floor_webauthn_verify_per_second", per_second(verify)?);

    let path = folder.join("floor");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let page = [0; 4096];
    report.set(
        "floor_fdatasync_4k_per_second",
        per_second(|| file.write_all(&page).and_then(|()| file.sync_data()).is_ok())?,
    );
    std::fs::remove_file(&path)?;
    report.print_floors();
    Ok(())
}

/// How often something can be done in a second, on one core.
pub(super) fn per_second(mut once: impl FnMut() -> bool) -> Result<f64, BenchError> {
    let (started, mut count) = (Instant::now(), 0_u32);
    while started.elapsed() < TIME {
        if !once() {
            return Err(BenchError::Wrong("a floor can't be measured".to_owned()));
        }
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}
