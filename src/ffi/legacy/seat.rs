//! The plugin between init and cleanup, and the turn that each callback takes for it.

use std::os::raw::c_void;
use std::sync::Arc;
use std::thread::ThreadId;

use super::super::decode;
use super::host::OldBroker;
use super::platform::OldPlatform;
use super::{Api, host};
use crate::config::Options;
use crate::engine::Level;
use crate::plugin::{Capabilities, Host as _, Plugin};
use crate::worker::open_loopback;

/// What the broker keeps for us.
pub(super) struct Seat {
    pub(super) plugin: Plugin<OldBroker>,
    pub(super) api: Api,
    broker: ThreadId,
}

impl Seat {
    /// Starts the plugin, or says why the broker must not start.
    pub(super) fn take(api: Api, options: &Options, host_name: &str) -> Result<Seat, String> {
        let (messenger, loopback, turns) = open_loopback().map_err(|error| error.to_string())?;
        let plugin = Plugin::start(
            OldBroker::new(api, messenger),
            capabilities(api),
            options,
            host_name,
            Arc::new(OldPlatform::new(turns, loopback)),
        )
        .map_err(|error| host::in_old_words(&error.to_string()))?;
        for lack in lacks(api) {
            plugin.host().log(Level::Notice, lack);
        }
        Ok(Seat {
            plugin,
            api,
            broker: std::thread::current().id(),
        })
    }

    /// From what the broker hands back; `None` when that is NULL, or this is not the broker's thread.
    ///
    /// # Safety
    /// `userdata` is NULL or points to a `Seat` that outlives `'a`.
    pub(super) unsafe fn of<'a>(userdata: *mut c_void) -> Option<&'a Seat> {
        // SAFETY: the caller's promise. A `Seat` is only ever shared.
        let seat = unsafe { userdata.cast::<Seat>().as_ref() }?;
        (seat.broker == std::thread::current().id()).then_some(seat)
    }

    /// What TICK does elsewhere.
    pub(super) fn turn(&self) {
        self.plugin.tick();
        for client_id in self.plugin.host().take_ended() {
            self.plugin.log_out(&client_id);
        }
    }
}

fn capabilities(api: Api) -> Capabilities {
    Capabilities {
        delayed_login: false,
        subscriptions: false,
        events: false,
        shows_clients: api.shows_clients(),
    }
}

/// What operators should know of this broker, for the log.
fn lacks(api: Api) -> &'static [&'static str] {
    const ALL: &str = "Mosquitto 1.x: clients subscribe to what they want to receive, and presence is theirs; see \
                       docs/mosquitto-1.md";
    const V2: &str = "Mosquitto 1.4: neither the client id at login nor what clients publish is shown to plugins; see \
                      docs/mosquitto-1.md";
    match api {
        Api::V2 => &[ALL, V2],
        Api::V3 | Api::V4 => &[ALL],
    }
}

/// The options, as the broker has them.
///
/// # Safety
/// As for [`decode::options`].
pub(super) unsafe fn options(
    raw: *const super::super::c::mosquitto_opt,
    count: i32,
) -> Result<Options, String> {
    // SAFETY: the caller's promise.
    let options = unsafe { decode::options(raw, count) };
    options.map_err(|error| host::in_old_words(&error.to_string()))
}
