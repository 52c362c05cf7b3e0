//! A JSON pointer (RFC 6901), as typed: `/realm_access/roles`. Knows the form alone, no JSON.

use std::fmt;

/// Names one value in a JSON document. `~1` stands for `/` in a member's name, `~0` for `~`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// Reads a pointer to something within the document. The error says what would be right.
    pub(super) fn parse(text: &str) -> Result<Pointer, String> {
        if !text.starts_with('/') {
            return Err("want a JSON pointer, which begins with `/`".to_owned());
        }
        let mut escaped = text.split('~').skip(1);
        if escaped.any(|rest| !rest.starts_with(['0', '1'])) {
            let want = "in a JSON pointer `~` is written `~0`, and a `/` within a name `~1`";
            return Err(want.to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("must hold no control character".to_owned());
        }
        Ok(Pointer(text.to_owned()))
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_those_of_rfc_6901() {
        for good in [
            "/eid",
            "/a/0/b",
            "/https:~1~1a.example~1groups",
            "/m~0n",
            "/",
        ] {
            assert_eq!(Pointer::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "eid", "#/eid", "/a~", "/a~2", "/a/~/b", "/a\u{1}"] {
            assert!(Pointer::parse(bad).is_err(), "{bad:?}");
        }
    }
}
