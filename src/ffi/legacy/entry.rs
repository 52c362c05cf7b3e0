//! The functions that a broker of 1.x looks up by name. Brokers of 2.x find `mosquitto_plugin_version` first, and never
//! come here.

// The broker finds these by name; no Rust code does.
#![allow(unreachable_pub)]

use std::mem::MaybeUninit;
use std::os::raw::{c_int, c_void};

use super::super::entry::host_name;
use super::super::guard::guard;
use super::super::{c, host as broker};
use super::seat::{self, Seat};
use super::{Api, acl, login};
use crate::engine::Level;

/// An argument of a machine word: a pointer, or a number in its lower half. What kind it is, and whether it was given at
/// all, depends on the version.
type Word = MaybeUninit<usize>;

/// A pointer argument.
///
/// # Safety
/// The broker gave it, and it is a pointer.
unsafe fn pointer<T>(word: Word) -> *const T {
    // SAFETY: the caller's promise.
    std::ptr::with_exposed_provenance(unsafe { word.assume_init() })
}

/// An `int` argument: the upper half of its word holds anything.
///
/// # Safety
/// The broker gave it, and it is an `int`.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
unsafe fn number(word: Word) -> c_int {
    // SAFETY: the caller's promise.
    (unsafe { word.assume_init() }) as c_int
}

/// The version of the API that this broker wants; -1 on 2.x.
#[unsafe(no_mangle)]
pub extern "C" fn mosquitto_auth_plugin_version() -> c_int {
    guard("mosquitto_auth_plugin_version", -1, || {
        Api::of_broker().map_or(-1, Api::number)
    })
}

/// Starts the plugin. Anything but `MOSQ_ERR_SUCCESS` keeps the broker from starting.
///
/// # Safety
/// As mosquitto_plugin.h of 1.x says: `userdata` is writable, `options` points to `option_count` options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_plugin_init(
    userdata: *mut *mut c_void,
    options: *mut c::mosquitto_opt,
    option_count: c_int,
) -> c_int {
    guard("mosquitto_auth_plugin_init", c::MOSQ_ERR_UNKNOWN, || {
        let api = Api::of_broker().filter(|_| !userdata.is_null());
        let Some(api) = api else {
            return c::MOSQ_ERR_INVAL;
        };
        // SAFETY: the broker's promise.
        let options = unsafe { seat::options(options, option_count) };
        match options.and_then(|options| Seat::take(api, &options, &host_name())) {
            Ok(seat) => {
                // SAFETY: not NULL, and writable by the broker's promise.
                unsafe { *userdata = Box::into_raw(Box::new(seat)).cast() };
                c::MOSQ_ERR_SUCCESS
            }
            Err(why) => {
                broker::log(Level::Error, &format!("mosquitto-enterprise-push: {why}"));
                c::MOSQ_ERR_INVAL
            }
        }
    })
}

/// Stops the plugin, its worker included: the broker unloads it after this.
///
/// # Safety
/// `userdata` is what init left there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_plugin_cleanup(
    userdata: *mut c_void,
    _options: *mut c::mosquitto_opt,
    _option_count: c_int,
) -> c_int {
    guard("mosquitto_auth_plugin_cleanup", c::MOSQ_ERR_SUCCESS, || {
        if !userdata.is_null() {
            // SAFETY: init made it of a Box, and the broker calls cleanup once.
            drop(unsafe { Box::from_raw(userdata.cast::<Seat>()) });
        }
        c::MOSQ_ERR_SUCCESS
    })
}

/// Right after init, and at each reload: then the files of the settings are read again. The broker takes an error for
/// nothing, or for the end of its start.
///
/// # Safety
/// `userdata` is what init left there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_security_init(
    userdata: *mut c_void,
    _options: *mut c::mosquitto_opt,
    _option_count: c_int,
    reload: bool,
) -> c_int {
    guard("mosquitto_auth_security_init", c::MOSQ_ERR_SUCCESS, || {
        // SAFETY: the broker's promise.
        if let Some(seat) = unsafe { Seat::of(userdata) } {
            if reload {
                seat.plugin.reload();
            }
            seat.turn();
        }
        c::MOSQ_ERR_SUCCESS
    })
}

/// Before each reload, and before cleanup: nothing has to be given up.
///
/// # Safety
/// Nothing is touched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_security_cleanup(
    _userdata: *mut c_void,
    _options: *mut c::mosquitto_opt,
    _option_count: c_int,
    _reload: bool,
) -> c_int {
    c::MOSQ_ERR_SUCCESS
}

/// A CONNECT. 1.4: user name, password. 1.5 and 1.6: client, user name, password.
///
/// # Safety
/// The arguments are those of the version that was answered; pointers are NULL or live for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_unpwd_check(
    userdata: *mut c_void,
    first: Word,
    second: Word,
    third: Word,
) -> c_int {
    guard("mosquitto_auth_unpwd_check", c::MOSQ_ERR_AUTH, || {
        // SAFETY: the broker's promise; its version says what the arguments are, and how many there are.
        unsafe {
            let Some(seat) = Seat::of(userdata) else {
                return c::MOSQ_ERR_AUTH;
            };
            match seat.api {
                Api::V2 => login::by_names(seat, pointer(first), pointer(second)),
                Api::V3 | Api::V4 => {
                    login::by_client(seat, pointer(first), pointer(second), pointer(third))
                }
            }
        }
    })
}

/// A question about a topic. 1.4: client id, user name, topic, access. 1.5 and 1.6: access, client, message.
///
/// # Safety
/// As for [`mosquitto_auth_unpwd_check`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mosquitto_auth_acl_check(
    userdata: *mut c_void,
    first: Word,
    second: Word,
    third: Word,
    fourth: Word,
) -> c_int {
    guard("mosquitto_auth_acl_check", c::MOSQ_ERR_ACL_DENIED, || {
        // SAFETY: the broker's promise; its version says what the arguments are, and how many there are.
        unsafe {
            let Some(seat) = Seat::of(userdata) else {
                return c::MOSQ_ERR_ACL_DENIED;
            };
            match seat.api {
                Api::V2 => acl::by_names(
                    seat,
                    pointer(first),
                    pointer(second),
                    pointer(third),
                    number(fourth),
                ),
                Api::V3 | Api::V4 => {
                    acl::by_client(seat, number(first), pointer(second), pointer(third))
                }
            }
        }
    })
}

/// Pre-shared keys are another door: it stays shut. Whatever the arguments are, none is looked at.
#[unsafe(no_mangle)]
pub extern "C" fn mosquitto_auth_psk_key_get() -> c_int {
    c::MOSQ_ERR_AUTH
}

/// And so is the extended authentication of MQTT 5 (1.6).
#[unsafe(no_mangle)]
pub extern "C" fn mosquitto_auth_start() -> c_int {
    c::MOSQ_ERR_AUTH
}

/// As [`mosquitto_auth_start`].
#[unsafe(no_mangle)]
pub extern "C" fn mosquitto_auth_continue() -> c_int {
    c::MOSQ_ERR_AUTH
}
