//! What people may be shown with: checked texts, and changes of them. No I/O.

use std::fmt;
use std::str::FromStr;

use crate::identity::{DisplayName, TextError, check_text};

/// The longest title, in bytes.
const MAX_TITLE_BYTES: usize = 200;
/// The longest telephone number, in bytes.
const MAX_PHONE_BYTES: usize = 64;
/// The longest mail address, in bytes (RFC 5321 section 4.5.3.1.3, without the angle brackets).
const MAX_EMAIL_BYTES: usize = 254;

/// Why something of a profile was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProfileError {
    /// Not a line of text.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Not what one can dial.
    #[error(
        "wants digits, letters, spaces and any of `+ ( ) - . / # * , ;`, with a digit among them"
    )]
    Phone,
    /// Not where one can write to.
    #[error("is no mail address: want local@domain without spaces")]
    Email,
}

/// Declares a newtype around a text that `$check` passes.
macro_rules! checked_text {
    ($(#[$doc:meta])* $type:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $type(String);

        impl $type {
            /// The text.
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = ProfileError;

            fn from_str(text: &str) -> Result<Self, ProfileError> {
                $check(text)?;
                Ok($type(text.to_owned()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

checked_text!(
    /// What somebody is, such as `Head of Sales`: one line for people.
    Title,
    |text| check_text(text, MAX_TITLE_BYTES)
);
checked_text!(
    /// A telephone number as people write it.
    Phone,
    check_phone
);
checked_text!(
    /// A mail address.
    Email,
    check_email
);

fn check_phone(text: &str) -> Result<(), ProfileError> {
    check_text(text, MAX_PHONE_BYTES)?;
    let known = |c: char| c.is_ascii_alphanumeric() || " +()-./#*,;".contains(c);
    let dialled = text.contains(|c: char| c.is_ascii_digit()) && text.chars().all(known);
    dialled.then_some(()).ok_or(ProfileError::Phone)
}

fn check_email(text: &str) -> Result<(), ProfileError> {
    check_text(text, MAX_EMAIL_BYTES)?;
    let parts = text.rsplit_once('@');
    let sound = parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let spaced = text.contains(char::is_whitespace);
    (sound && !spaced).then_some(()).ok_or(ProfileError::Email)
}

/// What of a profile is to change: the outer `None` leaves it, the inner one clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProfileChange {
    /// What people call the user.
    pub(crate) name: Option<DisplayName>,
    /// What the user is.
    pub(crate) title: Option<Option<Title>>,
    /// Where the user can be called.
    pub(crate) phone: Option<Option<Phone>>,
    /// Where the user can be written to.
    pub(crate) email: Option<Option<Email>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_what_one_can_dial() {
        for good in ["+49 30 123-456", "(030) 12/34 ext. 5", "*31#", "555-CALL-1"] {
            assert!(good.parse::<Phone>().is_ok(), "{good}");
        }
        for bad in ["", " ", "none", "1<b>", "1\n2", "٣٤", &"1".repeat(65)] {
            assert!(bad.parse::<Phone>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn mail_addresses_have_two_sides() {
        for good in ["alice@acme.example", "a+b@acme.example", "zoë@acme.example"] {
            assert!(good.parse::<Email>().is_ok(), "{good}");
        }
        let long = format!("{}@b", "a".repeat(253));
        for bad in ["", "alice", "@acme", "alice@", "a b@acme", "a@b\r\n", &long] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn titles_are_one_line() {
        assert!("Head of Sales & Søn".parse::<Title>().is_ok());
        for bad in ["", "a\tb", &"x".repeat(201)] {
            assert!(bad.parse::<Title>().is_err(), "{bad:?}");
        }
    }
}
