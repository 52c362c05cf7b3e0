//! Room 2, composition: brings broker, engine and worker together. The C side stands in `ffi`; here
//! everything is safe, and testable with another [`Host`].

mod control;
mod dispatch;
mod figures;
mod host;
mod record;
mod start;
mod updates;

pub use dispatch::{LoginRuling, Plugin};
pub use host::{Capabilities, Host, HostError};
pub use start::StartError;
