//! The credentials of a profile in use: which is renewed when, by whom, and how none is lost.
//!
//! A refresh token is good once, so one process at a time refreshes: it holds `refresh.lock`, looks first whether
//! another has done it meanwhile, and has the new token on disk before anything else happens. Until then the
//! old one stands there, and the static service takes that again while the new one is unused: neither a lost
//! answer nor a crash loses the login.

use std::time::Duration;

use mosquitto_enterprise_push::client::{
    ClientError, LoginToken, PersonalKey, Secret, SignedIn, StaticService,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::control::ControlClient;
use crate::failure::Failure;
use crate::key_cache;
use crate::session::{Context, LOCK_POLL};
use crate::static_service;
use crate::wire::control::{ControlAnswer, KeyText};

/// How often a refresh is tried before its caller hears of the trouble.
const ATTEMPTS: u32 = 3;
/// The pause after the first attempt; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How long the program waits at its end for a refresh that is under way.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(3);

/// Taken by the refresh that is under way.
static REFRESHING: Semaphore = Semaphore::const_new(1);

/// Lets a refresh that is under way end, before the program does.
pub(crate) async fn settle() {
    let _ = timeout(SETTLE_TIMEOUT, REFRESHING.acquire()).await;
}

/// What a caller lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    LoginToken,
    Session,
    PersonalKey,
}

/// Where a personal key comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// Remembered; the password may have been changed since.
    Remembered,
    /// From the static service, now.
    Service,
}

impl Context {
    /// The profile's static service.
    pub(crate) fn service(&self) -> Result<StaticService, Failure> {
        let (profile, timeout) = (&self.profile, self.timeout);
        let opened = static_service::open(&profile.static_url, profile.ca_file.as_deref(), timeout);
        Ok(opened?)
    }

    /// Calls the static service with the session's token; once more with a new one if it is over.
    pub(crate) async fn with_session<T, Answer>(
        &mut self,
        call: impl Fn(StaticService, Secret) -> Answer,
    ) -> Result<T, Failure>
    where
        Answer: Future<Output = Result<T, ClientError>>,
    {
        let service = self.service()?;
        match call(service.clone(), self.profile.session_token.clone()).await {
            Err(error) if error.is_session_over() && self.profile.refresh_token.is_some() => {}
            result => return Ok(result?),
        }
        self.renew(Need::Session).await?;
        Ok(call(service, self.profile.session_token.clone()).await?)
    }

    /// Gets a login token in place of one that was refused or is about to expire.
    pub(crate) async fn renew_token(&mut self) -> Result<(), Failure> {
        self.renew(Need::LoginToken).await
    }

    /// Gets a session token in place of one that is over.
    pub(crate) async fn renew_session(&mut self) -> Result<(), Failure> {
        self.renew(Need::Session).await
    }

    /// The personal key: as remembered by this process, by the runtime directory or by a listening `im`, or
    /// else from the static service.
    pub(crate) async fn personal_key(&mut self) -> Result<(PersonalKey, KeySource), Failure> {
        if let Some(key) = &self.key {
            return Ok((key.clone(), KeySource::Remembered));
        }
        let remembered = match key_cache::load(&self.profile) {
            Some(key) => Some(key),
            None => self.listeners_key().await,
        };
        if let Some(key) = remembered {
            self.key = Some(key.clone());
            return Ok((key, KeySource::Remembered));
        }
        let key = self.fresh_personal_key().await?;
        Ok((key, KeySource::Service))
    }

    /// The personal key as the static service gives it now.
    pub(crate) async fn fresh_personal_key(&mut self) -> Result<PersonalKey, Failure> {
        self.key = None;
        self.renew(Need::PersonalKey).await?;
        self.key.clone().ok_or(Failure::NoPersonalKey)
    }

    /// Keeps a login in place of an older one of the same device, and makes it the current one.
    pub(crate) async fn keep_login(&mut self, key: Option<PersonalKey>) -> Result<(), Failure> {
        // Who is refreshing the older one would write that over ours.
        let _lock = self.lock_refresh().await?;
        self.store.save(&self.profile)?;
        self.store.make_current(&self.profile.session)?;
        key_cache::forget(&self.profile);
        self.remember_key(key);
        Ok(())
    }

    /// Remembers the key, in memory alone.
    pub(crate) fn remember_key(&mut self, key: Option<PersonalKey>) {
        if let Some(key) = key {
            key_cache::keep(&self.profile, &key);
            self.key = Some(key);
        }
    }

