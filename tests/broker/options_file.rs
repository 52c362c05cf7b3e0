//! The options file: what stands in it, and what SIGHUP makes of a changed one.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::harness::{
    Broker, Conf, Connect, Mqtt, MqttClient, Scene, Version, each_broker, eventually, free_port,
};

each_broker!(
    changed_options_take_effect_on_reload,
    bad_file_changes_nothing_and_is_named,
    what_needs_a_restart_is_told_and_left,
    bad_file_keeps_the_broker_from_starting,
);

struct OptionsFile {
    folder: TempDir,
}

impl OptionsFile {
    fn with(text: &str) -> OptionsFile {
        let folder = tempfile::tempdir().expect("a folder");
        let file = OptionsFile { folder };
        file.write(text);
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("push.options")
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).expect("an options file");
    }
}

/// A broker that asks about every token, with this file.
fn asking(on: Version, file: &OptionsFile) -> Scene {
    Scene::with(on, |conf| {
        conf.option("feed", "off")
            .option("stall_budget_ms", 1000)
            .option("options_file", file.path().display())
    })
}

/// On 2.0 the answer may come too late for the first try.
fn join(scene: &Scene, client_id: &str) -> MqttClient {
    let login = scene.service.issue(client_id);
    let connect = Connect::new(Mqtt::V311, client_id, &login.token);
    scene.connect_until_decided(&connect).client(client_id)
}

/// Reloads; gives the line that says what was made of it.
fn reload(scene: &mut Scene, said: &str) -> String {
    let before = scene.broker.log().len();
    scene.broker.reload();
    scene.broker.wait_for_log_after(before, said)
}

fn serves(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

fn changed_options_take_effect_on_reload(on: Version) {
    let file = OptionsFile::with("# nothing yet\n");
    let mut scene = asking(on, &file);
    let mut alice = join(&scene, "alice@acme:pc");
    let (first, second) = (free_port(), free_port());
    let audit = file.beside("audit.log");
    file.write(&format!(
        "user_failures_per_min 3\nmetrics_listen {first}\naudit_file {}\n",
        audit.display()
    ));
    let told = reload(&mut scene, "options file `");
    for part in [
        "in force: ",
        "user_failures_per_min=3",
        &format!("metrics_listen={first}"),
        "audit_file=",
    ] {
        assert!(told.contains(part), "no `{part}` in {told}");
    }
    eventually("metrics", || serves(first).then_some(()));
    for n in 0..10 {
        let guess = Connect::new(Mqtt::V5, "bob@acme:pc", &format!("guess-{n}"));
        assert!(!scene.send(&guess).is_in());
    }
    let asked = scene.service.questions().len();
    assert!((2..=5).contains(&asked), "{asked} questions");
    let written = |file: &Path, event: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.contains(&format!("\"event\":\"{event}\""))
    };
    eventually("an audit log", || {
        written(&audit, "login.refused").then_some(())
    });

    let other = file.beside("other.log");
    file.write(&format!(
        "metrics_listen {second}\naudit_file {}\n",
        other.display()
    ));
    let told = reload(&mut scene, "options file `");
    assert!(told.contains("user_failures_per_min=(default)"), "{told}");
    eventually("metrics elsewhere", || serves(second).then_some(()));
    eventually("metrics no longer here", || (!serves(first)).then_some(()));
    let carol = join(&scene, "carol@acme:pc");
    eventually("another audit log", || {
        written(&other, "login").then_some(())
    });
    let told = reload(&mut scene, "options file `");
    assert!(told.contains("nothing has changed"), "{told}");
    eventually("the reload on record", || {
        written(&other, "options.loaded").then_some(())
    });
    alice.ping();
    drop(carol);
}

