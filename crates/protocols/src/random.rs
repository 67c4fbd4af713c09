//! The one door to randomness. This crate draws nothing by itself: whoever calls it brings the source,
//! so that the program has exactly one generator and a test can fix its output.

/// A cryptographic random generator.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Draws `N` random bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut drawn = [0; N];
    random.fill(&mut drawn);
    drawn
}

/// Draws a number from `0..bound`, each equally likely: values of the uneven last stretch are drawn again.
/// `bound` 0 gives 0.
pub fn below(random: &dyn Random, bound: u32) -> u32 {
    if bound == 0 {
        return 0;
    }
    let fair = u32::MAX - u32::MAX % bound;
    loop {
        let drawn = u32::from_be_bytes(bytes(random));
        if drawn < fair {
            return drawn % bound;
        }
    }
}

/// Gives a [`Random`] to libraries that ask for `rand_core` 0.6.
pub(crate) struct Adapter<'r>(pub(crate) &'r dyn Random);

impl rand_core::RngCore for Adapter<'_> {
    fn next_u32(&mut self) -> u32 {
        u32::from_be_bytes(bytes(self.0))
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_be_bytes(bytes(self.0))
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        self.0.fill(dest);
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.0.fill(dest);
        Ok(())
    }
}

impl rand_core::CryptoRng for Adapter<'_> {}
