//! The callbacks, one function each.

use std::ffi::CStr;
use std::os::raw::{c_int, c_void};

use super::decode::{self, Client};
use super::entry::Loaded;
use super::guard::guard;
use super::registration::{Entry, Needed};
use super::{c, host};
use crate::engine::{Access, Ending, Glance, Refusal, Ruling};
use crate::plugin::LoginRuling;

const SUCCESS: c_int = c::MOSQ_ERR_SUCCESS;

pub(super) fn all() -> [Entry; 10] {
    [
        (
            c::MOSQ_EVT_BASIC_AUTH,
            basic_auth,
            Needed::Always,
            "BASIC_AUTH",
        ),
        (
            c::MOSQ_EVT_EXT_AUTH_START,
            ext_auth,
            Needed::Always,
            "EXT_AUTH_START",
        ),
        (
            c::MOSQ_EVT_EXT_AUTH_CONTINUE,
            ext_auth,
            Needed::Always,
            "EXT_AUTH_CONTINUE",
        ),
        (
            c::MOSQ_EVT_ACL_CHECK,
            acl_check,
            Needed::Always,
            "ACL_CHECK",
        ),
        (c::MOSQ_EVT_TICK, tick, Needed::Always, "TICK"),
        (
            c::MOSQ_EVT_DISCONNECT,
            disconnect,
            Needed::Always,
            "DISCONNECT",
        ),
        (c::MOSQ_EVT_CONTROL, control, Needed::Always, "CONTROL"),
        (c::MOSQ_EVT_RELOAD, reload, Needed::Always, "RELOAD"),
        (c::MEP_EVT_CONNECT, connect, Needed::Since21, "CONNECT"),
        (
            c::MEP_EVT_CLIENT_OFFLINE,
            client_offline,
            Needed::Since21,
            "CLIENT_OFFLINE",
        ),
    ]
}

/// The plugin and the event, or `None` when a pointer is NULL or this is not the broker's thread: 2.1's
/// HTTP listener asks from a thread of its own, with a client that is none.
///
/// # Safety
/// `userdata` is NULL or what was registered; `event` is NULL or of type `T`; both outlive `'a`.
pub(super) unsafe fn open<'a, T>(
    event: *mut c_void,
    userdata: *mut c_void,
) -> Option<(&'a Loaded, &'a mut T)> {
    // SAFETY: the caller's promise. `Loaded` is only ever shared.
    let loaded = unsafe { userdata.cast::<Loaded>().as_ref() }?;
    if !loaded.bell.is_broker_thread() {
        return None;
    }
    // SAFETY: the caller's promise; the broker hands the event to one callback at a time.
    unsafe { event.cast::<T>().as_mut() }.map(|event| (loaded, event))
}

unsafe extern "C" fn basic_auth(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("BASIC_AUTH", c::MOSQ_ERR_AUTH, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        let opened = unsafe { open::<c::mosquitto_evt_basic_auth>(data, userdata) };
        let Some((loaded, event)) = opened else {
            return c::MOSQ_ERR_AUTH;
        };
        // SAFETY: the event's pointers are NULL or live for the callback (security.c, plugin_basic_auth.c).
        let (client, username, token) = unsafe {
            (
                Client::new(event.client),
                decode::text(event.username),
                decode::text(event.password),
            )
        };
        let Some(client) = client else {
            return c::MOSQ_ERR_AUTH;
        };
        let attempt = client.attempt(username, token);
        match loaded.plugin.login(&attempt, || client.may_be_kept()) {
            LoginRuling::Allow => {
                forget_former(loaded, client);
                SUCCESS
            }
            LoginRuling::Delayed => c::MEP_ERR_AUTH_DELAYED,
            LoginRuling::Refuse(refusal) => refusal_code(refusal, client),
        }
    })
}

/// Whoever has just logged in may have asked for a session that holds nothing yet.
fn forget_former(loaded: &Loaded, client: Client<'_>) {
    if client.begins_anew()
        && let Some(client_id) = client.id()
    {
        loaded.plugin.begins_anew(client.key(), client_id);
    }
}

