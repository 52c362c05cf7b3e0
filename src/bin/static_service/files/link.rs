//! Signed links: who holds one knows which file, for whom and until when, and can change none of these. A link
//! is no right by itself: its recipient is judged when it is used.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::id::FileId;
use crate::service_key::DerivedKey;

/// What links are signed with. All replicas have the same.
pub(crate) struct LinkKey(DerivedKey);

/// What a link says.
#[derive(Debug, Clone)]
pub(crate) struct SignedLink<'a> {
    /// Which file.
    pub(crate) id: &'a FileId,
    /// For whom, as [`Recipient`](super::Recipient) writes it.
    pub(crate) to: &'a str,
    /// Until when, in Unix seconds.
    pub(crate) expires_at_s: i64,
}

impl LinkKey {
    /// What the key is derived for.
    pub(super) const PURPOSE: &str = "file-link";

    /// A key that was derived for this.
    pub(super) fn new(key: DerivedKey) -> LinkKey {
        LinkKey(key)
    }

    /// HMAC-SHA256 in base64url.
    pub(crate) fn sign(&self, link: &SignedLink<'_>) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(link).finalize().into_bytes())
    }

    /// Whether we signed that. Takes as long whatever is wrong with it.
    pub(crate) fn is_signature(&self, link: &SignedLink<'_>, signature: &str) -> bool {
        let given = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        self.mac(link).verify_slice(&given).is_ok()
    }

    fn mac(&self, link: &SignedLink<'_>) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_slice())
            .expect("HMAC takes keys of any length");
        // Unambiguous, whatever stands in the middle: the others hold no line break.
        let (id, to, expires) = (link.id.as_str(), link.to, link.expires_at_s);
        mac.update(format!("{id}\n{to}\n{expires}").as_bytes());
        mac
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_its_file_recipient_time_and_key_only() {
        let (id, other) = (FileId::random(), FileId::random());
        let key = LinkKey::new(DerivedKey::new([7; 32]));
        let link = SignedLink {
            id: &id,
            to: "bob",
            expires_at_s: 1_000,
        };
        let signature = key.sign(&link);
        assert_eq!(signature.len(), 43);
        assert!(key.is_signature(&link, &signature));
        let mut wrong = [link.clone(), link.clone(), link.clone()];
        wrong[0].id = &other;
        wrong[1].to = "*";
        wrong[2].expires_at_s += 1;
        for wrong in &wrong {
            assert!(!key.is_signature(wrong, &signature), "{wrong:?}");
        }
        let another = LinkKey::new(DerivedKey::new([8; 32]));
        assert!(!another.is_signature(&link, &signature));
        let cut = &signature[..42];
        let padded = format!("{signature}=");
        for wrong in ["", "!", cut, padded.as_str()] {
            assert!(!key.is_signature(&link, wrong), "{wrong}");
        }
        assert_eq!(format!("{key:?}"), "LinkKey([redacted])");
    }
}
