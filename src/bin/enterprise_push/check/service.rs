//! The static service, asked as a broker asks it: about a random token, for its feed, for its directory.

use std::time::Duration;

use mosquitto_enterprise_push::config::{Secret, Settings};
use mosquitto_enterprise_push::protocol::contract::{FeedEvent, Verdict};
use mosquitto_enterprise_push::upstream::{Question, StaticService, UpstreamError};

use super::finding::Findings;
use crate::broker_conf::{Place, Plugin};

const ABOUT: &str = "static service";
/// For a whole directory.
const DIRECTORY_PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn judge(plugin: &Plugin, settings: &Settings, findings: &mut Findings) {
    let place = plugin
        .option("static_url")
        .map_or(&plugin.place, |option| &option.place);
    judge_address(settings, place, findings);
    let service = match StaticService::new(settings) {
        Ok(service) => service,
        Err(error) => {
            findings.error(ABOUT, error.to_string()).at(place);
            return;
        }
    };
    if !judge_introspection(&service, settings, place, findings).await {
        return;
    }
    if !settings.feed {
        findings.ok("control feed", "not followed: feed off");
        return;
    }
    if judge_feed(&service, place, findings).await {
        judge_directory(&service, place, findings).await;
    }
}

/// Whether tokens and the secret would travel readable.
fn judge_address(settings: &Settings, place: &Place, findings: &mut Findings) {
    let Ok(url) = reqwest::Url::parse(&settings.static_url) else {
        return;
    };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address: Option<std::net::IpAddr> = host.parse().ok();
    let local = host == "localhost" || address.is_some_and(|a| a.is_loopback());
    if url.scheme() == "http" && !local {
        findings
            .warning(
                "plugin_opt_static_url",
                "login tokens and the secret travel readable to another machine",
            )
            .todo("use https://, with ca_file if the authority is your own")
            .at(place);
    }
}

/// Whether it is worth going on.
async fn judge_introspection(
    service: &StaticService,
    settings: &Settings,
    place: &Place,
    findings: &mut Findings,
) -> bool {
    let question = match random_question() {
        Ok(question) => question,
        Err(error) => {
            findings.error(ABOUT, format!("no random token can be made: {error}"));
            return false;
        }
    };
    let path = &settings.introspection.path;
    match service.introspect(&question).await {
        Ok(Verdict::Inactive) => {
            let text = format!("{path} takes our credentials, and calls a random token inactive");
            findings.ok(ABOUT, text).at(place);
            true
        }
        Ok(_) => {
            findings
                .error(
                    ABOUT,
                    format!("{path} calls a random token active: anybody gets in"),
                )
                .todo("this is no introspection endpoint, or one that does not check")
                .at(place);
            true
        }
        Err(error) => {
            findings
                .error(ABOUT, format!("{path}: {error}"))
                .todo(advice(&error))
                .at(place);
            !matches!(
                error,
                UpstreamError::Unreachable(_) | UpstreamError::Timeout(_)
            )
        }
    }
}

/// A token that nobody has issued.
fn random_question() -> Result<Question, getrandom::Error> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Question {
        token: Secret::new(format!("check-{hex}")),
        username: "check@enterprise-push".to_owned(),
        client_id: "check@enterprise-push:check".to_owned(),
        peer: String::new(),
    })
}

async fn judge_feed(service: &StaticService, place: &Place, findings: &mut Findings) -> bool {
    let about = "control feed";
    match service.open_feed(None).await {
        Ok(stream) => {
            let at = stream.position().map(|id| format!(" after event {id}"));
            findings
                .ok(about, format!("it opens{}", at.unwrap_or_default()))
                .at(place);
            true
        }
        Err(error) => {
            let todo = match error {
                UpstreamError::Status(404) => {
                    "where the static service has no feed, set plugin_opt_feed off"
                }
                ref other => advice(other),
            };
            findings
                .error(about, error.to_string())
                .todo(todo)
                .at(place);
            false
        }
    }
}

async fn judge_directory(service: &StaticService, place: &Place, findings: &mut Findings) {
    let about = "directory";
    let counted = tokio::time::timeout(DIRECTORY_PATIENCE, count(service)).await;
    match counted {
        Ok(Ok(Some((users, groups)))) => {
            findings.ok(about, format!("{users} users, {groups} groups"))
        }
        Ok(Ok(None)) => findings
            .warning(
                about,
                "the static service has none: rights come with the logins",
            )
            .todo("right for a service without one"),
        Ok(Err(error)) => findings
            .error(about, error.to_string())
            .todo(advice(&error)),
        Err(_) => findings.warning(
            about,
            "it was not read within a minute: what came of it was well formed",
        ),
    }
    .at(place);
}

/// Users and groups, of a directory that is whole.
async fn count(service: &StaticService) -> Result<Option<(u64, u64)>, UpstreamError> {
    let Some((mut stream, _)) = service.open_directory().await? else {
        return Ok(None);
    };
    let (mut users, mut groups) = (0, 0);
    while let Some((event, _)) = stream.next().await? {
        users += u64::from(matches!(event, FeedEvent::UserUpserted { .. }));
        groups += u64::from(matches!(event, FeedEvent::GroupUpserted { .. }));
    }
    Ok(Some((users, groups)))
}

fn advice(error: &UpstreamError) -> &'static str {
    match error {
        UpstreamError::Unreachable(_) => {
            "look at static_url, the name's address, the firewall, and for https at ca_file and client_cert_file"
        }
        UpstreamError::Timeout(_) => "look at the static service, or raise timeout_ms",
        UpstreamError::Credentials(_) => {
            "compare client_id and its secret with what the static service knows of this broker"
        }
        UpstreamError::Status(404) => "look at static_url and introspection_path",
        UpstreamError::Nonsense(_) => {
            "another program answers there, or one that does not keep the contract (docs/static-service.md)"
        }
        _ => "look at the static service's own log",
    }
}
