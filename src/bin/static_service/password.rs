//! Passwords: argon2id off the async threads, a few at a time.
//!
//! By default one hash takes 19 MiB and some 20 ms of a core, so the number that run at once is bounded (memory,
//! and room for introspection), and who would wait too long is told so rather than queued for ever. The
//! memory goes with the turn, not with the thread: other work has threads by the dozen, and the allocator
//! keeps 19 MiB for each one that ever made a hash.

mod cost;
mod rules;
mod stored;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::secret::Secret;
pub(crate) use cost::{Cost, CostArgs};
pub(crate) use rules::{MAX_PASSWORD_BYTES, check_new};
pub(crate) use stored::check_taken_over;
use stored::read_hash;

/// How long a login waits for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Why there is no answer about a password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many hashes are waiting.
    #[error("too many password checks at once")]
    Busy,
    /// The hash itself failed.
    #[error("password hash failed: {0}")]
    Hash(String),
}

/// Makes and checks password hashes.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    cost: Cost,
    /// What an unknown user's password is checked against, so that it takes as long as a known one's.
    decoy: Arc<str>,
    turns: Arc<Semaphore>,
    memories: Memories,
    /// How many wait for their turn, or have it.
    asked: Arc<AtomicUsize>,
}

/// One who waits for a turn, or has it.
struct Asked(Arc<AtomicUsize>);

impl Asked {
    fn of(asked: &Arc<AtomicUsize>) -> Asked {
        asked.fetch_add(1, Ordering::Relaxed);
        Asked(Arc::clone(asked))
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The memory of hashes that were made, for the next ones: at most as many as there are turns.
type Memories = Arc<Mutex<Vec<Vec<Block>>>>;

impl Passwords {
    /// Fails on a cost that argon2 does not take.
    pub(crate) fn new(cost: Cost) -> Result<Passwords, PasswordError> {
        let decoy = hash_now(cost, &Secret::random(), &mut Vec::new())?;
        Ok(Passwords {
            cost,
            decoy: decoy.into(),
            turns: Arc::new(Semaphore::new(hashes_at_once())),
            asked: Arc::default(),
            memories: Memories::default(),
        })
    }

    /// The PHC string of a new password.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        let cost = self.cost;
        self.in_turn(move |memory| hash_now(cost, &password, memory))
            .await
    }

    /// Whether `password` is the one of `stored`. Without a stored one it is not, after as much work.
    pub(crate) async fn verify(
        &self,
        password: Secret,
        stored: Option<String>,
    ) -> Result<bool, PasswordError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let verified = self.in_turn(move |memory| verify_now(&password, &stored, memory));
        Ok(verified.await? && known)
    }

    /// How many wait for their turn, and how many have it.
    pub(crate) fn load(&self) -> (usize, usize) {
        let running = hashes_at_once().saturating_sub(self.turns.available_permits());
        let asked = self.asked.load(Ordering::Relaxed);
        (asked.saturating_sub(running), running)
    }

    /// Whether a stored hash was made at another cost than new ones are.
    pub(crate) fn is_outdated(&self, stored: &str) -> bool {
        PasswordHash::new(stored).is_ok_and(|stored| !self.cost.is_that_of(&stored))
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Vec<Block>) -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let asked = Asked::of(&self.asked);
        let turn = tokio::time::timeout(MAX_WAIT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(PasswordError::Busy);
        };
        // The turn goes along: a client that hangs up does not free it while the hash still runs.
        let memories = Arc::clone(&self.memories);
        let task = tokio::task::spawn_blocking(move || {
            let mut memory = locked(&memories).pop().unwrap_or_default();
            let result = work(&mut memory);
            locked(&memories).push(memory);
            drop((turn, asked));
            result
        });
        task.await.map_err(hash_error)?
    }
}

/// One a core.
pub(crate) fn hashes_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn locked(memories: &Memories) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
    memories.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash_now(
    cost: Cost,
    password: &Secret,
    memory: &mut Vec<Block>,
) -> Result<String, PasswordError> {
    let (argon2, salt) = (cost.argon2()?, Salt::generate());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    hash_into(&argon2, password, &salt, &mut output, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(hash_error)?,
        salt: Some(salt),
        hash: Some(Output::new(&output).map_err(hash_error)?),
    };
    Ok(hash.to_string())
}

fn hash_into(
    argon2: &Argon2<'_>,
    password: &Secret,
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Vec<Block>,
) -> Result<(), PasswordError> {
    memory.resize(argon2.params().block_count(), Block::default());
    let password = password.reveal().as_bytes();
    let hashed = argon2.hash_password_into_with_memory(password, salt, output, memory);
    hashed.map_err(hash_error)
}

fn verify_now(
    password: &Secret,
    stored: &str,
    memory: &mut Vec<Block>,
) -> Result<bool, PasswordError> {
    let (argon2, salt, expected) = read_hash(stored)?;
    let mut found = vec![0; expected.len()];
    hash_into(&argon2, password, &salt, &mut found, memory)?;
    // `Output` compares in constant time.
    Ok(Output::new(&found).map_err(hash_error)? == expected)
}

fn hash_error(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Hash(error.to_string())
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;

    use super::*;

    #[tokio::test]
    async fn the_default_is_argon2id_as_owasp_asks() {
        let passwords = Passwords::new(Cost::OWASP).unwrap();
        let hash = passwords.hash(Secret::new("a".into())).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
    }

    #[tokio::test]
    async fn a_hash_is_checked_at_the_cost_it_was_made_with() {
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
        };
        let passwords = Passwords::new(cheap).unwrap();
        let library = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(64, 3, 2, Some(24)).unwrap(),
        );
        let hash = library.hash_password(b"right").unwrap().to_string();
        let verify = |text: &str| passwords.verify(Secret::new(text.into()), Some(hash.clone()));
        assert!(verify("right").await.unwrap());
        assert!(!verify("wrong").await.unwrap());
        assert!(passwords.is_outdated(&hash));
        let fresh = passwords.hash(Secret::new("right".into())).await.unwrap();
        assert!(!passwords.is_outdated(&fresh));
        let broken = passwords.verify(Secret::new("x".into()), Some("$x$".into()));
        assert!(broken.await.is_err());
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_passes() {
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
        };
        let passwords = Passwords::new(cheap).unwrap();
        let secret = |text: &str| Secret::new(text.to_owned());
        let hash = passwords.hash(secret("right")).await.unwrap();
        assert!(
            passwords
                .verify(secret("right"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(!passwords.verify(secret("wrong"), Some(hash)).await.unwrap());
        assert!(!passwords.verify(secret("right"), None).await.unwrap());
    }
}
