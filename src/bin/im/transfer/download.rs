//! Getting a file: from where an earlier attempt was cut, checked against size and hash, put in its place
//! in one step.

use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Response;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::answer::{lost, number, text};
use super::error::TransferError;
use super::pace::Pace;
use super::part::{Part, Place};
use super::retry::Retry;
use super::service::FileService;
use super::source::{BLOCK_BYTES, hash, hex};
use crate::content::Offer;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// What is to be downloaded, and what has been said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) url: String,
    pub(crate) size: Option<u64>,
    /// Lower-case hex.
    pub(crate) sha256: Option<String>,
    /// More than this is not taken from anybody.
    pub(crate) limit_bytes: u64,
}

impl Wanted {
    /// What an offer says of itself.
    pub(crate) fn of(offer: &Offer, limit_bytes: u64) -> Wanted {
        Wanted {
            url: offer.url.clone(),
            size: offer.size,
            sha256: offer.sha256.clone(),
            limit_bytes,
        }
    }
}

/// A file that has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Downloaded {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Whether sender or server had told the hash.
    pub(crate) verified: bool,
    /// Bytes that an earlier attempt had brought.
    pub(crate) resumed_from: u64,
}

/// Downloads a file to its place.
pub(crate) async fn download(
    service: &FileService,
    wanted: &Wanted,
    place: Place,
    mut retry: Retry,
    mut moved: impl FnMut(u64, Option<u64>),
) -> Result<Downloaded, TransferError> {
    check_size(wanted, wanted.size)?;
    let part = Part::open(place, wanted.sha256.as_deref().unwrap_or(&wanted.url))?;
    let told = loop {
        let mut attempt = Attempt {
            wanted,
            part: &part,
            retry: &mut retry,
            moved: &mut moved,
        };
        match attempt.run(service).await {
            Ok(told) => break told,
            Err(error) => retry.pause(error).await?,
        }
    };
    let handle = part.handle()?;
    let hashed = tokio::task::spawn_blocking(move || rewound(handle).and_then(hash)).await;
    let hasher = hashed.map_err(std::io::Error::from).flatten();
    let sha256 = hex(hasher.map_err(|error| part.io(error))?);
    let announced = wanted.sha256.clone().or(told.sha256);
    if announced.as_ref().is_some_and(|hash| *hash != sha256) {
        part.discard()?;
        let text = format!("its SHA-256 is {sha256}");
        return Err(TransferError::Mismatch(text));
    }
    Ok(Downloaded {
        path: part.finish()?,
        bytes: told.bytes,
        sha256,
        verified: announced.is_some(),
        resumed_from: told.resumed_from,
    })
}

fn rewound(mut file: std::fs::File) -> std::io::Result<std::fs::File> {
    std::io::Seek::rewind(&mut file)?;
    Ok(file)
}

fn check_size(wanted: &Wanted, size: Option<u64>) -> Result<(), TransferError> {
    match (size, wanted.size) {
        (Some(size), _) if size > wanted.limit_bytes => {
            Err(TransferError::TooLarge(size, wanted.limit_bytes))
        }
        (Some(size), Some(said)) if size != said => {
            let text = format!("it has {size} bytes instead of {said}");
            Err(TransferError::Mismatch(text))
        }
        _ => Ok(()),
    }
}

/// What the server told of a file that has come whole.
struct Told {
    bytes: u64,
    sha256: Option<String>,
    resumed_from: u64,
}

/// One request, and all that it brings.
struct Attempt<'a, M> {
    wanted: &'a Wanted,
    part: &'a Part,
    retry: &'a mut Retry,
    moved: &'a mut M,
}

