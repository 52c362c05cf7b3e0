//! One broker at one size: everything is there and everybody online, then logins and messages are weighed.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use bytes::BytesMut;
use mosquitto_enterprise_push::protocol::Notice;
use rumqttc::{Packet, Publish, QoS, RetainForwardRule, SubscribeFilter};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::setting::{Setting, group_topic, notice_topic};
use super::talk::{Talk, Talked, receivers};
use crate::broker::{Broker, Setup};
use crate::cli::Place;
use crate::directory::loads_said;
use crate::login::{broker_program, plugin_file, plugin_options, tell_all};
use crate::people::User;
use crate::rate;
use crate::service::{Listing, Service};
use crate::wire::{self, Answer, Credentials, Link};

/// Longest wait for the plugin to have the directory.
const LOADING: Duration = Duration::from_secs(60);
const LOGIN: Duration = Duration::from_secs(20);
/// Logins under way at once, while those online come.
const AT_ONCE: usize = 32;
/// The plugin brings a notice to who is online in one of its next turns, which are at most 100 ms apart: nobody
/// is to come before that.
const ROUTED: Duration = Duration::from_millis(250);
/// Filters in one SUBSCRIBE.
const FILTERS: usize = 200;
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

    fn credentials(self, user: &User) -> Credentials {
        match self {
            Subject::Bare => Credentials::anonymous(user),
            Subject::Plugin => Credentials::new(user, user.token()),
        }
    }
}

/// What a broker is started from.
pub(super) struct Files {
    place: Place,
    program: PathBuf,
    plugin: PathBuf,
}

impl Files {
    pub(super) fn find(place: Place) -> anyhow::Result<Files> {
        let version = place.brokers.first().context("no version of Mosquitto")?;
        Ok(Files {
            program: broker_program(&place, version)?,
            plugin: plugin_file(&place)?,
            place,
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
        let warm = rate::connect_for(runtime, &self.broker, &visits, warm_up);
        let login = rate::connect_for(runtime, &self.broker, &visits, time);
        let mut talked = self.talk.run(warm_up)?;
        let before = self.broker.cpu_time();
        let measured = self.talk.run(time)?;
        let used = self.broker.cpu_time().saturating_sub(before);
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
            login_us: login.cpu_us,
            message_us: used.as_secs_f64() * 1e6 / measured.delivered.max(1) as f64,
            failed_logins: warm.failed + login.failed,
            talked,
        })
    }
}

/// A broker; with a service also the plugin, when it has the whole directory and follows the feed.
fn start(files: &Files, service: Option<&Service>, setting: &Setting) -> anyhow::Result<Broker> {
    if let Some(service) = service {
        service.list(&Listing::of(setting.directory()));
    }
    let options = service.map(|service| (files.plugin.clone(), plugin_options(service, &[])));
    let setup = Setup {
        plugin: options,
        log_types: files.place.log_types.clone(),
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

/// Where everybody comes to.
#[derive(Clone)]
struct Hall {
    subject: Subject,
    setting: Setting,
    to: Vec<SocketAddr>,
}

impl Hall {
    /// Publishes the retained messages, before anybody is online to receive them.
    async fn fill_topics(&self) -> anyhow::Result<()> {
        let sender = self.setting.sender();
        let (mut stream, _) = self.enter(0, &sender).await?.into_parts();
        let notice = Notice {
            id: "1".to_owned(),
            kind: "announcement".to_owned(),
            time: 1_700_000_000_000,
            title: "canteen".to_owned(),
            body: String::new(),
            data: serde_json::Value::Null,
        };
        let payload = notice.encode();
        let mut bytes = BytesMut::new();
        for number in 0..self.setting.topics {
            let topic = notice_topic(number);
            let mut publish = Publish::new(topic, QoS::AtMostOnce, payload.clone(), None);
            publish.retain = true;
            wire::encode(&Packet::Publish(publish), &mut bytes)?;
        }
        wire::encode(&wire::goodbye(), &mut bytes)?;
        stream.write_all(&bytes).await?;
        // The broker closes when it has read all.
        while stream.read_buf(&mut bytes).await? > 0 {
            bytes.clear();
        }
        if self.subject == Subject::Plugin {
            tokio::time::sleep(ROUTED).await;
        }
        Ok(())
    }

    /// Logs them in, some at once; answers each one's number and connection, in order.
    async fn come_in(&self, users: &[User]) -> anyhow::Result<Vec<(u32, TcpStream)>> {
        let mut seats = Vec::with_capacity(users.len());
        let mut waiting = (0..).zip(users);
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE
                && let Some((number, user)) = waiting.next()
            {
                let (hall, user) = (self.clone(), user.clone());
                under_way.spawn(async move {
                    let filters = hall.filters(number, &user);
                    Ok::<_, anyhow::Error>((number, hall.seat(number, &user, filters).await?))
                });
            }
            match under_way.join_next().await {
                Some(seat) => seats.push(seat??),
                None => break,
            }
        }
        seats.sort_unstable_by_key(|(number, _)| *number);
        Ok(seats)
    }

    /// What somebody online subscribes to: the inbox, the group, and a share of the retained topics.
    fn filters(&self, number: u32, user: &User) -> Vec<SubscribeFilter> {
        let group = self.setting.to_group && number < self.setting.online_members();
        let step = self.setting.online.max(1) as usize;
        let notices = (number..self.setting.topics)
            .step_by(step)
            .map(notice_topic);
        let own = std::iter::once(user.inbox()).chain(group.then(group_topic));
        own.chain(notices)
            .map(|topic| SubscribeFilter {
                retain_forward_rule: RetainForwardRule::Never,
                ..SubscribeFilter::new(topic, QoS::AtMostOnce)
            })
            .collect()
    }

    async fn seat(
        &self,
        number: u32,
        user: &User,
        filters: Vec<SubscribeFilter>,
    ) -> anyhow::Result<TcpStream> {
        let sit = async {
            let mut link = self.enter(number, user).await?;
            for part in filters.chunks(FILTERS) {
                link.subscribe_all(part.to_vec()).await?;
            }
            let stream = link.into_parts().0.into_std()?;
            stream.set_nonblocking(false)?;
            Ok(stream)
        };
        let sat = tokio::time::timeout(LOGIN, sit).await;
        sat.map_err(|_| anyhow!("no answer"))
            .flatten()
            .with_context(|| user.client_id())
    }

    async fn enter(&self, number: u32, user: &User) -> anyhow::Result<Link> {
        let to = self.to.get(number as usize % self.to.len().max(1));
        let mut link = Link::open(*to.context("no address")?, None).await?;
        match link.login(&self.subject.credentials(user)).await {
            Answer::In => Ok(link),
            other => bail!("not let in: {other:?}"),
        }
    }
}
