//! The functions that the broker looks up by name: API version 5 (Mosquitto 2.0 and later).

// The broker finds these by name; no Rust code does.
#![allow(unreachable_pub)]

use std::os::raw::{c_int, c_void};
use std::sync::Arc;

use super::guard::guard;
use super::host::{self, Broker};
use super::signals::SignalBell;
use super::{c, decode, registration};
use crate::engine::Level;
use crate::plugin::Plugin;

/// The plugin API that we speak.
const API: c_int = 5;

/// What the broker keeps for us between init and cleanup.
pub(super) struct Loaded {
    pub(super) plugin: Plugin<Broker>,
    pub(super) bell: Arc<SignalBell>,
    identifier: *mut c::mosquitto_plugin_id_t,
}

impl Loaded {
    pub(super) fn new(
        plugin: Plugin<Broker>,
        bell: Arc<SignalBell>,
        identifier: *mut c::mosquitto_plugin_id_t,
    ) -> Loaded {
        Loaded {
            plugin,
            bell,
            identifier,
        }
    }

    /// Stops the worker, then gives the signal back.
    fn stop(self) {
        self.plugin.stop();
        self.bell.remove();
    }
}

/// Picks the API version: 5, or -1 when the broker does not have it.
///
/// # Safety
/// `versions` points to `count` numbers (broker_plugin.h).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_plugin_version(count: c_int, versions: *const c_int) -> c_int {
    guard("mosquitto_plugin_version", -1, || {
        let count = usize::try_from(count).unwrap_or(0);
        if versions.is_null() {
            return -1;
        }
        // SAFETY: the broker's promise.
        let offered = unsafe { std::slice::from_raw_parts(versions, count) };
        if offered.contains(&API) { API } else { -1 }
    })
}

/// Starts the plugin. Anything but `MOSQ_ERR_SUCCESS` keeps the broker from starting.
///
/// # Safety
/// As broker_plugin.h says: `userdata` is writable, `options` points to `option_count` options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_plugin_init(
    identifier: *mut c::mosquitto_plugin_id_t,
    userdata: *mut *mut c_void,
    options: *mut c::mosquitto_opt,
    option_count: c_int,
) -> c_int {
    guard("mosquitto_plugin_init", c::MOSQ_ERR_UNKNOWN, || {
        if identifier.is_null() || userdata.is_null() {
            return c::MOSQ_ERR_INVAL;
        }
        // SAFETY: the broker's promise.
        let loaded = unsafe { start(identifier, options, option_count) };
        match loaded {
            Ok(loaded) => {
                // SAFETY: not NULL, and writable by the broker's promise.
                unsafe { *userdata = loaded.cast() };
                c::MOSQ_ERR_SUCCESS
            }
            Err(why) => {
                host::log(Level::Error, &format!("mosquitto-enterprise-push: {why}"));
                c::MOSQ_ERR_INVAL
            }
        }
    })
}

/// Stops the plugin: callbacks first, then the worker, then the signal.
///
/// # Safety
/// `userdata` is what init left there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_plugin_cleanup(
    userdata: *mut c_void,
    _options: *mut c::mosquitto_opt,
    _option_count: c_int,
) -> c_int {
    guard("mosquitto_plugin_cleanup", c::MOSQ_ERR_SUCCESS, || {
        if userdata.is_null() {
            return c::MOSQ_ERR_SUCCESS;
        }
        // SAFETY: init made it of a Box, and the broker calls cleanup once.
        let loaded = unsafe { Box::from_raw(userdata.cast::<Loaded>()) };
        registration::unregister(loaded.identifier, loaded.plugin.is_shadow());
        loaded.stop();
        c::MOSQ_ERR_SUCCESS
    })
}

/// # Safety
/// As for init.
unsafe fn start(
    identifier: *mut c::mosquitto_plugin_id_t,
    options: *mut c::mosquitto_opt,
    option_count: c_int,
) -> Result<*mut Loaded, String> {
    // SAFETY: the caller's promise.
    let options = unsafe { decode::options(options, option_count) }.map_err(|e| e.to_string())?;
    let bell = Arc::new(SignalBell::install());
    let started = Plugin::start(
        Broker::new(),
        host::capabilities(),
        &options,
        &host_name(),
        bell.clone(),
    );
    let plugin = match started {
        Ok(plugin) => plugin,
        Err(error) => {
            bell.remove();
            return Err(error.to_string());
        }
    };
    let shadow = plugin.is_shadow();
    let loaded = Box::into_raw(Box::new(Loaded::new(plugin, bell, identifier)));
    // SAFETY: `loaded` lives until cleanup, which unregisters first.
    if let Err(why) = unsafe { registration::register(identifier, loaded, shadow) } {
        registration::unregister(identifier, shadow);
        // SAFETY: just made of a Box, and no callback holds it any more.
        unsafe { Box::from_raw(loaded) }.stop();
        return Err(why);
    }
    Ok(loaded)
}

/// The host's name: the default of `node`.
pub(super) fn host_name() -> String {
    let mut buffer = [0u8; 256];
    // SAFETY: the buffer's own pointer and length, less the byte that stays NUL.
    let failed = unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) } != 0;
    let name = buffer.split(|byte| *byte == 0).next().unwrap_or_default();
    match std::str::from_utf8(name) {
        Ok(name) if !failed && !name.is_empty() => name.to_owned(),
        _ => "broker".to_owned(),
    }
}
