//! `/api/v1/admin/enterprises/{eid}/...`: what administrators change, and look up.
//!
//! PUT is idempotent and answers 204 also when it is so already; DELETE of what is not there is 404; POST
//! creates, and is 409 for what exists. Who may do what is decided in [`administrator`], but for what only an
//! operator may do: linking partners, routing, giving or taking the role `operator`, and touching the account
//! of a user who has it.

mod accounts;
mod administrator;
mod answer;
mod departments;
mod groups;
mod logs;
mod record;
mod routing;
mod users;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
pub(super) use record::write_down;

/// Where the routes are.
const ROOT: &str = "/api/v1/admin/enterprises";

/// The routes of all enterprises.
pub(super) fn routes() -> OpenApiRouter<Arc<App>> {
    let one = OpenApiRouter::new()
        .routes(routes!(departments::list, departments::create))
        .routes(routes!(departments::change, departments::remove))
        .routes(routes!(departments::members))
        .routes(routes!(departments::put_member, departments::remove_member))
        .routes(routes!(groups::list, groups::create))
        .routes(routes!(groups::rename, groups::remove))
        .routes(routes!(groups::members))
        .routes(routes!(groups::put_member, groups::remove_member))
        .routes(routes!(logs::of_enterprise))
        .routes(routes!(routing::show, routing::set, routing::unset))
        .routes(routes!(users::list, accounts::create))
        .routes(routes!(users::show, accounts::remove))
        .routes(routes!(accounts::set_password))
        .routes(routes!(accounts::lock, accounts::unlock))
        .routes(routes!(accounts::devices))
        .routes(routes!(accounts::remove_device))
        .routes(routes!(users::set_profile))
        .routes(routes!(users::give_role, users::take_role))
        .routes(routes!(users::give_channel, users::take_channel))
        .routes(routes!(users::link, users::unlink));
    OpenApiRouter::new()
        .nest(&format!("{ROOT}/{{eid}}"), one)
        .routes(routes!(logs::of_none))
}
