//! The default policy: the table of DESIGN section 4, a `match` arm per row.
//!
//! A row answers the rule that allows, or the reason why not. Pure, no allocation but for the patterns
//! of wildcard subscriptions.

use super::Case;
use crate::policy::containment::matches;
use crate::policy::decision::{Reason, RuleId};
use crate::policy::filter::{Filter, check_topic};
use crate::policy::rights::OPERATOR;
use crate::protocol::topic::SYS_NOTICE;
use crate::protocol::{Topic, UserName};

type Verdict = Result<RuleId, Reason>;

/// Wildcard filters that every user may use below the own enterprise, and the rule they stand for.
const OWN_WILDCARDS: [(&str, RuleId); 3] = [
    ("notice/#", RuleId::EnterpriseNotice),
    ("im/pres/+", RuleId::ColleagueStatus),
    ("im/sig/+", RuleId::ColleagueStatus),
];

pub(super) fn publish(case: &Case<'_>, topic: Topic<'_>) -> Verdict {
    match topic {
        Topic::Inbox { eid, uid } if case.is_self(eid, uid) => Ok(RuleId::OwnInbox),
        Topic::Inbox { eid, .. } if case.is_own(eid) => Ok(RuleId::ColleagueInbox),
        Topic::Inbox { eid, uid } => partner(case, eid, uid, RuleId::PartnerInbox),
        Topic::Group { eid, gid } => member(case, eid, gid),
        Topic::Presence { eid, uid } | Topic::Signature { eid, uid } => own_status(case, eid, uid),
        Topic::Notice { eid, channel } => holder(case, eid, channel),
        Topic::SysNotice
        | Topic::SysNoticeEnterprise { .. }
        | Topic::SysNoticeUser { .. }
        | Topic::Sys => Err(Reason::SystemTopic),
        Topic::Control => operator(case),
        Topic::ControlResponse => Err(Reason::ControlResponse),
        Topic::Other => Err(Reason::NoRule),
    }
}

pub(super) fn receive(case: &Case<'_>, name: &str, topic: Topic<'_>) -> Verdict {
    match topic {
        Topic::Inbox { eid, uid } if case.is_self(eid, uid) => Ok(RuleId::OwnInbox),
        Topic::Inbox { .. } => Err(Reason::NotOwner),
        Topic::Group { eid, gid } => member(case, eid, gid),
        Topic::Presence { eid, uid } | Topic::Signature { eid, uid } => status(case, eid, uid),
        Topic::Notice { eid, channel } => notice(case, eid, channel),
        Topic::SysNotice => Ok(RuleId::SystemNotice),
        Topic::SysNoticeEnterprise { eid } => system_notice(case.is_own(eid)),
        Topic::SysNoticeUser { eid, uid } => system_notice(case.is_self(eid, uid)),
        Topic::Control => Err(Reason::NoRule),
        Topic::ControlResponse => operator(case),
        Topic::Sys if below_sys_notice(name) => Err(Reason::OthersNotice),
        Topic::Sys => operator(case),
        Topic::Other => own_wildcard(case, name),
    }
}

fn partner(case: &Case<'_>, eid: &str, uid: &str, rule: RuleId) -> Verdict {
    let linked = case.person.is_partner(UserName { uid, eid });
    linked.then_some(rule).ok_or(Reason::OtherEnterprise)
}

fn member(case: &Case<'_>, eid: &str, gid: &str) -> Verdict {
    own_enterprise(case, eid)?;
    let member = case.person.is_member(gid);
    member.then_some(RuleId::Member).ok_or(Reason::NotMember)
}

fn own_status(case: &Case<'_>, eid: &str, uid: &str) -> Verdict {
    let own = case.is_self(eid, uid);
    own.then_some(RuleId::OwnStatus).ok_or(Reason::NotOwnStatus)
}

fn status(case: &Case<'_>, eid: &str, uid: &str) -> Verdict {
    if case.is_self(eid, uid) {
        Ok(RuleId::OwnStatus)
    } else if case.is_own(eid) {
        Ok(RuleId::ColleagueStatus)
    } else {
        partner(case, eid, uid, RuleId::PartnerStatus)
    }
}

fn holder(case: &Case<'_>, eid: &str, channel: &str) -> Verdict {
    own_enterprise(case, eid)?;
    check_topic(channel).map_err(Reason::BadTopic)?;
    let holds = case.person.has_channel(channel);
    holds
        .then_some(RuleId::ChannelHolder)
        .ok_or(Reason::NoChannel)
}

fn notice(case: &Case<'_>, eid: &str, channel: &str) -> Verdict {
    own_enterprise(case, eid)?;
    check_topic(channel).map_err(Reason::BadTopic)?;
    Ok(RuleId::EnterpriseNotice)
}

fn own_enterprise(case: &Case<'_>, eid: &str) -> Result<(), Reason> {
    case.is_own(eid)
        .then_some(())
        .ok_or(Reason::OtherEnterprise)
}

fn system_notice(mine: bool) -> Verdict {
    mine.then_some(RuleId::SystemNotice)
        .ok_or(Reason::OthersNotice)
}

fn operator(case: &Case<'_>) -> Verdict {
    let operator = case.person.has_role(OPERATOR);
    operator
        .then_some(RuleId::Operator)
        .ok_or(Reason::NotOperator)
}

pub(in crate::policy) fn below_sys_notice(name: &str) -> bool {
    (name.strip_prefix(SYS_NOTICE)).is_some_and(|rest| rest.starts_with('/'))
}

/// Topics of no kind that the wildcards of [`OWN_WILDCARDS`] match all the same, such as `{eid}/notice`
/// itself: allowed, so that a subscription never gives more than receiving does.
fn own_wildcard(case: &Case<'_>, name: &str) -> Verdict {
    let below = name
        .strip_prefix(case.subject.user.eid)
        .and_then(|rest| rest.strip_prefix('/'))
        .ok_or(Reason::NoRule)?;
    check_topic(name).map_err(Reason::BadTopic)?;
    let own = OWN_WILDCARDS
        .iter()
        .find(|(pattern, _)| matches(pattern, below));
    own.map(|(_, rule)| *rule).ok_or(Reason::NoRule)
}

/// The default table as patterns, as far as it can cover a filter with wildcards.
pub(super) fn wildcard_patterns(case: &Case<'_>, filter: &Filter<'_>) -> Vec<String> {
    let eid = case.subject.user.eid;
    let own = OWN_WILDCARDS.iter();
    let mut patterns: Vec<String> = own.map(|(below, _)| format!("{eid}/{below}")).collect();
    if case.person.has_role(OPERATOR) {
        patterns.extend(sys_patterns(filter));
    }
    patterns
}

/// `$SYS/#` less what is below `$SYS/notice`: as patterns have no "but", the filter's own second level
/// is spelled out.
fn sys_patterns(filter: &Filter<'_>) -> Vec<String> {
    let mut patterns = vec!["$SYS/+".to_owned()];
    let second = filter.topics().split('/').nth(1);
    if let Some(level) = second.filter(|l| !matches!(*l, "notice" | "+" | "#")) {
        patterns.push(format!("$SYS/{level}/#"));
    }
    patterns
}
