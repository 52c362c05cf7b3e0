//! Which file is asked for, and by whom.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use super::super::App;
use super::super::problem::Problem;
use super::refusal::{expired, no_such_file};
use crate::clock::now_s;
use crate::files::{FileId, Files};
use crate::identity::UserId;
use crate::storage::{SessionUser, StoredFile};

/// A user and an id. What is no id of ours is a file that does not exist.
pub(super) struct Asked {
    pub(super) files: Arc<Files>,
    pub(super) user: UserId,
    pub(super) id: FileId,
}

impl FromRequestParts<Arc<App>> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let user = SessionUser::from_request_parts(parts, app).await?.id;
        let files = Arc::clone(app.files()?);
        let names = RawPathParams::from_request_parts(parts, &()).await;
        let names = names.map_err(|_| no_such_file())?;
        let id = names.iter().find(|(name, _)| *name == "id");
        let id = id.and_then(|(_, id)| id.parse().ok());
        let id = id.ok_or_else(no_such_file)?;
        Ok(Asked { files, user, id })
    }
}

impl Asked {
    /// The file, for its owner alone.
    pub(super) async fn owned(&self, app: &App) -> Result<StoredFile, Problem> {
        let file = app.storage.file(&self.id).await?;
        let file = file.filter(|file| file.owner == self.user);
        unexpired(file.ok_or_else(no_such_file)?)
    }
}

/// The file, unless its time is over.
pub(super) fn unexpired(file: StoredFile) -> Result<StoredFile, Problem> {
    if file.expires_at_s <= now_s() {
        return Err(expired());
    }
    Ok(file)
}

/// A file of the one who asks.
pub(super) struct Owned {
    pub(super) files: Arc<Files>,
    pub(super) file: StoredFile,
}

impl FromRequestParts<Arc<App>> for Owned {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let asked = Asked::from_request_parts(parts, app).await?;
        let file = asked.owned(app).await?;
        Ok(Owned {
            files: asked.files,
            file,
        })
    }
}
