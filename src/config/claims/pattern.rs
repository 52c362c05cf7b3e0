//! A pattern that takes one string apart into names: `{uid}@{eid}`. Pure.
//!
//! A hole stands for a name, all the rest for itself, and the pattern for the whole string. What follows a hole must
//! begin with a character that no name holds, so there is one way to read a string or none.

use std::fmt;

use crate::protocol::name;

/// What a hole stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `{eid}`
    Eid,
    /// `{uid}`
    Uid,
    /// `{device}`
    Device,
    /// `{kind}`
    Kind,
}

impl Part {
    const ALL: [Part; 4] = [Part::Eid, Part::Uid, Part::Device, Part::Kind];

    /// The word between the braces.
    pub fn word(self) -> &'static str {
        match self {
            Part::Eid => "eid",
            Part::Uid => "uid",
            Part::Device => "device",
            Part::Kind => "kind",
        }
    }

    /// The option that says where it comes from.
    pub(in crate::config) fn option(self) -> &'static str {
        match self {
            Part::Eid => "claim_eid",
            Part::Uid => "claim_uid",
            Part::Device => "claim_device",
            Part::Kind => "claim_kind",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(Part),
}

/// A parsed pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads a pattern. The error says what would be right.
    pub(super) fn parse(text: &str) -> Result<Pattern, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = first_piece(rest)?;
            check_after(pieces.last(), &piece)?;
            if matches!(piece, Piece::Hole(_)) && pieces.contains(&piece) {
                return Err("each of {eid} {uid} {device} {kind} may stand once".to_owned());
            }
            pieces.push(piece);
            rest = after;
        }
        Ok(Pattern { pieces })
    }

    /// What its holes stand for.
    pub(super) fn holes(&self) -> impl Iterator<Item = Part> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(part) => Some(*part),
            Piece::Text(_) => None,
        })
    }

    /// The name that stands in `text` for `wanted`; `None` when the text as a whole does not look like this.
    pub fn find<'a>(&self, wanted: Part, text: &'a str) -> Option<&'a str> {
        let mut found = None;
        let mut rest = text;
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => rest = rest.strip_prefix(plain.as_str())?,
                Piece::Hole(part) => {
                    let end = rest
                        .find(|c: char| !may_be_in_a_name(c))
                        .unwrap_or(rest.len());
                    let (name, after) = rest.split_at(end);
                    if !name::is_valid(name) {
                        return None;
                    }
                    if *part == wanted {
                        found = Some(name);
                    }
                    rest = after;
                }
            }
        }
        found.filter(|_| rest.is_empty())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Text(plain) => f.write_str(plain)?,
                Piece::Hole(part) => write!(f, "{{{}}}", part.word())?,
            }
        }
        Ok(())
    }
}

/// The first piece of a text that is not empty, and what comes after it.
fn first_piece(text: &str) -> Result<(Piece, &str), String> {
    if let Some(inner) = text.strip_prefix('{') {
        let (word, after) = inner.split_once('}').ok_or("`{` has no `}`")?;
        let part = Part::ALL.into_iter().find(|part| part.word() == word);
        let part = part.ok_or("want {eid} {uid} {device} or {kind} between braces")?;
        return Ok((Piece::Hole(part), after));
    }
    let (plain, after) = text.split_at(text.find(['{', '}']).unwrap_or(text.len()));
    if plain.is_empty() {
        return Err("`}` has no `{`".to_owned());
    }
    Ok((Piece::Text(plain.to_owned()), after))
}

/// Whether a piece may come after the one before, so that it is plain where a name ends.
fn check_after(before: Option<&Piece>, piece: &Piece) -> Result<(), String> {
    let Some(Piece::Hole(hole)) = before else {
        return Ok(());
    };
    let plain = match piece {
        Piece::Text(plain) => plain.chars().next(),
        Piece::Hole(_) => None,
    };
    if plain.is_some_and(|c| !may_be_in_a_name(c)) {
        return Ok(());
    }
    Err(format!(
        "after {{{}}} want a character that is in no name, such as `@`",
        hole.word()
    ))
}

fn may_be_in_a_name(c: char) -> bool {
    name::is_valid(c.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(pattern: &str, wanted: Part, text: &str) -> Option<String> {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.find(wanted, text).map(str::to_owned)
    }

    #[test]
    fn whole_string_is_taken_apart_in_one_way_or_not_at_all() {
        let pattern = "{uid}@{eid}";
        assert_eq!(find(pattern, Part::Uid, "alice@acme").unwrap(), "alice");
        assert_eq!(find(pattern, Part::Eid, "alice@acme").unwrap(), "acme");
        assert_eq!(find(pattern, Part::Device, "alice@acme"), None);
        let long = format!("{}@acme", "x".repeat(65));
        for other in [
            "",
            "@",
            "alice",
            "alice@",
            "@acme",
            "a@b@c",
            "alice@acme ",
            " alice@acme",
            "alice@ac/me",
            "al\u{e4}ce@acme",
            "alice@acme\0",
            "+@#",
            &long,
        ] {
            assert_eq!(find(pattern, Part::Uid, other), None, "{other:?}");
            assert_eq!(find(pattern, Part::Eid, other), None, "{other:?}");
        }
    }

    #[test]
    fn what_stands_around_the_holes_must_be_there_exactly() {
        let mail = "{uid}@acme.example";
        assert_eq!(
            find(mail, Part::Uid, "a.b@acme.example").as_deref(),
            Some("a.b")
        );
        for other in [
            "a.b@acme.example.evil",
            "a.b@evil.acme.example",
            "a.b@ACME.example",
        ] {
            assert_eq!(find(mail, Part::Uid, other), None, "{other}");
        }
        let realm = "https://sso.example/realms/{eid}";
        let issuer = "https://sso.example/realms/acme";
        assert_eq!(find(realm, Part::Eid, issuer).as_deref(), Some("acme"));
        assert_eq!(
            find("user-{uid}", Part::Uid, "user-user-7").unwrap(),
            "user-7"
        );
    }

    #[test]
    fn ambiguous_and_broken_patterns_are_refused() {
        for (bad, want) in [
            ("{uid}{eid}", "after {uid}"),
            ("{uid}-{eid}", "after {uid}"),
            ("{uid}.acme", "after {uid}"),
            ("{uid}x", "after {uid}"),
            ("{uid}@{uid}", "once"),
            ("{gid}", "between braces"),
            ("{}", "between braces"),
            ("{ uid }", "between braces"),
            ("{uid", "no `}`"),
            ("uid}", "no `{`"),
            ("{uid}}", "no `{`"),
        ] {
            let error = Pattern::parse(bad).unwrap_err();
            assert!(error.contains(want), "{bad}: {error}");
        }
        let good = "push:{uid}@{eid}/{device}";
        assert_eq!(Pattern::parse(good).unwrap().to_string(), good);
    }
}