    /// The answer to another process of the user that asks for the key.
    pub(crate) fn told_key(&self) -> ControlAnswer {
        let text = self.key.as_ref().map(PersonalKey::reveal_text);
        let key = text.map(|text| KeyText(text.to_string()));
        ControlAnswer::PersonalKey { key }
    }

    async fn listeners_key(&self) -> Option<PersonalKey> {
        let socket = self.store.control_socket(&self.profile.session).ok()?;
        let client = ControlClient::connect(&socket).await?;
        client.personal_key(self.timeout).await.ok().flatten()
    }

    /// In a task of its own, which goes on when its caller is cancelled: a token must not be used up and lost.
    async fn renew(&mut self, need: Need) -> Result<(), Failure> {
        let broken_off = || Failure::TimedOut("the refresh was broken off".to_owned());
        let permit = REFRESHING.acquire().await.map_err(|_| broken_off())?;
        let mut errand = self.clone();
        let renewing = tokio::spawn(async move {
            let result = errand.renew_here(need).await;
            drop(permit);
            result.map(|()| errand)
        });
        *self = renewing.await.map_err(|_| broken_off())??;
        Ok(())
    }

    async fn renew_here(&mut self, need: Need) -> Result<(), Failure> {
        let _lock = self.lock_refresh().await?;
        if self.take_newer(need)? {
            return Ok(());
        }
        let service = self.service()?;
        let Some(refresh_token) = self.profile.refresh_token.clone() else {
            return self.renew_unrefreshed(&service, need).await;
        };
        let signed_in = self.refresh(&service, &refresh_token, need).await?;
        self.profile.take(&signed_in);
        self.store.save(&self.profile)?;
        self.remember_key(signed_in.personal_key);
        if need == Need::LoginToken && signed_in.grant.is_none() {
            self.fetch_token(&service).await?;
        }
        Ok(())
    }

    /// Takes over what another process has kept; whether that is what was lacking.
    fn take_newer(&mut self, need: Need) -> Result<bool, Failure> {
        let kept = self.store.load(Some(self.profile.session.as_str()))?;
        let is_newer = match need {
            Need::LoginToken => kept.grant.token != self.profile.grant.token,
            Need::Session => kept.session_token != self.profile.session_token,
            Need::PersonalKey => false,
        };
        self.profile = kept;
        Ok(is_newer)
    }

    /// A login from before there was refreshing, or at a service without it.
    async fn renew_unrefreshed(
        &mut self,
        service: &StaticService,
        need: Need,
    ) -> Result<(), Failure> {
        match need {
            Need::LoginToken => self.fetch_token(service).await,
            Need::Session | Need::PersonalKey => Err(Failure::NoRefreshToken),
        }
    }

    async fn fetch_token(&mut self, service: &StaticService) -> Result<(), Failure> {
        let profile = &mut self.profile;
        let (session, kind) = (profile.session.name(), profile.kind);
        profile.grant = service.token(&profile.session_token, session, kind).await?;
        self.store.save(profile)?;
        Ok(())
    }

    /// The same token each time: an answer may be what got lost.
    async fn refresh(
        &self,
        service: &StaticService,
        token: &Secret,
        need: Need,
    ) -> Result<SignedIn, ClientError> {
        let wanted = match need {
            Need::LoginToken => LoginToken::Wanted,
            Need::Session | Need::PersonalKey => LoginToken::Unwanted,
        };
        let (deadline, mut pause) = (Instant::now() + self.timeout, FIRST_PAUSE);
        let mut attempt = 1;
        loop {
            let session = self.profile.session.name();
            let error = match service.refresh(token, session, wanted).await {
                Err(error) if error.is_temporary() && attempt < ATTEMPTS => error,
                result => return result,
            };
            let wait = error.retry_after().unwrap_or(pause);
            if Instant::now() + wait >= deadline {
                return Err(error);
            }
            sleep(wait.mul_f64(rand::random_range(1.0..=1.5))).await;
            (attempt, pause) = (attempt + 1, pause * 2);
        }
    }

    /// Waits while another process refreshes.
    async fn lock_refresh(&self) -> Result<std::fs::File, Failure> {
        let deadline = Instant::now() + self.timeout;
        loop {
            if let Some(lock) = self.store.try_lock_refresh(&self.profile.session)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                let text = format!("another im is refreshing {} for long", self.profile.session);
                return Err(Failure::TimedOut(text));
            }
            sleep(LOCK_POLL).await;
        }
    }
}
