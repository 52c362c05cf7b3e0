//! What the directory says that mattered, a sentence each.

use super::Question;
use crate::policy::directory::{Directory, Person, Standing};
use crate::policy::rights::OPERATOR;
use crate::policy::rules::Action;
use crate::protocol::{Topic, UserName};

/// Names of one kind that are listed; of more the number is told.
const MOST_LISTED: usize = 20;

/// Of the user, then of the topic.
pub(super) fn of(question: &Question<'_>) -> Vec<String> {
    let (directory, user) = (question.directory, question.subject.user);
    let person = directory.find(user);
    let mut facts = vec![standing(&person, user)];
    let topic = question.meaning();
    match (topic, question.action) {
        (Topic::Inbox { eid, uid }, Action::Publish)
        | (Topic::Presence { eid, uid } | Topic::Signature { eid, uid }, _) => {
            facts.extend(link(&person, user, UserName { uid, eid }));
        }
        (Topic::Group { eid, gid }, _) if eid == user.eid => {
            facts.push(membership(directory, &person, user, gid));
        }
        (Topic::Notice { eid, .. }, Action::Publish) if eid == user.eid => {
            facts.push(held("channels", user, person.channels()));
        }
        (Topic::Control | Topic::ControlResponse | Topic::Sys, _) => {
            facts.push(role(&person, user))
        }
        _ => {}
    }
    facts.extend(suspension(directory, user, topic));
    facts
}

/// What the directory says of the user as such.
pub fn standing(person: &Person<'_>, user: UserName<'_>) -> String {
    match person.standing() {
        Standing::Removed => format!("the directory says that {user} was removed"),
        Standing::Suspended => format!(
            "the directory says that enterprise {} is suspended",
            user.eid
        ),
        Standing::NotInDirectory => format!("the directory is complete and does not hold {user}"),
        Standing::Active if person.is_of_directory() => format!("the directory holds {user}"),
        Standing::Active if person.is_known() => {
            format!("{user} is known by a login, not from the directory")
        }
        Standing::Active => format!(
            "nothing is known of {user}, and the directory is not complete: the rights of the name alone count"
        ),
    }
}

fn link(person: &Person<'_>, user: UserName<'_>, other: UserName<'_>) -> Option<String> {
    if user.eid == other.eid {
        return None;
    }
    let verb = if person.is_partner(other) {
        "are linked"
    } else {
        "are not linked"
    };
    Some(format!("{user} and {other} {verb} as partners"))
}

fn membership(directory: &Directory, person: &Person<'_>, user: UserName<'_>, gid: &str) -> String {
    let members = directory.members(user.eid, gid).count();
    if person.is_member(gid) {
        return format!(
            "{user} is one of {members} members of the group {gid}@{}",
            user.eid
        );
    }
    match members {
        0 => format!(
            "the group {gid}@{} is not known, or has nobody in it",
            user.eid
        ),
        _ => format!(
            "{user} is not among the {members} members of the group {gid}@{}",
            user.eid
        ),
    }
}

fn role(person: &Person<'_>, user: UserName<'_>) -> String {
    if person.has_role(OPERATOR) {
        return format!("{user} has the role {OPERATOR}");
    }
    held("roles", user, person.roles())
}

fn held<'d>(what: &str, user: UserName<'_>, words: impl Iterator<Item = &'d str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.len() {
        0 => format!("{user} has no {what}"),
        count if count > MOST_LISTED => format!("{user} has {count} {what}"),
        _ => format!("{user} has the {what} {}", words.join(", ")),
    }
}

fn suspension(directory: &Directory, user: UserName<'_>, topic: Topic<'_>) -> Option<String> {
    let eid = match topic {
        Topic::Inbox { eid, .. }
        | Topic::Group { eid, .. }
        | Topic::Presence { eid, .. }
        | Topic::Signature { eid, .. }
        | Topic::Notice { eid, .. } => eid,
        _ => return None,
    };
    let told = eid != user.eid && directory.is_suspended(eid);
    told.then(|| format!("the directory says that enterprise {eid} is suspended"))
}
