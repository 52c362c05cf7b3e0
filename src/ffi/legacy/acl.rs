//! A question about a topic at a broker of 1.x.

use std::os::raw::{c_char, c_int};

use super::super::c;
use super::super::decode::{self, Client};
use super::Api;
use super::host::topic_of_plugin;
use super::seat::Seat;
use crate::engine::{Access, ConnKey, NamesAt, Place, Query, Ruling, SessionId};
use crate::worker::{TURN, USERNAME};

/// Topics of operators' commands, which these brokers do not bring to plugins.
const CONTROL: &str = "$CONTROL";

/// What the broker asks.
struct Question<'a> {
    client_id: &'a str,
    username: &'a str,
    access: Access,
    topic: &'a str,
    payload: &'a [u8],
    qos: u8,
    /// About the sender of a message that the broker keeps: it makes up a client without an address (subs.c).
    at_rest: bool,
}

/// A question by names (1.4).
///
/// # Safety
/// The strings are NULL or C strings that live for the call.
pub(super) unsafe fn by_names(
    seat: &Seat,
    client_id: *const c_char,
    username: *const c_char,
    topic: *const c_char,
    access: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    let (client_id, username, topic) = unsafe {
        (
            decode::text(client_id),
            decode::text(username),
            decode::text(topic),
        )
    };
    let (Some(client_id), Some(username), Some(topic), Some(access)) =
        (client_id, username, topic, read_access(access))
    else {
        return denied(seat);
    };
    let payload = &[];
    let (qos, at_rest) = (0, false);
    answer(
        seat,
        &Question {
            client_id,
            username,
            access,
            topic,
            payload,
            qos,
            at_rest,
        },
    )
}

/// A question about a client (1.5, 1.6).
///
/// # Safety
/// The client is NULL or lives for the call, and so is the message with its topic and its `payloadlen` bytes.
pub(super) unsafe fn by_client(
    seat: &Seat,
    access: c_int,
    client: *const c::mosquitto,
    message: *const c::mosquitto_acl_msg,
) -> c_int {
    // SAFETY: the caller's promise.
    let (client, message) = unsafe { (Client::new(client), message.as_ref()) };
    let (Some(client), Some(message)) = (client, message) else {
        return denied(seat);
    };
    let length = u32::try_from(message.payloadlen).unwrap_or(0);
    // SAFETY: the caller's promise.
    let (topic, payload) = unsafe {
        (
            decode::text(message.topic),
            decode::bytes(message.payload, length),
        )
    };
    let (Some(client_id), Some(topic), Some(access)) = (client.id(), topic, read_access(access))
    else {
        return denied(seat);
    };
    let is_nowhere = client.address().is_empty();
    // What the broker's database holds of a session has no user name, nor has it an address: whoever connects has one.
    let username = match client.username() {
        None if is_nowhere && access == Access::Receive => user_part(client_id),
        username => username,
    };
    let Some(username) = username else {
        return denied(seat);
    };
    answer(
        seat,
        &Question {
            client_id,
            username,
            access,
            topic,
            payload,
            qos: u8::try_from(message.qos).unwrap_or(0),
            at_rest: access == Access::Publish && is_nowhere,
        },
    )
}

fn user_part(client_id: &str) -> Option<&str> {
    client_id.split_once(':').map(|(user, _)| user)
}

fn denied(seat: &Seat) -> c_int {
    seat.turn();
    c::MOSQ_ERR_ACL_DENIED
}

/// Anything but these two answers would end connections, of publishers too (subs.c).
fn answer(seat: &Seat, question: &Question<'_>) -> c_int {
    if judge(seat, question) {
        c::MOSQ_ERR_SUCCESS
    } else {
        c::MOSQ_ERR_ACL_DENIED
    }
}

fn judge(seat: &Seat, question: &Question<'_>) -> bool {
    let own = question.username == USERNAME;
    if own && question.topic == TURN {
        // First of all: what is asked for from here on needs another turn.
        seat.plugin.host().messenger().turn_came();
    }
    seat.turn();
    if own {
        return may_own_session(seat, question);
    }
    let Some(client) = session(seat.api, question.client_id, question.username) else {
        return false;
    };
    may_act(seat, client, question) && !question.topic.starts_with(CONTROL) && {
        let topic = topic_of_plugin(seat.api, question.topic);
        let query = Query {
            place: Place {
                conn: ConnKey::of_client_id(question.client_id),
                // Compared with nothing here: no glance is taken where nobody tells of ended connections.
                names: NamesAt {
                    client_id: 0,
                    username: 0,
                },
            },
            client,
            access: question.access,
            topic: &topic,
            payload: question.payload,
            qos: question.qos,
            sender_at_rest: question.at_rest,
        };
        seat.plugin.acl(&query) == Ruling::Allow
    }
}

/// Our own session publishes, and what it once published may be kept; it receives nothing.
fn may_own_session(seat: &Seat, question: &Question<'_>) -> bool {
    let messenger = seat.plugin.host().messenger();
    // On 1.4 a listener may make the user name its client id.
    let is_ours = question.at_rest
        || messenger.is_own(question.client_id)
        || (seat.api == Api::V2 && question.client_id == USERNAME);
    is_ours && question.access == Access::Publish && question.topic != TURN
}

/// Client id and user name, when they belong together.
fn session<'a>(api: Api, client_id: &'a str, username: &str) -> Option<SessionId<'a>> {
    let session = SessionId::parse(client_id).ok()?;
    let fits = session.username() == username || (api == Api::V2 && client_id == username);
    fits.then_some(session)
}

/// Whether the client may do anything at all: its login stands. What is sent to a device that has not come back since
/// the broker was started is kept for it, and what it sent before that was judged then.
fn may_act(seat: &Seat, client: SessionId<'_>, question: &Question<'_>) -> bool {
    let plugin = &seat.plugin;
    question.at_rest
        || plugin.is_logged_in(client)
        || (question.access == Access::Receive && plugin.is_awaited(client))
}

fn read_access(raw: c_int) -> Option<Access> {
    Some(match u32::try_from(raw).ok()? {
        c::MOSQ_ACL_READ => Access::Receive,
        c::MOSQ_ACL_WRITE => Access::Publish,
        c::MOSQ_ACL_SUBSCRIBE => Access::Subscribe,
        _ => return None,
    })
}
