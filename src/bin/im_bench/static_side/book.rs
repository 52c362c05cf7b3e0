//! A large enterprise's address book: many ask for changes while an administrator makes some, and a few load
//! all of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::time::Instant;

use super::args::{StaticArgs, Work};
use super::population::{Population, Session};
use super::refresh::tell;
use super::report::{Row, StaticReport};
use crate::installation::client::{Answer, Ask, Client};
use crate::installation::load::{self, Given, Pace, Times, Visits};
use crate::installation::{Hashes, Services};
use crate::stats::Latencies;

const WORK: &str = "address book";
/// Who ask, in turns: at 500 questions a second each has a copy that is a second old.
const READERS: u32 = 500;
/// Who make changes at once.
const ADMINISTRATORS: u32 = 4;
/// Loads of everything, one after the other.
const FULL_LOADS: u32 = 5;
/// Entries of a page: the most there may be.
const PAGE: u32 = 5000;

/// A page.
#[derive(Deserialize)]
struct Page {
    version: u64,
    full: bool,
    next_cursor: Option<String>,
    entries: Vec<Entry>,
}

/// What matters of an entry.
#[derive(Deserialize)]
struct Entry {
    uid: Option<String>,
    title: Option<String>,
}

/// A reader, and the version of the own copy.
struct Reader {
    session: Session,
    version: AtomicU64,
}

/// Questions for changes.
struct Questions(Vec<Reader>);

impl Questions {
    fn reader(&self, number: u32) -> Option<&Reader> {
        self.0.get(number as usize % self.0.len().max(1))
    }
}

impl Visits for Questions {
    fn ask(&self, number: u32) -> Ask {
        self.reader(number).map_or_else(
            || Ask::get("/"),
            |reader| {
                ask(
                    &reader.session,
                    &format!("since={}", reader.version.load(Ordering::Acquire)),
                )
            },
        )
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        let page: Page = answer.json()?;
        anyhow::ensure!(!page.full, "everything came, not the changes");
        anyhow::ensure!(page.next_cursor.is_none(), "more than a page of changes");
        if let Some(reader) = self.reader(number) {
            reader.version.fetch_max(page.version, Ordering::AcqRel);
        }
        Ok(())
    }
}

fn ask(reader: &Session, query: &str) -> Ask {
    Ask::get(format!("/api/v1/address-book?{query}")).bearer(&reader.session_token)
}

/// An administrator's changes: each gives another user a new title.
struct Changes {
    operator: Session,
    people: Population,
    users: String,
    made: Given<String>,
}

impl Changes {
    fn uid(&self, number: u32) -> String {
        self.people.uid(number % self.people.count)
    }

    fn title(number: u32) -> String {
        format!("Title {number}")
    }
}

impl Visits for Changes {
    fn ask(&self, number: u32) -> Ask {
        let path = format!("{}/{}/profile", self.users, self.uid(number));
        let title = json!({"title": Changes::title(number)});
        Ask::put(path, &title).bearer(&self.operator.session_token)
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        answer.require_success()?;
        self.made.keep(number, self.uid(number));
        Ok(())
    }
}

pub(super) fn run(
    args: &StaticArgs,
    runtime: &Runtime,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let installation = super::install(args)?;
    let operators = Population::import(&installation, "o", 1, Hashes::Cheap)?;
    let role = ["user", "role", "add", &operators.username(0), "operator"];
    installation.admin(Hashes::Owasp, &role, "")?;
    let people = Population::import(&installation, "u", args.people - 1, Hashes::Cheap)?;
    let operator = operators
        .log_in(&installation, runtime, 1)?
        .into_iter()
        .next();
    let readers = READERS.min(people.count);
    let sessions = people.log_in(&installation, runtime, readers)?;
    let services = installation.serve(Hashes::Owasp)?;
    let changes = Changes {
        operator: operator.ok_or_else(|| anyhow::anyhow!("no operator"))?,
        people,
        users: format!("/api/v1/admin/enterprises/{}/users", installation.eid()),
        made: Given::new(),
    };
    runtime.block_on(measure(args, &services, sessions, changes, report))
}

