//! A CONNECT at a broker of 1.x.

use std::os::raw::{c_char, c_int};

use super::super::c;
use super::super::decode::{self, Client};
use super::seat::Seat;
use crate::engine::{Attempt, ConnKey, Level, Refusal, SessionId};
use crate::plugin::LoginRuling;
use crate::worker::USERNAME;

/// A CONNECT without client id: 1.4 does not show it. A user name `uid@eid:device` says what it is, on listeners with
/// `use_username_as_clientid`.
///
/// # Safety
/// The strings are NULL or C strings that live for the call.
pub(super) unsafe fn by_names(
    seat: &Seat,
    username: *const c_char,
    password: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let (username, token) = unsafe { (decode::text(username), decode::text(password)) };
    let client_id = username.filter(|name| name.contains(':'));
    let attempt = Attempt {
        conn: ConnKey::of_client_id(client_id.unwrap_or_default()),
        client_id,
        username: username.map(|name| name.split_once(':').map_or(name, |(user, _)| user)),
        token,
        peer: "",
    };
    judge(seat, &attempt)
}

/// A CONNECT of a client (1.5, 1.6).
///
/// # Safety
/// The client and the strings are NULL or live for the call.
pub(super) unsafe fn by_client(
    seat: &Seat,
    client: *const c::mosquitto,
    username: *const c_char,
    password: *const c_char,
) -> c_int {
    // SAFETY: the caller's promise.
    let (client, username, token) = unsafe {
        (
            Client::new(client),
            decode::text(username),
            decode::text(password),
        )
    };
    let Some(client) = client else {
        return c::MOSQ_ERR_AUTH;
    };
    let attempt = Attempt {
        conn: ConnKey::of_client_id(client.id().unwrap_or_default()),
        ..client.attempt(username, token)
    };
    judge(seat, &attempt)
}

fn judge(seat: &Seat, attempt: &Attempt<'_>) -> c_int {
    seat.turn();
    if attempt.username == Some(USERNAME) || seat.plugin.host().messenger().admits(attempt.token) {
        return own(seat, attempt);
    }
    match seat.plugin.login(attempt, || false) {
        LoginRuling::Allow => c::MOSQ_ERR_SUCCESS,
        // Never comes, since these brokers know no such thing.
        LoginRuling::Delayed => c::MOSQ_ERR_UNKNOWN,
        LoginRuling::Refuse(refusal) => refusal_code(refusal),
    }
}

/// Somebody with our own session's name or password. With both it is that session; with the password alone it is a
/// takeover, after which the device is gone and its session waits for it.
fn own(seat: &Seat, attempt: &Attempt<'_>) -> c_int {
    let plugin = &seat.plugin;
    if !plugin.host().messenger().admits(attempt.token) {
        let peer = attempt.peer;
        let text =
            format!("login as {USERNAME} from `{peer}` refused: that name is the plugin's own");
        plugin.log(Level::Warning, &text);
        return c::MOSQ_ERR_AUTH;
    }
    if attempt.username == Some(USERNAME) {
        return c::MOSQ_ERR_SUCCESS;
    }
    let client = attempt.client_id.and_then(|id| SessionId::parse(id).ok());
    match client.filter(|client| Some(client.username()) == attempt.username) {
        Some(client) => {
            plugin.await_device(client);
            c::MOSQ_ERR_SUCCESS
        }
        None => c::MOSQ_ERR_AUTH,
    }
}

/// `MOSQ_ERR_AUTH` alone gets a refusing CONNACK; any other code closes silently. A trouble of ours must not make a
/// client throw a good token away.
fn refusal_code(refusal: Refusal) -> c_int {
    match refusal {
        Refusal::TooManyFailures => c::MOSQ_ERR_UNKNOWN,
        _ if refusal.is_ours() => c::MOSQ_ERR_UNKNOWN,
        _ => c::MOSQ_ERR_AUTH,
    }
}
