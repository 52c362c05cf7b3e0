//! Login, refresh and login tokens.

use serde::{Deserialize, Serialize};

use crate::client::{ClientError, Grant, PersonalKey, Secret, SignedIn, Topics, UserCard};
use crate::protocol::{SessionName, UserName};

/// Body of `POST /api/v1/login`.
#[derive(Serialize)]
pub(crate) struct LoginRequest<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) device_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<&'a str>,
}

/// Body of `POST /api/v1/refresh`.
#[derive(Serialize)]
pub(crate) struct RefreshRequest<'a> {
    pub(crate) refresh_token: &'a str,
    pub(crate) login_token: bool,
}

/// Body of `POST /api/v1/token`.
#[derive(Serialize)]
pub(crate) struct TokenRequest<'a> {
    pub(crate) device: &'a str,
    pub(crate) kind: &'a str,
}

/// Answer to a login or a refresh.
#[derive(Deserialize)]
pub(crate) struct LoginAnswer {
    session_token: String,
    #[serde(default)]
    expires_at: Option<u64>,
    #[serde(default)]
    refresh_token: Option<String>,
    #[serde(default)]
    refresh_expires_at: Option<u64>,
    #[serde(default)]
    user: UserAnswer,
    #[serde(default)]
    address_book: Option<BookVersion>,
    #[serde(default)]
    personal_key: Option<String>,
    #[serde(default)]
    login: Option<TokenAnswer>,
}

#[derive(Deserialize)]
struct BookVersion {
    version: i64,
}

#[derive(Deserialize, Default)]
struct UserAnswer {
    eid: Option<String>,
    uid: Option<String>,
    name: Option<String>,
    title: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    department: Option<String>,
    roles: Option<Vec<String>>,
    avatar: Option<String>,
}

impl LoginAnswer {
    /// The answer in our terms, if it is for who asked.
    pub(crate) fn signed_in(
        self,
        asked: UserName<'_>,
        session: Option<SessionName<'_>>,
    ) -> Result<SignedIn, ClientError> {
        let user = self.user.card(asked)?;
        let grant = match (self.login, session) {
            (Some(login), Some(session)) => Some(login.grant(session)?),
            _ => None,
        };
        let personal_key = self.personal_key.as_deref().map(PersonalKey::parse);
        let personal_key = personal_key
            .transpose()
            .map_err(|e| ClientError::Nonsense(e.to_string()))?;
        Ok(SignedIn {
            session_token: Secret::new(self.session_token),
            session_expires_at_s: self.expires_at.unwrap_or(0),
            refresh_token: self.refresh_token.map(Secret::new),
            refresh_expires_at_s: self.refresh_expires_at.unwrap_or(0),
            user,
            book_version: self.address_book.map(|book| book.version),
            personal_key,
            grant,
        })
    }
}

impl UserAnswer {
    fn card(self, asked: UserName<'_>) -> Result<UserCard, ClientError> {
        let eid = self.eid.unwrap_or_else(|| asked.eid.to_owned());
        let uid = self.uid.unwrap_or_else(|| asked.uid.to_owned());
        if (eid.as_str(), uid.as_str()) != (asked.eid, asked.uid) {
            let text = format!("session is of {uid}@{eid}, not {asked}");
            return Err(ClientError::Nonsense(text));
        }
        Ok(UserCard {
            eid,
            uid,
            name: self.name.unwrap_or_default(),
            title: self.title.unwrap_or_default(),
            phone: self.phone.unwrap_or_default(),
            email: self.email.unwrap_or_default(),
            department: self.department,
            roles: self.roles.unwrap_or_default(),
            avatar: self.avatar,
        })
    }
}

/// Answer to a token request.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    token: String,
    #[serde(default)]
    exp: u64,
    broker: String,
    username: String,
    client_id: String,
    #[serde(default)]
    topics: TopicsAnswer,
}

/// The topics of a token; those of one user follow from the names and are not read.
#[derive(Deserialize, Default)]
struct TopicsAnswer {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    presence_of: Vec<String>,
    #[serde(default)]
    signature_of: Vec<String>,
    #[serde(default)]
    notices: Vec<String>,
    #[serde(default)]
    system: Vec<String>,
}

impl TokenAnswer {
    /// The token, if it is for the session asked for.
    pub(crate) fn grant(self, session: SessionName<'_>) -> Result<Grant, ClientError> {
        if self.client_id != session.to_string() || self.username != session.user.to_string() {
            let (got, as_user) = (self.client_id, self.username);
            let text = format!("token is for {got} as {as_user}, not {session}");
            return Err(ClientError::Nonsense(text));
        }
        let topics = Topics {
            groups: self.topics.groups,
            presence_of: self.topics.presence_of,
            signature_of: self.topics.signature_of,
            notices: self.topics.notices,
            system: self.topics.system,
        };
        Ok(Grant {
            token: Secret::new(self.token),
            exp: self.exp,
            broker: self.broker,
            username: self.username,
            topics,
        })
    }
}
