//! The scenario `login`: what logins do to the messages of those who are in already.

mod phases;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::runtime::Runtime;

use crate::broker::{Broker, Setup};
use crate::cli::{Case, LoginArgs, Place, Subject};
use crate::output::progress;
use crate::pairs::Pairs;
use crate::people::User;
use crate::rate::{self, Slice, Visits};
use crate::report::{Outage, RateRow, Report, Row};
use crate::schedule::Schedule;
use crate::service::{self, Service};
use crate::storm::{Kind, Logins, Storm};
use crate::wire::Credentials;

/// Before the first phase, not counted: connections and caches get warm.
const WARM_UP: Duration = Duration::from_secs(1);
/// Good logins a second among forged ones.
const TRICKLE_PER_SECOND: f64 = 10.0;
/// How long the static service takes for a check while forged tokens come.
const FORGED_DELAY: Duration = Duration::from_millis(20);
/// How long the static service is away, and how long before and after that is looked at.
const AWAY: Duration = Duration::from_secs(4);
const AROUND: Duration = Duration::from_secs(3);
/// Users of the connect rate.
const RATE_USERS: u32 = 4096;
const RATE_SLICE: Duration = Duration::from_secs(3);

/// Runs it all.
pub(crate) fn run(args: &LoginArgs, runtime: &Runtime) -> anyhow::Result<Report> {
    let mut report = Report::default();
    for version in &args.place.brokers {
        let bench = Bench::new(args, runtime, version)?;
        for subject in &args.subjects {
            match subject {
                Subject::Bare => bench.bare(&mut report)?,
                Subject::Plugin => bench.with_plugin(&mut report)?,
                Subject::Blocking => bench.blocking(&mut report)?,
            }
        }
        let both = [Subject::Bare, Subject::Plugin];
        if args.cases.contains(&Case::Rate) && both.iter().all(|s| args.subjects.contains(s)) {
            report.rates.push(bench.connect_rate()?);
        }
    }
    Ok(report)
}

/// The plugin's file, checked.
pub(crate) fn plugin_file(place: &Place) -> anyhow::Result<PathBuf> {
    plugin_or_ours(place.plugin.as_deref())
}

/// This file, checked; without one the plugin beside this program.
pub(crate) fn plugin_or_ours(file: Option<&Path>) -> anyhow::Result<PathBuf> {
    let file = match file {
        Some(file) => file.to_owned(),
        None => std::env::current_exe()?.with_file_name("libmosquitto_enterprise_push.so"),
    };
    file.canonicalize()
        .with_context(|| format!("no plugin at `{}` (--plugin)", file.display()))
}

/// The starter of a broker, checked.
pub(crate) fn broker_program(place: &Place, version: &str) -> anyhow::Result<PathBuf> {
    broker_in(&place.broker_cache, version)
}

/// The same, in this cache.
pub(crate) fn broker_in(cache: &Path, version: &str) -> anyhow::Result<PathBuf> {
    let program = cache.join(version).join("mosquitto");
    program.canonicalize().with_context(|| {
        format!(
            "no broker at `{}`: scripts/brokers.sh {version} gets it",
            program.display()
        )
    })
}

/// One version of the broker, and what to do with it.
pub(crate) struct Bench<'a> {
    args: &'a LoginArgs,
    runtime: &'a Runtime,
    version: &'a str,
    program: PathBuf,
    plugin: PathBuf,
}

/// One broker with its established pairs.
pub(crate) struct Stand<'a> {
    bench: &'a Bench<'a>,
    subject: &'static str,
    pub(crate) broker: Broker,
    pairs: Pairs,
    service: Option<Service>,
    phases: u32,
}

