//! The readable copy: reading and replacing it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use mosquitto_enterprise_push::client::AddressBook;
use mosquitto_enterprise_push::client::sealed::{
    Nonce, Purpose, SealedError, StorageKey, open_book, seal_book,
};

use crate::credentials::KeySource;
use crate::failure::Failure;
use crate::session::Context;
use crate::store::{StoreError, replace};

/// More than this is no address book of ours.
const MAX_COPY_BYTES: u64 = 256 * 1024 * 1024;

/// What was found on disk.
#[derive(Debug)]
pub(crate) enum Copy {
    /// A book, as of its version.
    Whole(AddressBook),
    /// None was ever written, or it was removed.
    Missing,
    /// Nothing to be used, and why.
    Unusable(String),
}

/// Reads the copy. A remembered key that does not fit may be older than the copy: asks for the latest, once.
pub(crate) async fn read(context: &mut Context) -> Result<(Copy, StorageKey), Failure> {
    let (personal, source) = context.personal_key().await?;
    let key = StorageKey::derive(&personal, Purpose::AddressBook);
    let file = match bytes(&path(context)) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok((Copy::Missing, key)),
        Err(error) => return Ok((Copy::Unusable(error.to_string()), key)),
    };
    let client_id = context.profile.session.to_string();
    let opened = open_book(&key, &client_id, &file);
    if source == KeySource::Service || !opened.as_ref().is_err_and(|e| e.is_other_key()) {
        return Ok((judge(opened), key));
    }
    let personal = context.fresh_personal_key().await?;
    let key = StorageKey::derive(&personal, Purpose::AddressBook);
    Ok((judge(open_book(&key, &client_id, &file)), key))
}

/// Writes the copy in place of an older one.
pub(super) fn write(
    context: &Context,
    key: &StorageKey,
    book: &AddressBook,
) -> Result<(), Failure> {
    let client_id = context.profile.session.as_str();
    let path = path(context);
    let sealed = seal_book(key, client_id, &Nonce::random(), book);
    let too_long = |error: SealedError| StoreError::Damaged(path.clone(), error.to_string());
    Ok(replace(&path, &sealed.map_err(too_long)?)?)
}

fn judge(opened: Result<AddressBook, SealedError>) -> Copy {
    match opened {
        Ok(book) => Copy::Whole(book),
        Err(error) => Copy::Unusable(error.to_string()),
    }
}

fn path(context: &Context) -> PathBuf {
    let dir = context.store.profile_dir(&context.profile.session);
    dir.join("address-book.sealed")
}

fn bytes(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_COPY_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
