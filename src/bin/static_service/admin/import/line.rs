//! One line of an import: as typed, and checked. What is wrong is told without what was given, which may be
//! a password.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::identity::{DisplayName, UserId};
use crate::password::{check_new, check_taken_over};
use crate::profile::{Email, Phone, Title};
use crate::secret::Secret;

/// A user to be taken in.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) user: UserId,
    pub(super) name: DisplayName,
    pub(super) login: Login,
    pub(super) title: Option<Title>,
    pub(super) phone: Option<Phone>,
    pub(super) email: Option<Email>,
}

/// How the user logs in.
#[derive(Debug)]
pub(super) enum Login {
    /// Not by password.
    None,
    /// By a password that has yet to be hashed.
    Password(Secret),
    /// By the password of a hash that was made elsewhere.
    Hash(String),
}

/// Why a line was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error(
        "want a JSON object: {{\"username\": \"uid@eid\", \"name\"?, \"password\"? | \"password_hash\"?, \
         \"title\"?, \"phone\"?, \"email\"?}}"
    )]
    Shape,
    #[error("unknown member `{}`", .0.escape_debug())]
    Unknown(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("{0}: want a text")]
    NoText(&'static str),
    #[error("{0}: {1}")]
    Refused(&'static str, String),
    #[error("want password or password_hash, not both")]
    Both,
}

impl FromStr for Line {
    type Err = LineError;

    fn from_str(text: &str) -> Result<Self, LineError> {
        let mut members: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| LineError::Shape)?;
        let user: UserId =
            checked(&mut members, "username")?.ok_or(LineError::Missing("username"))?;
        let name = match checked(&mut members, "name")? {
            Some(name) => name,
            None => parsed("name", user.uid())?,
        };
        let line = Line {
            name,
            login: login(&mut members, &user)?,
            title: checked(&mut members, "title")?,
            phone: checked(&mut members, "phone")?,
            email: checked(&mut members, "email")?,
            user,
        };
        match members.into_iter().next() {
            Some((unknown, _)) => Err(LineError::Unknown(unknown)),
            None => Ok(line),
        }
    }
}

fn login(members: &mut Map<String, Value>, user: &UserId) -> Result<Login, LineError> {
    let password = text(members, "password")?.map(Secret::new);
    match (password, text(members, "password_hash")?) {
        (None, None) => Ok(Login::None),
        (Some(_), Some(_)) => Err(LineError::Both),
        (Some(password), None) => {
            check_new(&password, user).map_err(|error| refused("password", &error))?;
            Ok(Login::Password(password))
        }
        (None, Some(hash)) => {
            check_taken_over(&hash).map_err(|error| refused("password_hash", &error))?;
            Ok(Login::Hash(hash))
        }
    }
}

fn refused(member: &'static str, error: &dyn Display) -> LineError {
    LineError::Refused(member, error.to_string())
}

/// Takes a member out; `null` is as good as none.
fn text(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<String>, LineError> {
    match members.remove(member) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(LineError::NoText(member)),
    }
}

fn checked<T: FromStr<Err: Display>>(
    members: &mut Map<String, Value>,
    member: &'static str,
) -> Result<Option<T>, LineError> {
    let text = text(members, member)?;
    text.map(|text| parsed(member, &text)).transpose()
}

fn parsed<T: FromStr<Err: Display>>(member: &'static str, text: &str) -> Result<T, LineError> {
    text.parse().map_err(|error| refused(member, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        text.parse::<Line>().expect_err(text).to_string()
    }

    #[test]
    fn what_is_not_given_is_none_and_the_name_is_the_uid() {
        let line: Line = r#"{"username": "al@acme", "title": null}"#.parse().unwrap();
        assert_eq!(
            (line.user.to_string(), line.name.as_str()),
            ("al@acme".into(), "al")
        );
        assert!(matches!(line.login, Login::None));
        assert!(line.title.is_none() && line.phone.is_none() && line.email.is_none());
    }

    #[test]
    fn each_refusal_names_the_member() {
        for (text, want) in [
            ("", "want a JSON object"),
            ("{", "want a JSON object"),
            ("[]", "want a JSON object"),
            ("{}", "username is missing"),
            (r#"{"username": 5}"#, "username: want a text"),
            (r#"{"username": "al"}"#, "username: no `@`"),
            (r#"{"username": "a/l@acme"}"#, "username: "),
            (r#"{"username": "al@acme", "name": ""}"#, "name: "),
            (
                r#"{"username": "al@acme", "phone": "none"}"#,
                "phone: wants digits",
            ),
            (
                r#"{"username": "al@acme", "email": "x"}"#,
                "email: is no mail address",
            ),
            (r#"{"username": "al@acme", "title": "a\tb"}"#, "title: "),
            (
                r#"{"username": "al@acme", "rôle\n": "x"}"#,
                "unknown member `rôle\\n`",
            ),
            (
                r#"{"username": "al@acme", "password": "p", "password_hash": "h"}"#,
                "not both",
            ),
            (
                r#"{"username": "al@acme", "password": "short"}"#,
                "password: password is shorter",
            ),
            (
                r#"{"username": "al@acme", "password_hash": "h"}"#,
                "password_hash: ",
            ),
        ] {
            let refused = refusal(text);
            assert!(refused.contains(want), "{text}: {refused}");
        }
    }

    #[test]
    fn a_password_is_never_repeated() {
        for text in [
            r#"{"username": "al@acme", "password": 71828182}"#,
            r#"{"username": "al@acme", "password": "71828182", "password_hash": "71828182"}"#,
            r#"{"username": "al@acme", "password_hash": "71828182"}"#,
            r#"{"username": "al@acme", "password": "71828182"#,
        ] {
            assert!(!refusal(text).contains("71828182"), "{text}");
        }
        let line = r#"{"username": "al@acme", "password": "71828182"}"#.parse::<Line>();
        assert!(!format!("{line:?}").contains("71828182"));
    }
}
