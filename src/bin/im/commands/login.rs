//! `im login`: password to session token to login token, kept in the profile.

use std::io::{self, BufRead};
use std::time::Duration;

use mosquitto_enterprise_push::client::Device;
use mosquitto_enterprise_push::protocol::{SessionName, UserName};

use crate::cli::{Login, Role};
use crate::failure::Failure;
use crate::output::Output;
use crate::profile::{Kind, Profile, Session};
use crate::report::Report;
use crate::secret::Secret;
use crate::session::Context;
use crate::static_service;
use crate::store::Store;

const PASSWORD_VARIABLE: &str = "IM_PASSWORD";

pub(super) async fn run(
    login: Login,
    store: &Store,
    timeout: Duration,
    output: &mut Output,
) -> Result<(), Failure> {
    let user = UserName::parse(&login.user)?;
    let kind = kind_of(login.role);
    let device = login.device.as_deref().unwrap_or(kind.as_str());
    let session = Session::parse(&SessionName { user, device }.to_string())?;
    let ca_file = login
        .ca_file
        .map(std::path::absolute)
        .transpose()
        .map_err(Failure::Input)?;
    let service = static_service::open(&login.static_url, ca_file.as_deref(), timeout)?;

    let earlier = earlier_refresh_token(store, &session, &login.static_url);
    let device = Device {
        name: session.name().device,
        kind,
        label: None,
        earlier: earlier.as_ref(),
    };
    let password = password(login.password_stdin)?;
    let signed_in = service.login(user, &password, Some(&device)).await?;
    let grant = service
        .token(&signed_in.session_token, session.name(), kind)
        .await?;
    let profile = Profile {
        session,
        kind,
        static_url: login.static_url,
        ca_file,
        session_token: signed_in.session_token,
        refresh_token: signed_in.refresh_token,
        grant,
    };
    let mut context = Context::new(store.clone(), profile, timeout);
    context.keep_login(signed_in.personal_key).await?;
    output.report(&Report::LoggedIn(&context.profile))
}

/// What the login before left, if it was at the same static service: nobody else is to see it.
fn earlier_refresh_token(store: &Store, session: &Session, static_url: &str) -> Option<Secret> {
    let profile = store.load(Some(session.as_str())).ok()?;
    let token = profile.refresh_token?;
    (profile.static_url == static_url).then_some(token)
}

/// The kind of device that plays a role.
pub(super) fn kind_of(role: Role) -> Kind {
    match role {
        Role::Pc => Kind::Pc,
        Role::Phone => Kind::Phone,
    }
}

fn password(from_stdin: bool) -> Result<Secret, Failure> {
    let text = if from_stdin {
        first_line(io::stdin().lock())?
    } else {
        std::env::var(PASSWORD_VARIABLE).unwrap_or_default()
    };
    if text.is_empty() {
        return Err(Failure::Usage(format!(
            "no password: set {PASSWORD_VARIABLE}, or give it with --password-stdin"
        )));
    }
    Ok(Secret::new(text))
}

fn first_line(mut input: impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    input.read_line(&mut line).map_err(Failure::Input)?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_the_first_line_with_its_spaces() {
        for (text, want) in [
            ("pass word \r\nmore\n", "pass word "),
            ("x", "x"),
            ("", ""),
            ("\n", ""),
        ] {
            assert_eq!(first_line(text.as_bytes()).unwrap(), want, "{text:?}");
        }
    }
}
