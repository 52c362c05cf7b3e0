//! What a decision says: which rule allowed it, or why it was denied, in words for an operator.
//!
//! Small `Copy` values, so that deciding costs nothing; the words are made only when somebody reads them.

use std::fmt;

use super::filter::FilterError;

/// The answer to "may X do this?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Yes, by this rule.
    Allow(RuleId),
    /// No, for this reason.
    Deny(Reason),
}

impl Decision {
    /// Whether it is a yes.
    pub fn is_allowed(self) -> bool {
        matches!(self, Decision::Allow(_))
    }

    /// Why not, if it is a no.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Decision::Allow(_) => None,
            Decision::Deny(reason) => Some(reason),
        }
    }

    /// Why not, in words, if it is a no.
    pub fn denial(self) -> Option<String> {
        Some(self.reason()?.to_string())
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decision::Allow(rule) => write!(f, "allowed: {rule}"),
            Decision::Deny(reason) => write!(f, "denied: {reason}"),
        }
    }
}

/// The rule that allowed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleId {
    /// One's own inbox.
    OwnInbox,
    /// The inbox of somebody of the same enterprise.
    ColleagueInbox,
    /// The inbox of a linked partner.
    PartnerInbox,
    /// A group one is in.
    Member,
    /// One's own presence or signature.
    OwnStatus,
    /// Presence or signature within the enterprise.
    ColleagueStatus,
    /// Presence or signature of a linked partner.
    PartnerStatus,
    /// A channel one holds.
    ChannelHolder,
    /// Notices of one's own enterprise.
    EnterpriseNotice,
    /// System notices to everybody, to one's enterprise, or to oneself.
    SystemNotice,
    /// `$CONTROL/enterprise-push` or `$SYS`, with the role `operator`.
    Operator,
    /// The rule of the policy file with this index, from 0.
    PolicyFile(u16),
    /// A wildcard filter all of whose topics are allowed, by several rules together.
    Covered,
    /// Giving up a subscription gives no right, so it is never denied.
    Unsubscribe,
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RuleId::OwnInbox => "it is the user's own inbox",
            RuleId::ColleagueInbox => "it is the inbox of a colleague",
            RuleId::PartnerInbox => "it is the inbox of a linked partner",
            RuleId::Member => "the user is in the group",
            RuleId::OwnStatus => "it is the user's own presence or signature",
            RuleId::ColleagueStatus => "it is presence or signature within the enterprise",
            RuleId::PartnerStatus => "it is presence or signature of a linked partner",
            RuleId::ChannelHolder => "the user holds the channel",
            RuleId::EnterpriseNotice => "it is a notice of the user's enterprise",
            RuleId::SystemNotice => "it is a system notice that is also for this user",
            RuleId::Operator => "the user has the role operator",
            RuleId::PolicyFile(index) => return write!(f, "rule {index} of the policy file"),
            RuleId::Covered => "every topic that it can match is allowed",
            RuleId::Unsubscribe => "giving up a subscription is never denied",
        })
    }
}

/// Why something was denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The user was removed.
    Removed,
    /// The directory is complete and has no such user.
    NotInDirectory,
    /// The user's enterprise is suspended.
    Suspended,
    /// The topic's enterprise is suspended.
    TopicSuspended,
    /// The topic name is malformed.
    BadTopic(FilterError),
    /// The filter is malformed.
    BadFilter(FilterError),
    /// Somebody else's inbox.
    NotOwner,
    /// Another enterprise's topic, and no partner link.
    OtherEnterprise,
    /// Not in the group.
    NotMember,
    /// Presence and signature are published by their owner.
    NotOwnStatus,
    /// The channel is not the user's to publish to.
    NoChannel,
    /// Nobody but the broker and the plugin publishes to `$SYS`.
    SystemTopic,
    /// A system notice for others.
    OthersNotice,
    /// It takes the role `operator`.
    NotOperator,
    /// Answers to operators are published by the plugin.
    ControlResponse,
    /// The filter can match a topic that is not allowed.
    FilterTooWide,
    /// No rule gives it.
    NoRule,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Removed => "the user was removed",
            Reason::NotInDirectory => "the directory has no such user",
            Reason::Suspended => "the user's enterprise is suspended",
            Reason::TopicSuspended => "the topic's enterprise is suspended",
            Reason::BadTopic(error) => return write!(f, "malformed topic: {error}"),
            Reason::BadFilter(error) => return write!(f, "malformed filter: {error}"),
            Reason::NotOwner => "it is somebody else's inbox",
            Reason::OtherEnterprise => {
                "it is another enterprise's topic and there is no partner link"
            }
            Reason::NotMember => "the user is not in the group",
            Reason::NotOwnStatus => "presence and signature are published by their owner only",
            Reason::NoChannel => "the user does not hold the channel",
            Reason::SystemTopic => "clients do not publish to $SYS",
            Reason::OthersNotice => "it is a system notice for others",
            Reason::NotOperator => "it takes the role operator",
            Reason::ControlResponse => "answers to operators are published by the plugin only",
            Reason::FilterTooWide => "the filter can match topics that are not allowed",
            Reason::NoRule => "no rule allows it",
        })
    }
}
