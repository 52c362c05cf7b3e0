//! A running rival: its broker, and the service that the broker asks.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use tempfile::TempDir;

use super::http_auth::HttpAuth;
use super::rabbitmq::RabbitMq;
use super::{Cast, GROUP, Ground, PATTERNS, Rival, dynamic_security, password_file};
use crate::broker::{Broker, Server, Setup};
use crate::login::{plugin_options, tell_all};
use crate::people::{EID, User};
use crate::process::{Usage, temporary_folder};
use crate::service::Service;
use crate::wire::Credentials;

/// A running rival.
pub(crate) struct Stand {
    pub(crate) rival: Rival,
    server: Box<dyn Server>,
    backend: Backend,
    /// Holds the files that its configuration names.
    _folder: TempDir,
}

/// Whom the broker asks about logins.
enum Backend {
    Nobody,
    Introspection(Service),
    Http(HttpAuth),
}

impl Stand {
    /// Starts it, for these people.
    pub(crate) fn start(rival: Rival, ground: &Ground, cast: &Cast) -> anyhow::Result<Stand> {
        let folder = temporary_folder()?;
        let (server, backend): (Box<dyn Server>, _) = match rival {
            Rival::Plugin => {
                let service = Service::start()?;
                let broker = with_plugin(ground, &service, cast)?;
                (Box::new(broker), Backend::Introspection(service))
            }
            Rival::Rabbitmq | Rival::RabbitmqCached => {
                let auth = HttpAuth::start()?;
                let cached = rival == Rival::RabbitmqCached;
                let server = RabbitMq::start(&ground.peers, &auth.url(), cached)?;
                (Box::new(server), Backend::Http(auth))
            }
            _ => {
                let setup = mosquitto_alone(rival, ground, &folder, cast)?;
                let broker = Broker::start(&ground.broker, &setup)?;
                (Box::new(broker), Backend::Nobody)
            }
        };
        Ok(Stand {
            rival,
            server,
            backend,
            _folder: folder,
        })
    }

    pub(crate) fn server(&self) -> &dyn Server {
        &*self.server
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.server.addresses()
    }

    pub(crate) fn usage(&self) -> Usage {
        self.server.usage()
    }

    /// As whom somebody logs in here.
    pub(crate) fn credentials(&self, user: &User) -> Credentials {
        self.rival.login()(user)
    }

    /// How long every question about a login takes from now on, if any is asked.
    pub(crate) fn set_delay(&self, delay: Duration) {
        match &self.backend {
            Backend::Nobody => {}
            Backend::Introspection(service) => service.set_delay(delay),
            Backend::Http(auth) => auth.set_delay(delay),
        }
    }

    /// Questions that the broker has asked since the last call.
    pub(crate) fn take_asked(&self) -> u64 {
        match &self.backend {
            Backend::Nobody => 0,
            Backend::Introspection(service) => service.take_asked().0,
            Backend::Http(auth) => auth.take_asked(),
        }
    }
}

/// A broker whose plugin knows the group and everybody's announced token.
fn with_plugin(ground: &Ground, service: &Service, cast: &Cast) -> anyhow::Result<Broker> {
    let setup = Setup {
        plugin: Some((ground.plugin.clone(), plugin_options(service, &[]))),
        log_types: ground.log_types.clone(),
        ..Setup::default()
    };
    let broker = Broker::start(&ground.broker, &setup)?;
    broker.wait_until("its plugin follows the feed", || service.feeds() > 0)?;
    let members: Vec<&str> = cast.group.iter().map(User::uid).collect();
    let group = json!({"eid": EID, "gid": GROUP, "members": members});
    let announcer = service.announcer();
    announcer.event("group.upserted", &group);
    tell_all(&cast.announced(), |user| announcer.announce_name(user));
    Ok(broker)
}

/// What Mosquitto does without ours.
fn mosquitto_alone(
    rival: Rival,
    ground: &Ground,
    folder: &TempDir,
    cast: &Cast,
) -> anyhow::Result<Setup> {
    let mut setup = Setup {
        log_types: ground.log_types.clone(),
        ..Setup::default()
    };
    let acl = || -> anyhow::Result<String> {
        let file = folder.path().join("acl");
        std::fs::write(&file, PATTERNS).context("acl_file")?;
        Ok(format!("acl_file {}", file.display()))
    };
    match rival {
        Rival::AclFile => setup.lines = vec!["allow_anonymous true".to_owned(), acl()?],
        Rival::PasswordFile => {
            let file = password_file::write(ground, folder.path(), cast)?;
            setup.lines = vec![
                "allow_anonymous false".to_owned(),
                format!("password_file {}", file.display()),
                acl()?,
            ];
        }
        Rival::DynamicSecurity => {
            setup.plugin = Some(dynamic_security::plugin(ground, folder.path(), cast)?);
        }
        _ => {}
    }
    Ok(setup)
}
