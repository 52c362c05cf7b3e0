//! Commands as an administrator types them.

mod accounts;
mod changes;
mod departments;
mod import;
mod lists;
mod profile;
mod refusals;

use clap::Parser as _;
use serde_json::Value;

use super::args::AdminArgs;
use super::carry_out::carry_out;
use super::output::Done;
use crate::clock::now_s;
use crate::identity::{DeviceKind, UserId};
use crate::password::{Cost, Passwords};
use crate::refresh_token::RefreshToken;
use crate::secret::{Digest, Secret};
use crate::storage::scratch::Scratch;
use crate::storage::{NewDevice, NewSession, NewToken, OwnDevice, Storage, StoredEvent};

#[derive(Debug, clap::Parser)]
struct Admin {
    #[command(flatten)]
    args: AdminArgs,
}

fn parse(line: &[&str]) -> Result<AdminArgs, clap::Error> {
    let line = ["admin", "--db", "x"].iter().chain(line);
    Admin::try_parse_from(line).map(|admin| admin.args)
}

struct Desk {
    storage: Storage,
    passwords: Passwords,
    seen: i64,
    _scratch: Scratch,
}

impl Desk {
    async fn open() -> Desk {
        let scratch = Scratch::new().await;
        let storage = scratch.open().await;
        let cheap = Cost {
            memory_kib: 8,
            passes: 1,
        };
        Desk {
            seen: storage.refresh_head().await.unwrap(),
            _scratch: scratch,
            storage,
            passwords: Passwords::new(cheap).unwrap(),
        }
    }

    async fn try_run(&self, line: &str) -> anyhow::Result<Done> {
        let words: Vec<_> = line.split_whitespace().collect();
        carry_out(&self.storage, &self.passwords, parse(&words)?.command).await
    }

    async fn run(&self, line: &str) -> Done {
        self.try_run(line)
            .await
            .unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Issues a login token.
    async fn give_token(&self, user: &UserId) {
        self.storage.open_plain_session(user).await;
        let token = NewToken {
            digest: Secret::random().digest(),
            session: Digest::of(user.to_string().as_bytes()),
            user: user.clone(),
            device: "pc".parse().unwrap(),
            kind: DeviceKind::Pc,
            expires_at_s: now_s() + 60,
        };
        self.storage.issue_token(token).await.unwrap();
    }

    /// Logs in on a device, a pc.
    async fn give_device(&self, user: &UserId, device: &str) {
        let (token, account) = (RefreshToken::first(), self.storage.account(user).await);
        let (name, kind) = (device.parse().unwrap(), DeviceKind::Pc);
        let device = NewDevice {
            own: OwnDevice { name, kind },
            called: None,
            family: token.family_digest(),
            refresh: token.digest(),
            refresh_expires_at_s: now_s() + 60,
        };
        let session = NewSession {
            user: user.clone(),
            account: account.unwrap().unwrap().state,
            digest: Secret::random().digest(),
            expires_at_s: now_s() + 60,
            device: Some(device),
        };
        self.storage.open_session(session).await.unwrap();
    }

    /// The events since the last call.
    async fn events(&mut self) -> Vec<StoredEvent> {
        let events = self.storage.events_after(self.seen, 100).await.unwrap();
        self.seen = events.last().map_or(self.seen, |event| event.id);
        events
    }

    /// Runs a command that is to yield this one event and, after it, a notice `(uid@eid, kind, data)` for
    /// each whom it concerns.
    async fn yields(
        &mut self,
        line: &str,
        kind: &str,
        data: Value,
        notices: &[(&str, &str, Value)],
    ) {
        self.run(line).await;
        let mut events = self.events().await.into_iter();
        let event = events.next().unwrap_or_else(|| panic!("{line}: no event"));
        assert_eq!(event.kind, kind, "{line}");
        assert_eq!(json_of(&event), data, "{line}");
        let told: Vec<_> = events.map(|event| notice(&event)).collect();
        let wanted = notices.iter().map(|(user, kind, data)| {
            let (user, kind) = ((*user).to_owned(), (*kind).to_owned());
            (user, kind, data.clone())
        });
        assert_eq!(told, wanted.collect::<Vec<_>>(), "{line}");
    }
}

fn json_of(event: &StoredEvent) -> Value {
    serde_json::from_str(&event.data).unwrap()
}

/// For whom a notice is, its kind and its data.
fn notice(event: &StoredEvent) -> (String, String, Value) {
    assert_eq!(event.kind, "notice", "{event:?}");
    let mut notice = json_of(event);
    assert_eq!(notice["retain"], false);
    assert_eq!(notice["expiry_s"], 604_800);
    assert_eq!(notice["id"].as_str().unwrap().len(), 32);
    for words in ["title", "body"] {
        assert!(!notice[words].as_str().unwrap().is_empty());
    }
    let scope = &notice["scope"];
    let part = |name: &str| scope[name].as_str().unwrap().to_owned();
    let (user, kind) = (
        format!("{}@{}", part("uid"), part("eid")),
        notice["kind"].clone(),
    );
    (
        user,
        kind.as_str().unwrap().to_owned(),
        notice["data"].take(),
    )
}

#[test]
fn debug_output_of_a_command_line_hides_the_password() {
    let args = parse(&["user", "add", "a@acme", "--password", "hunter2"]).unwrap();
    assert!(!format!("{args:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_generated_broker_secret_is_printed_once_and_stored_as_a_digest() {
    let desk = Desk::open().await;
    let done = desk.run("broker add b1").await;
    assert_eq!(done.text.len(), 43);
    assert_eq!(done.json["client_secret"], done.text.as_str());
    let b1 = "b1".parse().unwrap();
    let stored = desk.storage.broker_secret_hash(&b1).await.unwrap().unwrap();
    assert!(stored.starts_with("sha256:") && !stored.contains(&done.text));
}
