//! From C to Rust: the one place where NULL, lengths and UTF-8 are checked.

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};

use super::c;
use crate::config::{ConfigError, Options};
use crate::engine::{Access, Attempt, ConnKey, NamesAt, PartLengths, Place, Query, SessionId};

/// A client of the broker, for the time of one callback.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    raw: &'a c::mosquitto,
}

impl<'a> Client<'a> {
    /// # Safety
    /// `raw` is NULL or points to a client that lives as long as `'a`: the callback at most.
    pub(super) unsafe fn new(raw: *const c::mosquitto) -> Option<Client<'a>> {
        // SAFETY: the caller's promise. The struct is opaque, nothing is read through the reference.
        unsafe { raw.as_ref() }.map(|raw| Client { raw })
    }

    /// Tells connections apart for as long as they live.
    pub(super) fn key(self) -> ConnKey {
        ConnKey(std::ptr::from_ref(self.raw).addr())
    }

    /// The client id; `None` when there is none, or it is not UTF-8.
    pub(super) fn id(self) -> Option<&'a str> {
        // SAFETY: a live client; the broker's string lives as long as it.
        unsafe { text(c::mep_client_id(self.raw)) }
    }

    /// The user name.
    pub(super) fn username(self) -> Option<&'a str> {
        // SAFETY: as for `id`.
        unsafe { text(c::mep_client_username(self.raw)) }
    }

    /// Where the broker keeps the client and its names.
    pub(super) fn place(self) -> Place {
        Place {
            conn: self.key(),
            names: self.names_at(),
        }
    }

    /// Where the broker keeps its names.
    pub(super) fn names_at(self) -> NamesAt {
        // SAFETY: as for `id`; nothing is read through the pointers.
        let (client_id, username) =
            unsafe { (c::mep_client_id(self.raw), c::mep_client_username(self.raw)) };
        NamesAt {
            client_id: client_id.addr(),
            username: username.addr(),
        }
    }

    /// Client id and user name, when the one is `uid@eid:device` and the other its beginning. They are not when a listener
    /// takes user names from certificates.
    pub(super) fn session(self) -> Option<SessionId<'a>> {
        // SAFETY: as for `id`.
        unsafe { session(c::mep_client_id(self.raw), c::mep_client_username(self.raw)) }
    }

    /// The peer's address.
    pub(super) fn address(self) -> &'a str {
        // SAFETY: as for `id`.
        unsafe { text(c::mep_client_address(self.raw)) }.unwrap_or_default()
    }

    /// Its CONNECT, with user name and password as the broker asks about them.
    pub(super) fn attempt(self, username: Option<&'a str>, token: Option<&'a str>) -> Attempt<'a> {
        Attempt {
            conn: self.key(),
            client_id: self.id(),
            username,
            token,
            peer: self.address(),
        }
    }

    /// What it wants to do with a topic; `None` as for `session`.
    pub(super) fn query(
        self,
        access: Access,
        topic: &'a str,
        payload: &'a [u8],
        qos: u8,
    ) -> Option<Query<'a>> {
        Some(Query {
            place: self.place(),
            client: self.session()?,
            access,
            topic,
            payload,
            qos,
            // For such a question the broker makes up a client that was never connected (retain.c).
            sender_at_rest: access == Access::Publish && self.address().is_empty(),
        })
    }

    /// Whether its CONNECT asked for a session that holds nothing yet.
    pub(super) fn begins_anew(self) -> bool {
        // SAFETY: a live client.
        unsafe { c::mep_client_clean_session(self.raw) }
    }

    /// Whether a session may outlive the connection: surely not after an MQTT 3.1.1 CONNECT that asked for a clean
    /// one. With MQTT 5 an interval decides that the broker does not tell us.
    pub(super) fn may_have_session(self) -> bool {
        self.is_mqtt5() || !self.begins_anew()
    }

    /// Whether, asked about between SIGHUP and TICK, it may be a session that the broker has already.
    pub(super) fn may_be_kept(self) -> bool {
        // SAFETY: a live client.
        unsafe { c::mep_client_may_be_kept(self.raw) }
    }

    /// Whether the client speaks MQTT 5.
    pub(super) fn is_mqtt5(self) -> bool {
        // SAFETY: a live client.
        unsafe { c::mep_client_protocol_version(self.raw) == 5 }
    }
}

/// # Safety
/// `raw` is NULL or a C string that lives as long as `'a`.
pub(super) unsafe fn text<'a>(raw: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    unsafe { c_string(raw) }?.to_str().ok()
}

/// # Safety
/// As for [`text`].
pub(super) unsafe fn c_string<'a>(raw: *const c_char) -> Option<&'a CStr> {
    if raw.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the caller's promise.
    Some(unsafe { CStr::from_ptr(raw) })
}

/// One pass over each, as every message comes by here.
///
/// # Safety
/// Both are NULL or C strings that live as long as `'a`.
unsafe fn session<'a>(client_id: *const c_char, username: *const c_char) -> Option<SessionId<'a>> {
    if client_id.is_null() || username.is_null() {
        return None;
    }
    // SAFETY: not NULL, and the caller's promise.
    let (id_bytes, name_bytes) = unsafe { (until_nul(client_id), until_nul(username)) };
    let lengths = PartLengths::of(id_bytes)?;
    // SAFETY: that many bytes were just read, and all are of a name, `@` or `:`, so ASCII.
    let text = unsafe {
        let bytes = std::slice::from_raw_parts(client_id.cast::<u8>(), lengths.total());
        std::str::from_utf8_unchecked(bytes)
    };
    let session = SessionId::of_parts(text, lengths)?;
    name_bytes.eq(session.username().bytes()).then_some(session)
}