impl<'a> Bench<'a> {
    /// With the files that the options name, checked.
    pub(crate) fn new(
        args: &'a LoginArgs,
        runtime: &'a Runtime,
        version: &'a str,
    ) -> anyhow::Result<Bench<'a>> {
        Ok(Bench {
            args,
            runtime,
            version,
            program: broker_program(&args.place, version)?,
            plugin: plugin_file(&args.place)?,
        })
    }

    /// A broker with the plugin, which follows this service.
    pub(crate) fn stand_with_plugin(&'a self, service: Service) -> anyhow::Result<Stand<'a>> {
        let options = plugin_options(&service, &[]);
        self.stand("plugin", Some(options), Some(service))
    }

    fn bare(&'a self, report: &mut Report) -> anyhow::Result<()> {
        let mut stand = self.stand("bare", None, None)?;
        report.rows.push(stand.quiet("no logins")?);
        let storm = stand.storm(Kind::Anonymous, "anon");
        report
            .rows
            .push(stand.during("anonymous logins", vec![("anonymous", storm)])?);
        Ok(())
    }

    fn with_plugin(&'a self, report: &mut Report) -> anyhow::Result<()> {
        let mut stand = self.stand_with_plugin(Service::start()?)?;
        report.rows.push(stand.quiet("no logins")?);
        for case in &self.args.cases {
            match case {
                Case::Announced => report.rows.push(stand.announced()?),
                Case::Unknown => {
                    for delay in &self.args.delays {
                        report.rows.push(stand.unknown(*delay)?);
                    }
                }
                Case::Forged => report.rows.push(stand.forged()?),
                Case::Outage => {
                    let (row, outage) = stand.outage()?;
                    report.rows.push(row);
                    report.outages.push(outage);
                }
                Case::Rate => {}
            }
        }
        report.rows.push(stand.quiet("no logins, again")?);
        Ok(())
    }

    /// Each delay meets a broker of its own: what waits when a phase ends would spoil the next.
    fn blocking(&'a self, report: &mut Report) -> anyhow::Result<()> {
        if !self.args.cases.contains(&Case::Unknown) {
            return Ok(());
        }
        for (number, delay) in self.args.delays.iter().enumerate() {
            let service = Service::start()?;
            let patience = (delay.as_millis() + 2000).to_string();
            let mut more = vec![
                ("feed", "off".to_owned()),
                ("stall_budget_ms", "1000".to_owned()),
                ("timeout_ms", patience),
            ];
            if self.version.starts_with("2.1") {
                more.push(("delayed_login", "off".to_owned()));
            }
            let options = plugin_options(&service, &more);
            let stand = self.stand("blocking", Some(options), Some(service));
            let mut stand = match stand {
                Err(error)
                    if format!("{error:#}").contains("unknown option plugin_opt_delayed_login") =>
                {
                    progress(&format!(
                        "{} blocking: skipped, this plugin has no option delayed_login",
                        self.version
                    ));
                    return Ok(());
                }
                other => other?,
            };
            if number == 0 {
                report.rows.push(stand.quiet("no logins")?);
            }
            report.rows.push(stand.unknown(*delay)?);
        }
        Ok(())
    }

    /// A broker with these options of the plugin, and its pairs.
    pub(crate) fn stand(
        &'a self,
        subject: &'static str,
        options: Option<Vec<(&'static str, String)>>,
        service: Option<Service>,
    ) -> anyhow::Result<Stand<'a>> {
        progress(&format!("{} {subject}: starting", self.version));
        let broker = self.broker(options, service.as_ref())?;
        let tokens = service.is_some();
        if let Some(service) = &service {
            announce_all(service, &Pairs::users(self.args.pairs));
        }
        let addresses = broker.addresses();
        let pairs = Pairs::connect(addresses, self.args.pairs, self.args.qos, tokens)?;
        let stand = Stand {
            bench: self,
            subject,
            broker,
            pairs,
            service,
            phases: 0,
        };
        let warm_up = Schedule::new(f64::from(self.args.rate), WARM_UP, 0);
        stand.pairs.begin(warm_up)?.wait()?;
        Ok(stand)
    }

    fn broker(
        &self,
        options: Option<Vec<(&'static str, String)>>,
        service: Option<&Service>,
    ) -> anyhow::Result<Broker> {
        let feed_off = |options: &[(&str, String)]| {
            options
                .iter()
                .any(|(name, value)| *name == "feed" && value == "off")
        };
        let follows = options.as_deref().is_some_and(|options| !feed_off(options));
        let setup = Setup {
            plugin: options.map(|options| (self.plugin.clone(), options)),
            log_types: self.args.place.log_types.clone(),
            ..Setup::default()
        };
        let broker = Broker::start(&self.program, &setup)?;
        if let Some(service) = service.filter(|_| follows) {
            broker.wait_until("its plugin follows the feed", || service.feeds() > 0)?;
            // The broker's thread has yet to hear of it; the log says so only at some log types.
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(broker)
    }

    /// Bare and plugin in turns, each at its own broker, both up all the time.
    fn connect_rate(&self) -> anyhow::Result<RateRow> {
        progress(&format!("{}: connect rates", self.version));
        let service = Service::start()?;
        let bare = self.broker(None, None)?;
        let plugin = self.broker(Some(plugin_options(&service, &[])), Some(&service))?;
        let users: Vec<User> = (0..RATE_USERS).map(|n| User::new("r", n)).collect();
        announce_all(&service, &users);
        let anonymous = rate::visits(users.iter().map(Credentials::anonymous))?;
        let known = |user: &User| Credentials::new(user, user.token());
        let known = rate::visits(users.iter().map(known))?;
        let slice = |broker: &Broker, visits: &Visits, time| -> anyhow::Result<Slice> {
            let slice = rate::connect_for(self.runtime, broker, visits, time);
            if slice.failed > 0 {
                bail!("{} connects failed", slice.failed);
            }
            Ok(slice)
        };
        slice(&bare, &anonymous, WARM_UP)?;
        slice(&plugin, &known, WARM_UP)?;
        let _ = service.take_asked();
        let mut rounds = Vec::new();
        for _ in 0..self.args.rounds {
            let round = (
                slice(&bare, &anonymous, RATE_SLICE)?,
                slice(&plugin, &known, RATE_SLICE)?,
            );
            progress(&format!(
                "{}: bare {:.0}/s, plugin {:.0}/s",
                self.version, round.0.per_second, round.1.per_second
            ));
            rounds.push(round);
        }
        Ok(RateRow {
            broker: self.version.to_owned(),
            rounds,
            asked: service.take_asked().0,
        })
    }
}

/// The options of a plugin that follows the service.
pub(crate) fn plugin_options(
    service: &Service,
    more: &[(&'static str, String)],
) -> Vec<(&'static str, String)> {
    let mut options = vec![
        ("static_url", service.url()),
        ("client_id", service::CLIENT_ID.to_owned()),
        ("client_secret", service::CLIENT_SECRET.to_owned()),
        ("node", "im-bench".to_owned()),
    ];
    options.extend_from_slice(more);
    options
}

/// Announces them, and gives the broker time to hear it.
fn announce_all(service: &Service, users: &[User]) {
    let announcer = service.announcer();
    tell_all(users, |user| announcer.announce(user));
}

/// Tells the broker something of each user, and gives it time to hear it.
pub(crate) fn tell_all(users: &[User], tell: impl Fn(&User)) {
    for part in users.chunks(500) {
        part.iter().for_each(&tell);
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(200));
}
