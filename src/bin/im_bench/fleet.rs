//! The fleet: many users in many processes of this program, against real brokers and the real static service.
//!
//! One process may open 20,000 files or so and one source address has 28,000 ports, so the users are dealt out
//! to workers, which are this program once more (a hidden subcommand). They take orders and answer them in
//! JSON, a line each.
//!
//! | module | what it is for |
//! |---|---|
//! | `census`, `plan`, `tally` | pure: who is who, who writes to whom and when, what has arrived |
//! | `data`, `clock` | what a message says, by a clock that all processes share |
//! | `orders`, `crew`, `worker` | what is said between us and the workers; either side |
//! | `arrival`, `member`, `logins` | a login; by which calls; many of them |
//! | `line`, `hall`, `talk` | one user's connection; all of a worker's; a phase of messages |
//! | `site`, `settlement` | service and brokers; who is put into them |
//! | `usage`, `open_files` | processor time and memory of each part; the limit of open files |

mod arrival;
mod census;
mod clock;
mod crew;
mod data;
mod hall;
mod line;
mod logins;
mod member;
mod open_files;
mod orders;
mod plan;
mod settlement;
mod site;
mod talk;
mod tally;
mod usage;
mod worker;

pub(crate) use census::Census;
pub(crate) use crew::{Crew, Logins, Talk};
pub(crate) use open_files::raise_limit;
pub(crate) use orders::Way;
pub(crate) use plan::Plan;
pub(crate) use site::{Site, Wanted};
#[cfg(test)]
pub(crate) use tally::Counts;
pub(crate) use usage::{Cores, Peaks};
pub(crate) use worker::serve;
