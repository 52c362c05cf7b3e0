//! The full-screen mode: what it shows, as a value that changes with everything that happens, and its drawing.
//!
//! Pure, apart from [`Terminal`]: [`State::update`] takes a [`Happening`] and gives the [`Effect`]s that somebody
//! else has to carry out; [`draw`] only looks. Text of others is made harmless on its way into the state.

mod conversation;
mod draw;
mod keys;
mod orders;
mod peer;
mod restore;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod update;

pub(crate) use conversation::Delivery;
pub(crate) use state::{Effect, Happening, Me, State};
pub(crate) use terminal::Terminal;
