//! Who holds a device's session at the broker, and how to get it.
//!
//! The client id is the device's, so a second connection throws the first one out. Therefore one `im`
//! at a time connects for a profile: it holds `session.lock`. A listening `im` holds it all along and
//! publishes for the others through its control socket.

use std::fs::{File, TryLockError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::control::ControlClient;
use crate::failure::Failure;
use crate::link::{Link, Purpose};
use crate::profile::Profile;
use crate::static_service::StaticService;
use crate::store::{Store, StoreError, open_private};

/// How often a lock that another holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(50);
/// The pause between attempts to connect while a command waits.
const CONNECT_RETRY: Duration = Duration::from_millis(300);

/// A profile in use.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) profile: Profile,
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
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

    /// One attempt to connect; a refused token is replaced once.
    pub(crate) async fn connect_once(
        &mut self,
        purpose: Purpose,
        timeout: Duration,
    ) -> Result<Link, Failure> {
        let timeout = timeout.max(Duration::from_millis(1));
        match Link::open(&self.profile, purpose, timeout).await {
            Err(error) if error.is_bad_token() => {}
            result => return Ok(result?),
        }
        self.renew_token().await?;
        Ok(Link::open(&self.profile, purpose, timeout).await?)
    }

    /// Takes the token of a newer login, if there was one; else fetches a new token and keeps it.
    async fn renew_token(&mut self) -> Result<(), Failure> {
        let kept = self.store.load(Some(self.profile.session.as_str()))?;
        if kept.grant.token != self.profile.grant.token {
            self.profile = kept;
            return Ok(());
        }
        let profile = &mut self.profile;
        let service = StaticService::new(
            &profile.static_url,
            profile.ca_file.as_deref(),
            self.timeout,
        )?;
        profile.grant = service
            .token(&profile.session_token, &profile.session, profile.kind)
            .await?;
        self.store.save(profile)?;
        Ok(())
    }

    fn try_lock(&self) -> Result<Option<SessionLock>, StoreError> {
        let path = self
            .store
            .profile_dir(&self.profile.session)
            .join("session.lock");
        let file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(SessionLock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::Io(path, error)),
        }
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
        let context = Context {
            store,
            profile,
            timeout: Duration::from_millis(120),
        };
        let Door::Free(lock) = context.door().await.unwrap() else {
            panic!("nobody listens");
        };
        assert!(matches!(context.door().await, Err(Failure::TimedOut(_))));
        drop(lock);
        assert!(matches!(context.door().await, Ok(Door::Free(_))));
    }
}
