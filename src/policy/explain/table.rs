//! The rows of the default table, as docs/policy.md has them (a test holds both together).

use crate::policy::decide::below_sys_notice;
use crate::policy::decision::RuleId;
use crate::protocol::Topic;

const INBOX: &str = "{eid}/im/msg/{uid}";
const GROUP: &str = "{eid}/im/msg/g/{gid}";
const STATUS: &str = "{eid}/im/pres/{uid}, {eid}/im/sig/{uid}";
const ALL_STATUS: &str = "{eid}/im/pres/+, {eid}/im/sig/+";
const NOTICE: &str = "{eid}/notice/{channel...}";
const SYSTEM_NOTICE: &str = "$SYS/notice, $SYS/notice/{eid}, $SYS/notice/{eid}/{uid}";
const SYS: &str = "other $SYS topics";
const CONTROL: &str = "$CONTROL/enterprise-push/v1";
const RESPONSE: &str = "$CONTROL/enterprise-push/v1/response";

/// The topics column of the default table.
pub const ROWS: [&str; 9] = [
    INBOX,
    GROUP,
    STATUS,
    ALL_STATUS,
    NOTICE,
    SYSTEM_NOTICE,
    SYS,
    CONTROL,
    RESPONSE,
];

/// The row that speaks of a topic; `None` where none does.
pub(super) fn row(name: &str) -> Option<&'static str> {
    Some(match Topic::parse(name) {
        Topic::Inbox { .. } => INBOX,
        Topic::Group { .. } => GROUP,
        Topic::Presence { .. } | Topic::Signature { .. } => STATUS,
        Topic::Notice { .. } => NOTICE,
        Topic::SysNotice | Topic::SysNoticeEnterprise { .. } | Topic::SysNoticeUser { .. } => {
            SYSTEM_NOTICE
        }
        Topic::Sys if below_sys_notice(name) => SYSTEM_NOTICE,
        Topic::Sys => SYS,
        Topic::Control => CONTROL,
        Topic::ControlResponse => RESPONSE,
        Topic::Other => return None,
    })
}

/// The row behind a rule that allows a topic of no kind, such as `{eid}/notice`: wildcards of the table match it.
pub(super) fn row_of_rule(rule: RuleId) -> Option<&'static str> {
    match rule {
        RuleId::EnterpriseNotice => Some(NOTICE),
        RuleId::ColleagueStatus => Some(ALL_STATUS),
        _ => None,
    }
}

/// The row behind a pattern of the default table for wildcard filters.
pub(super) fn row_of_pattern(pattern: &str) -> &'static str {
    match pattern.split('/').nth(1) {
        _ if pattern.starts_with("$SYS") => SYS,
        Some("notice") => NOTICE,
        _ => ALL_STATUS,
    }
}
