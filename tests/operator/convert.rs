//! `enterprise-push convert`, as it is run; what it translates is tested beside it.

use crate::installation::Installation;

#[test]
fn converted_section_passes_the_check_once_its_files_are_there() {
    let installation = Installation::new();
    let old = "auth_plugin /etc/mosquitto/go-auth.so\nauth_opt_backends http\nauth_opt_http_host 127.0.0.1\nauth_opt_http_port 8080\n\
               auth_opt_http_getuser_uri /u\nauth_opt_http_aclcheck_uri /a\nauth_opt_cache_password hush\n";
    installation.write("old.conf", old, 0o644);
    let done = installation.run(&["convert", "go-auth", "old.conf"]);
    assert_eq!(done.status, 0, "{done:?}");
    assert!(!done.out.contains("hush"), "{done:?}");
    let folder = installation.shown();
    let section = done
        .out
        .replace("/usr/lib/mosquitto-enterprise-push", &folder)
        .replace("/etc/mosquitto/enterprise", &format!("{folder}/enterprise"));
    let user = crate::installation::user_name();
    installation.write("new.conf", &format!("user {user}\n{section}"), 0o644);
    let done = installation.run(&["check", "--offline", "new.conf"]);
    assert_eq!(done.status, 0, "{}", done.out);
    done.line("ok", "3 options, all well formed");
}

#[test]
fn file_without_the_old_plugin_cannot_be_converted() {
    let installation = Installation::new();
    let done = installation.run(&["convert", "go-auth", "mosquitto.conf"]);
    assert_eq!(done.status, 3, "{done:?}");
    assert!(
        done.err.contains("does not load mosquitto-go-auth"),
        "{done:?}"
    );
    assert_eq!(
        installation
            .run(&["convert", "auth-plug", "none.conf"])
            .status,
        3
    );
    assert_eq!(
        installation
            .run(&["convert", "other", "mosquitto.conf"])
            .status,
        2
    );
}
