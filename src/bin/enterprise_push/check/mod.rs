//! `enterprise-push check`: what is wrong with a broker's configuration, before the broker is started with it.
//!
//! Nothing is changed: files are looked at, never written, and the static service is asked only what a broker asks it.

mod access;
mod broker;
mod bypass;
mod files;
mod finding;
mod options;
mod plugin;
mod policy;
mod secrets;
mod service;
mod traffic;
mod user;

use anyhow::Context;

use crate::broker_conf::BrokerConf;
use crate::cli::Check;
use crate::{Outcome, output};
use finding::{Findings, Level};
use user::BrokerUser;

/// Checks, and prints a line per finding.
pub(crate) async fn run(args: &Check) -> anyhow::Result<Outcome> {
    let named = || args.file.display().to_string();
    let conf = BrokerConf::read(&args.file).with_context(named)?;
    let mut findings = Findings::default();
    judge(args, &conf, &mut findings).await;
    for finding in findings.all() {
        output::line(&if args.json {
            serde_json::to_string(finding)?
        } else {
            finding.to_string()
        })?;
    }
    if !args.json {
        output::line(&findings.summary())?;
    }
    let worst = findings.worst();
    let bad = worst == Level::Error || args.strict && worst == Level::Warning;
    Ok(if bad { Outcome::Bad } else { Outcome::Good })
}

async fn judge(args: &Check, conf: &BrokerConf, findings: &mut Findings) {
    for trouble in &conf.troubles {
        findings
            .error("mosquitto.conf", &trouble.text)
            .at(&trouble.place);
    }
    let user = BrokerUser::of(conf);
    user.judge(conf, findings);
    broker::judge(conf, args.broker_version, findings);
    bypass::judge(conf, args.broker_version, findings);
    traffic::judge(conf, args.broker_version, findings);
    let Some(plugin) = plugin::find(conf, &user, findings) else {
        return;
    };
    let Some(settings) = options::judge(plugin, findings) else {
        return;
    };
    let files = files::Files::new(plugin, &user);
    secrets::judge(&files, &settings, findings);
    let readable = files.judge(&settings, findings);
    policy::judge(plugin, &settings, findings);
    if args.offline {
        findings.ok("static service", "not asked: --offline");
    } else if readable {
        service::judge(plugin, &settings, findings).await;
    } else {
        findings
            .warning("static service", "not asked")
            .todo("mend the files above first");
    }
}
