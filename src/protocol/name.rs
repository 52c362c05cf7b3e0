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
    is_valid_bytes(name.as_bytes())
}

/// The same, of bytes.
pub(super) fn is_valid_bytes(name: &[u8]) -> bool {
    is_length(name.len()) && name.iter().all(|byte| is_name_byte(*byte))
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
    let (length, end) = name_bytes(&mut text.bytes());
    if !is_length(length) || end != Some(separator) {
        return None;
    }
    Some((text.get(..length)?, text.get(length + 1..)?))
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
        SessionId::parse(text).map(|id| id.name)
    }
}

impl fmt::Display for SessionName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.device)
    }
}

/// A client id that has been taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId<'a> {
    text: &'a str,
    username: &'a str,
    name: SessionName<'a>,
}

impl<'a> SessionId<'a> {
    /// Parses `uid@eid:device`.
    pub fn parse(text: &'a str) -> Result<Self, NameError> {
        let lengths = PartLengths::of(text.bytes());
        if let Some(id) = lengths.and_then(|lengths| SessionId::of_parts(text, lengths)) {
            return Ok(id);
        }
        // Something is wrong: find out what.
        let (username, device) = text.split_once(':').ok_or(NameError::NoDevice)?;
        let user = UserName::parse(username)?;
        check("device", device)?;
        let name = SessionName { user, device };
        Ok(SessionId {
            text,
            username,
            name,
        })
    }

    /// Of a text whose parts have been measured.
    pub(crate) fn of_parts(text: &'a str, lengths: PartLengths) -> Option<Self> {
        let PartLengths { uid, eid, .. } = lengths;
        let username = text.get(..=uid + eid)?;
        let user = UserName {
            uid: username.get(..uid)?,
            eid: username.get(uid + 1..)?,
        };
        let device = text.get(uid + eid + 2..)?;
        let name = SessionName { user, device };
        Some(SessionId {
            text,
            username,
            name,
        })
    }

    /// The client id itself.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// `uid@eid`
    pub fn username(self) -> &'a str {
        self.username
    }

    /// Its parts.
    pub fn name(self) -> SessionName<'a> {
        self.name
    }
}

/// How long the parts of a client id are, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartLengths {
    uid: usize,
    eid: usize,
    device: usize,
}

impl PartLengths {
    /// Of `uid@eid:device`, and of nothing else. One pass, which ends with the first byte that does not belong there:
    /// every message comes by here.
    pub(crate) fn of(mut bytes: impl Iterator<Item = u8>) -> Option<PartLengths> {
        let mut part = |separator| {
            let (length, end) = name_bytes(&mut bytes);
            (is_length(length) && end == separator).then_some(length)
        };
        Some(PartLengths {
            uid: part(Some(b'@'))?,
            eid: part(Some(b':'))?,
            device: part(None)?,
        })
    }

    /// Of all of it.
    pub(crate) fn total(self) -> usize {
        self.uid + 1 + self.eid + 1 + self.device
    }
}

/// Whether it is `uid`, or `uid@eid`; one pass.
pub(super) fn is_user(mut bytes: impl Iterator<Item = u8>) -> bool {
    let (uid, end) = name_bytes(&mut bytes);
    is_length(uid)
        && match end {
            None => true,
            Some(b'@') => matches!(name_bytes(&mut bytes), (eid, None) if is_length(eid)),
            Some(_) => false,
        }
}

/// Whether a name may be this long, in bytes.
fn is_length(length: usize) -> bool {
    (1..=MAX_NAME_BYTES).contains(&length)
}

/// How many bytes of a name there are, and what byte ends it.
fn name_bytes(bytes: &mut impl Iterator<Item = u8>) -> (usize, Option<u8>) {
    let mut length = 0;
    for byte in bytes {
        if !is_name_byte(byte) {
            return (length, Some(byte));
        }
        length += 1;
    }
    (length, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_id_is_taken_apart() {
        let id = SessionId::parse("alice@acme:pc").unwrap();
        assert_eq!((id.text(), id.username()), ("alice@acme:pc", "alice@acme"));
        assert_eq!(id.name().device, "pc");
        let lengths = PartLengths::of(id.text().bytes()).unwrap();
        assert_eq!(lengths.total(), id.text().len());
        for bad in [
            "alice@acme",
            "alice@acme:",
            "@acme:pc",
            "a@b:c:d",
            "a@b@c:d",
        ] {
            assert!(PartLengths::of(bad.bytes()).is_none(), "{bad}");
            assert!(SessionId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn user_may_come_with_or_without_enterprise() {
        let is_user = |text: &str| is_user(text.bytes());
        let longest = "x".repeat(MAX_NAME_BYTES);
        for good in ["alice", "alice@acme", &format!("{longest}@{longest}")] {
            assert!(is_user(good), "{good}");
        }
        let long = format!("{longest}x");
        for bad in ["", "@", "alice@", "@acme", "a@b@c", "a@b:c", "a/b", &long] {
            assert!(!is_user(bad), "{bad}");
        }
    }

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
