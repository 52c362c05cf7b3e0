//! The control feed: its events, who is listening, and the stream each listener reads.

pub(crate) mod concern;
pub(crate) mod event;
pub(crate) mod hub;
pub(crate) mod stream;
