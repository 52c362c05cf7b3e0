//! The static service as it is configured now, and the settings of the moment. On SIGHUP options file, secret, CA and
//! certificate are read anew: what is under way goes on with the old ones, what comes next uses the new.
//!
//! Where the static service refuses our credentials, the files are looked at without SIGHUP too: secrets are rotated by
//! programs that may not know of it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::mailbox::{Outbox, Update};
use crate::config::{Configuration, Reread, Settings};
use crate::engine::Level;
use crate::metrics::Counted;
use crate::upstream::StaticService;

/// Between two looks at the files that a refusal brings about.
const LOOKS: Duration = Duration::from_secs(2);

/// Where the tasks find the service and the settings of the moment.
#[derive(Clone)]
pub(super) struct Service {
    current: watch::Sender<Arc<StaticService>>,
    settings: watch::Sender<Arc<Settings>>,
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Service {
    /// Begins with these.
    pub(super) fn new(service: StaticService, settings: &Settings) -> Service {
        Service {
            current: watch::Sender::new(Arc::new(service)),
            settings: watch::Sender::new(Arc::new(settings.clone())),
            looked: Arc::default(),
        }
    }

    /// The service of the moment.
    pub(super) fn get(&self) -> Arc<StaticService> {
        Arc::clone(&self.current.borrow())
    }

    /// The settings of the moment. They count as changed at each SIGHUP, whatever they say.
    pub(super) fn settings(&self) -> watch::Receiver<Arc<Settings>> {
        self.settings.subscribe()
    }

    /// Reads the files anew each time `reload` changes; bad ones leave the old in use.
    pub(super) async fn renew(
        &self,
        configuration: &mut Configuration,
        reload: &mut watch::Receiver<()>,
        outbox: &Outbox,
        counted: &Counted,
    ) {
        while reload.changed().await.is_ok() {
            let reread = match configuration.file() {
                Some(_) => configuration.reread().map(Some),
                None => Ok(None),
            };
            let bad = reread.is_err();
            if let Err(error) = &reread {
                let text = error.to_string();
                outbox.put(Update::OptionsRefused(text)).await;
            }
            let reread = reread.ok().flatten();
            let settings = match &reread {
                Some(reread) => Arc::new(reread.settings.clone()),
                None => Arc::clone(&self.settings.borrow()),
            };
            let renewed = self.take_over(&settings, outbox).await;
            (counted.options_refused).set(i64::from(bad || !renewed));
            if let Some(reread) = reread.filter(|_| renewed) {
                configuration.accept(&reread);
                tell_reread(configuration, reread, outbox).await;
                self.settings.send_replace(settings);
            } else {
                // The audit log's file is opened anew all the same.
                self.settings.send_modify(|_| ());
            }
        }
    }

    async fn take_over(&self, settings: &Settings, outbox: &Outbox) -> bool {
        match StaticService::new(settings) {
            Ok(service) => {
                self.current.send_replace(Arc::new(service));
                let text =
                    "static service: secret, CA and client certificate files were read again";
                outbox.log(Level::Notice, text).await;
                true
            }
            Err(error) => {
                let text = format!(
                    "{error}; the former secret, CA and client certificate stay in use, and so do all options"
                );
                outbox.log(Level::Error, text).await;
                false
            }
        }
    }

    /// Our credentials were refused with the service as it was `used`: whether others are to be had by now. Looks at the
    /// files, not more often than each [`LOOKS`].
    pub(super) async fn has_other_credentials(
        &self,
        used: &Arc<StaticService>,
        outbox: &Outbox,
    ) -> bool {
        if !Arc::ptr_eq(used, &self.get()) {
            return true;
        }
        if !self.may_look() {
            return false;
        }
        let settings = Arc::clone(&self.settings.borrow());
        // A file that cannot be read may be being written; SIGHUP would say so.
        let Ok(service) = StaticService::new(&settings) else {
            return false;
        };
        if service.shows_the_same_as(used) {
            return false;
        }
        self.current.send_replace(Arc::new(service));
        let text = "static service refused our credentials, and the files hold others by now: these are used";
        outbox.log(Level::Notice, text).await;
        true
    }

    fn may_look(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.is_some_and(|at| at.elapsed() < LOOKS) {
            return false;
        }
        *looked = Some(Instant::now());
        true
    }
}

/// Passes on what an options file has changed.
async fn tell_reread(configuration: &Configuration, reread: Reread, outbox: &Outbox) {
    let Some(file) = configuration.file() else {
        return;
    };
    for text in reread.needs_restart {
        outbox.log(Level::Warning, text).await;
    }
    let update = Update::Options {
        file: file.display().to_string(),
        settings: Box::new(reread.settings),
        changed: reread.changed,
    };
    outbox.put(update).await;
}
