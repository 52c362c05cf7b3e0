//! Sending a file to the static service: appended from where the server is, over cuts and over runs.

use std::io::SeekFrom;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::Body;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::sync::Mutex;
use tokio::time::{Instant, interval};
use tokio_util::io::ReaderStream;

use super::error::TransferError;
use super::pace::Pace;
use super::retry::Retry;
use super::service::FileService;
use super::source::{BLOCK_BYTES, Source};
use super::uploads::Uploads;
use crate::store::StoreError;
use crate::wire::files::{CreateRequest, UploadRow};

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Uploads a file, or finds that it is there already; gives the server's row of it, hash included.
pub(crate) async fn upload(
    service: &FileService,
    source: &Source,
    uploads: &Uploads,
    mut retry: Retry,
    mut moved: impl FnMut(u64),
) -> Result<UploadRow, TransferError> {
    let sha256 = source.sha256().await?;
    source.check_unchanged()?;
    let mut kept = uploads.find(service.address(), source, &sha256);
    let mut known_before = kept.is_some();
    loop {
        let uploading = run(
            service, source, uploads, &sha256, &mut kept, &mut retry, &mut moved,
        );
        match uploading.await {
            Ok(row) => return Ok(row),
            // The server has let it go since then: from the start, once.
            Err(TransferError::Gone(_)) if known_before => {
                known_before = false;
                if let Some(row) = kept.take() {
                    forget(uploads, &row.id)?;
                }
            }
            Err(error) => retry.pause(error).await?,
        }
    }
}

/// One attempt at all that is missing.
async fn run(
    service: &FileService,
    source: &Source,
    uploads: &Uploads,
    sha256: &str,
    kept: &mut Option<UploadRow>,
    retry: &mut Retry,
    moved: &mut impl FnMut(u64),
) -> Result<UploadRow, TransferError> {
    let (row, offset) = begin(service, source, uploads, sha256, kept).await?;
    moved(offset);
    append(service, source, &row, offset, retry, moved).await?;
    verified(service, source, uploads, row).await
}

/// The upload to go on with and the server's offset; a new one when none is kept.
async fn begin(
    service: &FileService,
    source: &Source,
    uploads: &Uploads,
    sha256: &str,
    kept: &mut Option<UploadRow>,
) -> Result<(UploadRow, u64), TransferError> {
    if let Some(row) = kept {
        return Ok((row.clone(), service.offset(&row.id).await?));
    }
    let answer = service
        .create(&CreateRequest {
            name: &source.name,
            size: source.size,
            content_type: &source.guess.content_type,
        })
        .await?;
    let row = UploadRow {
        service: service.address().to_owned(),
        size: source.size,
        modified_ns: source.modified_ns,
        sha256: sha256.to_owned(),
        name: source.name.clone(),
        id: checked_id(answer.id)?,
        chunk_bytes: answer.chunk_bytes.filter(|bytes| *bytes > 0),
        expires_at: answer.expires_at,
    };
    uploads.put(row.clone()).map_err(stored)?;
    *kept = Some(row.clone());
    Ok((row, answer.offset))
}

/// It becomes part of a path.
fn checked_id(id: String) -> Result<String, TransferError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !id.is_empty() && id.len() <= 128 && id.bytes().all(plain) {
        Ok(id)
    } else {
        Err(TransferError::Nonsense("id of the file".to_owned()))
    }
}

/// Chunk after chunk until the server has everything.
async fn append(
    service: &FileService,
    source: &Source,
    row: &UploadRow,
    mut offset: u64,
    retry: &mut Retry,
    moved: &mut impl FnMut(u64),
) -> Result<(), TransferError> {
    let pace = Arc::new(Mutex::new(Pace::new(service.rate)));
    while offset < source.size {
        let length = (source.size - offset).min(row.chunk_bytes.unwrap_or(u64::MAX));
        let sent = Arc::new(AtomicU64::new(0));
        let body = chunk(source, offset, length, Arc::clone(&sent), Arc::clone(&pace)).await?;
        let appending = service.append(&row.id, offset, length, body);
        let told = |sent| moved(offset + sent);
        let reached = watched(appending, &sent, service.silence, told).await?;
        if reached <= offset || reached > source.size {
            return Err(TransferError::Nonsense(format!("Upload-Offset {reached}")));
        }
        offset = reached;
        retry.progressed(offset);
        moved(offset);
    }
    Ok(())
}

/// A part of the file as a body that counts what has been taken of it.
async fn chunk(
    source: &Source,
    offset: u64,
    length: u64,
    sent: Arc<AtomicU64>,
    pace: Arc<Mutex<Pace>>,
) -> Result<Body, TransferError> {
    let io = |error| TransferError::Io(source.path.clone(), error);
    let mut file = tokio::fs::File::open(&source.path).await.map_err(io)?;
    file.seek(SeekFrom::Start(offset)).await.map_err(io)?;
    let blocks = ReaderStream::with_capacity(file.take(length), BLOCK_BYTES);
    Ok(Body::wrap_stream(blocks.then(move |block| {
        let (sent, pace) = (Arc::clone(&sent), Arc::clone(&pace));
        async move {
            let bytes = block.as_ref().map_or(0, |block| block.len());
            pace.lock().await.pass(bytes).await;
            sent.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
            block
        }
    })))
}

/// Waits for the answer for as long as something moves.
async fn watched<T>(
    sending: impl Future<Output = Result<T, TransferError>>,
    sent: &AtomicU64,
    silence: Duration,
    mut told: impl FnMut(u64),
) -> Result<T, TransferError> {
    tokio::pin!(sending);
    let mut look = interval(LOOK);
    let mut last = (0, Instant::now());
    loop {
        tokio::select! {
            answer = &mut sending => return answer,
            _ = look.tick() => {}
        }
        let now = sent.load(Ordering::Relaxed);
        if now != last.0 {
            last = (now, Instant::now());
            told(now);
        } else if last.1.elapsed() >= silence {
            return Err(TransferError::Lost("nothing moves any more".to_owned()));
        }
    }
}

/// The server's hash must be ours.
async fn verified(
    service: &FileService,
    source: &Source,
    uploads: &Uploads,
    row: UploadRow,
) -> Result<UploadRow, TransferError> {
    source.check_unchanged()?;
    let info = service.info(&row.id).await?;
    if !info.complete {
        // It has everything, and is still looking at it.
        return Err(TransferError::Unfinished);
    }
    let same = |hash: &String| hash.eq_ignore_ascii_case(&row.sha256);
    if !info.sha256.as_ref().is_some_and(same) {
        forget(uploads, &row.id)?;
        // Best effort: what matters is that the file is not offered to anybody.
        let _ = service.delete(&row.id).await;
        let text = format!("{} arrived damaged at the server", source.name);
        return Err(TransferError::Mismatch(text));
    }
    let row = UploadRow {
        expires_at: info.expires_at.or(row.expires_at),
        ..row
    };
    uploads.put(row.clone()).map_err(stored)?;
    Ok(row)
}

fn forget(uploads: &Uploads, id: &str) -> Result<(), TransferError> {
    uploads.forget(id).map_err(stored)
}

fn stored(error: StoreError) -> TransferError {
    match error {
        StoreError::Io(path, error) => TransferError::Io(path, error),
        other => TransferError::Io("uploads.json".into(), std::io::Error::other(other)),
    }
}
