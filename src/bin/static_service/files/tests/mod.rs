//! The disk side by itself.
