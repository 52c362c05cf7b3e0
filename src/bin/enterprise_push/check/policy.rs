//! The policy file, by the plugin's own reader.

use mosquitto_enterprise_push::config::Settings;
use mosquitto_enterprise_push::policy::Rules;

use super::finding::Findings;
use crate::broker_conf::Plugin;

const ABOUT: &str = "plugin_opt_policy_file";

pub(super) fn judge(plugin: &Plugin, settings: &Settings, findings: &mut Findings) {
    let Some(file) = &settings.policy_file else {
        findings.ok(ABOUT, "none: the default table alone is in force");
        return;
    };
    // One that cannot be read is told elsewhere.
    let Ok(bytes) = std::fs::read(file) else {
        return;
    };
    let shown = file.display();
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned());
    let finding = match text.and_then(|text| Rules::parse(&text).map_err(|e| e.to_string())) {
        Ok(rules) => findings.ok(ABOUT, format!("`{shown}`: {} rules", rules.len())),
        Err(why) => findings.error(ABOUT, format!("`{shown}`: {why}")).todo(
            "the broker does not start with it; at a reload the former policy stays in force",
        ),
    };
    if let Some(option) = plugin.option("policy_file") {
        finding.at(&option.place);
    }
}
