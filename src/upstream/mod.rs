//! Room 7: the static service, seen from the broker. Introspection, control feed and directory over HTTP.
//!
//! Runs on the worker's thread only. Knows settings and wire shapes; decides nothing.

mod directory;
mod error;
mod feed;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod introspect;
mod logs;
pub mod wire;

pub use directory::DirectoryStream;
pub use error::UpstreamError;
pub use feed::{FeedItem, FeedStream, RawEvent, Unreadable};
pub use http::StaticService;
pub use introspect::Question;
