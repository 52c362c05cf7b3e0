//! The directory that the bench's static service gives out: `GET /control/v1/directory`, NDJSON, written
//! once and served as often as asked.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};

use super::{Desk, is_our_broker};
use crate::people::{EID, User};

/// Users of each enterprise beside the bench's own.
const ENTERPRISE_USERS: u32 = 1000;
/// Members of each group.
const MEMBERS: u32 = 50;

/// All entries, ready to be sent.
#[derive(Clone)]
pub(crate) struct Listing {
    body: Bytes,
    /// How many lines it is.
    pub(crate) entries: usize,
}

impl Listing {
    /// These users of the bench's enterprise, then so many others and so many groups of 50 in enterprises of
    /// a thousand users.
    pub(crate) fn new(own: &[User], users: u32, groups: u32) -> Listing {
        let mut lines = Lines::default();
        lines.add("enterprise.upserted", &json!({"eid": EID, "name": EID}));
        for user in own {
            lines.user(EID, user.uid());
        }
        let enterprises = users.div_ceil(ENTERPRISE_USERS);
        for number in 0..enterprises {
            let eid = eid(number);
            lines.add("enterprise.upserted", &json!({"eid": eid, "name": eid}));
        }
        for number in 0..users {
            lines.user(
                &eid(number / ENTERPRISE_USERS),
                &uid(number % ENTERPRISE_USERS),
            );
        }
        for number in 0..groups {
            lines.group(number, enterprises.max(1), users.min(ENTERPRISE_USERS));
        }
        Listing {
            body: lines.text.into(),
            entries: lines.count,
        }
    }

    /// These events of the control feed.
    pub(crate) fn of(events: impl IntoIterator<Item = (&'static str, Value)>) -> Listing {
        let mut lines = Lines::default();
        for (event, data) in events {
            lines.add(event, &data);
        }
        Listing {
            body: lines.text.into(),
            entries: lines.count,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.body.len()
    }
}

fn eid(number: u32) -> String {
    format!("enterprise-{number:02}")
}

fn uid(number: u32) -> String {
    format!("employee-{number:05}")
}

#[derive(Default)]
struct Lines {
    text: String,
    count: usize,
}

impl Lines {
    fn add(&mut self, event: &str, data: &Value) {
        self.count += 1;
        let _ = writeln!(self.text, "{}", json!({"event": event, "data": data}));
    }

    fn user(&mut self, eid: &str, uid: &str) {
        let data = json!({"eid": eid, "uid": uid, "roles": [], "channels": []});
        self.add("user.upserted", &data);
    }

    /// Its members lie apart, as those of real groups do.
    fn group(&mut self, number: u32, enterprises: u32, users: u32) {
        let apart = (users / MEMBERS).max(1);
        let start = number / enterprises;
        let members = (0..MEMBERS.min(users)).map(|m| uid((start + m * apart) % users.max(1)));
        let data = json!({
            "eid": eid(number % enterprises), "gid": format!("group-{start:03}"),
            "members": members.collect::<Vec<_>>(),
        });
        self.add("group.upserted", &data);
    }
}

pub(super) async fn serve(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    if !is_our_broker(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(listing) = desk.lock_listing().clone() else {
        let later = desk.listing_later.load(Ordering::Acquire);
        return match later {
            true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
            false => StatusCode::NOT_FOUND.into_response(),
        };
    };
    let line = |event: &str, data: Value| {
        Bytes::from(format!("{}\n", json!({"event": event, "data": data})))
    };
    let seq = desk.last_id.load(Ordering::Acquire);
    let begin = line("directory.begin", json!({"seq": seq}));
    let end = line("directory.end", json!({"entries": listing.entries}));
    let parts = [begin, listing.body, end].map(Ok::<_, std::convert::Infallible>);
    let body = Body::from_stream(stream::iter(parts));
    ([(CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_has_as_many_entries_as_it_says_and_the_feed_reads_each() {
        use mosquitto_enterprise_push::upstream::wire::read_event;
        let own = [User::new("p", 0), User::new("p", 1)];
        let listing = Listing::new(&own, 2500, 30);
        let text = std::str::from_utf8(&listing.body).unwrap();
        assert_eq!(text.lines().count(), listing.entries);
        // The own enterprise, three others, users and groups.
        assert_eq!(listing.entries, 1 + 2 + 3 + 2500 + 30);
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let name = line["event"].as_str().unwrap();
            let event = read_event(name, &line["data"].to_string());
            assert!(matches!(event, Ok(Some(_))), "{line}: {event:?}");
            if name == "group.upserted" {
                let members = line["data"]["members"].as_array().unwrap();
                let one = |m: &&Value| members.iter().filter(|o| o == m).count() == 1;
                assert_eq!(members.iter().filter(one).count(), 50);
            }
        }
    }
    #[test]
    fn listing_is_served_between_its_first_and_last_line_to_our_broker_alone() {
        use std::io::{Read, Write};
        let service = crate::service::Service::start().unwrap();
        let get = |authorization: &str| {
            let address = service.url().replace("http://", "");
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            let request = format!(
                "GET /control/v1/directory HTTP/1.0\r\nHost: {address}\r\nAuthorization: {authorization}\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        assert!(get(crate::service::AUTHORIZATION).contains(" 404 "));
        service.list(&Listing::new(&[User::new("p", 0)], 0, 0));
        assert!(get("Basic eDp5").contains(" 401 "));
        let answer = get(crate::service::AUTHORIZATION);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 ") && head.contains("application/x-ndjson"));
        let lines: Vec<Value> = body
            .lines()
            .map(|l| serde_json::from_str(l).unwrap())
            .collect();
        assert_eq!(lines.len(), 4, "{body}");
        assert_eq!(
            lines[0],
            json!({"event": "directory.begin", "data": {"seq": 1}})
        );
        assert_eq!(
            lines[3],
            json!({"event": "directory.end", "data": {"entries": 2}})
        );
    }
}
