//! The one generator of this crate.

use akkoord_protocols::random::Random;
use aws_lc_rs::rand::SecureRandom;

/// The system's random generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the generator that everything else in the crate is handed")]
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::SystemRandom::new().fill(bytes).is_err() {
            // Keys and nonces from a generator that failed would be worse than no program.
            std::process::abort();
        }
    }
}