async fn measure(
    args: &StaticArgs,
    services: &Services,
    sessions: Vec<Session>,
    changes: Changes,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let to = services.addresses();
    let Some(first) = sessions.first().cloned() else {
        anyhow::bail!("no readers");
    };
    let reader = |session: Session| Reader {
        version: AtomicU64::new(session.address_book.version),
        session,
    };
    let questions = Arc::new(Questions(sessions.into_iter().map(reader).collect()));
    let changes = Arc::new(changes);
    let pace = |per_second| Pace::At {
        per_second,
        time: args.seconds,
    };
    let before = services.usage();
    let (asked, changed) = tokio::join!(
        load::run(&to, args.connections, pace(args.queries), &questions),
        load::run(&to, ADMINISTRATORS, pace(args.changes), &changes),
    );
    let (asked, changed) = (asked?, changed?);
    let after = services.usage();
    let (people, rate) = (args.people, args.changes);
    let what = format!("changes of {people} people, {rate} changes/s");
    report.row(Row::new(WORK, what, &asked, &before, &after));
    report.row(Row {
        failed: changed.failed,
        ..Row::of_latency(
            WORK,
            "an administrator's change",
            after.len(),
            &changed.latency,
        )
    });
    tell(asked.why.as_deref().or(changed.why.as_deref()));
    let lost = unseen(&to, &first, &changes).await?;
    report.check(
        Work::AddressBook.name(),
        "changes never seen",
        lost,
        changed.done,
    );
    full_loads(args, services, &first, report).await
}

/// Changes that the first reader's copy does not have when it asks once more.
async fn unseen(to: &[SocketAddr], reader: &Session, changes: &Changes) -> anyhow::Result<u64> {
    let made: BTreeMap<String, String> = changes
        .made
        .numbered()
        .into_iter()
        .map(|(number, uid)| (uid, Changes::title(number)))
        .collect();
    let entries = pages(
        to,
        reader,
        &format!("since={}&", reader.address_book.version),
    )
    .await?
    .0;
    let seen: BTreeMap<_, _> = entries
        .into_iter()
        .map(|entry| (entry.uid, entry.title))
        .collect();
    let is_there = |(uid, title): &(String, String)| {
        seen.get(&Some(uid.clone())) == Some(&Some(title.clone()))
    };
    let lost = made.into_iter().filter(|change| !is_there(change));
    Ok(lost.count() as u64)
}

/// All pages of a load, and how many bytes they had.
async fn pages(
    to: &[SocketAddr],
    reader: &Session,
    query: &str,
) -> anyhow::Result<(Vec<Entry>, usize)> {
    let Some(to) = to.first() else {
        anyhow::bail!("no service");
    };
    let mut client = Client::connect(*to).await?;
    let (mut entries, mut bytes, mut more) = (Vec::new(), 0, String::new());
    loop {
        let query = format!("{query}limit={PAGE}{more}");
        let answer = client.ask(ask(reader, &query)).await?;
        bytes += answer.body.len();
        let page: Page = answer.json()?;
        entries.extend(page.entries);
        match page.next_cursor {
            Some(cursor) => more = format!("&cursor={cursor}"),
            None => return Ok((entries, bytes)),
        }
    }
}

async fn full_loads(
    args: &StaticArgs,
    services: &Services,
    reader: &Session,
    report: &mut StaticReport,
) -> anyhow::Result<()> {
    let to = services.addresses();
    let (mut latency, mut bytes, mut wrong) = (Latencies::default(), 0, 0);
    for _ in 0..FULL_LOADS {
        let began = Instant::now();
        let (entries, size) = pages(&to, reader, "").await?;
        latency.record(began.elapsed());
        bytes = size;
        let people = entries.iter().filter(|entry| entry.uid.is_some()).count();
        wrong += u64::from(people != args.people as usize);
    }
    let mb = bytes as f64 / 1e6;
    let what = format!("all of it, {} people, {mb:.1} MB", args.people);
    report.row(Row::of_latency(WORK, what, to.len(), &latency));
    report.check(
        WORK,
        "loads with people too many or too few",
        wrong,
        FULL_LOADS.into(),
    );
    Ok(())
}
