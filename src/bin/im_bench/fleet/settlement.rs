//! Everybody is put in: users by `admin user import`, groups and partners by the administrators' calls, for which
//! `admin` has nothing in bulk; and everybody logs in once, for a refresh token.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use tokio::runtime::Runtime;

use super::census::{Census, DEVICE};
use super::member::{Opened, PASSWORD, password_login};
use super::orders::Kept;
use crate::installation::client::{Answer, Ask, Client};
use crate::installation::load::{self, Given, Pace, Times, Visits, all_right};
use crate::installation::{Hashes, Installation};
use crate::output::progress;

/// Requests at once, while people are put in.
const AT_ONCE: u32 = 64;
/// Who makes groups and partners.
const OPERATOR: &str = "operator";

/// Puts them all in; answers what each user's device has of a first login.
pub(super) fn settle(
    installation: &Installation,
    census: Census,
    runtime: &Runtime,
) -> anyhow::Result<Vec<Kept>> {
    for enterprise in 0..census.enterprises() {
        let name = format!("Enterprise {enterprise}");
        installation.found(&Census::eid(enterprise), &name)?;
    }
    let operator = add_operator(installation)?;
    import(installation, &census, 0..census.people(), Hashes::Cheap)?;
    import(installation, &census, census.typists(), Hashes::Owasp)?;
    progress(&format!(
        "{} users are in, in {} enterprises",
        census.everybody().end,
        census.enterprises()
    ));
    // Processes for whom hashes are cheap: otherwise each login would hash anew what was put in cheaply.
    let services = installation.serve(Hashes::Cheap)?;
    let to = services.addresses();
    runtime.block_on(async {
        let session = open(&to, &operator).await?;
        connect_people(&to, census, session).await?;
        let logins = Arc::new(Logins {
            census,
            given: Given::new(),
        });
        let load = load::run(&to, AT_ONCE, Pace::Each(census.people()), &logins).await?;
        all_right("first logins", &load)?;
        progress("all have refresh tokens");
        let given = logins.given.numbered().into_iter();
        Ok(given.map(|(_, kept)| kept).collect())
    })
}

fn add_operator(installation: &Installation) -> anyhow::Result<String> {
    let name = format!("{OPERATOR}@{}", Census::eid(0));
    let line = json!({"username": name, "password": PASSWORD}).to_string();
    installation.admin(Hashes::Cheap, &["user", "import", "-"], &line)?;
    let role = ["user", "role", "add", &name, "operator"];
    installation.admin(Hashes::Cheap, &role, "")?;
    Ok(name)
}

fn import(
    installation: &Installation,
    census: &Census,
    numbers: Range<u32>,
    hashes: Hashes,
) -> anyhow::Result<()> {
    if numbers.is_empty() {
        return Ok(());
    }
    let lines = numbers.fold(String::new(), |mut lines, number| {
        let line = json!({
            "username": census.username(number), "password": PASSWORD,
            "name": format!("Employee {number}"), "title": "Member of staff",
            "phone": format!("+49 30 1{number:06}"),
            "email": format!("{}@bench.example", census.uid(number)),
        });
        let _ = writeln!(lines, "{line}");
        lines
    });
    let import = ["user", "import", "-"];
    installation.admin(hashes, &import, &lines).map(drop)
}

async fn open(to: &[SocketAddr], username: &str) -> anyhow::Result<String> {
    let to = to.first().context("no service")?;
    let mut client = Client::connect(*to).await?;
    let login = json!({"username": username, "password": PASSWORD});
    let answer = client.ask(Ask::post("/api/v1/login", &login)).await?;
    let opened: serde_json::Value = answer.json()?;
    let session = opened.get("session_token").and_then(|token| token.as_str());
    session.map(str::to_owned).context("no session_token")
}

/// Groups with their members, and partners.
async fn connect_people(to: &[SocketAddr], census: Census, session: String) -> anyhow::Result<()> {
    let teams: Vec<u32> = (0..census.teams()).filter(|_| census.group() > 0).collect();
    let groups = teams.iter().map(|team| {
        let gid = Census::gid(*team);
        Errand::Post(groups_of(&census, *team), json!({"gid": gid}))
    });
    let members = teams.iter().flat_map(|team| {
        let groups = format!("{}/{}", groups_of(&census, *team), Census::gid(*team));
        let members = census.group_members(*team, census.people());
        members.map(move |n| Errand::Put(format!("{groups}/members/{}", census.uid(n))))
    });
    let partners = census.partners().into_iter().map(|(one, other)| {
        let enterprise = admin_of(census.enterprise(one));
        let (uid, partner) = (census.uid(one), census.username(other));
        Errand::Put(format!("{enterprise}/users/{uid}/partners/{partner}"))
    });
    let stages: [(&str, Vec<Errand>); 3] = [
        ("groups", groups.collect()),
        ("members of groups", members.collect()),
        ("pairs of partners", partners.collect()),
    ];
    for (what, errands) in stages {
        let count = u32::try_from(errands.len())?;
        let errands = Arc::new(Errands {
            errands,
            session: session.clone(),
        });
        let load = load::run(to, AT_ONCE.min(count), Pace::Each(count), &errands).await?;
        all_right(what, &load)?;
        progress(&format!("{count} {what}"));
    }
    Ok(())
}

fn admin_of(enterprise: u32) -> String {
    let eid = Census::eid(enterprise);
    format!("/api/v1/admin/enterprises/{eid}")
}

fn groups_of(census: &Census, team: u32) -> String {
    format!("{}/groups", admin_of(census.team_enterprise(team)))
}

/// An administrator's call.
enum Errand {
    Post(String, serde_json::Value),
    Put(String),
}

struct Errands {
    errands: Vec<Errand>,
    session: String,
}

impl Visits for Errands {
    fn ask(&self, number: u32) -> Ask {
        let ask = match self.errands.get(number as usize) {
            Some(Errand::Post(path, body)) => Ask::post(path.as_str(), body),
            Some(Errand::Put(path)) => Ask::put_bare(path.as_str()),
            None => Ask::get("/"),
        };
        ask.bearer(&self.session)
    }

    fn take(&self, _: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        answer.require_success()
    }
}

/// First logins, by password.
struct Logins {
    census: Census,
    given: Given<Kept>,
}

impl Visits for Logins {
    fn ask(&self, number: u32) -> Ask {
        password_login(&self.census, number)
    }

    fn take(&self, number: u32, answer: &Answer, _: Times) -> anyhow::Result<()> {
        let opened: Opened = answer.json()?;
        let refresh_token = opened
            .refresh_token
            .with_context(|| format!("no refresh token for the device `{DEVICE}`"))?;
        let version = opened.address_book.version;
        let kept = Kept {
            refresh_token,
            version,
        };
        self.given.keep(number, kept);
        Ok(())
    }
}
