//! By files alone: the copy of the directory in a `state_dir`, and the policy file.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use mosquitto_enterprise_push::config::{Options, Settings};
use mosquitto_enterprise_push::engine::{Engine, EngineConfig};
use mosquitto_enterprise_push::policy::{Policy, Rules};
use mosquitto_enterprise_push::protocol::control::Question;
use mosquitto_enterprise_push::worker::copied_directory;
use serde_json::Value;

use crate::broker_conf::BrokerConf;
use crate::cli::Explain;

/// Users whom an engine may know from logins: there are none here.
const NO_LOGINS: usize = 1;

/// Where the facts stand.
#[derive(Debug, Default)]
struct Sources {
    state_dir: Option<PathBuf>,
    policy_file: Option<PathBuf>,
    /// The only service whose copy counts.
    static_url: Option<String>,
}

/// Answers a question.
pub(super) fn ask(args: &Explain, question: &Question) -> anyhow::Result<Value> {
    let sources = sources(args)?;
    let policy = match &sources.policy_file {
        Some(file) => policy(file)?,
        None => Policy::default(),
    };
    let mut engine = Engine::new(config(), policy);
    let note = fill(&mut engine, &sources)?;
    let mut answer = engine.explain(question);
    if let Some(members) = answer.as_object_mut() {
        let notes = members
            .entry("notes")
            .or_insert_with(|| Vec::<Value>::new().into());
        if let Some(notes) = notes.as_array_mut() {
            notes.push(note.into());
        }
        if let Some(file) = &sources.policy_file {
            members.insert("policyFile".to_owned(), file.display().to_string().into());
        }
    }
    Ok(answer)
}

fn sources(args: &Explain) -> anyhow::Result<Sources> {
    if args.state_dir.is_some() || args.policy_file.is_some() {
        return Ok(Sources {
            state_dir: args.state_dir.clone(),
            policy_file: args.policy_file.clone(),
            static_url: None,
        });
    }
    let file = args.conf.display();
    let conf = BrokerConf::read(&args.conf).with_context(|| file.to_string())?;
    let plugin = conf.plugins.iter().find(|plugin| plugin.is_ours());
    let plugin = plugin.ok_or_else(|| anyhow!("{file} does not load mosquitto-enterprise-push"))?;
    let mut options = Options::default();
    for option in &plugin.options {
        options
            .set(&option.name, &option.value)
            .with_context(|| option.place.to_string())?;
    }
    let settings = Settings::of(&options, "localhost")
        .with_context(|| format!("{file}: see `enterprise-push check`"))?;
    Ok(Sources {
        // Without the feed a broker does not use its copy.
        state_dir: settings.state_dir.filter(|_| settings.feed),
        policy_file: settings.policy_file,
        static_url: Some(settings.static_url),
    })
}

fn policy(file: &Path) -> anyhow::Result<Policy> {
    let shown = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(shown)?;
    Ok(Policy::new(Rules::parse(&text).with_context(shown)?))
}

/// Puts the directory into the engine as a broker does when it starts; gives a note that says which.
fn fill(engine: &mut Engine, sources: &Sources) -> anyhow::Result<String> {
    let by_name = "what the name alone gives is told";
    let Some(folder) = &sources.state_dir else {
        return Ok(format!("no copy of the directory was asked: {by_name}"));
    };
    let shown = folder.display();
    if !folder.is_dir() {
        return Err(anyhow!("{shown}: there is no such folder"));
    }
    let copied = copied_directory(folder).map_err(|why| anyhow!(why))?;
    let Some(copied) = copied else {
        return Ok(format!(
            "there is no copy of the directory in {shown}: {by_name}"
        ));
    };
    if sources
        .static_url
        .as_ref()
        .is_some_and(|url| *url != copied.service)
    {
        return Ok(format!(
            "the copy in {shown} is of {}, not of this static service: {by_name}",
            copied.service
        ));
    }
    for step in copied.steps {
        engine.directory_step(step);
    }
    let mut effects = Vec::new();
    while engine.sweep(&mut effects) {
        effects.clear();
    }
    Ok(format!(
        "by the copy of the directory in {shown}, up to event {} of {}",
        copied.last, copied.service
    ))
}

/// Nothing of this is asked about here.
fn config() -> EngineConfig {
    EngineConfig {
        cache_size: NO_LOGINS,
        broker_subscriptions: false,
        pre_subscribe: false,
        presence: false,
        ..EngineConfig::default()
    }
}