/// The bytes of a C string; none beyond its end is read.
///
/// # Safety
/// `raw` is a C string that lives as long as the iterator.
unsafe fn until_nul(raw: *const c_char) -> impl Iterator<Item = u8> {
    let mut at = raw.cast::<u8>();
    std::iter::from_fn(move || {
        // SAFETY: every byte before this one was not NUL, so this one belongs to the string.
        let byte = unsafe { at.read() };
        (byte != 0).then(|| {
            // SAFETY: there is at least the NUL behind it.
            at = unsafe { at.add(1) };
            byte
        })
    })
}

/// # Safety
/// `raw` is NULL or points to `length` readable bytes that live as long as `'a`.
pub(super) unsafe fn bytes<'a>(raw: *const c_void, length: u32) -> &'a [u8] {
    let length = usize::try_from(length).unwrap_or(0);
    if raw.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: not NULL, and the caller's promise.
    unsafe { std::slice::from_raw_parts(raw.cast(), length) }
}

/// The plugin's options.
///
/// # Safety
/// `raw` is NULL or points to `count` options whose strings are NULL or C strings.
pub(super) unsafe fn options(
    raw: *const c::mosquitto_opt,
    count: i32,
) -> Result<Options, ConfigError> {
    let mut options = Options::default();
    let count = usize::try_from(count).unwrap_or(0);
    if raw.is_null() {
        return Ok(options);
    }
    for at in 0..count {
        // SAFETY: `at` is below the count that the caller promises.
        let option = unsafe { &*raw.add(at) };
        // SAFETY: the caller's promise; the strings live longer than this function.
        let (name, value) = unsafe { (text(option.key), text(option.value)) };
        let name = name.ok_or_else(|| ConfigError::Unknown("(not UTF-8)".to_owned()))?;
        let value = value.ok_or_else(|| ConfigError::Unreadable(name.to_owned()))?;
        options.set(name, value)?;
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_bad_utf8_are_no_text() {
        // SAFETY: NULL and literals.
        unsafe {
            assert_eq!(text(std::ptr::null()), None);
            assert_eq!(text(c"abc".as_ptr()), Some("abc"));
            assert_eq!(text(c"\xff\xfe".as_ptr()), None);
        }
    }

    #[test]
    fn client_id_and_user_name_have_to_belong_together() {
        let read = |client_id: &'static CStr, username: &'static CStr| {
            // SAFETY: literals.
            unsafe { session(client_id.as_ptr(), username.as_ptr()) }.map(SessionId::text)
        };
        assert_eq!(read(c"bob@acme:pc", c"bob@acme"), Some("bob@acme:pc"));
        for (client_id, username) in [
            (c"bob@acme:pc", c"alice@acme"),
            (c"bob@acme:pc", c"bob@acm"),
            (c"bob@acme:pc", c"bob@acme:"),
            (c"bob@acme:pc", c"bob"),
            (c"bob@acme:pc", c""),
            (c"bob@acme:pc", c"bob@acme/#"),
            (c"bob@acme", c"bob@acme"),
            (c"x", c"bob@acme"),
            (c"", c""),
            (c"bob@acme:\xff", c"bob@acme"),
        ] {
            assert_eq!(
                read(client_id, username),
                None,
                "{client_id:?} {username:?}"
            );
        }
        // SAFETY: NULL is allowed.
        let null = unsafe { session(std::ptr::null(), c"bob@acme".as_ptr()) };
        assert_eq!(null, None);
    }

    #[test]
    fn null_payload_is_empty_whatever_its_length() {
        // SAFETY: NULL, and a literal of three bytes.
        unsafe {
            assert_eq!(bytes(std::ptr::null(), 5), b"");
            assert_eq!(bytes(b"abc".as_ptr().cast(), 3), b"abc");
            assert_eq!(bytes(b"abc".as_ptr().cast(), 0), b"");
        }
    }

    #[test]
    fn options_with_null_or_bad_text_are_refused() {
        let option = |key: *const c_char, value: *const c_char| c::mosquitto_opt {
            key: key.cast_mut(),
            value: value.cast_mut(),
        };
        let read = |list: &[c::mosquitto_opt]| {
            let count = i32::try_from(list.len()).unwrap();
            // SAFETY: the list's own pointer and length; its strings are literals or NULL.
            unsafe { options(list.as_ptr(), count) }.map(|o| o.get("feed").map(str::to_owned))
        };
        assert_eq!(
            read(&[option(c"feed".as_ptr(), c"on".as_ptr())]),
            Ok(Some("on".to_owned()))
        );
        assert!(read(&[option(std::ptr::null(), c"on".as_ptr())]).is_err());
        assert!(read(&[option(c"feed".as_ptr(), std::ptr::null())]).is_err());
        assert!(read(&[option(c"feed".as_ptr(), c"\xff".as_ptr())]).is_err());
        assert!(read(&[option(c"\xff".as_ptr(), c"on".as_ptr())]).is_err());
        // SAFETY: NULL is allowed, whatever the count.
        assert!(unsafe { options(std::ptr::null(), 3) }.is_ok());
    }
}
