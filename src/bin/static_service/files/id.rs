//! Names of files: 128 random bits, so that nobody guesses one, and safe as a file name.

use std::str::FromStr;

use crate::secret::unique_id;

const DIGITS: usize = 32;
/// Digits that choose the subfolder.
const SHELF_DIGITS: usize = 2;

/// 32 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(String);

/// A text that is no id of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("want {DIGITS} lower-case hex digits")]
pub(crate) struct NoFileId;

impl FileId {
    /// One that nothing else has.
    pub(crate) fn random() -> FileId {
        FileId(unique_id())
    }

    /// The digits.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The subfolder that the file is in.
    pub(super) fn shelf(&self) -> &str {
        self.0.get(..SHELF_DIGITS).unwrap_or_default()
    }
}

impl FromStr for FileId {
    type Err = NoFileId;

    fn from_str(text: &str) -> Result<Self, NoFileId> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != DIGITS || !text.bytes().all(digit) {
            return Err(NoFileId);
        }
        Ok(FileId(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ids() {
        let id = FileId::random();
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(id.as_str().starts_with(id.shelf()));
        let upper = id.as_str().replace(|c: char| c.is_ascii_digit(), "A");
        let long = format!("{}0", id.as_str());
        let dots = format!("../{}", &id.as_str()[3..]);
        for text in ["", "..", "/etc/passwd", &upper, &long, &dots] {
            assert_eq!(text.parse::<FileId>(), Err(NoFileId), "{text}");
        }
    }
}
