//! The broker's own settings that decide whether the plugin works at all.

use super::finding::Findings;
use crate::broker_conf::BrokerConf;
use crate::version::BrokerVersion;

pub(super) fn judge(conf: &BrokerConf, version: Option<BrokerVersion>, findings: &mut Findings) {
    per_listener_settings(conf, version, findings);
    mount_points(conf, findings);
    client_ids(conf, findings);
    retained(conf, findings);
}

fn per_listener_settings(
    conf: &BrokerConf,
    version: Option<BrokerVersion>,
    findings: &mut Findings,
) {
    let about = "per_listener_settings";
    let Some(setting) = conf.last(about) else {
        return;
    };
    let finding = match version {
        _ if !setting.is_true() => return,
        Some(version) if version.always_ticks() => {
            findings.warning(about, "the plugin guards only the listener that it follows")
        }
        Some(_) => findings.error(about, "this Mosquitto then never calls the plugin's timer: nobody can log in"),
        None => findings.error(
            about,
            "Mosquitto before 2.0.15 then never calls the plugin's timer, and others let it guard one listener only",
        ),
    };
    finding
        .todo("set it to false, or take it out")
        .at(&setting.place);
}

fn mount_points(conf: &BrokerConf, findings: &mut Findings) {
    let points = conf
        .listeners
        .iter()
        .filter_map(|listener| listener.last("mount_point"));
    for setting in points {
        findings
            .error(
                "mount_point",
                "it stands before every topic of this listener: no rule of the plugin fits these",
            )
            .todo("take it out: enterprises are kept apart by the plugin")
            .at(&setting.place);
    }
}

fn client_ids(conf: &BrokerConf, findings: &mut Findings) {
    for listener in &conf.listeners {
        if let Some(setting) = listener
            .last("use_username_as_clientid")
            .filter(|s| s.is_true())
        {
            findings
                .error(
                    "use_username_as_clientid",
                    "the client id must be uid@eid:device: every login is refused",
                )
                .todo("take it out")
                .at(&setting.place);
        }
    }
    let about = "allow_zero_length_clientid";
    let setting = conf.last(about);
    if setting.is_none_or(|setting| setting.is_true()) {
        let finding = findings.warning(
            about,
            "a client without an id is let as far as the plugin, which refuses it",
        );
        finding.todo("set it to false");
        if let Some(setting) = setting {
            finding.at(&setting.place);
        }
    }
}

fn retained(conf: &BrokerConf, findings: &mut Findings) {
    if let Some(setting) = conf
        .last("retain_available")
        .filter(|setting| !setting.is_true())
    {
        findings
            .error(
                "retain_available",
                "presence, signatures and kept notices are retained messages: they are all refused",
            )
            .todo("take it out")
            .at(&setting.place);
    }
    let about = "check_retain_source";
    let setting = conf.last(about);
    if setting.is_none_or(|setting| !setting.is_true()) {
        let finding = findings.warning(
            about,
            "what a removed user has left behind as a retained message is still shown",
        );
        finding.todo("set it to true");
        if let Some(setting) = setting {
            finding.at(&setting.place);
        }
    }
}
