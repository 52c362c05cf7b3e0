//! What the answers of the file API mean.

use mosquitto_enterprise_push::client::{explain, problem};
use reqwest::Response;
use reqwest::header::{HeaderMap, HeaderName};
use serde::de::DeserializeOwned;

use super::error::TransferError;

/// The longest answer that is read, apart from files.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A response that succeeded; else what its status and problem document mean.
pub(super) async fn succeeded(response: Response) -> Result<Response, TransferError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let offset = number(response.headers(), "upload-offset");
    let text = problem(status, &body(response).await.unwrap_or_default());
    Err(match status.as_u16() {
        401 => TransferError::SessionEnded(text),
        404 | 410 => TransferError::Gone(text),
        409 => TransferError::WrongOffset(offset.unwrap_or(0)),
        408 | 423 | 425 | 429 | 500..=506 | 508..=599 => TransferError::Busy(status.as_u16(), text),
        _ => TransferError::Refused(text),
    })
}

/// The JSON of an answer.
pub(super) async fn json<T: DeserializeOwned>(response: Response) -> Result<T, TransferError> {
    let bytes = body(succeeded(response).await?).await?;
    serde_json::from_slice(&bytes).map_err(|e| TransferError::Nonsense(e.to_string()))
}

/// A header that is a number.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    text(headers, &HeaderName::try_from(name).ok()?)?
        .parse()
        .ok()
}

/// A header that is text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The innermost cause says most; the URL, which may be a key to the file, is left out.
pub(super) fn lost(error: reqwest::Error) -> TransferError {
    TransferError::Lost(explain(&error.without_url()))
}

async fn body(mut response: Response) -> Result<Vec<u8>, TransferError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            let text = format!("answer is over {MAX_ANSWER_BYTES} bytes");
            return Err(TransferError::Nonsense(text));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
