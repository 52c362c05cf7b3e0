//! What a new password must be. Length and no guess that everybody tries first, and no rules about kinds of
//! characters: NIST SP 800-63B.

use crate::identity::UserId;
use crate::secret::Secret;

/// The shortest new password, in bytes.
const MIN_BYTES: usize = 8;
/// The longest password, in bytes: a hash takes in all of it.
pub(crate) const MAX_PASSWORD_BYTES: usize = 1024;

/// Those that are tried first, as far as they are long enough; lower case.
const COMMONEST: &str = include_str!("commonest.txt");

/// Why a password will not do. Never says what it was.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WeakPassword {
    /// Fewer bytes than the shortest.
    #[error("password is shorter than {MIN_BYTES} bytes")]
    TooShort,
    /// More bytes than the longest.
    #[error("password is longer than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// The name, with or without its enterprise.
    #[error("password is the user name")]
    UserName,
    /// One of those that are tried first.
    #[error("password is among the commonest")]
    Common,
}

/// Checks a new password of `user`.
pub(crate) fn check_new(password: &Secret, user: &UserId) -> Result<(), WeakPassword> {
    let text = password.reveal();
    if text.len() < MIN_BYTES {
        return Err(WeakPassword::TooShort);
    }
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(WeakPassword::TooLong);
    }
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    if is(user.uid()) || is(&user.to_string()) {
        return Err(WeakPassword::UserName);
    }
    let mut bytes = text.bytes();
    let first = bytes.next();
    if bytes.all(|byte| Some(byte) == first) || COMMONEST.lines().any(is) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), WeakPassword> {
        let user = "long-name@acme".parse().unwrap();
        check_new(&Secret::new(text.to_owned()), &user)
    }

    #[test]
    fn a_new_password_is_long_enough_and_no_first_guess() {
        assert_eq!(check("1234567"), Err(WeakPassword::TooShort));
        assert_eq!(check(""), Err(WeakPassword::TooShort));
        assert_eq!(check(&"ab".repeat(513)), Err(WeakPassword::TooLong));
        for name in ["long-name", "Long-Name", "long-name@acme", "LONG-NAME@ACME"] {
            assert_eq!(check(name), Err(WeakPassword::UserName), "{name}");
        }
        for common in [
            "password",
            "PassWord1",
            "12345678",
            "qwertyuiop",
            "xxxxxxxx",
        ] {
            assert_eq!(check(common), Err(WeakPassword::Common), "{common}");
        }
        for good in [
            "correct horse",
            "        1",
            "ünïcödé",
            "long-name2",
            &"ab".repeat(512),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn the_commonest_are_lower_case_long_enough_and_there_once() {
        let all: Vec<_> = COMMONEST.lines().collect();
        assert!(all.len() > 100);
        for (at, text) in all.iter().enumerate() {
            assert!(text.len() >= MIN_BYTES, "{text}");
            assert_eq!(*text, text.to_ascii_lowercase());
            assert!(!all[..at].contains(text), "{text}");
        }
    }
}
