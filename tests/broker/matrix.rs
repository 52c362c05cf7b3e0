//! One binary for all brokers: a plugin built on any version's headers runs on every version.
//!
//! `MEP_PLUGINS_DIR` names a folder with `built-on-{version}.so` (scripts/test.sh makes it); without it
//! only the plugin of this test run is tried.

use std::path::PathBuf;

use crate::harness::{Scene, Version, each_broker, message, plugin_file};

each_broker!(plugin_built_on_any_headers_runs);

/// The plugins to try.
fn plugins() -> Vec<PathBuf> {
    let Some(folder) = std::env::var_os("MEP_PLUGINS_DIR").map(PathBuf::from) else {
        return vec![plugin_file()];
    };
    let built = Version::ALL.map(|v| folder.join(format!("built-on-{}.so", v.name())));
    for file in &built {
        assert!(
            file.is_file(),
            "MEP_PLUGINS_DIR holds no {}",
            file.display()
        );
    }
    built.into()
}

fn plugin_built_on_any_headers_runs(on: Version) {
    for plugin in plugins() {
        let scene = Scene::with(on, |conf| conf.plugin(&plugin));
        let mut bob = scene.join("bob@acme:pc").subscribed("acme/im/msg/bob");
        let mut alice = scene.join("alice@acme:pc");
        let text = message("alice", "built elsewhere");
        alice.publish("acme/im/msg/bob", &text);
        assert_eq!(bob.next().payload, text, "{}", plugin.display());
    }
}
