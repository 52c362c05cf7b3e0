//! Room 1, the C side: the only room with `unsafe`. Entry points that the broker calls, and calls into it.
//!
//! Every entry runs inside [`guard`]: a panic is logged and denies, it never crosses into C. Pointers
//! become references or newtypes in [`decode`] and are not kept beyond the callback; calls into the broker
//! stand in [`host`], and go through `shim.c`, whose symbols are weak.
#![allow(unsafe_code)]

mod callbacks;
mod decode;
mod entry;
mod guard;
mod host;
mod legacy;
mod registration;
mod shadow;
mod signals;
#[cfg(test)]
mod tests;

/// Generated from the installed headers; see build.rs.
mod c {
    #![allow(
        dead_code,
        missing_docs,
        non_camel_case_types,
        non_upper_case_globals,
        unreachable_pub,
        clippy::all,
        clippy::undocumented_unsafe_blocks
    )]
    include!(concat!(env!("OUT_DIR"), "/host.rs"));
}
