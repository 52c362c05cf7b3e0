//! Room 2, composition: brings broker, engine and worker together. The C side stands in `ffi`; here
//! everything is safe, and testable with another [`Host`].

mod control;
mod dispatch;
mod figures;
mod greeting;
mod host;
mod login;
mod record;
mod reload;
mod shadow;
mod standing;
mod start;
mod undelivered;
mod updates;

pub use dispatch::Plugin;
pub use host::{Capabilities, Host, HostError};
pub use login::LoginRuling;
pub use start::StartError;
