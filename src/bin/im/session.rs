//! Who holds a device's session at the broker, and how to get it.
//!
//! The client id is the device's, so a second connection throws the first one out. Therefore one `im`
//! at a time connects for a profile: it holds `session.lock`. A listening `im` holds it all along and
//! publishes for the others through its control socket.

use std::fs::File;
use std::time::Duration;

use mosquitto_enterprise_push::client::PersonalKey;
use tokio::time::{Instant, sleep};

use crate::clock;
use crate::control::ControlClient;
use crate::failure::Failure;
use crate::link::{Link, Purpose};
use crate::profile::Profile;
use crate::store::{Store, StoreError};

/// How often a lock that another holds is tried.
pub(crate) const LOCK_POLL: Duration = Duration::from_millis(50);
/// The pause between attempts to connect while a command waits.
const CONNECT_RETRY: Duration = Duration::from_millis(300);

/// A profile in use.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) profile: Profile,
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
    /// The personal key, once known.
    pub(crate) key: Option<PersonalKey>,
    /// How much history may be kept; 0 for none.
    pub(crate) history_bytes: u64,
}

/// The right to connect; given up when dropped.
#[derive(Debug)]
pub(crate) struct SessionLock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// The way to the broker.
pub(crate) enum Door {
    /// Through the `im` that is listening.
    Listening(ControlClient),
    /// By a connection of our own.
    Free(SessionLock),
}

impl Context {
    pub(crate) fn new(store: Store, profile: Profile, timeout: Duration) -> Context {
        Context {
            store,
            profile,
            timeout,
            key: None,
            history_bytes: 0,
        }
    }

    /// Finds the way to the broker; waits while another short command is at it.
    pub(crate) async fn door(&self) -> Result<Door, Failure> {
        let deadline = Instant::now() + self.timeout;
        let socket = self.store.control_socket(&self.profile.session)?;
        loop {
            if let Some(client) = ControlClient::connect(&socket).await {
                return Ok(Door::Listening(client));
            }
            if let Some(lock) = self.try_lock()? {
                return Ok(Door::Free(lock));
            }
            if Instant::now() >= deadline {
                let text = format!(
                    "another im holds the session of {} and does not answer",
                    self.profile.session
                );
                return Err(Failure::TimedOut(text));
            }
            sleep(LOCK_POLL).await;
        }
    }

    /// Connects, trying again until the time is up when the trouble may pass, and with a new login
    /// token when the old one is refused.
    pub(crate) async fn connect(&mut self, purpose: Purpose) -> Result<Link, Failure> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let left = || deadline.saturating_duration_since(Instant::now());
            match self.connect_once(purpose, left()).await {
                // The last attempt gets some time too, so that it ends with what is the matter.
                Err(Failure::Link(error)) if error.is_passing() && left() > CONNECT_RETRY * 2 => {
                    sleep(CONNECT_RETRY).await;
                }
                result => return result,
            }
        }
    }

    /// One attempt to connect; a refused token is replaced once, and one that is about to expire before.
    pub(crate) async fn connect_once(
        &mut self,
        purpose: Purpose,
        timeout: Duration,
    ) -> Result<Link, Failure> {
        let timeout = timeout.max(Duration::from_millis(1));
        let mut is_new = false;
        if self.profile.token_expires_by(clock::now_ms() / 1000) {
            is_new = self.renew_before_time().await?;
        }
        match Link::open(&self.profile, purpose, timeout).await {
            Err(error) if error.is_bad_token() && !is_new => {}
            result => return Ok(result?),
        }
        self.renew_token().await?;
        Ok(Link::open(&self.profile, purpose, timeout).await?)
    }

    /// While the static service is away the old token may still do: clocks differ.
    async fn renew_before_time(&mut self) -> Result<bool, Failure> {
        match self.renew_token().await {
            Err(Failure::Service(error)) if error.is_temporary() => Ok(false),
            result => result.map(|()| true),
        }
    }

    fn try_lock(&self) -> Result<Option<SessionLock>, StoreError> {
        let lock = self.store.try_lock_session(&self.profile.session)?;
        Ok(lock.map(SessionLock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Kind, tests::alice};

    #[tokio::test]
    async fn only_one_gets_the_session_and_the_next_when_it_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Some(dir.path().to_owned())).unwrap();
        let profile = alice(Kind::Pc);
        store.save(&profile).unwrap();
        let context = Context::new(store, profile, Duration::from_millis(120));
        let Door::Free(lock) = context.door().await.unwrap() else {
            panic!("nobody listens");
        };
        assert!(matches!(context.door().await, Err(Failure::TimedOut(_))));
        drop(lock);
        assert!(matches!(context.door().await, Ok(Door::Free(_))));
    }
}
