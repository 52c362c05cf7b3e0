//! The client's core: the library against a static service that does as it is told, the program `im` on top of it,
//! and golden bytes. No broker is needed.

// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::indexing_slicing, clippy::panic)]

mod book;
mod documented;
mod fake;
mod history;
mod library;
mod login;
mod program;
mod vectors;
