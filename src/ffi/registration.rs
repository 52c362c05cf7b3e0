//! Which callbacks the broker is given, and taking them back.

use std::os::raw::{c_int, c_void};

use super::entry::Loaded;
use super::{c, callbacks, host, shadow};

pub(super) type Callback = unsafe extern "C" fn(c_int, *mut c_void, *mut c_void) -> c_int;

/// Whether a callback is needed, or only there in newer brokers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    Always,
    Before21,
    Since21,
}

/// Event, callback, where, and the event's name.
pub(super) type Entry = (u32, Callback, Needed, &'static str);

/// The callbacks of a mode, as far as this broker knows them.
fn of_mode(in_shadow: bool) -> Vec<Entry> {
    let since_21 = host::probe().complete_auth;
    let wanted = if in_shadow {
        shadow::all().to_vec()
    } else {
        callbacks::all().to_vec()
    };
    let fits = |(_, _, needed, _): &Entry| match needed {
        Needed::Always => true,
        Needed::Before21 => !since_21,
        Needed::Since21 => since_21,
    };
    wanted.into_iter().filter(fits).collect()
}

/// Registers all callbacks that this broker knows.
///
/// # Safety
/// `loaded` lives until [`unregister`].
pub(super) unsafe fn register(
    id: *mut c::mosquitto_plugin_id_t,
    loaded: *mut Loaded,
    in_shadow: bool,
) -> Result<(), String> {
    let host = host::probe();
    if !host.callbacks || !host.publish || !host.kick {
        return Err("this broker lacks functions of the plugin API of Mosquitto 2.0".to_owned());
    }
    // SAFETY: the broker's own identifier; the strings are literals. NULL is not passed.
    unsafe { c::mep_set_info(id, c"mosquitto-enterprise-push".as_ptr(), VERSION.as_ptr()) };
    for (event, callback, _, name) in of_mode(in_shadow) {
        // SAFETY: the broker's own identifier; `loaded` outlives the registration.
        let code = unsafe {
            c::mep_register(
                id,
                number(event),
                Some(callback),
                event_data(event),
                loaded.cast(),
            )
        };
        if code != c::MOSQ_ERR_SUCCESS {
            return Err(format!(
                "the broker does not take a callback for {name}: error {code}"
            ));
        }
    }
    Ok(())
}

const VERSION: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes(),
) {
    Ok(version) => version,
    Err(_) => c"?",
};

/// Takes all callbacks back; one that is not registered is passed over.
pub(super) fn unregister(id: *mut c::mosquitto_plugin_id_t, in_shadow: bool) {
    for (event, callback, ..) in of_mode(in_shadow) {
        // SAFETY: the broker's own identifier, and a literal or NULL.
        unsafe { c::mep_unregister(id, number(event), Some(callback), event_data(event)) };
    }
}

/// What a callback is registered for: CONTROL is for one topic.
fn event_data(event: u32) -> *const c_void {
    const CONTROL: &std::ffi::CStr = c"$CONTROL/enterprise-push/v1";
    if event == c::MOSQ_EVT_CONTROL {
        CONTROL.as_ptr().cast()
    } else {
        std::ptr::null()
    }
}

fn number(event: u32) -> c_int {
    c_int::try_from(event).unwrap_or_default()
}
