//! Mosquitto 1.x: a small host (`host/`, in C) loads the very plugin that the brokers of 2.x load, as 1.4, 1.5 and 1.6
//! do, and lets real clients in. No Debian suite has those brokers any more.
//!
//! `MEP_LEGACY_BROKERS` may name a folder with `1.4.15/mosquitto`, `1.5.11/mosquitto` and `1.6.15/mosquitto`, which are
//! then used in place of the host; tests of what only the host tells are passed over.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used
)]

// What the other suite stands on; not all of it is needed here.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../broker/harness/mod.rs"]
mod harness;

mod host;
mod isolation;
mod login;
mod loopback;
mod revocation;
mod start;

/// Makes one test per host version of each named function, which takes the [`host::Api`].
macro_rules! each_host {
    ($($behaviour:ident),+ $(,)?) => { $(
        mod $behaviour {
            use crate::host::Api;

            #[test]
            fn v1_4() {
                super::$behaviour(Api::V2);
            }

            #[test]
            fn v1_5() {
                super::$behaviour(Api::V3);
            }

            #[test]
            fn v1_6() {
                super::$behaviour(Api::V4);
            }
        }
    )+ };
}
pub(crate) use each_host;
