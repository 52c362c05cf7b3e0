//! One question, one answer over HTTP: limits, problem documents, `Retry-After`.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::ClientError;
use super::wire::problem::Problem;

/// The longest answer that is read, decompressed.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// The longest problem document that is read.
const MAX_PROBLEM_BYTES: usize = 64 * 1024;
/// Longer pauses than this are cut: a clock may be wrong by years.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Sends it and reads the JSON of a success.
pub(super) async fn exchange<T: DeserializeOwned>(
    request: RequestBuilder,
) -> Result<T, ClientError> {
    let response = request.send().await.map_err(|e| unreachable(&e))?;
    let response = expect_success(response).await?;
    let bytes = read(response, MAX_ANSWER_BYTES).await?;
    serde_json::from_slice(&bytes).map_err(|e| ClientError::Nonsense(e.to_string()))
}

/// The answer itself when it is a success, else what its problem document says.
pub(super) async fn expect_success(response: Response) -> Result<Response, ClientError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let retry_after = retry_after(response.headers(), SystemTime::now());
    // A status without a readable text is still that status.
    let bytes = read(response, MAX_PROBLEM_BYTES).await.unwrap_or_default();
    let detail = problem(status, &bytes);
    let status = status.as_u16();
    Err(match status {
        429 | 502..=504 => ClientError::TryLater {
            status,
            detail,
            retry_after,
        },
        _ => ClientError::Status { status, detail },
    })
}

async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| unreachable(&e))? {
        if bytes.len() + chunk.len() > limit {
            let text = format!("answer is over {limit} bytes");
            return Err(ClientError::Nonsense(text));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What an answer's problem document (RFC 9457) says, or else the status.
pub fn problem(status: StatusCode, bytes: &[u8]) -> String {
    let Problem { title, detail } = serde_json::from_slice(bytes).unwrap_or_default();
    match (title.is_empty(), detail.is_empty()) {
        (false, false) => format!("{title}: {detail}"),
        (true, true) => format!("status {status}"),
        _ => title + &detail,
    }
}

/// `Retry-After` in either of its forms (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = httpdate::parse_http_date(text).ok()?;
            at.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

fn unreachable(error: &reqwest::Error) -> ClientError {
    ClientError::Unreachable(explain(error))
}

/// A failure with its causes: the innermost says most ("connection refused"); the outer ones name the URL.
pub fn explain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn problem_documents_are_told_in_full_and_others_by_status() {
        let status = StatusCode::FORBIDDEN;
        let both = br#"{"type":"about:blank","title":"login refused","detail":"wrong password"}"#;
        assert_eq!(problem(status, both), "login refused: wrong password");
        let title = br#"{"title":"login refused"}"#;
        assert_eq!(problem(status, title), "login refused");
        for bytes in [&b""[..], b"<html>", b"[]", b"{}"] {
            assert_eq!(problem(status, bytes), "status 403 Forbidden");
        }
    }

    #[test]
    fn pauses_are_read_as_seconds_and_as_dates() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let pause = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers, now).map(|pause| pause.as_secs())
        };
        assert_eq!(pause("120"), Some(120));
        assert_eq!(pause("Sun, 06 Nov 1994 08:50:00 GMT"), Some(23));
        assert_eq!(pause("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(pause("999999999999"), Some(24 * 3600));
        assert_eq!(pause("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
