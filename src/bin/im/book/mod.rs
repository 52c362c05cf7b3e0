//! The address book and its readable copy on disk.
//!
//! The copy is sealed under the personal key (the library's `client::sealed`) and replaced whole. Whatever is wrong
//! with it costs a full load and a word, never the command.

mod copy;
mod sync;
mod tree;

pub(crate) use copy::{Copy, read};
pub(crate) use sync::{Synced, synchronise};
pub(crate) use tree::{Section, TreeLine, matches, tree};
