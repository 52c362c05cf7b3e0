//! mosquitto-go-auth: its options, as its documentation and its source have them.

use super::backend::{Address, seconds, service, usual_todo};
use super::draft::Draft;
use super::{Group, Source};
use crate::broker_conf::Plugin;

pub(super) static SOURCE: Source = Source {
    name: "mosquitto-go-auth",
    file: &["go-auth"],
    translated: &TRANSLATED,
    groups: &GROUPS,
    translate,
};

const TRANSLATED: [&str; 20] = [
    "backends",
    "cache",
    "auth_cache_seconds",
    "http_host",
    "http_port",
    "http_with_tls",
    "http_verify_peer",
    "http_timeout",
    "http_getuser_uri",
    "http_aclcheck_uri",
    "jwt_mode",
    "jwt_host",
    "jwt_port",
    "jwt_with_tls",
    "jwt_verify_peer",
    "jwt_http_timeout",
    "jwt_getuser_uri",
    "jwt_aclcheck_uri",
    "jwt_userfield",
    "jwt_parse_token",
];

const DATABASE: &str =
    "accounts live in the static service, which the plugin asks about login tokens only";
const CONTRACT: &str = "how the static service is asked and how it answers is fixed (RFC 7662)";
const SUPERUSER: &str = "nobody is above the rules: the role `operator` reads $SYS and gives commands, the policy file gives roles further topics";
const ACL_CACHE: &str =
    "topics are decided about in the broker, from the directory: there is nothing to cache";
const CACHE: &str = "the cache is in the broker's own memory, and follows revocations by the control feed (cache_size says how large)";
const CHECKS: &str =
    "there is one source of truth for logins and topics, so nothing to choose from or to order";

const GROUPS: [Group; 17] = [
    Group {
        prefix: "http_",
        names: &["params_mode", "response_mode", "method", "user_agent"],
        reason: CONTRACT,
    },
    Group {
        prefix: "http_",
        names: &["superuser_uri"],
        reason: SUPERUSER,
    },
    Group {
        prefix: "",
        names: &[
            "disable_superuser",
            "grpc_disable_superuser",
            "redis_disable_superuser",
            "mongo_disable_superuser",
            "http_disable_superuser",
            "jwt_superuser_uri",
        ],
        reason: SUPERUSER,
    },
    Group {
        prefix: "acl_",
        names: &["cache_seconds", "jitter_seconds"],
        reason: ACL_CACHE,
    },
    Group {
        prefix: "",
        names: &["auth_jitter_seconds"],
        reason: "logins that come together are asked about once, and answers run out at different times by themselves",
    },
    Group {
        prefix: "cache_",
        names: &[
            "type",
            "reset",
            "refresh",
            "host",
            "port",
            "password",
            "db",
            "mode",
            "addresses",
        ],
        reason: CACHE,
    },
    Group {
        prefix: "",
        names: &["retry_count"],
        reason: "a failed question is not repeated by the broker: the client's next login asks anew, and after five failures in a row a probe finds out when the service is back",
    },
    Group {
        prefix: "",
        names: &[
            "check_prefix",
            "strip_prefix",
            "prefixes",
            "exhaust_backend_first",
            "backend_register",
            "http_register",
            "jwt_register",
            "files_register",
            "redis_register",
            "pg_register",
            "postgres_register",
            "mysql_register",
            "sqlite_register",
            "mongo_register",
            "ldap_register",
            "grpc_register",
            "js_register",
            "plugin_register",
        ],
        reason: CHECKS,
    },
    Group {
        prefix: "",
        names: &["use_clientid_as_username"],
        reason: "user name and client id are both needed, and must be the token's own",
    },
    Group {
        prefix: "log_",
        names: &["level", "dest", "file"],
        reason: "the plugin writes to Mosquitto's own log; plugin_opt_audit_file has what happened for machines",
    },
    Group {
        prefix: "hasher",
        names: &[
            "",
            "_salt_size",
            "_iterations",
            "_keylen",
            "_algorithm",
            "_salt_encoding",
            "_cost",
            "_memory",
            "_parallelism",
        ],
        reason: "passwords are the static service's business; static-service takes argon2id hashes over (`admin user import`), others need a new password",
    },
    Group {
        prefix: "jwt_",
        names: &["secret", "skip_user_expiration", "skip_acl_expiration"],
        reason: "a token is not read by the broker: whoever issued it is asked, so it can be revoked, and no broker holds the key",
    },
    Group {
        prefix: "jwt_",
        names: &["params_mode", "response_mode", "http_method", "user_agent"],
        reason: CONTRACT,
    },
    Group {
        prefix: "jwt_",
        names: &["host_whitelist"],
        reason: "the static service is the one of static_url, never one that a token names",
    },
    Group {
        prefix: "jwt_",
        names: &[
            "db",
            "userquery",
            "pg_host",
            "pg_port",
            "pg_user",
            "pg_password",
            "pg_dbname",
            "pg_sslmode",
            "pg_superquery",
            "pg_aclquery",
            "mysql_host",
            "mysql_port",
            "mysql_user",
            "mysql_password",
            "mysql_dbname",
            "mysql_superquery",
            "mysql_aclquery",
            "mysql_allow_native_passwords",
            "files_acl_path",
            "acl_path",
            "js_user_script_path",
            "js_superuser_script_path",
            "js_acl_script_path",
            "js_stack_depth_limit",
            "js_ms_max_duration",
            "js_pass_claims",
        ],
        reason: DATABASE,
    },
    Group {
        prefix: "",
        names: &[
            "files_password_path",
            "files_acl_path",
            "plugin_path",
            "js_user_script",
            "js_user_script_path",
            "js_superuser_script",
            "js_superuser_script_path",
            "js_acl_script_path",
            "js_stack_depth_limit",
            "js_ms_max_duration",
            "js_pass_claims",
            "grpc_host",
            "grpc_port",
            "grpc_ca_cert",
            "grpc_tls_cert",
            "grpc_tls_key",
            "grpc_dial_timeout_ms",
            "grpc_fail_on_dial_error",
            "redis_host",
            "redis_port",
            "redis_db",
            "redis_password",
            "redis_mode",
            "redis_cluster_addresses",
        ],
        reason: DATABASE,
    },
    Group {
        prefix: "",
        names: &[
            "pg_host",
            "pg_port",
            "pg_user",
            "pg_password",
            "pg_dbname",
            "pg_userquery",
            "pg_superquery",
            "pg_aclquery",
            "pg_sslmode",
            "pg_sslcert",
            "pg_sslkey",
            "pg_sslrootcert",
            "pg_connect_tries",
            "pg_max_life_time",
            "pg_hasher",
            "pg_hasher_salt_size",
            "pg_hasher_iterations",
            "pg_hasher_keylen",
            "pg_hasher_memory",
            "pg_hasher_parallelism",
            "pg_hasher_algorithm",
            "mysql_host",
            "mysql_port",
            "mysql_user",
            "mysql_password",
            "mysql_dbname",
            "mysql_userquery",
            "mysql_superquery",
            "mysql_aclquery",
            "mysql_sslmode",
            "mysql_sslcert",
            "mysql_sslkey",
            "mysql_sslrootcert",
            "mysql_protocol",
            "mysql_socket",
            "mysql_allow_native_passwords",
            "mysql_connect_tries",
            "mysql_max_life_time",
            "sqlite_source",
            "sqlite_userquery",
            "sqlite_superquery",
            "sqlite_aclquery",
            "sqlite_connect_tries",
            "sqlite_max_life_time",
            "mongo_host",
            "mongo_port",
            "mongo_dbname",
            "mongo_authsource",
            "mongo_username",
            "mongo_password",
            "mongo_users",
            "mongo_acls",
            "mongo_with_tls",
            "mongo_use_tls",
            "mongo_insecure_skip_verify",
            "ldap_url",
            "ldap_user_dn",
            "ldap_group_dn",
            "ldap_bind_dn",
            "ldap_bind_password",
            "ldap_user_filter",
            "ldap_group_filter",
            "ldap_superuser_filter",
            "ldap_acl_topic_pattern_attribute",
            "ldap_acl_acc_attribute",
        ],
        reason: DATABASE,
    },
];

