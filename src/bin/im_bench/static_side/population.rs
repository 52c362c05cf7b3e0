//! Who is in an installation: users with one device each, put in by `admin user import` and logged in by
//! password.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use tokio::runtime::Runtime;

use super::visits::Logins;
use crate::installation::client::Ask;
use crate::installation::load::{self, Pace, all_right};
use crate::installation::{Hashes, Installation};

/// Everybody's password: long enough for the service's rules.
const PASSWORD: &str = "im-bench's own password";
/// Everybody's device, and its kind.
const DEVICE: &str = "pc";
const KIND: &str = "pc";

/// Logins at once, while users are put in.
const LOGINS_AT_ONCE: u32 = 64;

/// Users of one kind.
#[derive(Debug, Clone)]
pub(super) struct Population {
    /// What their names begin with.
    pub(super) kind: &'static str,
    pub(super) count: u32,
    eid: String,
}

/// What a login brings.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Session {
    pub(super) session_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) address_book: Book,
}

/// Where the address book stood.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Book {
    pub(super) version: u64,
}

impl Population {
    /// Puts them in; `hashes` says what their passwords' hashes cost.
    pub(super) fn import(
        to: &Installation,
        kind: &'static str,
        count: u32,
        hashes: Hashes,
    ) -> anyhow::Result<Population> {
        let eid = to.eid().to_owned();
        let population = Population { kind, count, eid };
        to.admin(hashes, &["user", "import", "-"], &population.lines())?;
        Ok(population)
    }

    fn lines(&self) -> String {
        (0..self.count).fold(String::new(), |mut lines, number| {
            let line = json!({
                "username": self.username(number), "password": PASSWORD,
                "name": format!("Employee {number}"), "title": "Member of staff",
                "phone": format!("+49 30 1{number:06}"),
                "email": format!("{}@bench.example", self.uid(number)),
            });
            let _ = writeln!(lines, "{line}");
            lines
        })
    }

    pub(super) fn uid(&self, number: u32) -> String {
        format!("{}{number:05}", self.kind)
    }

    pub(super) fn username(&self, number: u32) -> String {
        format!("{}@{}", self.uid(number), self.eid)
    }

    /// The request of a login by password, with the device.
    pub(super) fn login(&self, number: u32) -> Ask {
        let login = json!({
            "username": self.username(number), "password": PASSWORD, "device": DEVICE, "kind": KIND,
        });
        Ask::post("/api/v1/login", &login)
    }

    pub(super) fn client_id(&self, number: u32) -> String {
        format!("{}:{DEVICE}", self.username(number))
    }

    /// Logs the first `count` in by password, each once; fails unless all get in. Processes of their own, for
    /// whom hashes are cheap: otherwise each login would hash anew what was put in cheaply.
    pub(super) fn log_in(
        &self,
        to: &Installation,
        runtime: &Runtime,
        count: u32,
    ) -> anyhow::Result<Vec<Session>> {
        let services = to.serve(Hashes::Cheap)?;
        let to = services.addresses();
        let logins = Arc::new(Logins::of(self));
        let load = load::run(&to, LOGINS_AT_ONCE, Pace::Each(count), &logins);
        all_right("logins by password", &runtime.block_on(load)?)?;
        Ok(logins.sessions())
    }
}

impl Session {
    /// The request of a login token.
    pub(super) fn ask_for_token(&self) -> Ask {
        let device = json!({"device": DEVICE, "kind": KIND});
        Ask::post("/api/v1/token", &device).bearer(&self.session_token)
    }
}
