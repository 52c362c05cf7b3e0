//! `/api/v1/admin/enterprises/{eid}/...`: what administrators change, and look up.
//!
//! PUT is idempotent and answers 204 also when it is so already; DELETE of what is not there is 404; POST
//! creates, and is 409 for what exists. Who may do what is decided in [`administrator`], but for the two
//! things that only an operator may do: linking partners, and giving or taking the role `operator`.

mod administrator;
mod answer;
mod departments;
mod groups;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, put};

use super::App;

/// Where the routes are.
const ROOT: &str = "/api/v1/admin/enterprises";

/// The routes of all enterprises.
pub(super) fn routes() -> Router<Arc<App>> {
    let one = Router::new()
        .route(
            "/departments",
            get(departments::list).post(departments::create),
        )
        .route(
            "/departments/{did}",
            put(departments::change).delete(departments::remove),
        )
        .route("/departments/{did}/members", get(departments::members))
        .route(
            "/departments/{did}/members/{uid}",
            put(departments::put_member).delete(departments::remove_member),
        )
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{gid}", put(groups::rename).delete(groups::remove))
        .route("/groups/{gid}/members", get(groups::members))
        .route(
            "/groups/{gid}/members/{uid}",
            put(groups::put_member).delete(groups::remove_member),
        )
        .route("/users", get(users::list))
        .route("/users/{uid}", get(users::show))
        .route("/users/{uid}/profile", put(users::set_profile))
        .route(
            "/users/{uid}/roles/{role}",
            put(users::give_role).delete(users::take_role),
        )
        .route(
            "/users/{uid}/channels/{channel}",
            put(users::give_channel).delete(users::take_channel),
        )
        .route(
            "/users/{uid}/partners/{partner}",
            put(users::link).delete(users::unlink),
        );
    Router::new().nest(&format!("{ROOT}/{{eid}}"), one)
}
