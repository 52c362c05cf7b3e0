//! `GET /control/v1/directory`: everything brokers need to judge rights, and the event it is true at.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::App;
use super::authenticate::Broker;
use super::problem::Problem;
use crate::storage::{Directory, EventId};

/// The answer.
#[derive(Serialize)]
pub(crate) struct Answer {
    seq: EventId,
    enterprises: Vec<Enterprise>,
    users: Vec<User>,
    groups: Vec<Group>,
    partners: Vec<Partner>,
}

#[derive(Serialize)]
struct Enterprise {
    eid: String,
    name: String,
    suspended: bool,
}

#[derive(Serialize)]
struct User {
    eid: String,
    uid: String,
    roles: Vec<String>,
    channels: Vec<String>,
}

#[derive(Serialize)]
struct Group {
    eid: String,
    gid: String,
    members: Vec<String>,
}

#[derive(Serialize)]
struct Partner {
    a: String,
    b: String,
}

/// Answers the whole directory.
pub(crate) async fn directory(
    State(app): State<Arc<App>>,
    _broker: Broker,
) -> Result<Json<Answer>, Problem> {
    Ok(Json(Answer::from(app.storage.directory().await?)))
}

impl From<Directory> for Answer {
    fn from(directory: Directory) -> Answer {
        let enterprise = |(eid, name, suspended)| Enterprise {
            eid,
            name,
            suspended,
        };
        let user = |((eid, uid), entry): (_, crate::storage::UserEntry)| User {
            eid,
            uid,
            roles: entry.roles,
            channels: entry.channels,
        };
        let group = |((eid, gid), members)| Group { eid, gid, members };
        Answer {
            seq: directory.seq,
            enterprises: directory.enterprises.into_iter().map(enterprise).collect(),
            users: directory.users.into_iter().map(user).collect(),
            groups: directory.groups.into_iter().map(group).collect(),
            partners: directory
                .partners
                .into_iter()
                .map(|(a, b)| Partner { a, b })
                .collect(),
        }
    }
}
