//! Chance that can be had again: the same seed makes the same choices. What the machine does in between it doesn't.

use std::time::Duration;

/// A small generator (SplitMix64: Steele, Lea, Flood, 2014). Nothing secret rests on it.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// From a seed, and whose choices these are.
    pub fn new(seed: u64, whose: u64) -> Self {
        let mut chance = Self(seed ^ whose.wrapping_mul(0xD134_2543_DE82_EF95));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True once in so many times, and never for 0.
    pub fn one_in(&mut self, times: usize) -> bool {
        times > 0 && self.below(times) == 0
    }

    /// One of these.
    pub fn pick<'t, T>(&mut self, of: &'t [T]) -> Option<&'t T> {
        of.get(self.below(of.len()))
    }

    /// A time between two.
    pub fn time(&mut self, least: Duration, most: Duration) -> Duration {
        let span = usize::try_from(most.saturating_sub(least).as_millis()).unwrap_or(usize::MAX);
        least + Duration::from_millis(u64::try_from(self.below(span)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_choices_and_everybody_their_own() {
        let draw = |seed, whose| (0..20).map(move |_| Chance::new(seed, whose).below(1000)).collect::<Vec<_>>();
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
        let mut chance = Chance::new(1, 1);
        let drawn: std::collections::HashSet<usize> = (0..1000).map(|_| chance.below(10)).collect();
        assert_eq!(drawn.len(), 10);
        assert!(!chance.one_in(0) && chance.one_in(1));
        let time = chance.time(Duration::from_millis(5), Duration::from_millis(7));
        assert!((5..7).contains(&time.as_millis()));
    }
}
