//! Lists for people, a line an entry with tabs between, or for programs.

use serde::Serialize;
use serde_json::json;

use super::output::Done;
use crate::identity::{DepartmentId, EnterpriseId, GroupId, UserId};
use crate::listing::DeviceEntry;
use crate::storage::{Page, Storage, StorageError};

/// Entries read at once.
const PAGE: u32 = 1_000;

/// All pages of a list.
async fn whole<T>(
    read: impl AsyncFn(&Page) -> Result<Vec<T>, StorageError>,
    id: impl Fn(&T) -> &str,
) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::new();
    let mut page = Page {
        after: String::new(),
        limit: PAGE,
    };
    loop {
        let entries = read(&page).await?;
        let Some(last) = entries.last() else {
            return Ok(all);
        };
        page.after = id(last).to_owned();
        all.extend(entries);
    }
}

fn done<T: Serialize>(what: &str, entries: &[T], line: impl Fn(&T) -> String) -> Done {
    Done {
        text: entries.iter().map(line).collect::<Vec<_>>().join("\n"),
        json: json!({ what: entries }),
    }
}

fn or_dash(text: Option<&String>) -> &str {
    text.map_or("-", String::as_str)
}

pub(super) async fn enterprises(storage: &Storage) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_enterprises(page).await;
    let entries = whole(read, |entry| &entry.eid).await?;
    Ok(done("enterprises", &entries, |entry| {
        let state = if entry.suspended {
            "suspended"
        } else {
            "active"
        };
        let broker = or_dash(entry.broker.as_ref());
        format!("{}\t{}\t{state}\t{broker}", entry.eid, entry.name)
    }))
}

pub(super) async fn users(storage: &Storage, eid: &EnterpriseId) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_users(eid, page).await;
    let entries = whole(read, |entry| &entry.uid).await?;
    Ok(done("users", &entries, |entry| {
        let department = or_dash(entry.department.as_ref());
        format!("{}\t{}\t{department}", entry.uid, entry.name)
    }))
}

/// One user and all that the user may do.
pub(super) async fn user(storage: &Storage, user: &UserId) -> anyhow::Result<Done> {
    let profile = storage.user_profile(user).await?;
    let rights = &profile.rights;
    let shown = |text: &Option<String>| or_dash(text.as_ref()).to_owned();
    let text = [
        ("name", profile.entry.name.clone()),
        ("title", shown(&profile.title)),
        ("phone", shown(&profile.phone)),
        ("email", shown(&profile.email)),
        (
            "department",
            or_dash(profile.entry.department.as_ref()).to_owned(),
        ),
        (
            "locked",
            if profile.locked { "yes" } else { "no" }.to_owned(),
        ),
        ("roles", rights.roles.join(" ")),
        ("groups", rights.groups.join(" ")),
        ("partners", rights.partners.join(" ")),
        ("channels", rights.channels.join(" ")),
    ];
    let line = |(what, value): &(&str, String)| format!("{what}\t{value}");
    Ok(Done {
        text: text.iter().map(line).collect::<Vec<_>>().join("\n"),
        json: json!(profile),
    })
}

pub(super) async fn devices(storage: &Storage, user: &UserId) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_devices(user, page).await;
    let devices = whole(read, |entry: &DeviceEntry| &entry.device).await?;
    Ok(done("devices", &devices, |entry| {
        let (name, state) = (or_dash(entry.name.as_ref()), entry.state());
        format!("{}\t{}\t{name}\t{state}", entry.device, entry.kind)
    }))
}

pub(super) async fn partners(storage: &Storage, user: &UserId) -> anyhow::Result<Done> {
    let partners = storage.user_profile(user).await?.rights.partners;
    Ok(done("partners", &partners, String::clone))
}

pub(super) async fn groups(storage: &Storage, eid: &EnterpriseId) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_groups(eid, page).await;
    let entries = whole(read, |entry| &entry.gid).await?;
    Ok(done("groups", &entries, |entry| {
        format!("{}\t{}", entry.gid, entry.name)
    }))
}

pub(super) async fn group_members(storage: &Storage, group: &GroupId) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_group_members(group, page).await;
    let members = whole(read, |uid: &String| uid).await?;
    Ok(done("members", &members, String::clone))
}

pub(super) async fn departments(storage: &Storage, eid: &EnterpriseId) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_departments(eid, page).await;
    let entries = whole(read, |entry| &entry.did).await?;
    Ok(done("departments", &entries, |entry| {
        let parent = or_dash(entry.parent.as_ref());
        format!("{}\t{}\t{parent}", entry.did, entry.name)
    }))
}

pub(super) async fn department_members(
    storage: &Storage,
    department: &DepartmentId,
) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_department_members(department, page).await;
    let members = whole(read, |uid: &String| uid).await?;
    Ok(done("members", &members, String::clone))
}

pub(super) async fn brokers(storage: &Storage) -> anyhow::Result<Done> {
    let read = async |page: &Page| storage.list_brokers(page).await;
    let brokers = whole(read, |id: &String| id).await?;
    Ok(done("brokers", &brokers, String::clone))
}
