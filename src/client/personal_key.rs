//! The personal key: 32 bytes that the static service gives a user's device for what it keeps locally.

use std::fmt;

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// Writes no padding, reads either way.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// How long a personal key is.
const KEY_BYTES: usize = 32;

/// The text is no personal key. It is a secret, so it is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("personal key is not 32 bytes in base64url")]
pub struct PersonalKeyError;

/// A personal key; never shown, wiped when dropped. The same for a user's device until the password is
/// changed or the device is removed.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalKey(Zeroizing<[u8; KEY_BYTES]>);

impl PersonalKey {
    /// Takes the bytes over.
    pub fn new(bytes: [u8; KEY_BYTES]) -> Self {
        PersonalKey(Zeroizing::new(bytes))
    }

    /// Reads base64url, padded or not.
    pub fn parse(text: &str) -> Result<Self, PersonalKeyError> {
        let decoded = BASE64URL.decode(text).map_err(|_| PersonalKeyError)?;
        let decoded = Zeroizing::new(decoded);
        let bytes = decoded
            .as_slice()
            .try_into()
            .map_err(|_| PersonalKeyError)?;
        Ok(PersonalKey::new(bytes))
    }

    /// The key in base64url, for another process of the same user only.
    pub fn reveal_text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL.encode(self.0.as_slice()))
    }

    /// The key's bytes, for deriving others from it only.
    pub fn reveal(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for PersonalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_survives_its_text_with_and_without_padding() {
        let key = PersonalKey::new([0xfb; 32]);
        let text = key.reveal_text();
        assert_eq!(PersonalKey::parse(&text), Ok(key.clone()));
        assert_eq!(PersonalKey::parse(&format!("{}=", *text)), Ok(key));
    }

    #[test]
    fn what_is_no_key_is_refused_without_telling_it() {
        for text in ["", "c2hvcnQ", "not base64!", &"A".repeat(64)] {
            let error = PersonalKey::parse(text).unwrap_err();
            assert!(text.is_empty() || !error.to_string().contains(text));
        }
        assert_eq!(
            format!("{:?}", PersonalKey::new([7; 32])),
            "PersonalKey(..)"
        );
    }
}
