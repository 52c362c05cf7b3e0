//! Integration tests: real Mosquitto brokers with our plugin, real sockets, a static service that is
//! either the reference one or a scripted fake.
//!
//! One binary; a file per behaviour; each behaviour becomes one test per broker version, such as
//! `isolation::subscriptions_to_foreign_topics_give_nothing::v2_0_11`. `scripts/brokers.sh` gets the
//! brokers; a missing one fails the run. Nothing here sleeps to let something happen: readiness is
//! waited for, and every wait is bounded.
// A test may stop at the first surprise; clippy.toml says so, but reaches no further than `#[test]` itself.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout
)]

mod harness;

mod audit;
mod claims;
mod clocks;
mod control;
mod conversation;
mod directory;
mod doorbell;
mod failing_disk;
mod fake_directory;
mod feed;
mod feed_cut;
mod file_transfer;
mod full_screen;
mod header;
mod isolation;
mod kept_locally;
mod limits;
mod login;
mod login_faults;
mod login_together;
mod matrix;
mod metrics;
mod mutual_tls;
mod notices;
mod notices_in_time;
mod notices_over_restarts;
mod operator_program;
mod options_file;
mod pre_subscription;
mod presence;
mod reload;
mod replicas;
mod restart;
mod reviewed;
mod rights;
mod rotated_under_traffic;
mod rotation;
mod shadow;
mod start;
mod stop;
mod stopped_on_the_way;
mod terminal_client;
