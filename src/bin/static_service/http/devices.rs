//! `/api/v1/devices`: users' own devices.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::body::NoBody;
use super::problem::Problem;
use crate::identity::Device;
use crate::journal::Entry;
use crate::listing::DeviceEntry;
use crate::storage::{MAX_DEVICES, Page, SessionUser};

/// All devices: there are few.
#[derive(Serialize, ToSchema)]
pub(crate) struct Devices {
    devices: Vec<OneOfMine>,
}

/// A device of whom asks.
#[derive(Serialize, ToSchema)]
struct OneOfMine {
    #[serde(flatten)]
    entry: DeviceEntry,
    /// Whether it is the one that asks.
    current: bool,
}

/// The devices of whom asks.
#[utoipa::path(
    get, path = "/api/v1/devices", security(("session" = [])),
    responses((status = 200, body = Devices))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    session: SessionUser,
) -> Result<Json<Devices>, Problem> {
    let all = Page {
        after: String::new(),
        limit: MAX_DEVICES,
    };
    let own = session.device.as_ref().map(|own| own.name.as_str());
    let one = |entry: DeviceEntry| OneOfMine {
        current: own == Some(entry.device.as_str()),
        entry,
    };
    let entries = app.storage.list_devices(&session.id, &all).await?;
    let devices = entries.into_iter().map(one).collect();
    Ok(Json(Devices { devices }))
}

/// Removes a device of whom asks, perhaps the very one.
#[utoipa::path(
    delete, path = "/api/v1/devices/{device}", security(("session" = [])),
    responses((status = 204, description = "it is gone"), (status = 404, description = "there is no such device"))
)]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    session: SessionUser,
    names: Result<RawPathParams, RawPathParamsRejection>,
    _: NoBody,
) -> Result<StatusCode, Problem> {
    let names = names.map_err(|_| Problem::bad_request("path is not UTF-8"))?;
    let device = device(&names)?;
    app.storage.remove_device(&session.id, &device).await?;
    let entry = Entry::of("device.removed", &session.id);
    app.journal.record(entry.on(device.as_str()));
    Ok(StatusCode::NO_CONTENT)
}

fn device(names: &RawPathParams) -> Result<Device, Problem> {
    let mut names = names.iter();
    let name = names.find_map(|(part, name)| (part == "device").then_some(name));
    let device = name.unwrap_or_default().parse();
    device.map_err(|error| Problem::bad_request(format!("{error}")))
}
