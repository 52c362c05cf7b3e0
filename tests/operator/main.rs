//! The operator's program on files alone: no broker, no network. What it does with a broker and a static service stands
//! in `tests/broker/operator_program.rs`.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(clippy::indexing_slicing, clippy::panic)]

mod check;
mod convert;
mod documentation;
mod explain;
mod installation;
