//! Stored hashes: what is read of one, and which of those that were made elsewhere are of use here.

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};

use super::{PasswordError, hash_error};

/// The dearest hash that is taken over: 1 GiB, more than anybody's recommendation.
const MAX_MEMORY_KIB: u32 = 1 << 20;
/// The same for its passes.
const MAX_PASSES: u32 = 100;

/// Why a hash that was made elsewhere is of no use here. Never says what it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakenOverError {
    /// Not argon2, or not whole.
    #[error(
        "want an argon2 hash with salt and output as a PHC string: $argon2id$v=19$m=..,t=..,p=..$SALT$HASH"
    )]
    Unknown,
    /// Each login would take too much.
    #[error("the hash takes more than {MAX_MEMORY_KIB} KiB or {MAX_PASSES} passes")]
    TooDear,
}

/// Checks that a hash that was made elsewhere is one against which passwords can be checked here.
pub(crate) fn check_taken_over(stored: &str) -> Result<(), TakenOverError> {
    let (argon2, _, _) = read_hash(stored).map_err(|_| TakenOverError::Unknown)?;
    let params = argon2.params();
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
        return Err(TakenOverError::TooDear);
    }
    Ok(())
}

/// What a password is checked with, and against.
pub(super) fn read_hash(stored: &str) -> Result<(Argon2<'static>, Salt, Output), PasswordError> {
    let stored = PasswordHash::new(stored).map_err(hash_error)?;
    let (Some(salt), Some(expected)) = (stored.salt, stored.hash) else {
        return Err(hash_error("no salt or no hash is stored"));
    };
    let params = Params::try_from(&stored).map_err(hash_error)?;
    let algorithm = Algorithm::new(stored.algorithm).map_err(hash_error)?;
    let version = stored.version.unwrap_or(Version::V0x13.into());
    let version = Version::try_from(version).map_err(hash_error)?;
    Ok((Argon2::new(algorithm, version, params), salt, expected))
}