fn translate(plugin: &Plugin, draft: &mut Draft) {
    let value = |name: &str| plugin.value(name);
    let backends = plugin.list("backends");
    let jwt = backends.contains(&"jwt");
    let remote = jwt && value("jwt_mode").is_none_or(|mode| mode == "remote");
    let http = if backends.contains(&"http") {
        address(
            &value,
            "http_host",
            "http_port",
            "http_with_tls",
            "http_with_tls, http_host and http_port",
        )
    } else if remote {
        address(
            &value,
            "jwt_host",
            "jwt_port",
            "jwt_with_tls",
            "jwt_with_tls, jwt_host and jwt_port",
        )
    } else {
        None
    };
    service(http.as_ref(), draft);
    let timeout = if backends.contains(&"http") {
        "http_timeout"
    } else {
        "jwt_http_timeout"
    };
    if let Some((milliseconds, comment)) = seconds(plugin, timeout, 1000, 50..=60_000) {
        draft.set("timeout_ms", milliseconds, comment);
    }
    cache(plugin, value("cache") == Some("true"), draft);
    if jwt {
        claims(value("jwt_userfield"), draft);
    }
    let others = backends
        .iter()
        .filter(|name| !matches!(**name, "http" | "jwt" | ""));
    let others: Vec<&str> = others.copied().collect();
    if !others.is_empty() {
        draft.todo(format!(
            "Bring the accounts of {} to the static service: `static-service admin user import` takes many at once.",
            others.join(", ")
        ));
    }
    let login = value("http_getuser_uri").or(value("jwt_getuser_uri"));
    let acl = value("http_aclcheck_uri").or(value("jwt_aclcheck_uri"));
    usual_todo(draft, login, acl);
}

fn address<'p>(
    value: &impl Fn(&str) -> Option<&'p str>,
    host: &str,
    port: &str,
    tls: &str,
    options: &'static str,
) -> Option<Address<'p>> {
    Some(Address {
        host: value(host)?,
        port: value(port),
        tls: value(tls) == Some("true"),
        options,
    })
}

fn cache(plugin: &Plugin, on: bool, draft: &mut Draft) {
    let found = seconds(plugin, "auth_cache_seconds", 1, 1..=86_400);
    match found.filter(|_| on) {
        Some((seconds, comment)) => draft.set("cache_ttl_s", seconds, comment),
        None if on => draft.set("cache_ttl_s", 30, "The default of auth_cache_seconds."),
        None => draft.perhaps(
            "cache_ttl_s",
            300,
            "There was no cache. Here there always is one; with the control feed a revocation ends what it holds at once.",
        ),
    }
}

/// Where an introspection has the user, if it answers with the token's own claims.
fn claims(userfield: Option<&str>, draft: &mut Draft) {
    let pointer = match userfield {
        Some("Username") => "/username",
        _ => "/sub",
    };
    let comment = "From jwt_userfield: needed where the answer to an introspection has the claims of the token, and not eid and uid.";
    draft.perhaps("claim_uid", format!("{pointer} {{uid}}@{{eid}}"), comment);
    draft.perhaps(
        "claim_eid",
        format!("{pointer} {{uid}}@{{eid}}"),
        "The same for the enterprise.",
    );
    draft
        .todo("The token came as user name. It is the password now, beside the user name uid@eid.");
}
