//! What both plugins have in common: a web service that is asked over HTTP.

use super::draft::Draft;
use crate::broker_conf::Plugin;

/// Where such a service is.
pub(super) struct Address<'p> {
    pub(super) host: &'p str,
    pub(super) port: Option<&'p str>,
    pub(super) tls: bool,
    /// The options that say so.
    pub(super) options: &'static str,
}

impl Address<'_> {
    /// As a URL, without the scheme's own port.
    fn url(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        let usual = if self.tls { "443" } else { "80" };
        // The brackets that belong to an IPv6 address in a URL.
        let host = match self.host.contains(':') && !self.host.starts_with('[') {
            true => format!("[{}]", self.host),
            false => self.host.to_owned(),
        };
        match self.port.filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}

/// The lines that every section begins with.
pub(super) fn service(address: Option<&Address<'_>>, draft: &mut Draft) {
    match address {
        Some(address) => draft.set(
            "static_url",
            address.url(),
            format!("From {}.", address.options),
        ),
        None => draft.set(
            "static_url",
            "https://static.example.com",
            "CHANGE: the static service. There was no web service to take over.",
        ),
    }
    draft.set(
        "client_id",
        "broker-1",
        "CHANGE: the name by which this broker shows the static service who it is (HTTP Basic). The old plugin showed none.",
    );
    draft.set(
        "client_secret_file",
        "/etc/mosquitto/enterprise-push.secret",
        "CHANGE: a file with its secret, for Mosquitto's user alone.",
    );
    if address.is_some_and(|address| address.tls) {
        draft.perhaps(
            "ca_file",
            "/etc/mosquitto/ca_certificates/static-service.pem",
            "CHANGE: certificates are always verified. Needed where the authority is your own.",
        );
    }
}

/// A number of seconds as another number, within what our option takes. Gives the comment.
pub(super) fn seconds(
    plugin: &Plugin,
    name: &str,
    per_second: u64,
    range: std::ops::RangeInclusive<u64>,
) -> Option<(u64, String)> {
    let typed = &plugin.option(name)?.value;
    let Ok(seconds) = typed.parse::<u64>() else {
        return None;
    };
    let wanted = seconds.saturating_mul(per_second);
    let value = wanted.clamp(*range.start(), *range.end());
    let comment = if value == wanted {
        format!("From {name}.")
    } else {
        format!(
            "From {name}, which was {seconds} s: {} to {} can be set.",
            range.start(),
            range.end()
        )
    };
    Some((value, comment))
}

/// What is left to do whatever the backend was.
pub(super) fn usual_todo(draft: &mut Draft, login: Option<&str>, acl: Option<&str>) {
    let asked = match login {
        Some(login) => format!("Tokens are not checked at {login} by status or JSON, but"),
        None => "Tokens are checked".to_owned(),
    };
    draft.todo(format!(
        "{asked} at <static_url>/oauth2/introspect by RFC 7662 (introspection_path for another path): let your service answer that. \
         docs/own-static-service.md has one in less than a hundred lines, and says how an OAuth server takes the place."
    ));
    draft.todo(
        "Clients log in with the user name uid@eid, the client id uid@eid:device, and a login token of the static service as password: \
         change the clients, and what hands them their credentials.",
    );
    let before = match acl {
        Some(acl) => format!("{acl} is asked no more: "),
        None => String::new(),
    };
    draft.todo(format!(
        "{before}topics follow the default table of docs/policy.md. Write what goes beyond it as rules of a policy file \
         (plugin_opt_policy_file), and try them with `enterprise-push explain`."
    ));
    draft.todo("Take the old plugin's lines out, then run `enterprise-push check`.");
}
