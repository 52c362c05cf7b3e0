//! What a message carries: which kind of content a file is, the offer of an uploaded file, and names that
//! are safe on disk. Pure.

mod disposition;
mod guess;
mod name;
mod offer;

pub(crate) use disposition::file_name;
pub(crate) use guess::{Guess, extension, guess};
pub(crate) use name::{inline_name, numbered, safe_name};
#[cfg(test)]
pub(crate) use offer::tests;
pub(crate) use offer::{Offer, read_offer};

use mosquitto_enterprise_push::protocol::Content;

/// The word for a kind of content in offers and on the command line.
pub(crate) fn word(content: Content) -> &'static str {
    match content {
        Content::Text => "text",
        Content::Audio => "audio",
        Content::Video => "video",
        Content::Hyperlink => "link",
        Content::Image => "image",
        Content::File => "file",
        Content::UserDefined => "user",
    }
}

/// A size as people say it.
pub(crate) fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
