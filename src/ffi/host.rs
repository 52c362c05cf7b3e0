//! Calls into the broker.

use std::ffi::CString;
use std::os::raw::c_int;
use std::time::Duration;

use super::c;
use crate::engine::{Level, Publication};
use crate::plugin::{Capabilities, Host, HostError};

/// The broker that loaded us. Not `Send`: its functions may be called on its own thread only, and a
/// value of this type exists nowhere else.
pub(super) struct Broker {
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Broker {
    /// The broker, from a callback on its thread.
    pub(super) fn new() -> Broker {
        Broker {
            _not_send: std::marker::PhantomData,
        }
    }
}

/// Which host functions exist in this broker.
pub(super) fn probe() -> c::mep_host {
    // SAFETY: compares addresses of weak symbols; no precondition.
    unsafe { c::mep_host_probe() }
}

/// What the plugin makes of them.
pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        delayed_login: probe().complete_auth,
        subscriptions: probe().subscriptions,
        events: true,
        shows_clients: true,
    }
}

/// Writes a line into the broker's log. NUL bytes and line breaks in it are shown as `?`.
pub(super) fn log(level: Level, text: &str) {
    let level = match level {
        Level::Debug => c::MOSQ_LOG_DEBUG,
        Level::Info => c::MOSQ_LOG_INFO,
        Level::Notice => c::MOSQ_LOG_NOTICE,
        Level::Warning => c::MOSQ_LOG_WARNING,
        Level::Error => c::MOSQ_LOG_ERR,
    };
    let line = if text.bytes().any(|byte| byte.is_ascii_control()) {
        text.chars()
            .map(|ch| if ch.is_control() { '?' } else { ch })
            .collect()
    } else {
        text.to_owned()
    };
    let Ok(line) = CString::new(line) else {
        return;
    };
    let level = c_int::try_from(level).unwrap_or_default();
    // SAFETY: `line` is a C string that outlives the call; the shim passes it as an argument of "%s"
    // (logging.c of all versions copies it).
    unsafe { c::mep_log(level, line.as_ptr()) }
}

impl Host for Broker {
    fn log(&self, level: Level, text: &str) {
        log(level, text);
    }

    fn coarse_time(&self) -> Duration {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: a place for the answer. Should there be no such clock, time stands still at 0.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    }

    fn publish(&self, publication: &Publication) -> Result<(), HostError> {
        let to = publication.to.as_deref().map(c_string).transpose()?;
        let topic = c_string(&publication.topic)?;
        let length = u32::try_from(publication.payload.len()).map_err(|_| INVALID)?;
        // SAFETY: the strings and the payload outlive the call; broker_publish_copy copies all of them
        // (plugin_public.c). `to` may be NULL.
        checked(unsafe {
            c::mep_publish(
                to.as_ref().map_or(std::ptr::null(), |s| s.as_ptr()),
                topic.as_ptr(),
                publication.payload.as_ptr().cast(),
                length,
                c_int::from(publication.qos),
                publication.retain,
                publication.expiry_s,
            )
        })
    }

    fn kick(&self, client_id: &str) -> Result<(), HostError> {
        let client_id = c_string(client_id)?;
        // SAFETY: a C string that outlives the call; called from TICK, where no client is being handled.
        checked(unsafe { c::mep_kick(client_id.as_ptr(), true) })
    }

    fn subscribe(&self, client_id: &str, filter: &str) -> Result<(), HostError> {
        let (client_id, filter) = (c_string(client_id)?, c_string(filter)?);
        // SAFETY: C strings that outlive the call; the broker copies them (subs.c).
        checked(unsafe {
            c::mep_subscribe(client_id.as_ptr(), filter.as_ptr(), PRE_SUBSCRIBED_QOS)
        })
    }

    fn unsubscribe(&self, client_id: &str, filter: &str) -> Result<(), HostError> {
        let (client_id, filter) = (c_string(client_id)?, c_string(filter)?);
        // SAFETY: as for `subscribe`.
        checked(unsafe { c::mep_unsubscribe(client_id.as_ptr(), filter.as_ptr()) })
    }

    fn complete_login(&self, client_id: &str, allow: bool) -> Result<(), HostError> {
        let client_id = c_string(client_id)?;
        let result = if allow {
            c::MOSQ_ERR_SUCCESS
        } else {
            c::MOSQ_ERR_AUTH
        };
        // SAFETY: as for `kick`; a client id that waits no longer is looked up in vain (plugin_public.c).
        checked(unsafe { c::mep_complete_auth(client_id.as_ptr(), result) })
    }
}

/// At this quality of service clients are subscribed on their behalf.
const PRE_SUBSCRIBED_QOS: u8 = 1;

const INVALID: HostError = HostError(c::MOSQ_ERR_INVAL);

fn c_string(text: &str) -> Result<CString, HostError> {
    CString::new(text).map_err(|_| INVALID)
}

fn checked(code: c_int) -> Result<(), HostError> {
    if code == c::MOSQ_ERR_SUCCESS {
        Ok(())
    } else {
        Err(HostError(code))
    }
}
