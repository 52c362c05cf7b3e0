//! Settings that lead around the plugin.

use super::finding::Findings;
use crate::broker_conf::{BrokerConf, Listener};
use crate::version::BrokerVersion;

/// Mosquitto's own lists, which judge beside the plugin.
const OWN_LISTS: [&str; 3] = ["password_file", "acl_file", "psk_file"];

pub(super) fn judge(conf: &BrokerConf, version: Option<BrokerVersion>, findings: &mut Findings) {
    anonymous(conf, version, findings);
    identities(conf, findings);
    // In shadow mode it is they who decide.
    let own_lists = OWN_LISTS.into_iter().filter(|_| !conf.is_shadowed());
    for name in own_lists {
        for setting in conf.all(name) {
            findings
                .warning(name, "Mosquitto judges by it beside the plugin")
                .todo("take it out: every client logs in with a token, and the policy file has further rights")
                .at(&setting.place);
        }
    }
    bridges(conf, findings);
    for listener in &conf.listeners {
        readable_traffic(listener, findings);
    }
    if conf.listeners.is_empty() {
        findings
            .warning(
                "listener",
                "none: Mosquitto 2 then listens on this machine alone, at port 1883",
            )
            .todo("see listener-tls.conf");
    }
}

fn anonymous(conf: &BrokerConf, version: Option<BrokerVersion>, findings: &mut Findings) {
    for about in ["allow_anonymous", "listener_allow_anonymous"] {
        for setting in conf.all(about).filter(|setting| setting.is_true()) {
            findings
                .warning(
                    about,
                    "that clients without a name stay out then hangs on the plugin alone",
                )
                .todo("set it to false")
                .at(&setting.place);
        }
    }
    if conf.last("allow_anonymous").is_none() && version.is_none() {
        findings
            .warning(
                "allow_anonymous",
                "not given: false in Mosquitto 2, but true before",
            )
            .todo("say `allow_anonymous false`");
    }
}

fn identities(conf: &BrokerConf, findings: &mut Findings) {
    for listener in &conf.listeners {
        for name in ["use_identity_as_username", "use_subject_as_username"] {
            if let Some(setting) = listener.last(name).filter(|setting| setting.is_true()) {
                findings
                    .error(name, "clients with a certificate get in without a token: the plugin is not asked about their login")
                    .todo("take it out")
                    .at(&setting.place);
            }
        }
    }
}

fn bridges(conf: &BrokerConf, findings: &mut Findings) {
    for bridge in conf.all("connection") {
        findings
            .warning("connection", format!("the bridge `{}` is never judged: whatever comes over it is delivered", bridge.value))
            .todo("let it carry only topics of enterprises that the other broker may speak for; where both have an enterprise's users, set plugin_opt_presence off")
            .at(&bridge.place);
    }
}

fn readable_traffic(listener: &Listener, findings: &mut Findings) {
    if listener.has_tls() || listener.is_local() {
        return;
    }
    let finding = findings.warning(
        "listener",
        "login tokens and messages travel readable to other machines",
    );
    finding.todo("give it a certificate (listener-tls.conf), or bind it to 127.0.0.1");
    if let Some(line) = &listener.line {
        finding.at(&line.place);
    }
}
