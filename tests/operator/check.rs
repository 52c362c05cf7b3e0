//! `enterprise-push check --offline`.

use std::fs;

use crate::installation::{Installation, run, user_name};

#[test]
fn shipped_configuration_is_fine() {
    let installation = Installation::new();
    let done = installation.check(&[]);
    assert_eq!(
        (done.status, done.lines("error")),
        (0, vec![]),
        "{}",
        done.out
    );
    done.line("ok", "libmosquitto_enterprise_push.so` is there");
    done.line("ok", "options, all well formed");
    done.line("ok", "plugin_opt_client_secret_file");
    done.line("ok", "not asked: --offline");
    // Root in a container keeps its rights, which is told.
    let warnings = done
        .lines("warning")
        .into_iter()
        .filter(|line| !line.contains("user: "));
    assert_eq!(warnings.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn every_wrong_option_is_told_with_its_line() {
    let installation = Installation::new();
    installation.change(
        "plugin_opt_static_url https://static.example.com",
        "plugin_opt_static_url https://user:pass@static.example.com\nplugin_opt_cache_ttl_s 0\nplugin_opt_static_ulr x\nplugin_opt_feed maybe\nplugin_opt_audit_ship on",
    );
    installation.change("plugin_opt_state_dir ", "#plugin_opt_state_dir ");
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    assert!(!done.out.contains("user:pass"), "{}", done.out);
    let error = done.line("error", "plugin_opt_cache_ttl_s");
    assert!(
        error.contains("want whole seconds, 1 to 86400")
            && error.contains("conf.d/enterprise-push.conf:"),
        "{error}"
    );
    done.line("error", "is plugin_opt_static_url meant?");
    done.line("error", "plugin_opt_feed `maybe`: want `on` or `off`");
    done.line("error", "must not carry credentials");
    done.line(
        "error",
        "plugin_opt_audit_ship `on` needs plugin_opt_state_dir",
    );
    assert_eq!(done.lines("error").len(), 5, "{}", done.out);
}

#[test]
fn missing_options_are_told_together() {
    let installation = Installation::new();
    for option in ["static_url", "client_id", "client_secret_file"] {
        installation.change(
            &format!("\nplugin_opt_{option} "),
            &format!("\n#plugin_opt_{option} "),
        );
    }
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    done.line("error", "plugin_opt_static_url is missing");
    done.line("error", "plugin_opt_client_id is missing");
    done.line("error", "give exactly one of plugin_opt_client_secret");
}

#[test]
fn plugin_must_be_loaded_once() {
    let installation = Installation::new();
    installation.add("plugin libmosquitto_enterprise_push.so");
    installation.add("plugin /usr/lib/mosquitto_dynamic_security.so\nplugin_opt_config_file /x");
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    done.line("error", "loaded a second time");
    done.line(
        "warning",
        "mosquitto_dynamic_security.so` is loaded beside it",
    );
    installation.write("mosquitto.conf", "allow_anonymous false\n", 0o644);
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    done.line("error", "does not load mosquitto-enterprise-push");
}

#[test]
fn policy_file_is_read_by_the_plugins_own_reader() {
    let installation = Installation::new();
    installation.change("#plugin_opt_policy_file /", "plugin_opt_policy_file /");
    let done = installation.check(&[]);
    done.line("error", "is not there");
    let rule = r#"{"version": 1, "rules": [
  {"name": "stock", "allow": ["publish"], "topics": ["acme/#"]}
]}"#;
    installation.write("enterprise-push.policy.json", rule, 0o644);
    let error = installation.check(&[]).line("error", "rule 0").to_owned();
    assert!(
        error.contains("\"stock\"") && error.contains("line 2 column"),
        "{error}"
    );
    installation.write(
        "enterprise-push.policy.json",
        &rule.replace("acme/#", "{eid}/stock/#"),
        0o644,
    );
    let done = installation.check(&[]);
    assert_eq!(done.status, 0, "{}", done.out);
    done.line("ok", "enterprise-push.policy.json`: 1 rules");
}

#[test]
fn secrets_that_others_can_read_are_told_of() {
    let installation = Installation::new();
    installation.write("enterprise-push.secret", "x", 0o644);
    let done = installation.check(&[]);
    done.line("warning", "everybody on this machine may read");
    installation.write("enterprise-push.secret", "two\nlines", 0o400);
    installation
        .check(&[])
        .line("error", "holds more than one line");
    fs::remove_file(installation.path("enterprise-push.secret")).unwrap();
    assert_eq!(installation.check(&[]).status, 1);
    installation.change("plugin_opt_client_secret_file ", "#");
    installation.change(
        "#plugin_opt_client_secret change-me",
        "plugin_opt_client_secret s3cr3t-of-the-broker",
    );
    let done = installation.check(&[]);
    assert_eq!(done.status, 0, "{}", done.out);
    done.line("warning", "the secret itself stands in the configuration");
}

/// As another user than the one who runs this: only root can arrange that.
#[test]
fn files_are_judged_for_the_brokers_user() {
    if user_name() != "root" {
        return;
    }
    let installation = Installation::new();
    let main = fs::read_to_string(installation.path("mosquitto.conf")).unwrap();
    installation.write(
        "mosquitto.conf",
        &main.replace("user root", "user nobody"),
        0o644,
    );
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    let error = done.line("error", "plugin_opt_client_secret_file");
    assert!(
        error.contains("cannot be read by `nobody`") && error.contains("chown nobody"),
        "{error}"
    );
    done.line("error", "plugin_opt_state_dir");
    installation.write(
        "mosquitto.conf",
        &main.replace("user root", "user no-such-user"),
        0o644,
    );
    installation
        .check(&[])
        .line("error", "no user `no-such-user`");
}

