//! The scenario `audit`: what an audit log costs those who talk, and what becomes of it while nobody takes it in.
//!
//! Pairs talk and users log in all the time; for one phase the static service's log intake answers 503. In the end every
//! login must be on record there, once.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cli::{Case, LoginArgs, Place, Subject, seconds};
use crate::findings::Findings;
use crate::login::{Bench, plugin_options};
use crate::output::progress;
use crate::report::{Report, Row};
use crate::service::{Intake, Service};
use crate::storm::Kind;

/// Longest wait for the intake to have everything, after it is back.
const CATCHING_UP: Duration = Duration::from_secs(60);

/// Options of `audit`
#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Pairs of established users
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=2000))]
    pub(crate) pairs: u32,
    /// Messages a second, of all pairs together
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) rate: u32,
    /// Logins a second
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub(crate) logins: u32,
    /// Seconds for which the intake is away, and of the phase before
    #[arg(long, default_value = "60", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Write the table to this file, too
    #[arg(long)]
    pub(crate) csv: Option<PathBuf>,
    /// Write everything to this file, too
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

/// What came of the records of one broker.
#[derive(Debug)]
struct Trail {
    broker: String,
    /// Users who got in, the pairs included.
    logged_in: u64,
    intake: Intake,
    /// p99 of the pairs' messages in ms, while records are taken and while they are not.
    p99: Vec<f64>,
    /// From the intake's return to its last record.
    caught_up: Option<Duration>,
}

/// The phases, and the records.
#[derive(Debug, Default)]
pub(crate) struct AuditReport {
    phases: Report,
    trails: Vec<Trail>,
}

/// Runs it all.
pub(crate) fn run(args: &AuditArgs, runtime: &Runtime) -> anyhow::Result<AuditReport> {
    let login = as_login(args);
    let mut report = AuditReport::default();
    for version in &args.place.brokers {
        let bench = Bench::new(&login, runtime, version)?;
        let state = tempfile::tempdir().context("a folder for the spool")?;
        let service = Service::start()?;
        let more = [
            ("state_dir", state.path().display().to_string()),
            ("audit_ship", "on".to_owned()),
            (
                "audit_file",
                state.path().join("audit.log").display().to_string(),
            ),
        ];
        let options = plugin_options(&service, &more);
        let mut stand = bench.stand("plugin", Some(options), Some(service))?;
        let mut p99 = Vec::new();
        let mut logged_in = u64::from(args.pairs) * 2;
        let mut phase =
            |stand: &mut crate::login::Stand<'_>, name: &str, away| -> anyhow::Result<()> {
                let service = stand.service()?;
                service.set_intake_away(away);
                let storm = stand.storm(Kind::Announced(service.announcer()), "a");
                let row = stand.during(name, vec![("announced", storm)])?;
                logged_in += row.logins.iter().map(|(_, l)| l.succeeded()).sum::<u64>();
                p99.extend(row.p99());
                report.phases.rows.push(row);
                Ok(())
            };
        phase(&mut stand, "logins, records are taken", false)?;
        phase(&mut stand, "logins, nobody takes records", true)?;
        report.trails.push(Trail {
            p99,
            ..catch_up(version, stand.service()?, logged_in)
        });
    }
    Ok(report)
}

fn as_login(args: &AuditArgs) -> LoginArgs {
    LoginArgs {
        pairs: args.pairs,
        rate: args.rate,
        seconds: args.seconds,
        logins: args.logins,
        subjects: vec![Subject::Plugin],
        cases: Vec::<Case>::new(),
        ..LoginArgs::for_smoke(args.place.clone())
    }
}

/// The intake is back: waits until it has a record of each login.
fn catch_up(version: &str, service: &Service, logged_in: u64) -> Trail {
    let before = service.intake().records();
    service.set_intake_away(false);
    let back = Instant::now();
    let mut caught_up = None;
    while caught_up.is_none() && back.elapsed() < CATCHING_UP {
        std::thread::sleep(Duration::from_millis(20));
        caught_up = (service.intake().logins >= logged_in).then(|| back.elapsed());
    }
    // What comes twice would come now.
    std::thread::sleep(Duration::from_secs(2));
    let intake = service.intake();
    let late = intake.records() - before;
    progress(&format!("{version}: {late} records had waited"));
    Trail {
        broker: version.to_owned(),
        logged_in,
        intake,
        p99: Vec::new(),
        caught_up,
    }
}

impl Trail {
    /// p99 while nobody takes records, against before.
    fn ratio(&self) -> Option<f64> {
        match self.p99.as_slice() {
            [before, away] => Some(away / before),
            _ => None,
        }
    }

    fn lost(&self) -> u64 {
        self.logged_in.saturating_sub(self.intake.logins)
    }
}

impl Findings for AuditReport {
    fn markdown(&self) -> String {
        let mut text = String::from(
            "### Records\n\n| broker | logins | of them on record | lost | said to be lost | came again | records | caught up after, ms | p99 of the pairs, x before |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for trail in &self.trails {
            let took = trail.caught_up.map(|took| took.as_millis().to_string());
            text.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                trail.broker,
                trail.logged_in,
                trail.intake.logins,
                trail.lost(),
                trail.intake.dropped,
                trail.intake.again,
                trail.intake.records(),
                took.unwrap_or("not".to_owned()),
                trail
                    .ratio()
                    .map_or(String::new(), |ratio| format!("{ratio:.2}")),
            ));
        }
        text + "\n" + &self.phases.message_table()
    }

    fn csv(&self) -> String {
        self.phases.csv()
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let trail = |trail: &Trail| {
            json!({
                "broker": trail.broker, "logins": trail.logged_in, "logins_on_record": trail.intake.logins,
                "lost": trail.lost(), "said_to_be_lost": trail.intake.dropped, "again": trail.intake.again,
                "records": trail.intake.records(),
                "p99_ms": trail.p99, "caught_up_ms": trail.caught_up.map(|took| took.as_secs_f64() * 1e3),
            })
        };
        let mut all = self.phases.json(head);
        if let Some(members) = all.as_object_mut() {
            let trails = self.trails.iter().map(trail).collect();
            members.insert("audit_trails".to_owned(), trails);
        }
        all
    }

    fn complaints(&self) -> Vec<String> {
        let rows = self.phases.rows.iter().flat_map(Row::complaints);
        let lost = self
            .trails
            .iter()
            .filter(|t| t.lost() + t.intake.dropped > 0);
        let lost = lost.map(|t| {
            let (lost, dropped) = (t.lost(), t.intake.dropped);
            format!(
                "{}: {lost} logins are not on record, {dropped} records were dropped",
                t.broker
            )
        });
        rows.chain(lost).collect()
    }
}
