//! The profile file, `profile.json`, version 2. Version 1, from before there was refreshing, is read too.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::profile::{Grant, Kind, Profile, Session, Topics};
use crate::secret::Secret;

const VERSION: u32 = 2;
/// The oldest version that is read.
const OLDEST: u32 = 1;

#[derive(Serialize, Deserialize)]
pub(crate) struct ProfileFile {
    version: u32,
    client_id: String,
    kind: String,
    static_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_file: Option<PathBuf>,
    session_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    token: String,
    exp: u64,
    broker: String,
    username: String,
    groups: Vec<String>,
    presence_of: Vec<String>,
    signature_of: Vec<String>,
    notices: Vec<String>,
    system: Vec<String>,
}

impl From<&Profile> for ProfileFile {
    fn from(profile: &Profile) -> Self {
        let Grant {
            token,
            exp,
            broker,
            username,
            topics,
        } = profile.grant.clone();
        ProfileFile {
            version: VERSION,
            client_id: profile.session.to_string(),
            kind: profile.kind.to_string(),
            static_url: profile.static_url.clone(),
            ca_file: profile.ca_file.clone(),
            session_token: profile.session_token.reveal().to_owned(),
            refresh_token: profile
                .refresh_token
                .as_ref()
                .map(|token| token.reveal().to_owned()),
            token: token.reveal().to_owned(),
            exp,
            broker,
            username,
            groups: topics.groups,
            presence_of: topics.presence_of,
            signature_of: topics.signature_of,
            notices: topics.notices,
            system: topics.system,
        }
    }
}

impl TryFrom<ProfileFile> for Profile {
    type Error = String;

    fn try_from(file: ProfileFile) -> Result<Self, String> {
        if !(OLDEST..=VERSION).contains(&file.version) {
            return Err(format!("version {}, want {VERSION}", file.version));
        }
        let topics = Topics {
            groups: file.groups,
            presence_of: file.presence_of,
            signature_of: file.signature_of,
            notices: file.notices,
            system: file.system,
        };
        let token = Secret::new(file.token);
        Ok(Profile {
            session: Session::parse(&file.client_id).map_err(|e| format!("client_id: {e}"))?,
            kind: Kind::parse(&file.kind).ok_or_else(|| format!("kind `{}`", file.kind))?,
            static_url: file.static_url,
            ca_file: file.ca_file,
            session_token: Secret::new(file.session_token),
            refresh_token: file.refresh_token.map(Secret::new),
            grant: Grant {
                token,
                exp: file.exp,
                broker: file.broker,
                username: file.username,
                topics,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::tests::alice;

    #[test]
    fn profile_survives_the_file() {
        let profile = alice(Kind::Phone);
        let text = serde_json::to_string(&ProfileFile::from(&profile)).unwrap();
        let file: ProfileFile = serde_json::from_str(&text).unwrap();
        assert_eq!(Profile::try_from(file), Ok(profile));
    }

    #[test]
    fn profile_of_the_version_before_is_read() {
        let text = r#"{"version": 1, "client_id": "alice@acme:pc", "kind": "pc", "static_url": "http://127.0.0.1:1",
            "session_token": "s", "token": "t", "exp": 9, "broker": "tcp://127.0.0.1:1883", "username": "alice@acme",
            "groups": [], "presence_of": [], "signature_of": [], "notices": [], "system": []}"#;
        let file: ProfileFile = serde_json::from_str(text).unwrap();
        let profile = Profile::try_from(file).unwrap();
        assert_eq!((profile.refresh_token, profile.grant.exp), (None, 9));
    }

    #[test]
    fn other_versions_are_refused() {
        for version in [0, 3] {
            let mut file = ProfileFile::from(&alice(Kind::Pc));
            file.version = version;
            let told = Profile::try_from(file).unwrap_err();
            assert!(told.contains(&format!("version {version}")), "{told}");
        }
    }
}
