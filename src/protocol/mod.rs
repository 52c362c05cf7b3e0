//! Room 5, the wire protocol: names, topic tree, message header, presence and notices.
//!
//! Pure: no I/O, no clock, no logger, nothing of the other rooms. Clients and the static service use
//! it as it stands, so that all sides of the wire are one piece of code.

pub mod contract;
pub mod control;
pub mod header;
pub mod name;
pub mod notice;
pub mod notice_wire;
pub mod presence;
pub mod topic;

pub use header::{
    Content, Direction, Header, HeaderError, Message, direction_from, is_from, source_of,
};
pub(crate) use name::PartLengths;
pub use name::{NameError, SessionId, SessionName, UserName};
pub use notice::Notice;
pub use presence::Presence;
pub use topic::Topic;

/// The largest payload the plugin lets through, in bytes: 3 MiB. Larger things are uploaded and
/// sent as a hyperlink (paper, "large files").
pub const MAX_PAYLOAD_BYTES: usize = 3 * 1024 * 1024;
