//! Slow hashes of what people type: how they are made, and how many at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use akkoord_store::StoreError;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::{Semaphore, SemaphorePermit};
use zeroize::Zeroizing;

/// Bounds hashing: T-DOS-1.
pub struct Hashing {
    at_once: Arc<Semaphore>,
    queue: Semaphore,
    done: AtomicU64,
}

/// A place in the queue. Who has one is served; it is taken before anything is counted or read, because beyond the queue a
/// try is refused and must have cost its account nothing.
pub struct Place<'a> {
    hashing: &'a Hashing,
    _queued: SemaphorePermit<'a>,
}

/// What a comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It is the one with this hash; with the hash as it would be made now, if that is another.
    Right(Option<String>),
    /// It is not.
    Wrong,
}

/// How many hash at once: each takes 46 MiB.
const AT_ONCE: usize = 2;
/// How many wait for that, so that a flood of guesses holds up nobody for long.
const QUEUE: usize = 128;

impl Default for Hashing {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), queue: Semaphore::new(QUEUE), done: AtomicU64::new(0) }
    }
}

impl Hashing {
    /// A place in the queue, or that it is full.
    pub fn place(&self) -> Result<Place<'_>, StoreError> {
        match self.queue.try_acquire() {
            Ok(queued) => Ok(Place { hashing: self, _queued: queued }),
            Err(_) => Err(StoreError::Unavailable("too many secrets are tried at once".to_owned())),
        }
    }

    /// How many hashes were made so far, for tests: who types a name must not learn from it.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl Place<'_> {
    /// Waits for its turn and runs `work` on a thread of its own. The turn ends with the work, also where nobody waits for it
    /// any more.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.hashing.at_once).acquire_owned().await.map_err(unavailable)?;
        self.hashing.done.fetch_add(1, Ordering::Relaxed);
        let work = move || {
            let result = work();
            drop(turn);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(unavailable)
    }

    /// Hashes a secret with this salt.
    pub async fn hash(&self, secret: Zeroizing<Vec<u8>>, salt: [u8; 16]) -> Result<String, StoreError> {
        self.run(move || hash(&secret, &salt)).await?
    }

    /// Finds the first of `hashes` that is this secret's. The work is that of one hash where there is none.
    pub async fn find(&self, secret: Zeroizing<Vec<u8>>, hashes: Vec<String>) -> Result<Option<usize>, StoreError> {
        self.run(move || {
            if hashes.is_empty() {
                pretend(&secret);
            }
            hashes.iter().position(|kept| is_right(&secret, kept))
        })
        .await
    }

    /// Compares a secret with a hash. Where there is none the same work is done, and it is wrong. A right secret whose hash
    /// was made with other parameters is hashed anew with this salt.
    pub async fn compare(
        &self,
        secret: Zeroizing<Vec<u8>>,
        kept: Option<String>,
        salt: [u8; 16],
    ) -> Result<Compared, StoreError> {
        let compared = self.run(move || {
            let Some(kept) = kept else {
                pretend(&secret);
                return Ok(Compared::Wrong);
            };
            match is_right(&secret, &kept) {
                false => Ok(Compared::Wrong),
                true if is_current(&kept) => Ok(Compared::Right(None)),
                true => Ok(Compared::Right(Some(hash(&secret, &salt)?))),
            }
        });
        compared.await?
    }
}

/// Hashes where nothing else hashes: a command. In the server it is a [`Place`] that does.
pub fn hash(secret: &[u8], salt: &[u8; 16]) -> Result<String, StoreError> {
    let hash = hasher().hash_password_with_salt(secret, salt).map_err(unavailable)?;
    Ok(hash.to_string())
}

fn pretend(secret: &[u8]) {
    // Only its time counts.
    hasher().hash_password_with_salt(secret, &[0; 16]).ok();
}

fn is_right(secret: &[u8], kept: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| hasher().verify_password(secret, &kept).is_ok())
}

/// Whether a hash was made as one would be made now.
fn is_current(kept: &str) -> bool {
    let Ok(kept) = PasswordHash::new(kept) else { return false };
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    kept.algorithm == Algorithm::Argon2id.ident()
        && kept.version == Some(u32::from(Version::V0x13))
        && Params::try_from(&kept).is_ok_and(|params| cost(&params) == cost(&params_now()))
}

fn params_now() -> Params {
    // ASVS 5.0 appendix C. One large block is given back to the system after use; several smaller ones would stay.
    Params::new(47_104, 1, 1, None).unwrap_or(Params::DEFAULT)
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params_now())
}

fn unavailable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn secret(text: &str) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(text.as_bytes().to_vec())
    }

    #[tokio::test]
    async fn a_hash_is_of_one_secret_and_none_costs_the_same() {
        let hashing = Hashing::default();
        let place = hashing.place().unwrap();
        let kept = place.hash(secret("tulip"), [7; 16]).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{kept}");
        let compare = async |typed, kept| place.compare(secret(typed), kept, [8; 16]).await.unwrap();
        for (typed, kept, wanted) in [
            ("tulip", Some(kept.clone()), Compared::Right(None)),
            ("tulips", Some(kept.clone()), Compared::Wrong),
            ("tulip", Some("no hash".to_owned()), Compared::Wrong),
            ("tulip", None, Compared::Wrong),
        ] {
            let before = hashing.done();
            assert_eq!(compare(typed, kept).await, wanted);
            assert_eq!(hashing.done(), before + 1);
        }
        assert_eq!(place.find(secret("tulip"), vec!["x".to_owned(), kept]).await, Ok(Some(1)));
        assert_eq!(place.find(secret("tulip"), Vec::new()).await, Ok(None));
    }

    #[tokio::test]
    async fn a_right_secret_with_a_hash_of_before_gets_one_of_now() {
        let hashing = Hashing::default();
        let place = hashing.place().unwrap();
        let before = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 2, 1, None).unwrap());
        let kept = before.hash_password_with_salt(b"tulip", &[7; 16]).unwrap().to_string();
        let compared = place.compare(secret("tulip"), Some(kept.clone()), [8; 16]).await.unwrap();
        let Compared::Right(Some(new)) = compared else { panic!("{compared:?}") };
        assert_eq!(place.compare(secret("tulip"), Some(new), [9; 16]).await, Ok(Compared::Right(None)));
        assert_eq!(place.compare(secret("rose"), Some(kept), [8; 16]).await, Ok(Compared::Wrong));
    }

    #[tokio::test]
    async fn t_dos_1_who_hangs_up_keeps_the_turn_until_the_hash_is_made() {
        let hashing = Hashing::default();
        let place = hashing.place().unwrap();
        let (go_on, wait) = std::sync::mpsc::channel::<()>();
        let hung_up = tokio::time::timeout(Duration::ZERO, place.run(move || wait.recv().ok())).await;
        assert!(hung_up.is_err(), "the work is under way");
        assert_eq!(hashing.at_once.available_permits(), AT_ONCE - 1);
        drop(go_on);
        let all = u32::try_from(AT_ONCE).unwrap();
        drop(hashing.at_once.acquire_many(all).await.unwrap());
    }

    #[test]
    fn t_dos_1_beyond_the_queue_a_try_is_refused() {
        let hashing = Hashing::default();
        let mut places: Vec<_> = (0..QUEUE).map(|_| hashing.place().unwrap()).collect();
        assert!(matches!(hashing.place().err(), Some(StoreError::Unavailable(_))));
        places.pop();
        assert!(hashing.place().is_ok(), "who is done makes room");
    }
}
