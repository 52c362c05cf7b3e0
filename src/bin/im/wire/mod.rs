//! The shapes of JSON that others read or write: the profile file, the history and the control socket. The only module
//! here with serde types.

pub(crate) mod control;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod offer;
pub(crate) mod profile_file;
