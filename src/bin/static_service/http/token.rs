//! `POST /api/v1/token`: a session asks for a login token for one device.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use mosquitto_enterprise_push::protocol::topic::SYS_NOTICE;
use mosquitto_enterprise_push::protocol::{NameError, SessionName, Topic, UserName};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, Shape};
use super::openapi::names::Name;
use super::problem::Problem;
use crate::clock::now_s;
use crate::feed::event::Rights;
use crate::identity::{Device, DeviceKind, UserId};
use crate::journal::Entry;
use crate::secret::Secret;
use crate::storage::{NewToken, OwnDevice, SessionUser};

/// What a client sends.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"device": "phone", "kind": "phone"}))]
pub(crate) struct TokenRequest {
    #[schema(value_type = Name)]
    device: String,
    #[schema(pattern = "^(pc|phone|service)$")]
    kind: String,
}

impl Shape for TokenRequest {
    const SHAPE: &'static str = r#"{"device": name, "kind": "phone" | "pc" | "service"}"#;
}

/// What it gets: all it needs to log in at the broker.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    /// The password for the broker.
    token: String,
    /// When it expires, in Unix seconds.
    exp: i64,
    /// The URL of the broker.
    broker: String,
    username: String,
    client_id: String,
    topics: Topics,
}

/// The topics of this user.
#[derive(Serialize, ToSchema)]
struct Topics {
    /// To subscribe to: messages for the user.
    inbox: String,
    /// To subscribe and publish to: the user's groups.
    groups: Vec<String>,
    /// To publish to, retained: the user's own presence.
    presence: String,
    /// To publish to, retained: the user's own signature.
    signature: String,
    /// Filters: presence of colleagues and partners.
    presence_of: Vec<String>,
    /// Filters: signatures of colleagues and partners.
    signature_of: Vec<String>,
    /// Filters: the enterprise's notices.
    notices: Vec<String>,
    /// To subscribe to: system notices.
    system: Vec<String>,
}

/// Issues a token; answers once the brokers on the feed have been told of it.
#[utoipa::path(
    post, path = "/api/v1/token", security(("session" = [])), request_body = TokenRequest,
    responses((status = 200, body = TokenAnswer))
)]
pub(crate) async fn token(
    State(app): State<Arc<App>>,
    session: SessionUser,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<Json<TokenAnswer>, Problem> {
    let device = own_device(&request.device, &request.kind)?;
    require_own(&session, &device)?;
    let secret = Secret::random();
    let token = NewToken {
        digest: secret.digest(),
        session: session.session,
        user: session.id,
        device: device.name,
        kind: device.kind,
        expires_at_s: now_s() + i64::from(app.settings.token_ttl_s),
    };
    let issued = app.storage.issue_token(token.clone()).await?;
    app.metrics.token_issued();
    let entry = Entry::of("token.issued", &token.user).on(token.device.as_str());
    app.journal.record(entry.with("kind", token.kind.as_str()));
    let broker = app.storage.broker_of(token.user.eid()).await?;
    app.hub.announced(issued.event).await;
    let answer = Issued {
        secret: &secret,
        expires_at_s: token.expires_at_s,
        user: &token.user,
        device: &token.device,
    };
    let broker = app.settings.broker_of(token.user.eid(), broker.as_deref());
    Ok(Json(answer.answer(broker, &issued.outcome)))
}

/// A device as a client names it.
pub(super) fn own_device(name: &str, kind: &str) -> Result<OwnDevice, Problem> {
    let name = name.parse();
    let name = name.map_err(|error: NameError| Problem::bad_request(error.to_string()))?;
    let kind = DeviceKind::parse(kind);
    let kind = kind.ok_or_else(|| Problem::bad_request("kind is none of phone, pc, service"))?;
    Ok(OwnDevice { name, kind })
}

/// The session of a device is for that device alone.
fn require_own(session: &SessionUser, device: &OwnDevice) -> Result<(), Problem> {
    match &session.device {
        Some(own) if own != device => {
            let (name, kind) = (&own.name, own.kind.as_str());
            let detail = format!("the session is of device {name} of kind {kind}");
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
        _ => Ok(()),
    }
}

/// A token that was issued.
pub(super) struct Issued<'a> {
    pub(super) secret: &'a Secret,
    pub(super) expires_at_s: i64,
    pub(super) user: &'a UserId,
    pub(super) device: &'a Device,
}

impl Issued<'_> {
    /// The answer that tells of it.
    pub(super) fn answer(&self, broker: &str, rights: &Rights) -> TokenAnswer {
        let user = UserName {
            uid: self.user.uid(),
            eid: self.user.eid(),
        };
        let client_id = SessionName {
            user,
            device: self.device.as_str(),
        };
        TokenAnswer {
            token: self.secret.reveal().to_owned(),
            exp: self.expires_at_s,
            broker: broker.to_owned(),
            username: user.to_string(),
            client_id: client_id.to_string(),
            topics: topics(self.user, rights),
        }
    }
}

fn topics(user: &UserId, rights: &Rights) -> Topics {
    let (eid, uid) = (user.eid(), user.uid());
    let group = |gid: &String| Topic::Group { eid, gid }.to_string();
    let own = [
        SYS_NOTICE.to_owned(),
        Topic::SysNoticeEnterprise { eid }.to_string(),
        Topic::SysNoticeUser { eid, uid }.to_string(),
    ];
    Topics {
        inbox: Topic::Inbox { eid, uid }.to_string(),
        groups: rights.groups.iter().map(group).collect(),
        presence: Topic::Presence { eid, uid }.to_string(),
        signature: Topic::Signature { eid, uid }.to_string(),
        presence_of: filters_of(eid, "pres", &rights.partners),
        signature_of: filters_of(eid, "sig", &rights.partners),
        notices: vec![format!("{eid}/notice/#")],
        system: own.to_vec(),
    }
}

/// Everybody of the enterprise, and each partner.
fn filters_of(eid: &str, kind: &str, partners: &[String]) -> Vec<String> {
    let mut filters = vec![format!("{eid}/im/{kind}/+")];
    let partners = partners.iter().filter_map(|name| name.split_once('@'));
    filters.extend(partners.map(|(uid, eid)| format!("{eid}/im/{kind}/{uid}")));
    filters
}
