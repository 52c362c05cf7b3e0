//! Files between the disk and the static service's file API: uploads and downloads that go on where they
//! were cut, over runs too.
//!
//! Progress is told to a closure of the caller's, bytes done first; what is done with it is not known here.

mod answer;
mod download;
mod error;
mod offering;
mod pace;
mod part;
mod retry;
mod service;
mod source;
// Needs axum, which a test of this feature alone does not have.
#[cfg(test)]
#[cfg(feature = "static-service")]
mod tests;
mod throttle;
mod upload;
mod uploads;

pub(crate) use download::{Downloaded, Wanted, download};
pub(crate) use error::TransferError;
pub(crate) use offering::offer;
pub(crate) use pace::SLOWEST;
pub(crate) use part::Place;
pub(crate) use retry::Retry;
pub(crate) use service::FileService;
pub(crate) use source::Source;
pub(crate) use throttle::Throttle;
pub(crate) use uploads::Uploads;
