//! Where the parts of a grant stand in the answer to an introspection: the options `claim_...` and `require_claims`.
//!
//! | value | for | meaning |
//! |---|---|---|
//! | `/a/b` | all | what this JSON pointer (RFC 6901) leads to |
//! | `/a/b {uid}@{eid}` | eid, uid, device, kind | the part of a string that stands in the option's own hole |
//! | `/a/b push-{role}` | the lists | the elements that begin with `push-`, without it; others are left out |
//! | `=acme` | eid, device, kind | always this |
//! | `as-claimed pc phone*` | device | what the client id says, if it is one of these |
//! | `by-device pc=pc *=phone` | kind | by the device's name, the first that fits |
//! | `/exp or 600` | exp | where the answer names no end: so many seconds from now |
//! | `none` | the lists | none |
//!
//! The user comes from the answer, never from the client, and nothing of a string is dropped when it is taken apart, so
//! that two users never become one. Pure: `upstream::wire` applies it.

mod device;
mod parse;
mod pattern;
mod pointer;

pub use device::Devices;
pub use pattern::{Part, Pattern};
pub use pointer::Pointer;

use std::time::Duration;

use crate::protocol::contract::DeviceKind;

/// Where each part of a grant comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `claim_eid`
    pub eid: Source,
    /// `claim_uid`: from the answer only.
    pub uid: Place,
    /// `claim_device`
    pub device: DeviceSource,
    /// `claim_kind`
    pub kind: KindSource,
    /// `claim_exp`
    pub exp: ExpSource,
    /// `claim_roles`
    pub roles: ListSource,
    /// `claim_groups`
    pub groups: ListSource,
    /// `claim_partners`
    pub partners: ListSource,
    /// `claim_channels`
    pub channels: ListSource,
    /// `require_claims`: what the answer must say for the token to be one for this broker.
    pub require: Vec<Requirement>,
}

/// A string in the answer, or the part of it that a pattern shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where the string is.
    pub pointer: Pointer,
    /// How to take it apart; the string itself when there is none.
    pub pattern: Option<Pattern>,
}

/// Where a name comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Always this one.
    Fixed(String),
    /// The answer.
    Answer(Place),
}

/// Where the device comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceSource {
    /// From the token, as the user does.
    Told(Source),
    /// From the client id, if it is one of these. What the client says is believed.
    Claimed(Vec<Devices>),
}

/// Where the device's kind comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindSource {
    /// Always this one.
    Fixed(DeviceKind),
    /// The answer.
    Answer(Place),
    /// The device's name; the first entry that fits.
    ByDevice(Vec<(Devices, DeviceKind)>),
}

/// Where the token's end comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpSource {
    /// Unix seconds.
    pub pointer: Pointer,
    /// Counted from the question on, where the answer has none; without it such an answer is refused.
    pub otherwise: Option<Duration>,
}

/// Where a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListSource {
    /// There is none.
    None,
    /// The elements of an array of strings that begin with the prefix, without it.
    Answer {
        /// Where the array is.
        pointer: Pointer,
        /// Empty for all elements.
        prefix: String,
    },
}

/// Something that must stand in the answer: by itself, within an array, or as a word of `/scope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// Where.
    pub pointer: Pointer,
    /// What.
    pub value: String,
}

#[cfg(test)]
mod tests;