#[test]
fn settings_of_the_broker_that_break_the_plugin_are_errors() {
    let installation = Installation::new();
    installation.add(
        "per_listener_settings true\nlistener 1884\nmount_point x/\nuse_identity_as_username true\nuse_username_as_clientid true\nretain_available false",
    );
    let done = installation.check(&["--broker-version", "2.0.11"]);
    assert_eq!(done.status, 1);
    for about in [
        "per_listener_settings: this Mosquitto then never calls the plugin's timer",
        "mount_point: ",
        "use_identity_as_username: ",
        "use_username_as_clientid: ",
        "retain_available: ",
    ] {
        done.line("error", about);
    }
    done.line(
        "warning",
        "listener: login tokens and messages travel readable",
    );
    let done = installation.check(&["--broker-version", "2.0.21"]);
    done.line(
        "warning",
        "per_listener_settings: the plugin guards only the listener",
    );
}

#[test]
fn settings_of_the_broker_that_lose_messages_are_warnings() {
    let installation = Installation::new();
    for setting in [
        "set_tcp_nodelay true",
        "check_retain_source true",
        "max_queued_messages 10000",
        "persistence true",
        "persistent_client_expiration 2m",
        "max_packet_size 4194304",
        "allow_anonymous false",
        "allow_zero_length_clientid false",
    ] {
        installation.change(&format!("\n{setting}"), "\n");
    }
    installation
        .add("message_size_limit 1000\nconnection head-office\nacl_file /x\nmax_queued_messages 0");
    let done = installation.check(&[]);
    assert_eq!(done.status, 0, "{}", done.out);
    for about in [
        "set_tcp_nodelay",
        "check_retain_source",
        "max_queued_messages: no limit",
        "persistence",
        "persistent_client_expiration",
        "max_packet_size: not given",
        "allow_anonymous",
        "allow_zero_length_clientid",
        "message_size_limit",
        "the bridge `head-office` is never judged",
        "acl_file",
    ] {
        done.line("warning", about);
    }
    let strict = installation.check(&["--strict"]);
    assert_eq!(strict.status, 1, "warnings count");
    let old = installation.check(&["--broker-version", "2.0.11"]);
    assert!(
        !old.out.contains("warning max_packet_size"),
        "2.0 has no limit by default"
    );
}

#[test]
fn findings_are_json_for_scripts() {
    let installation = Installation::new();
    installation.add("allow_anonymous true");
    let done = installation.check(&["--json"]);
    let lines: Vec<serde_json::Value> = done
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let found = lines
        .iter()
        .find(|line| line["about"] == "allow_anonymous")
        .unwrap();
    assert_eq!(found["level"], "warning");
    assert!(
        found["file"]
            .as_str()
            .unwrap()
            .ends_with("conf.d/enterprise-push.conf")
    );
    assert!(found["line"].as_u64().unwrap() > 200);
    assert!(found["text"].is_string() && found["todo"].is_string());
}

#[test]
fn what_cannot_be_done_and_what_is_mistyped_have_codes_of_their_own() {
    let installation = Installation::new();
    let done = installation.run(&["check", "--offline", "no-such-file"]);
    assert_eq!(done.status, 3, "{done:?}");
    assert!(done.err.contains("no-such-file"), "{done:?}");
    assert_eq!(installation.run(&["check", "--ofline"]).status, 2);
    assert_eq!(installation.run(&[]).status, 2);
    let help = run(&installation.path(""), &["--help"]);
    assert!(
        help.status == 0 && help.out.contains("Exit codes"),
        "{help:?}"
    );
}

#[test]
fn options_file_counts_and_its_errors_are_told_with_their_line() {
    let installation = Installation::new();
    let write = |text| installation.write("enterprise-push.options", text, 0o644);
    write("# limits\ncache_ttl_s 0\n");
    installation.change("#plugin_opt_options_file ", "plugin_opt_options_file ");
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    let error = done.line("error", "plugin_opt_cache_ttl_s");
    assert!(error.contains("enterprise-push.options:2"), "{error}");

    write("static_ulr x\n");
    let done = installation.check(&[]);
    assert_eq!(done.status, 1);
    done.line("error", "unknown option plugin_opt_static_ulr");

    write("cache_ttl_s 60\n");
    let done = installation.check(&[]);
    assert_eq!(done.status, 0, "{}", done.out);
    done.line("ok", "plugin_opt_options_file");

    installation.change(
        "plugin_opt_options_file ",
        "plugin_opt_cache_ttl_s 50\nplugin_opt_cache_ttl_s 70\nplugin_opt_options_file ",
    );
    let done = installation.check(&[]);
    assert_eq!(done.status, 1, "{}", done.out);
    done.line("error", "plugin_opt_cache_ttl_s is given twice");
}

#[test]
fn in_shadow_mode_others_may_decide_and_that_nothing_is_enforced_is_told() {
    let installation = Installation::new();
    installation.change("#plugin_opt_mode ", "plugin_opt_mode ");
    installation.change("plugin_opt_mode enforce", "plugin_opt_mode shadow");
    installation.add("password_file /etc/mosquitto/passwd");
    let done = installation.check(&[]);
    done.line("warning", "shadow: nothing is enforced");
    assert!(!done.out.contains("judges by it beside"), "{}", done.out);
}
