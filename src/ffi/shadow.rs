//! Shadow mode's callbacks: they look, and leave every decision to others. A panic leaves it to them as well.
//!
//! | | 2.0 | 2.1 |
//! |---|---|---|
//! | login | DEFER: the next one decides (`mosquitto_unpwd_check` in security.c) | IGNORE: as if we were not there (plugin_basic_auth.c) |
//! | messages, subscriptions | DEFER from ACL_CHECK (`mosquitto_acl_check` in security.c) | events about what others have allowed |
//!
//! 2.0 knows no IGNORE, and refuses what all defer: somebody else must decide. 2.1 does know it, but for ACL_CHECK the last
//! answer alone counts there (plugin_acl_check.c), so that our IGNORE would open what a plugin before us had deferred; the
//! events that it has beside cannot change anything. 2.0 calls plugins before `password_file` and `acl_file`.

use std::os::raw::{c_int, c_void};

use super::callbacks::{access, open, reload, tick};
use super::decode::{self, Client};
use super::entry::Loaded;
use super::guard::guard;
use super::registration::{Entry, Needed};
use super::{c, host};
use crate::engine::Access;

pub(super) fn all() -> [Entry; 7] {
    use Needed::{Always, Before21, Since21};
    [
        (c::MOSQ_EVT_BASIC_AUTH, basic_auth, Always, "BASIC_AUTH"),
        (c::MOSQ_EVT_ACL_CHECK, acl_check, Before21, "ACL_CHECK"),
        (c::MOSQ_EVT_MESSAGE, message_in, Since21, "MESSAGE_IN"),
        (c::MEP_EVT_MESSAGE_OUT, message_out, Since21, "MESSAGE_OUT"),
        (c::MEP_EVT_SUBSCRIBE, subscribe, Since21, "SUBSCRIBE"),
        (c::MOSQ_EVT_TICK, tick, Always, "TICK"),
        (c::MOSQ_EVT_RELOAD, reload, Always, "RELOAD"),
    ]
}

/// The answer to a login that leaves it to others.
fn leave_login() -> c_int {
    if host::capabilities().delayed_login {
        c::MEP_ERR_PLUGIN_IGNORE
    } else {
        c::MOSQ_ERR_PLUGIN_DEFER
    }
}

unsafe extern "C" fn basic_auth(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    let answer = leave_login();
    guard("BASIC_AUTH", answer, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        let opened = unsafe { open::<c::mosquitto_evt_basic_auth>(data, userdata) };
        let Some((loaded, event)) = opened else {
            return answer;
        };
        // SAFETY: the event's pointers are NULL or live for the callback (security.c, plugin_basic_auth.c).
        let (client, username, token) = unsafe {
            (
                Client::new(event.client),
                decode::text(event.username),
                decode::text(event.password),
            )
        };
        if let Some(client) = client {
            let attempt = client.attempt(username, token);
            loaded
                .plugin
                .observe_login(&attempt, || client.may_be_kept());
        }
        answer
    })
}

unsafe extern "C" fn acl_check(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("ACL_CHECK", c::MOSQ_ERR_PLUGIN_DEFER, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        let opened = unsafe { open::<c::mosquitto_evt_acl_check>(data, userdata) };
        if let Some((loaded, event)) = opened
            && let Some(access) = access(event.access)
        {
            // SAFETY: the event's pointers are NULL or live for the callback, and `payload` holds `payloadlen`
            // bytes (security.c).
            unsafe {
                let payload = decode::bytes(event.payload, event.payloadlen);
                observe(
                    loaded,
                    event.client,
                    access,
                    event.topic,
                    payload,
                    event.qos,
                );
            }
        }
        c::MOSQ_ERR_PLUGIN_DEFER
    })
}

unsafe extern "C" fn message_in(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("MESSAGE_IN", c::MOSQ_ERR_SUCCESS, || {
        // SAFETY: as for `message`.
        unsafe { message(data, userdata, Access::Publish) }
    })
}

unsafe extern "C" fn message_out(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("MESSAGE_OUT", c::MOSQ_ERR_SUCCESS, || {
        // SAFETY: as for `message`.
        unsafe { message(data, userdata, Access::Receive) }
    })
}

/// # Safety
/// As for `open`, with an event about a message.
unsafe fn message(data: *mut c_void, userdata: *mut c_void, access: Access) -> c_int {
    // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
    if let Some((loaded, event)) = unsafe { open::<c::mosquitto_evt_message>(data, userdata) } {
        // SAFETY: the event's pointers are NULL or live for the callback, and `payload` holds `payloadlen` bytes
        // (plugin_message.c).
        unsafe {
            let payload = decode::bytes(event.payload, event.payloadlen);
            observe(
                loaded,
                event.client,
                access,
                event.topic,
                payload,
                event.qos,
            );
        }
    }
    c::MOSQ_ERR_SUCCESS
}

unsafe extern "C" fn subscribe(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("SUBSCRIBE", c::MOSQ_ERR_SUCCESS, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h of 2.1.
        if let Some((loaded, event)) = unsafe { open::<c::mep_evt_subscribe>(data, userdata) } {
            let (client, filter) = (event.client, event.data.topic_filter);
            // SAFETY: the event's pointers are NULL or live for the callback (plugin_subscribe.c).
            unsafe { observe(loaded, client, Access::Subscribe, filter, &[], 0) };
        }
        c::MOSQ_ERR_SUCCESS
    })
}

/// Who has no name of ours has been told of at the login; bridges have none either.
///
/// # Safety
/// `client` and `topic` are NULL or live for the callback.
unsafe fn observe(
    loaded: &Loaded,
    client: *const c::mosquitto,
    access: Access,
    topic: *const std::os::raw::c_char,
    payload: &[u8],
    qos: u8,
) {
    // SAFETY: the caller's promise.
    let (client, topic) = unsafe { (Client::new(client), decode::text(topic)) };
    if let (Some(client), Some(topic)) = (client, topic)
        && let Some(query) = client.query(access, topic, payload, qos)
    {
        loaded.plugin.observe(&query);
    }
}
