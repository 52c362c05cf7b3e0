//! A file of ours as an offer for somebody: uploaded, with a link that is good for them.

use mosquitto_enterprise_push::protocol::Content;

use super::error::TransferError;
use super::retry::Retry;
use super::service::FileService;
use super::source::Source;
use super::upload::upload;
use super::uploads::Uploads;
use crate::content::Offer;

/// Uploads what is not there yet, and gets a link for `audience`: `bob`, `bob@beta`, `#gid`.
pub(crate) async fn offer(
    service: &FileService,
    source: &Source,
    content: Content,
    audience: &str,
    uploads: &Uploads,
    retry: Retry,
    moved: impl FnMut(u64),
) -> Result<Offer, TransferError> {
    let row = upload(service, source, uploads, retry, moved).await?;
    let link = service.link(&row.id, audience).await?;
    Ok(Offer {
        url: link.url,
        name: source.name.clone(),
        size: Some(source.size),
        content_type: source.guess.content_type.clone(),
        sha256: Some(row.sha256),
        expires_at: link.expires_at.or(row.expires_at),
        content,
    })
}
