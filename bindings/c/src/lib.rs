//! The message header's codec for C: the same source as the plugin's (`src/protocol/header.rs`), behind two functions.
//!
//! A crate of its own, so that neither the plugin's library gets other exports nor a C program the plugin's
//! dependencies. `include/mep_codec.h` is generated from `c_api.rs` by cbindgen; a test keeps it so.

mod c_api;
#[path = "../../../src/protocol/header.rs"]
#[allow(dead_code, missing_docs)]
pub mod header;
#[path = "../../../src/protocol/name.rs"]
#[allow(dead_code, missing_docs)]
pub mod name;

pub use c_api::{MepMessage, MepStatus, mep_decode, mep_encode};
