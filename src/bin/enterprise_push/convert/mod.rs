//! `enterprise-push convert`: another auth plugin's settings as a section for ours, with what maps to what, what has no
//! counterpart and why, and what is left to do by hand.
//!
//! No value of the other plugin's file is shown but of those options that are translated: of the rest any may be a
//! secret. Nothing is dropped silently: an option that no table knows is listed as such.

mod auth_plug;
mod backend;
mod draft;
mod go_auth;
mod render;

use anyhow::{Context, bail};

use crate::broker_conf::{BrokerConf, Plugin};
use crate::cli::{Convert, From};
use crate::{Outcome, output};
use draft::Draft;

/// Options that have no counterpart, for one reason.
pub(super) struct Group {
    /// What the names begin with.
    pub(super) prefix: &'static str,
    /// What follows.
    pub(super) names: &'static [&'static str],
    /// Why not.
    pub(super) reason: &'static str,
}

/// What is known of another plugin.
pub(super) struct Source {
    /// Its name.
    pub(super) name: &'static str,
    /// Words that its file's name has.
    file: &'static [&'static str],
    /// Options that `translate` looks at.
    translated: &'static [&'static str],
    /// All others.
    groups: &'static [Group],
    translate: fn(&Plugin, &mut Draft),
}

/// Translates, and prints the section.
pub(crate) fn run(args: &Convert) -> anyhow::Result<Outcome> {
    let shown = args.file.display().to_string();
    let conf = BrokerConf::read(&args.file).with_context(|| shown.clone())?;
    let source = match args.from {
        From::GoAuth => &go_auth::SOURCE,
        From::AuthPlug => &auth_plug::SOURCE,
    };
    let Some(plugin) = find(&conf, source) else {
        bail!("{shown} does not load {}", source.name);
    };
    output::line(&render::section(
        &draft(plugin, source),
        source.name,
        &shown,
    ))?;
    Ok(Outcome::Good)
}

/// By its file's name, or else by the option that both plugins need.
fn find<'c>(conf: &'c BrokerConf, source: &Source) -> Option<&'c Plugin> {
    let file = |plugin: &Plugin| {
        plugin
            .path
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .replace('_', "-")
    };
    let named = |plugin: &&Plugin| source.file.iter().any(|word| file(plugin).contains(word));
    let plugins = || conf.plugins.iter();
    plugins()
        .find(named)
        .or_else(|| plugins().find(|plugin| plugin.option("backends").is_some()))
}

fn draft(plugin: &Plugin, source: &Source) -> Draft {
    let mut draft = Draft::default();
    (source.translate)(plugin, &mut draft);
    for option in &plugin.options {
        let name = option.name.as_str();
        if source.translated.contains(&name) {
            continue;
        }
        match source.groups.iter().find(|group| group.has(name)) {
            Some(group) => draft.without(name, group.reason),
            None => draft.unknown(name),
        }
    }
    draft
}

impl Group {
    fn has(&self, name: &str) -> bool {
        let rest = name.strip_prefix(self.prefix);
        rest.is_some_and(|rest| self.names.contains(&rest))
    }
}

#[cfg(test)]
mod tests;
