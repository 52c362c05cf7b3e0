//! mosquitto-enterprise-push: a plugin that makes a stock Mosquitto the dynamic server of an enterprise
//! push and messaging system.
//!
//! The map of the house. Data flows one way: C callback, guard, decode, decide (pure), apply, encode. Rooms
//! import downward only; `tests/tidy.rs` keeps the doors shut.
//!
//! | room | what it is | may import |
//! |---|---|---|
//! | `ffi` | the C side, the only `unsafe` | plugin; types of engine, config, worker |
//! | [`plugin`] | composition: callbacks to decisions, effects to calls | all but ffi |
//! | [`engine`] | decisions: logins, feed, access; pure | policy, protocol |
//! | [`policy`] | rules, filters, directory; pure | protocol |
//! | [`protocol`] | names, topics, header, notices; pure | std, serde for one wire module |
//! | [`config`] | options, checked, with units | protocol |
//! | [`upstream`] | the static service over HTTP | config, protocol |
//! | `client` | the client's core, a library: login, address book; behind the feature `client` | protocol |
//! | `manual` | man pages and completions of the programs; behind the feature `cli` | |
//! | [`audit`] | the audit log: lines, file, spool | types of engine, protocol |
//! | [`metrics`] | what is counted, as text for Prometheus | types of engine |
//! | [`worker`] | thread, queues, doorbell | upstream, audit, metrics; types of engine, config, protocol |

pub mod audit;
#[cfg(feature = "client")]
pub mod client;
pub mod config;
pub mod engine;
mod ffi;
#[cfg(feature = "cli")]
pub mod manual;
pub mod metrics;
pub mod plugin;
pub mod policy;
pub mod protocol;
pub mod upstream;
pub mod worker;
