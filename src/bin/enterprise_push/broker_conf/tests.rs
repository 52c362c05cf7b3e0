//! The reader against what Mosquitto does.

use tempfile::TempDir;

use super::*;

/// Writes files and reads `mosquitto.conf` among them; `DIR` stands for their folder.
fn read(files: &[(&str, &str)]) -> (TempDir, BrokerConf) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = text.replace("DIR", &folder.path().display().to_string());
        std::fs::write(file, text).unwrap();
    }
    let conf = BrokerConf::read(&folder.path().join("mosquitto.conf")).unwrap();
    (folder, conf)
}

fn complaints(conf: &BrokerConf) -> Vec<&str> {
    conf.troubles
        .iter()
        .map(|trouble| trouble.text.as_str())
        .collect()
}

#[test]
fn lines_are_read_as_mosquitto_reads_them() {
    let text = "# a comment\nallow_anonymous false \r\n  port   1884\n\n\nlog_dest file /x # no comment\n#port 1\n";
    let (_folder, conf) = read(&[("mosquitto.conf", text)]);
    let told: Vec<(usize, &str, &str)> = conf
        .settings
        .iter()
        .map(|s| (s.place.line, s.name.as_str(), s.value.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (2, "allow_anonymous", "false"),
            (3, "port", "1884"),
            (6, "log_dest", "file /x # no comment")
        ]
    );
    assert!(complaints(&conf).is_empty());
}

#[test]
fn included_files_come_in_order_and_in_their_place() {
    let (_folder, conf) = read(&[
        ("mosquitto.conf", "user a\ninclude_dir DIR/conf.d\nuser z\n"),
        ("conf.d/b.conf", "user c\n"),
        ("conf.d/A.conf", "user b\n"),
        ("conf.d/C.conf", "user d\n"),
        ("conf.d/notes.txt", "user x\n"),
        ("conf.d/.conf", "user x\n"),
    ]);
    let users: String = conf
        .all("user")
        .map(|setting| setting.value.as_str())
        .collect();
    assert_eq!(users, "abcdz");
    assert_eq!(conf.last("user").unwrap().value, "z");
}

#[test]
fn include_dir_counts_in_the_main_file_only() {
    let (_folder, conf) = read(&[
        (
            "mosquitto.conf",
            "include_dir DIR/conf.d\ninclude_dir DIR/none\n",
        ),
        ("conf.d/a.conf", "include_dir DIR/conf.d\n"),
    ]);
    let complaints = complaints(&conf);
    assert!(complaints[0].contains("main file only"), "{complaints:?}");
    assert!(
        complaints[1].contains("/none`: No such file"),
        "{complaints:?}"
    );
}

#[test]
fn options_belong_to_the_plugin_before_them_in_the_same_file() {
    let (_folder, conf) = read(&[
        (
            "mosquitto.conf",
            "plugin /lib/other.so\nplugin_opt_a 1\ninclude_dir DIR/conf.d\nauth_opt_b 2\n",
        ),
        (
            "conf.d/ours.conf",
            "auth_plugin /x/libmosquitto_enterprise_push.so\nplugin_opt_static_url  http://s \n",
        ),
        ("conf.d/stray.conf", "plugin_opt_node n\n"),
    ]);
    let names = |plugin: &Plugin| {
        let names = plugin.options.iter().map(|option| option.name.clone());
        names.collect::<Vec<String>>()
    };
    let [other, ours] = conf.plugins.as_slice() else {
        panic!("{:?}", conf.plugins)
    };
    assert_eq!(
        (names(other), other.is_ours()),
        (vec!["a".to_owned(), "b".to_owned()], false)
    );
    assert_eq!(
        (names(ours), ours.is_ours()),
        (vec!["static_url".to_owned()], true)
    );
    assert_eq!(ours.option("static_url").unwrap().value, "http://s");
    assert!(complaints(&conf)[0].contains("plugin_opt_node stands before"));
}

#[test]
fn plugins_of_2_1_are_found_too() {
    let text = "plugin_load push /x/push.so\nplugin_opt_static_url http://s\nlistener 1883\nplugin_use push\nplugin_opt_node n\n";
    let (_folder, conf) = read(&[("mosquitto.conf", text)]);
    let [plugin] = conf.plugins.as_slice() else {
        panic!("{:?}", conf.plugins)
    };
    assert_eq!(
        (plugin.path.as_str(), plugin.options.len()),
        ("/x/push.so", 2)
    );
    assert!(plugin.is_ours(), "by its option");
}

#[test]
fn listeners_have_their_own_settings() {
    let text = "listener 1883 127.0.0.1\nlistener 8883\ncertfile /c\nlistener 0 /run/s\nlistener 1884 ::1\n";
    let (_folder, conf) = read(&[("mosquitto.conf", text)]);
    let told: Vec<(bool, bool)> = conf
        .listeners
        .iter()
        .map(|l| (l.is_local(), l.has_tls()))
        .collect();
    assert_eq!(
        told,
        [(true, false), (false, true), (true, false), (true, false)]
    );
    let (_folder, conf) = read(&[("mosquitto.conf", "port 1883\ncertfile /c\n")]);
    assert_eq!(conf.listeners.len(), 1);
    assert!(conf.listeners[0].has_tls() && !conf.listeners[0].is_local());
}

#[test]
fn empty_values_are_told() {
    let text = "plugin /x.so\nplugin_opt_node\nplugin\n";
    let (_folder, conf) = read(&[("mosquitto.conf", text)]);
    let complaints = complaints(&conf);
    assert!(complaints[0].contains("plugin_opt_node has no value"));
    assert!(complaints[1].contains("plugin names no file"));
}