/// The code that makes the broker tell the client the most fitting thing.
///
/// 2.0 sends a refusing CONNACK for `MOSQ_ERR_AUTH` alone and closes silently for any other code; 2.1
/// knows more codes but turns them all into "not authorised" for clients below MQTT 5. Such a client
/// would drop a good token because of a trouble of ours, so then the connection is closed silently.
fn refusal_code(refusal: Refusal, client: Client<'_>) -> c_int {
    let speaks_codes = host::capabilities().delayed_login && client.is_mqtt5();
    match refusal {
        Refusal::TooManyFailures if speaks_codes => c::MEP_ERR_CONNECTION_RATE_EXCEEDED,
        Refusal::TooManyFailures => c::MOSQ_ERR_UNKNOWN,
        _ if refusal.is_ours() && speaks_codes => c::MEP_ERR_SERVER_UNAVAILABLE,
        _ if refusal.is_ours() => c::MOSQ_ERR_UNKNOWN,
        Refusal::ClientId(_) | Refusal::ClientIdNotOwn if speaks_codes => {
            c::MEP_ERR_CLIENT_IDENTIFIER_NOT_VALID
        }
        Refusal::NoUserName | Refusal::UserName(_) | Refusal::NoToken | Refusal::MalformedToken
            if speaks_codes =>
        {
            c::MEP_ERR_BAD_USERNAME_OR_PASSWORD
        }
        _ => c::MOSQ_ERR_AUTH,
    }
}

/// Extended authentication is another door: it stays shut.
unsafe extern "C" fn ext_auth(_event: c_int, _data: *mut c_void, _userdata: *mut c_void) -> c_int {
    c::MOSQ_ERR_AUTH
}

unsafe extern "C" fn acl_check(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("ACL_CHECK", c::MOSQ_ERR_ACL_DENIED, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        let opened = unsafe { open::<c::mosquitto_evt_acl_check>(data, userdata) };
        let Some((loaded, event)) = opened else {
            return c::MOSQ_ERR_ACL_DENIED;
        };
        // SAFETY: the event's pointers are NULL or live for the callback, and `payload` holds `payloadlen`
        // bytes (security.c, plugin_acl_check.c).
        let (client, topic, payload) = unsafe {
            (
                Client::new(event.client),
                decode::c_string(event.topic),
                decode::bytes(event.payload, event.payloadlen),
            )
        };
        let (Some(client), Some(topic), Some(access)) = (client, topic, access(event.access))
        else {
            return c::MOSQ_ERR_ACL_DENIED;
        };
        let glance = Glance {
            conn: client.key(),
            access,
            topic: topic.to_bytes(),
            payload,
        };
        if loaded
            .plugin
            .is_allowed_at_a_glance(&glance, || client.names_at())
        {
            return SUCCESS;
        }
        acl_check_by_name(loaded, client, access, topic, (payload, event.qos))
    })
}

/// By its own, so that what is decided at a glance needs little room on the stack.
#[inline(never)]
fn acl_check_by_name(
    loaded: &Loaded,
    client: Client<'_>,
    access: Access,
    topic: &CStr,
    (payload, qos): (&[u8], u8),
) -> c_int {
    let topic = topic.to_str().ok();
    let Some(query) = topic.and_then(|topic| client.query(access, topic, payload, qos)) else {
        return c::MOSQ_ERR_ACL_DENIED;
    };
    match loaded.plugin.acl(&query) {
        Ruling::Allow => SUCCESS,
        Ruling::Deny => c::MOSQ_ERR_ACL_DENIED,
    }
}

pub(super) fn access(raw: c_int) -> Option<Access> {
    Some(match u32::try_from(raw).ok()? {
        c::MOSQ_ACL_READ => Access::Receive,
        c::MOSQ_ACL_WRITE => Access::Publish,
        c::MOSQ_ACL_SUBSCRIBE => Access::Subscribe,
        c::MOSQ_ACL_UNSUBSCRIBE => Access::Unsubscribe,
        _ => return None,
    })
}

/// A message to the control topic, which the ACL check has let through. Whatever is wrong with it is told in the
/// answer: an error here would only end the connection.
unsafe extern "C" fn control(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("CONTROL", SUCCESS, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        let opened = unsafe { open::<c::mosquitto_evt_control>(data, userdata) };
        let Some((loaded, event)) = opened else {
            return SUCCESS;
        };
        // SAFETY: the event's pointers are NULL or live for the callback, and `payload` holds `payloadlen`
        // bytes (control.c).
        let (client, payload) = unsafe {
            (
                Client::new(event.client),
                decode::bytes(event.payload, event.payloadlen),
            )
        };
        if let Some(client) = client
            && let (Some(client_id), Some(username)) = (client.id(), client.username())
        {
            loaded.plugin.control(client_id, username, payload);
        }
        SUCCESS
    })
}

