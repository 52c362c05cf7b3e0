//! Names as operators type them: `uid@eid`, or `uid@eid:device`.

use std::fmt;
use std::str::FromStr;

use mosquitto_enterprise_push::protocol::{SessionName, UserName};

/// A user, perhaps on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) eid: String,
    pub(crate) uid: String,
    pub(crate) device: Option<String>,
}

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Who, String> {
        let (user, device) = if text.contains(':') {
            let name = SessionName::parse(text).map_err(|e| e.to_string())?;
            (name.user, Some(name.device.to_owned()))
        } else {
            (UserName::parse(text).map_err(|e| e.to_string())?, None)
        };
        Ok(Who {
            eid: user.eid.to_owned(),
            uid: user.uid.to_owned(),
            device,
        })
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.uid, self.eid)?;
        match &self.device {
            Some(device) => write!(f, ":{device}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_devices_are_told_apart() {
        for text in ["alice@acme", "alice@acme:pc"] {
            let who: Who = text.parse().unwrap();
            assert_eq!(who.to_string(), text);
            assert_eq!(who.device.is_some(), text.contains(':'));
        }
        for text in ["", "alice", "@acme", "alice@", "alice@acme:", "a/b@acme"] {
            assert!(text.parse::<Who>().is_err(), "{text}");
        }
    }
}
