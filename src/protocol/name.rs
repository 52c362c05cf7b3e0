//! The names of enterprises, users, groups and devices, and the two MQTT names made of them.
//!
//! | name | shape |
//! |---|---|
//! | `eid`, `uid`, `gid`, `device` | 1 to 64 bytes of `[A-Za-z0-9._-]`, case-sensitive |
//! | MQTT user name | `uid@eid` |
//! | MQTT client id | `uid@eid:device` |
//!
//! None of the parts may hold `@`, `:` or `/`, so both names parse in one way only, and none of
//! `+ # /` or a control character can reach a topic through a name.

use std::fmt;

/// The longest `eid`, `uid`, `gid` or `device`, in bytes.
pub const MAX_NAME_BYTES: usize = 64;

/// Why a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// A part is empty.
    Empty(&'static str),
    /// A part is longer than [`MAX_NAME_BYTES`].
    TooLong(&'static str),
    /// A part holds a byte outside `[A-Za-z0-9._-]`.
    BadByte(&'static str, u8),
    /// The user name has no `@`.
    NoEnterprise,
    /// The client id has no `:device`.
    NoDevice,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NameError::Empty(part) => write!(f, "{part} is empty"),
            NameError::TooLong(part) => write!(f, "{part} is longer than {MAX_NAME_BYTES} bytes"),
            NameError::BadByte(part, byte) => {
                write!(
                    f,
                    "{part} holds the byte 0x{byte:02x}, outside [A-Za-z0-9._-]"
                )
            }
            NameError::NoEnterprise => f.write_str("no `@`: want uid@eid"),
            NameError::NoDevice => f.write_str("no `:device`: want uid@eid:device"),
        }
    }
}

impl std::error::Error for NameError {}

/// Checks one `eid`, `uid`, `gid` or `device`; `part` names it in the error.
pub fn check(part: &'static str, name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty(part));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameError::TooLong(part));
    }
    match name.bytes().find(|b| !is_name_byte(*b)) {
        Some(byte) => Err(NameError::BadByte(part, byte)),
        None => Ok(()),
    }
}

/// Whether `name` is a valid `eid`, `uid`, `gid` or `device`.
pub fn is_valid(name: &str) -> bool {
    check("name", name).is_ok()
}

/// Looked up rather than computed: every message passes here some six times.
const NAME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < table.len() {
        // Within bounds by the loop's own condition.
        #[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)]
        {
            let byte = at as u8;
            table[at] = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        }
        at += 1;
    }
    table
};

fn is_name_byte(byte: u8) -> bool {
    NAME_BYTES.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Splits at the first `separator`, if all before it is a valid name. One pass: every message comes by here.
pub(super) fn split_name(text: &str, separator: u8) -> Option<(&str, &str)> {
    let end = text.bytes().position(|byte| !is_name_byte(byte))?;
    if end == 0 || end > MAX_NAME_BYTES || text.as_bytes().get(end) != Some(&separator) {
        return None;
    }
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// A user as MQTT user name: `uid@eid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserName<'a> {
    /// The user within the enterprise.
    pub uid: &'a str,
    /// The enterprise.
    pub eid: &'a str,
}

impl<'a> UserName<'a> {
    /// Parses `uid@eid`.
    pub fn parse(text: &'a str) -> Result<Self, NameError> {
        if let Some((uid, eid)) = split_name(text, b'@').filter(|(_, eid)| is_valid(eid)) {
            return Ok(UserName { uid, eid });
        }
        // Something is wrong: find out what.
        let (uid, eid) = text.split_once('@').ok_or(NameError::NoEnterprise)?;
        check("uid", uid)?;
        check("eid", eid)?;
        Ok(UserName { uid, eid })
    }
}

impl fmt::Display for UserName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.uid, self.eid)
    }
}

/// A user on one device, as MQTT client id: `uid@eid:device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionName<'a> {
    /// Who.
    pub user: UserName<'a>,
    /// On which device.
    pub device: &'a str,
}

impl<'a> SessionName<'a> {
    /// Parses `uid@eid:device`.
    pub fn parse(text: &'a str) -> Result<Self, NameError> {
        if let Some((uid, rest)) = split_name(text, b'@')
            && let Some((eid, device)) = split_name(rest, b':')
            && is_valid(device)
        {
            let user = UserName { uid, eid };
            return Ok(SessionName { user, device });
        }
        // Something is wrong: find out what.
        let (user, device) = text.split_once(':').ok_or(NameError::NoDevice)?;
        let user = UserName::parse(user)?;
        check("device", device)?;
        Ok(SessionName { user, device })
    }
}

impl fmt::Display for SessionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_name_and_client_id_parse_and_print_back() {
        let session = SessionName::parse("alice@acme:pc").unwrap();
        assert_eq!(
            (session.user.uid, session.user.eid, session.device),
            ("alice", "acme", "pc")
        );
        assert_eq!(session.to_string(), "alice@acme:pc");
        assert_eq!(
            UserName::parse("a.b_c-9@E1").unwrap().to_string(),
            "a.b_c-9@E1"
        );
    }

    #[test]
    fn malformed_names_are_refused_with_their_reason() {
        let long = "x".repeat(65);
        let at_limit = "x".repeat(64);
        assert!(UserName::parse(&format!("{at_limit}@{at_limit}")).is_ok());
        for (text, want) in [
            ("alice", NameError::NoEnterprise),
            ("@acme", NameError::Empty("uid")),
            ("alice@", NameError::Empty("eid")),
            ("alice@a@b", NameError::BadByte("eid", b'@')),
            ("al/ice@acme", NameError::BadByte("uid", b'/')),
            ("+@acme", NameError::BadByte("uid", b'+')),
            ("alice@#", NameError::BadByte("eid", b'#')),
            ("al\u{0}ice@acme", NameError::BadByte("uid", 0)),
            ("alicé@acme", NameError::BadByte("uid", 0xc3)),
            ("alice @acme", NameError::BadByte("uid", b' ')),
            (&format!("{long}@acme"), NameError::TooLong("uid")),
        ] {
            assert_eq!(UserName::parse(text), Err(want), "{text:?}");
        }
        for (text, want) in [
            ("alice@acme", NameError::NoDevice),
            ("alice@acme:", NameError::Empty("device")),
            ("alice@:pc", NameError::Empty("eid")),
            ("@acme:pc", NameError::Empty("uid")),
            (&format!("{long}@acme:pc"), NameError::TooLong("uid")),
            (&format!("alice@{long}:pc"), NameError::TooLong("eid")),
            (&format!("alice@acme:{long}"), NameError::TooLong("device")),
            ("alice@acme:pc:2", NameError::BadByte("device", b':')),
            ("alice:pc", NameError::NoEnterprise),
        ] {
            assert_eq!(SessionName::parse(text), Err(want), "{text:?}");
        }
    }
}