fn bad_file_changes_nothing_and_is_named(on: Version) {
    let file = OptionsFile::with("timeout_ms 900\n");
    let mut scene = asking(on, &file);
    let mut alice = join(&scene, "alice@acme:pc");
    for (text, words) in [
        ("# x\ntimeout_ms 0\n", "line 2: plugin_opt_timeout_ms `0`"),
        (
            "user_failures_per_min 1\ntiemout_ms 1\n",
            "line 2: unknown option plugin_opt_tiemout_ms",
        ),
        ("client_secret x\n", "a secret does not belong here"),
        (
            "ca_file /nowhere\n",
            "line 1: plugin_opt_ca_file `/nowhere`",
        ),
    ] {
        file.write(text);
        let told = reload(&mut scene, "all former options stay in force");
        let path = file.path().display().to_string();
        assert!(told.contains(words) && told.contains(&path), "{told}");
        // A limit of one failure would shut bob out now.
        for _ in 0..2 {
            let guess = Connect::new(Mqtt::V5, "bob@acme:pc", &format!("guess-{}", told.len()));
            assert!(!scene.send(&guess).is_in());
        }
        alice.ping();
    }
    // A CA file that can be read and holds nothing is found out later, and nothing of the rest is taken either.
    let nonsense = file.beside("nonsense.pem");
    std::fs::write(&nonsense, "no PEM").expect("a file");
    file.write(&format!(
        "ca_file {}\nuser_failures_per_min 1\n",
        nonsense.display()
    ));
    reload(&mut scene, "and so do all options");
    join(&scene, "bob@acme:pc").ping();
    std::fs::remove_file(file.path()).expect("the file is there");
    reload(&mut scene, "all former options stay in force");
    join(&scene, "carol@acme:pc").ping();
    file.write("timeout_ms 800\n");
    let told = reload(&mut scene, "options file `");
    assert!(told.ends_with("in force: timeout_ms=800"), "{told}");
    alice.ping();
}

fn what_needs_a_restart_is_told_and_left(on: Version) {
    let file = OptionsFile::with("cache_size 5000\n");
    let mut scene = asking(on, &file);
    let mut alice = join(&scene, "alice@acme:pc");
    file.write("cache_size 6000\npresence off\nmode shadow\ncache_ttl_s 9\n");
    let before = scene.broker.log().len();
    let told = reload(&mut scene, "options file `");
    assert!(told.ends_with("in force: cache_ttl_s=9"), "{told}");
    let log = scene.broker.log();
    for (line, words) in [
        (
            1,
            "plugin_opt_cache_size `6000` needs a restart; `5000` stays in force",
        ),
        (
            2,
            "plugin_opt_presence `off` needs a restart; `(default)` stays in force",
        ),
        (
            3,
            "plugin_opt_mode `shadow` needs a restart; `(default)` stays in force",
        ),
    ] {
        let words = format!("line {line}: {words}");
        assert!(log[before..].contains(&words), "no `{words}`");
    }
    alice.ping();
    let mut bob = join(&scene, "bob@acme:pc").subscribed("acme/im/pres/alice");
    assert_eq!(bob.next().payload, b"online", "presence goes on");
    scene.broker.stop();
    scene.broker.start_again();
    let settings = scene.broker.log();
    assert!(settings.contains(" cache_size=6000"), "after the restart");
}

fn bad_file_keeps_the_broker_from_starting(on: Version) {
    let file = OptionsFile::with("feed on\ncache_size 1\n");
    let conf = Conf::new("http://127.0.0.1:9").option("options_file", file.path().display());
    let Err(failed) = Broker::try_start(on, &conf) else {
        panic!("the broker started");
    };
    let words = format!(
        "`{}` line 2: plugin_opt_cache_size `1`",
        file.path().display()
    );
    assert!(failed.log.contains(&words), "{}", failed.log);
    let missing = Conf::new("http://127.0.0.1:9").option("options_file", "/nowhere/at/all");
    let Err(failed) = Broker::try_start(on, &missing) else {
        panic!("the broker started");
    };
    assert!(
        failed
            .log
            .contains("plugin_opt_options_file `/nowhere/at/all`")
    );
}
