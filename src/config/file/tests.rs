//! What an options file may say, what it changes, and the words about a bad one.

use std::time::Duration;

use super::*;

fn given(file: &Path) -> Options {
    let mut options = Options::default();
    for (name, value) in [
        ("static_url", "https://static.example.com"),
        ("client_id", "b1"),
        ("client_secret", "s3cret"),
        ("timeout_ms", "1000"),
        ("options_file", &file.display().to_string()),
    ] {
        options.set(name, value).unwrap();
    }
    options
}

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        Scene { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("options")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    fn start(&self, text: &str) -> (Configuration, Settings) {
        self.write(text);
        Configuration::read(&given(&self.file()), "host-a").unwrap()
    }

    fn refused(&self, text: &str) -> String {
        self.write(text);
        match Configuration::read(&given(&self.file()), "host-a") {
            Ok(_) => panic!("taken: {text}"),
            Err(error) => error.to_string(),
        }
    }
}

#[test]
fn file_lies_over_the_brokers_options() {
    let scene = Scene::new();
    let (_, settings) = scene
        .start("# limits\n\n  timeout_ms   300 \nplugin_opt_negative_ttl_s 1\n\tcache_ttl_s\t9\n");
    assert_eq!(settings.timeout, Duration::from_millis(300));
    assert_eq!(settings.negative_ttl, Duration::from_secs(1));
    assert_eq!(settings.cache_ttl, Duration::from_secs(9));
    assert_eq!(settings.client_id, "b1");
}

#[test]
fn what_can_change_changes_and_the_rest_is_told() {
    let scene = Scene::new();
    let (mut configuration, _) = scene.start("timeout_ms 300\ncache_size 500\n");
    scene.write("cache_size 600\nstall_budget_ms 7\nfeed off\n");
    let reread = configuration.reread().unwrap();
    assert_eq!(reread.changed, ["timeout_ms=1000", "stall_budget_ms=7"]);
    let [feed, size] = reread.needs_restart.as_slice() else {
        panic!("{:?}", reread.needs_restart);
    };
    assert!(feed.contains("line 3: plugin_opt_feed `off` needs a restart; `(default)` stays"));
    assert!(size.contains("line 1: plugin_opt_cache_size `600` needs a restart; `500` stays"));
    assert_eq!(reread.settings.timeout, Duration::from_secs(1));
    assert_eq!(reread.settings.stall_budget, Duration::from_millis(7));
    assert!(reread.settings.feed);
    assert_eq!(reread.settings.cache_size, 500);
    configuration.accept(&reread);
    let again = configuration.reread().unwrap();
    assert!(again.changed.is_empty(), "{:?}", again.changed);
    assert_eq!(again.needs_restart.len(), 2, "it is told each time");
    scene.write("cache_size 500\n");
    let back = configuration.reread().unwrap();
    assert_eq!(back.changed, ["stall_budget_ms=(default)"]);
    assert!(back.needs_restart.is_empty());
}

#[test]
fn a_bad_line_is_named_with_file_and_option() {
    let scene = Scene::new();
    for (text, words) in [
        (
            "# x\ntimeout_ms 0\n",
            "line 2: plugin_opt_timeout_ms `0`: want",
        ),
        (
            "tiemout_ms 5\n",
            "line 1: unknown option plugin_opt_tiemout_ms",
        ),
        (
            "feed on\nfeed on\n",
            "line 2: plugin_opt_feed is given more than once",
        ),
        ("feed\n", "line 1: plugin_opt_feed has no value"),
        ("client_secret x\n", "line 1: a secret does not belong here"),
        (
            "options_file /x\n",
            "line 1: options_file belongs into mosquitto.conf",
        ),
        (
            "ca_file /nowhere/x\n",
            "line 1: plugin_opt_ca_file `/nowhere/x`",
        ),
        (
            "client_key_file /x\n",
            "plugin_opt_client_cert_file is missing",
        ),
        (
            "audit_ship on\n",
            "plugin_opt_audit_ship `on` needs plugin_opt_state_dir",
        ),
    ] {
        let told = scene.refused(text);
        assert!(told.contains(words), "{text}: {told}");
        let (configuration, _) = scene.start("timeout_ms 300\n");
        scene.write(text);
        let told = configuration.reread().err().map(|e| e.to_string());
        assert!(told.is_some_and(|told| told.contains(words)), "{text}");
    }
    assert!(!scene.refused("client_secret s3cr3t\n").contains("s3cr3t"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let scene = Scene::new();
    let (configuration, _) = scene.start("timeout_ms 300\n");
    std::fs::write(scene.file(), b"\xff").unwrap();
    assert!(configuration.reread().is_err());
    std::fs::remove_file(scene.file()).unwrap();
    let told = configuration.reread().err().map(|e| e.to_string());
    assert!(told.is_some_and(|told| told.contains("plugin_opt_options_file")));
}

#[test]
fn even_what_needs_a_restart_must_be_right() {
    let scene = Scene::new();
    let (configuration, _) = scene.start("timeout_ms 300\n");
    scene.write("cache_size 1\ntimeout_ms 400\n");
    let told = configuration.reread().err().map(|e| e.to_string());
    assert!(told.is_some_and(|told| told.contains("plugin_opt_cache_size `1`")));
}
