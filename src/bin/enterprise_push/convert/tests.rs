//! Sections from real files of other plugins, held to what our own plugin reads.

use std::collections::HashSet;

use mosquitto_enterprise_push::config::{Options, Settings};

use super::*;

/// Translates a file with these lines; gives the section, and our options in it.
fn convert(source: &'static Source, text: &str) -> (String, Options) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mosquitto.conf");
    std::fs::write(&file, text).unwrap();
    let conf = BrokerConf::read(&file).unwrap();
    let plugin = find(&conf, source).expect("a plugin");
    let section = render::section(&draft(plugin, source), source.name, "old.conf");
    // What comes out is read as Mosquitto would.
    std::fs::write(&file, &section).unwrap();
    let options = ours(&file);
    // And so is what stands there as a comment, once somebody puts it in force.
    std::fs::write(&file, section.replace("\n#plugin_opt_", "\nplugin_opt_")).unwrap();
    ours(&file);
    (section, options)
}

/// The options of the only plugin, which is ours and takes them.
fn ours(file: &std::path::Path) -> Options {
    let conf = BrokerConf::read(file).unwrap();
    assert!(conf.troubles.is_empty(), "{:?}", conf.troubles);
    let [plugin] = conf.plugins.as_slice() else {
        panic!("{:?}", conf.plugins)
    };
    assert!(plugin.is_ours());
    let mut options = Options::default();
    for option in &plugin.options {
        let taken = options.set(&option.name, &option.value);
        taken.expect("an option of ours");
    }
    Settings::of(&options, "host").expect("settings that the plugin takes");
    options
}

const GO_AUTH: &str = "auth_plugin /etc/mosquitto/conf.d/go-auth.so
auth_opt_backends http, postgres
auth_opt_http_host auth.example.com
auth_opt_http_port 8443
auth_opt_http_with_tls true
auth_opt_http_verify_peer false
auth_opt_http_getuser_uri /user
auth_opt_http_superuser_uri /super
auth_opt_http_aclcheck_uri /acl
auth_opt_http_timeout 7
auth_opt_cache true
auth_opt_auth_cache_seconds 120
auth_opt_acl_cache_seconds 30
auth_opt_cache_password hush-hush
auth_opt_pg_password hush-too
auth_opt_retry_count 2
auth_opt_htpp_port 1
";

#[test]
fn web_service_of_go_auth_becomes_the_static_service() {
    let (section, options) = convert(&go_auth::SOURCE, GO_AUTH);
    assert_eq!(
        options.get("static_url"),
        Some("https://auth.example.com:8443")
    );
    assert_eq!(options.get("timeout_ms"), Some("7000"));
    assert_eq!(options.get("cache_ttl_s"), Some("120"));
    assert_eq!(options.get("ca_file"), None, "only shown");
    assert!(section.contains("\n#plugin_opt_ca_file "), "{section}");
    assert!(section.contains("/user by status"), "{section}");
    assert!(section.contains("/acl is asked no more"), "{section}");
    assert!(section.contains("accounts of postgres"), "{section}");
}

#[test]
fn nothing_is_dropped_and_no_secret_is_shown() {
    let (section, _) = convert(&go_auth::SOURCE, GO_AUTH);
    assert!(!section.contains("hush"), "{section}");
    for name in [
        "acl_cache_seconds",
        "cache_password",
        "pg_password",
        "retry_count",
        "http_superuser_uri",
    ] {
        assert!(section.contains(name), "{name}: {section}");
    }
    let unknown = section.split("does not know either").nth(1).unwrap();
    assert!(unknown.contains("- htpp_port"), "{unknown}");
}

#[test]
fn tokens_of_the_jwt_backend_move_to_the_password() {
    let text = "auth_plugin /x/go-auth.so\nauth_opt_backends jwt\nauth_opt_jwt_mode remote\nauth_opt_jwt_host api\n\
                auth_opt_jwt_port 80\nauth_opt_jwt_userfield Username\nauth_opt_jwt_secret hush\n";
    let (section, options) = convert(&go_auth::SOURCE, text);
    assert_eq!(options.get("static_url"), Some("http://api"));
    assert!(
        section.contains("\n#plugin_opt_claim_uid /username {uid}@{eid}"),
        "{section}"
    );
    assert!(section.contains("It is the password now"), "{section}");
    assert!(
        section.contains("jwt_secret: a token is not read by the broker"),
        "{section}"
    );
    assert!(!section.contains("hush"));
    assert!(
        section.contains("#plugin_opt_cache_ttl_s 300"),
        "there was no cache: {section}"
    );
}

#[test]
fn databases_need_a_static_service() {
    let text =
        "plugin /x/go-auth.so\nplugin_opt_backends files\nplugin_opt_files_password_path /p\n";
    let (section, options) = convert(&go_auth::SOURCE, text);
    assert_eq!(
        options.get("static_url"),
        Some("https://static.example.com")
    );
    assert!(section.contains("CHANGE: the static service."), "{section}");
    assert!(section.contains("Bring the accounts of files"), "{section}");
}

#[test]
fn web_service_of_auth_plug_becomes_the_static_service() {
    let text = "auth_plugin /x/auth-plug.so\nauth_opt_backends http\nauth_opt_http_ip 127.0.0.5\nauth_opt_http_port 8089\n\
                auth_opt_http_getuser_uri /auth\nauth_opt_http_superuser_uri /superuser\nauth_opt_http_aclcheck_uri /acl\n\
                auth_opt_http_basic_auth_key aHVzaA==\nauth_opt_auth_cacheseconds 0\nauth_opt_acl_cacheseconds 300\nauth_opt_whatever 1\n";
    let (section, options) = convert(&auth_plug::SOURCE, text);
    assert_eq!(options.get("static_url"), Some("http://127.0.0.5:8089"));
    assert_eq!(
        options.get("cache_ttl_s"),
        Some("1"),
        "the least that can be set"
    );
    assert!(!section.contains("aHVzaA"), "{section}");
    assert!(section.contains("- whatever"), "{section}");
    assert!(
        section.contains("- http_basic_auth_key: put its two halves"),
        "{section}"
    );
}

#[test]
fn tables_name_each_option_once() {
    for source in [&go_auth::SOURCE, &auth_plug::SOURCE] {
        let mut seen = HashSet::new();
        let grouped = source.groups.iter().flat_map(|group| {
            group
                .names
                .iter()
                .map(move |name| format!("{}{name}", group.prefix))
        });
        let translated = source.translated.iter().map(|name| (*name).to_owned());
        for name in grouped.chain(translated) {
            assert!(seen.insert(name.clone()), "{}: {name}", source.name);
        }
    }
}
