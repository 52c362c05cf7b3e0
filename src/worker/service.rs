//! The static service as it is configured now. On SIGHUP its files (secret, CA) are read anew: what is
//! under way goes on with the old ones, what comes next uses the new.

use std::sync::Arc;

use tokio::sync::watch;

use super::mailbox::Outbox;
use crate::config::Settings;
use crate::engine::Level;
use crate::upstream::StaticService;

/// Where the tasks find the service of the moment.
#[derive(Clone)]
pub(super) struct Service {
    current: watch::Sender<Arc<StaticService>>,
}

impl Service {
    /// Begins with this one.
    pub(super) fn new(service: StaticService) -> Service {
        Service {
            current: watch::Sender::new(Arc::new(service)),
        }
    }

    /// The service of the moment.
    pub(super) fn get(&self) -> Arc<StaticService> {
        Arc::clone(&self.current.borrow())
    }

    /// Reads the files anew each time `reload` changes; a bad one leaves the old one in use.
    pub(super) async fn renew(
        &self,
        settings: &Settings,
        reload: &mut watch::Receiver<()>,
        outbox: &Outbox,
    ) {
        while reload.changed().await.is_ok() {
            match StaticService::new(settings) {
                Ok(service) => {
                    self.current.send_replace(Arc::new(service));
                    let text =
                        "static service: secret, CA and client certificate files were read again";
                    outbox.log(Level::Notice, text).await;
                }
                Err(error) => {
                    let text = format!(
                        "{error}; the former secret, CA and client certificate stay in use"
                    );
                    outbox.log(Level::Error, text).await;
                }
            }
        }
    }
}