pub(super) unsafe extern "C" fn tick(
    _event: c_int,
    data: *mut c_void,
    userdata: *mut c_void,
) -> c_int {
    guard("TICK", SUCCESS, || {
        // SAFETY: registered with a `Loaded`; both versions' event begins as `mep_evt_tick` does (shim.c).
        let opened = unsafe { open::<c::mep_evt_tick>(data, userdata) };
        if let Some((loaded, event)) = opened {
            let published = loaded.plugin.tick();
            // A 2.1 without WebSockets waits for as long as it likes, unless it is told when the next turn
            // is due. 0 otherwise: a least interval would hold back a rung tick. 2.0 reads nothing of this.
            event.next_ms = i64::from(published);
            // 2.1 holds the next turn back until the time of day has passed `now` and `next` together: a clock that
            // is set back by an hour would end our turns for an hour. Counted from 1970, the next one is due.
            (event.now_s, event.now_ns) = (0, 0);
        }
        SUCCESS
    })
}

unsafe extern "C" fn connect(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("CONNECT", SUCCESS, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h of 2.1.
        if let Some((loaded, event)) = unsafe { open::<c::mep_evt_connect>(data, userdata) } {
            // SAFETY: NULL or a client that lives for the callback (plugin_connect.c).
            let client = unsafe { Client::new(event.client) };
            if let Some(client) = client
                && let Some(client_id) = client.id()
            {
                loaded.plugin.connected(client_id);
                forget_former(loaded, client);
            }
        }
        SUCCESS
    })
}

unsafe extern "C" fn disconnect(_event: c_int, data: *mut c_void, userdata: *mut c_void) -> c_int {
    guard("DISCONNECT", SUCCESS, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        unsafe { ended(data, userdata, false) };
        SUCCESS
    })
}

/// 2.1 reports the end of a connection whose session goes on in this way, and DISCONNECT means the session's end.
unsafe extern "C" fn client_offline(
    _event: c_int,
    data: *mut c_void,
    userdata: *mut c_void,
) -> c_int {
    guard("CLIENT_OFFLINE", SUCCESS, || {
        // SAFETY: registered with a `Loaded`; the event is laid out as that of DISCONNECT (shim.c).
        unsafe { ended(data, userdata, true) };
        SUCCESS
    })
}

/// # Safety
/// As for `open`, with the event of DISCONNECT.
unsafe fn ended(data: *mut c_void, userdata: *mut c_void, offline: bool) {
    // SAFETY: the caller's promise.
    let opened = unsafe { open::<c::mosquitto_evt_disconnect>(data, userdata) };
    let Some((loaded, event)) = opened else {
        return;
    };
    // SAFETY: NULL or a client that lives for the callback.
    if let Some(client) = unsafe { Client::new(event.client) } {
        let tells = host::capabilities().subscriptions;
        let ending = if tells && event.reason == c::MEP_ERR_SESSION_TAKEN_OVER {
            Ending::TakenOver
        } else if offline || (!tells && client.may_have_session()) {
            Ending::Waits
        } else {
            Ending::Over
        };
        loaded.plugin.disconnected(client.key(), ending);
    }
}

/// 2.0 goes on to other plugins only after DEFER; 2.1 ends the broker after anything but SUCCESS.
pub(super) unsafe extern "C" fn reload(
    _event: c_int,
    data: *mut c_void,
    userdata: *mut c_void,
) -> c_int {
    let is_21 = host::capabilities().delayed_login;
    let answer = if is_21 {
        SUCCESS
    } else {
        c::MOSQ_ERR_PLUGIN_DEFER
    };
    guard("RELOAD", answer, || {
        // SAFETY: registered with a `Loaded`; the event's type is fixed by broker.h.
        if let Some((loaded, _)) = unsafe { open::<c::mosquitto_evt_reload>(data, userdata) } {
            loaded.plugin.reload();
        }
        answer
    })
}
