//! Why something sealed was not opened.

/// A refusal. None of them tells what stands inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// It ends inside the named field.
    #[error("it ends inside {0}")]
    Truncated(&'static str),
    /// It begins with other bytes than its kind does.
    #[error("it is a file of another kind")]
    Magic,
    /// A version of the format that is not known here.
    #[error("its format has version {0}, want 1")]
    Version(u8),
    /// A cipher that is not known here.
    #[error("its cipher is number {0}, want 1")]
    Cipher(u8),
    /// Sealed under another personal key: the password was changed since, or it is another device's.
    #[error("it is sealed under another key")]
    OtherKey,
    /// What was sealed has been changed, moved, or belongs to another device.
    #[error("it is damaged, or of another device")]
    Forged,
    /// Too long to be sealed.
    #[error("{0} bytes are too many")]
    TooLong(usize),
}

impl SealedError {
    /// Whether the right key may open it: a remembered key may be an old one.
    pub fn is_other_key(self) -> bool {
        self == SealedError::OtherKey
    }
}
