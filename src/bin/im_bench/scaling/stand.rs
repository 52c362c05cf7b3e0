//! One broker at one size: everything is there and everybody online, then logins and messages are weighed.

use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::runtime::Runtime;

use super::args::ScalingArgs;
use super::hall::Hall;
use super::setting::Setting;
use super::talk::{Talk, Talked, receivers};
use crate::broker::{Broker, Setup};
use crate::directory::loads_said;
use crate::login::{broker_in, plugin_options, plugin_or_ours, tell_all};
use crate::people::User;
use crate::rate;
use crate::service::{Listing, Service};
use crate::wire::Credentials;

/// Without a line for each login: what the log costs is not what is asked for.
const LOGGED: [&str; 3] = ["error", "warning", "notice"];
/// Longest wait for the plugin to have the directory.
const LOADING: Duration = Duration::from_secs(60);
/// Not counted, before either is weighed.
const WARM_UP: Duration = Duration::from_millis(100);

/// Who is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Bare,
    Plugin,
}

impl Subject {
    pub(super) const ALL: [Subject; 2] = [Subject::Bare, Subject::Plugin];

    pub(super) fn name(self) -> &'static str {
        match self {
            Subject::Bare => "bare",
            Subject::Plugin => "plugin",
        }
    }

    pub(super) fn credentials(self, user: &User) -> Credentials {
        match self {
            Subject::Bare => Credentials::anonymous(user),
            Subject::Plugin => Credentials::new(user, user.token()),
        }
    }
}

/// What a broker is started from.
pub(super) struct Files {
    program: PathBuf,
    plugin: PathBuf,
}

impl Files {
    pub(super) fn find(args: &ScalingArgs) -> anyhow::Result<Files> {
        Ok(Files {
            program: broker_in(&args.broker_cache, &args.broker)?,
            plugin: plugin_or_ours(args.plugin.as_deref())?,
        })
    }
}

/// What a login and a message cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cost {
    /// The broker's processor time for a login and logout, in microseconds.
    pub(super) login_us: f64,
    /// The broker's processor time for a delivery, in microseconds.
    pub(super) message_us: f64,
    pub(super) failed_logins: u64,
    pub(super) talked: Talked,
}

/// A broker with everybody online. The broker ends first: then our ports are free at once.
pub(super) struct Stand {
    broker: Broker,
    service: Option<Service>,
    subject: Subject,
    talk: Talk,
    logins: Vec<User>,
    _idle: Vec<TcpStream>,
}

impl Stand {
    pub(super) fn start(
        files: &Files,
        runtime: &Runtime,
        subject: Subject,
        setting: &Setting,
    ) -> anyhow::Result<Stand> {
        let service = (subject == Subject::Plugin)
            .then(Service::start)
            .transpose()?;
        let broker = start(files, service.as_ref(), setting)?;
        let online = setting.online();
        let logins = setting.login();
        if let Some(service) = &service {
            let all = [&online[..], &logins[..], &[setting.sender()]].concat();
            let announcer = service.announcer();
            tell_all(&all, |user| announcer.announce_name(user));
        }
        let hall = Hall {
            subject,
            setting: *setting,
            to: broker.addresses(),
        };
        runtime.block_on(hall.fill_topics())?;
        let mut seats = runtime.block_on(hall.come_in(&online))?;
        let receive = receivers(setting);
        let (listening, idle) = std::mem::take(&mut seats)
            .into_iter()
            .partition::<Vec<_>, _>(|(number, _)| receive.binary_search(number).is_ok());
        let named = |(number, stream)| (User::new("o", number), stream);
        let sender = runtime.block_on(hall.seat(0, &setting.sender(), Vec::new()))?;
        let talk = Talk::new(setting, sender, listening.into_iter().map(named).collect())?;
        Ok(Stand {
            broker,
            service,
            subject,
            talk,
            logins,
            _idle: idle.into_iter().map(|(_, stream)| stream).collect(),
        })
    }

    /// Weighs both, one after the other.
    pub(super) fn weigh(&mut self, runtime: &Runtime, time: Duration) -> anyhow::Result<Cost> {
        let warm_up = WARM_UP.min(time);
        let visits = rate::visits(
            self.logins
                .iter()
                .map(|user| self.subject.credentials(user)),
        )?;
        let come = |time| rate::connect_for(runtime, &self.broker, &visits, time);
        let warm = come(warm_up);
        let (login, login_cpu) = weighed(&self.broker, || come(time));
        let mut talked = self.talk.run(warm_up)?;
        let (measured, message_cpu) = weighed(&self.broker, || self.talk.run(time));
        let measured = measured?;
        talked.lost += measured.lost;
        talked.surplus += measured.surplus;
        talked.delivered = measured.delivered;
        if !self.broker.is_running() {
            bail!("the broker has ended:\n{}", self.broker.log());
        }
        let asked = self.service.as_ref().map_or(0, |s| s.take_asked().0);
        if asked > 0 {
            bail!("{asked} tokens were checked, although all had been announced");
        }
        Ok(Cost {
            login_us: each_us(login_cpu, login.done),
            message_us: each_us(message_cpu, measured.delivered),
            failed_logins: warm.failed + login.failed,
            talked,
        })
    }
}

/// What something came to, and the broker's processor time for it.
fn weighed<R>(broker: &Broker, work: impl FnOnce() -> R) -> (R, Duration) {
    let before = broker.cpu_time();
    let done = work();
    (done, broker.cpu_time().saturating_sub(before))
}

fn each_us(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count.max(1) as f64
}

/// A broker; with a service also the plugin, when it has the whole directory and follows the feed.
fn start(files: &Files, service: Option<&Service>, setting: &Setting) -> anyhow::Result<Broker> {
    if let Some(service) = service {
        service.list(&Listing::of(setting.directory()));
    }
    let options = service.map(|service| (files.plugin.clone(), plugin_options(service, &[])));
    let setup = Setup {
        plugin: options,
        log_types: LOGGED.map(str::to_owned).into(),
        ..Setup::default()
    };
    let broker = Broker::start(&files.program, &setup)?;
    let Some(service) = service else {
        return Ok(broker);
    };
    let began = Instant::now();
    while loads_said(&broker.log()).is_empty() || service.feeds() == 0 {
        if !broker.is_running() || began.elapsed() > LOADING {
            bail!("the plugin has not loaded the directory:\n{}", broker.log());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(broker)
}
