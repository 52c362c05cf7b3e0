//! Which devices a word of an option means: `pc`, `phone*`, or `*` for any. Pure.

use crate::protocol::name;

/// One device by its name, or all whose names begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Devices {
    stem: String,
    open: bool,
}

impl Devices {
    /// Reads a word. The error says what would be right.
    pub(super) fn parse(word: &str) -> Result<Devices, String> {
        let (stem, open) = match word.strip_suffix('*') {
            Some(stem) => (stem, true),
            None => (word, false),
        };
        if !(open && stem.is_empty()) {
            name::check("device", stem).map_err(|error| error.to_string())?;
        }
        let stem = stem.to_owned();
        Ok(Devices { stem, open })
    }

    /// Whether this device is meant.
    pub fn include(&self, device: &str) -> bool {
        if self.open {
            device.starts_with(&self.stem)
        } else {
            device == self.stem
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_one_device_or_all_that_begin_alike() {
        let includes = |word: &str, device: &str| Devices::parse(word).unwrap().include(device);
        assert!(includes("pc", "pc") && !includes("pc", "pc2") && !includes("pc", "PC"));
        assert!(includes("phone*", "phone") && includes("phone*", "phone-7"));
        assert!(!includes("phone*", "iphone") && includes("*", "anything"));
        for bad in [
            "",
            "a/b",
            "**",
            "a*b",
            "*a",
            "p c",
            "{device}",
            &"x".repeat(65),
        ] {
            assert!(Devices::parse(bad).is_err(), "{bad:?}");
        }
    }
}
