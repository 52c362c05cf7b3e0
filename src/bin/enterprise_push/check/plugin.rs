//! Whether the plugin is loaded, once, and whether its file is there.

use std::path::Path;

use super::access::{self, Want};
use super::finding::Findings;
use super::user::BrokerUser;
use crate::broker_conf::{BrokerConf, Plugin};

const ABOUT: &str = "plugin";

/// The plugin that is ours, if there is exactly one to judge.
pub(super) fn find<'c>(
    conf: &'c BrokerConf,
    user: &BrokerUser,
    findings: &mut Findings,
) -> Option<&'c Plugin> {
    let mut ours = conf.plugins.iter().filter(|plugin| plugin.is_ours());
    let Some(plugin) = ours.next() else {
        findings
            .error(ABOUT, "the configuration does not load mosquitto-enterprise-push")
            .todo("put a line `plugin .../libmosquitto_enterprise_push.so` and its plugin_opt_ lines there");
        return None;
    };
    for again in ours {
        findings
            .error(ABOUT, format!("the plugin is loaded a second time, first at {}", plugin.place))
            .todo("load it once: twice, each login and each message is judged by two that know nothing of each other")
            .at(&again.place);
    }
    if conf.is_shadowed() {
        let place = plugin
            .option("mode")
            .map_or(&plugin.place, |mode| &mode.place);
        findings
            .warning(
                "plugin_opt_mode",
                "shadow: nothing is enforced, others decide",
            )
            .todo("set it to enforce when nothing is told any more that should not be refused")
            .at(place);
    }
    let others = conf.plugins.iter().filter(|plugin| !plugin.is_ours());
    for other in others.filter(|_| !conf.is_shadowed()) {
        findings
            .warning(ABOUT, format!("`{}` is loaded beside it", other.path))
            .todo("take out what judges logins or topics, too: which of two answers counts depends on version and order")
            .at(&other.place);
    }
    judge_file(plugin, user, findings);
    Some(plugin)
}

fn judge_file(plugin: &Plugin, user: &BrokerUser, findings: &mut Findings) {
    let path = Path::new(&plugin.path);
    let found = match std::fs::metadata(path) {
        Err(error) => Err(error.to_string()),
        Ok(meta) if !meta.is_file() => Err("is not a file".to_owned()),
        Ok(_) => match &user.identity {
            // It is loaded after the rights of root are given up.
            Some(who) => access::check(who, path, &[Want::Read]),
            None => Ok(()),
        },
    };
    match found {
        Ok(()) => findings.ok(ABOUT, format!("`{}` is there", plugin.path)),
        Err(why) => findings
            .error(ABOUT, format!("`{}`: {why}", plugin.path))
            .todo("name the file where the plugin lies"),
    }
    .at(&plugin.place);
}