impl<M: FnMut(u64, Option<u64>)> Attempt<'_, M> {
    async fn run(&mut self, service: &FileService) -> Result<Told, TransferError> {
        let kept = self.part.resumable()?;
        let resume = kept.as_ref().map(|(have, etag)| (*have, etag.as_str()));
        let response = service.get(&self.wanted.url, resume).await?;
        let start = kept.map_or(0, |(have, _)| have);
        let (resumed_from, total) = match response.status().as_u16() {
            206 if starts_at(response.headers(), start) => (start, range_total(response.headers())),
            206 => return self.odd("it sent another part than asked for"),
            416 if range_total(response.headers()) == Some(start) => {
                return Ok(whole(start, response.headers(), start));
            }
            // The part is longer than the file has become.
            416 => return self.odd("the part did not fit"),
            _ => {
                self.part.restart(text(response.headers(), &ETAG))?;
                let length = number(response.headers(), CONTENT_LENGTH.as_str());
                (0, length)
            }
        };
        check_size(self.wanted, total)?;
        let headers = response.headers().clone();
        let have = self.take(response, resumed_from, total, service).await?;
        if total.is_some_and(|total| total != have) {
            return Err(TransferError::Lost(format!("ended after {have} bytes")));
        }
        check_size(self.wanted, Some(have))?;
        Ok(whole(have, &headers, resumed_from))
    }

    /// Begins anew with the next attempt.
    fn odd(&self, why: &str) -> Result<Told, TransferError> {
        self.part.restart(None)?;
        Err(TransferError::Lost(why.to_owned()))
    }

    /// Writes what comes; gives how much there is then.
    async fn take(
        &mut self,
        mut response: Response,
        mut have: u64,
        total: Option<u64>,
        service: &FileService,
    ) -> Result<u64, TransferError> {
        let file = tokio::fs::File::from_std(self.part.handle()?);
        let mut file = tokio::io::BufWriter::with_capacity(BLOCK_BYTES, file);
        (self.moved)(have, total);
        let mut pace = Pace::new(service.rate);
        let result = loop {
            let silent = |_| TransferError::Lost("nothing comes any more".to_owned());
            let next = tokio::time::timeout(service.silence, response.chunk()).await;
            let block = match next.map_err(silent).and_then(|chunk| chunk.map_err(lost)) {
                Ok(Some(block)) => block,
                Ok(None) => break Ok(have),
                Err(error) => break Err(error),
            };
            have += u64::try_from(block.len()).unwrap_or(0);
            let most = self.wanted.size.unwrap_or(self.wanted.limit_bytes);
            if have > most {
                break Err(TransferError::TooLarge(have, most));
            }
            if let Err(error) = file.write_all(&block).await {
                break Err(self.part.io(error));
            }
            self.retry.progressed(have);
            (self.moved)(have, total);
            pace.pass(block.len()).await;
        };
        // Also what came before a cut is kept.
        file.flush().await.map_err(|error| self.part.io(error))?;
        result
    }
}

fn whole(bytes: u64, headers: &HeaderMap, resumed_from: u64) -> Told {
    Told {
        bytes,
        sha256: told_hash(headers),
        resumed_from,
    }
}

/// `Content-Range: bytes START-END/TOTAL`
fn starts_at(headers: &HeaderMap, start: u64) -> bool {
    let range = text(headers, &CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
    let first = range.and_then(|range| range.split_once('-')?.0.trim().parse().ok());
    first == Some(start)
}

fn range_total(headers: &HeaderMap) -> Option<u64> {
    let range = text(headers, &CONTENT_RANGE)?;
    range.rsplit_once('/')?.1.trim().parse().ok()
}

/// From `Repr-Digest` (RFC 9530), as lower-case hex.
fn told_hash(headers: &HeaderMap) -> Option<String> {
    let header = text(headers, &REPR_DIGEST)?;
    let sha256 = header.split(',').find_map(|one| {
        let value = one.trim().strip_prefix("sha-256=:")?;
        BASE64_STANDARD.decode(value.strip_suffix(':')?).ok()
    })?;
    let whole = sha256.len() == Sha256::output_size();
    whole.then(|| sha256.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_digests_are_read_and_nonsense_is_none() {
        let mut headers = HeaderMap::new();
        assert_eq!((range_total(&headers), told_hash(&headers)), (None, None));
        headers.insert(CONTENT_RANGE, "bytes 5-9/10".parse().unwrap());
        assert!(starts_at(&headers, 5) && !starts_at(&headers, 6));
        assert_eq!(range_total(&headers), Some(10));
        headers.insert(CONTENT_RANGE, "bytes */10".parse().unwrap());
        assert_eq!(range_total(&headers), Some(10));
        let digest = BASE64_STANDARD.encode([0xab; 32]);
        let header = format!("sha-512=:AAAA:, sha-256=:{digest}:");
        headers.insert(REPR_DIGEST, header.parse().unwrap());
        assert_eq!(told_hash(&headers), Some("ab".repeat(32)));
        headers.insert(REPR_DIGEST, "sha-256=:AAAA:".parse().unwrap());
        assert_eq!(told_hash(&headers), None);
    }
}
