//! Room 7: the static service, seen from the broker. Introspection and control feed over HTTP.
//!
//! Runs on the worker's thread only. Knows settings and wire shapes; decides nothing.

mod error;
mod feed;
mod http;
mod introspect;
pub mod wire;

pub use error::UpstreamError;
pub use feed::{FeedItem, FeedStream, Unreadable};
pub use http::StaticService;
pub use introspect::Question;
