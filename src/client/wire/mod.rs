//! The shapes of JSON that the static service's client API has. The only module of this room with serde types;
//! unknown members are ignored, so a newer service is understood.

pub(super) mod book;
pub(super) mod login;
pub(super) mod problem;
