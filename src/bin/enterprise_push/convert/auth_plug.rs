//! mosquitto-auth-plug: its options for a web service; of its databases the names.

use super::backend::{Address, seconds, service, usual_todo};
use super::draft::Draft;
use super::{Group, Source};
use crate::broker_conf::Plugin;

pub(super) static SOURCE: Source = Source {
    name: "mosquitto-auth-plug",
    file: &["auth-plug"],
    translated: &TRANSLATED,
    groups: &GROUPS,
    translate,
};

const TRANSLATED: [&str; 8] = [
    "backends",
    "auth_cacheseconds",
    "http_ip",
    "http_port",
    "http_hostname",
    "http_with_tls",
    "http_getuser_uri",
    "http_aclcheck_uri",
];

const DATABASE: &str =
    "accounts live in the static service, which the plugin asks about login tokens only";
const ACL_CACHE: &str =
    "topics are decided about in the broker, from the directory: there is nothing to cache";

const GROUPS: [Group; 8] = [
    Group {
        prefix: "",
        names: &[
            "http_superuser_uri",
            "http_superuser_params",
            "superusers",
            "superquery",
        ],
        reason: "nobody is above the rules: the role `operator` reads $SYS and gives commands, the policy file gives roles further topics",
    },
    Group {
        prefix: "http_",
        names: &["getuser_params", "aclcheck_params"],
        reason: "how the static service is asked is fixed (RFC 7662); plugin_opt_node names the broker",
    },
    Group {
        prefix: "",
        names: &["http_basic_auth_key"],
        reason: "put its two halves into client_id and client_secret_file: they are the name and the secret of HTTP Basic (the key is not shown here)",
    },
    Group {
        prefix: "",
        names: &["http_retry_count"],
        reason: "a failed question is not repeated by the broker: the client's next login asks anew, and after five failures in a row a probe finds out when the service is back",
    },
    Group {
        prefix: "",
        names: &["cacheseconds", "acl_cacheseconds", "acl_cachejitter"],
        reason: ACL_CACHE,
    },
    Group {
        prefix: "",
        names: &["auth_cachejitter"],
        reason: "logins that come together are asked about once, and answers run out at different times by themselves",
    },
    Group {
        prefix: "",
        names: &["log_quiet", "anonusername", "psk_database"],
        reason: "the plugin writes to Mosquitto's own log; clients without a name or with a shared key do not get in",
    },
    Group {
        prefix: "",
        names: &[
            "host",
            "port",
            "user",
            "pass",
            "dbname",
            "dbpath",
            "cdbname",
            "userquery",
            "aclquery",
            "sqliteuserquery",
            "sslcert",
            "sslkey",
            "ssl_enabled",
            "ssl_ca",
            "ssl_capath",
            "ssl_cert",
            "ssl_key",
            "ssl_cipher",
            "mysql_auto_connect",
            "mysql_opt_reconnect",
            "redis_host",
            "redis_port",
            "redis_db",
            "redis_pass",
            "redis_userquery",
            "redis_aclquery",
            "memcached_host",
            "memcached_port",
            "memcached_db",
            "memcached_pass",
            "memcached_userquery",
            "memcached_aclquery",
            "ldap_uri",
            "ldap_acl_deny",
            "binddn",
            "bindpw",
            "mongo_uri",
            "mongo_host",
            "mongo_port",
            "mongo_user",
            "mongo_password",
            "mongo_database",
            "mongo_user_coll",
            "mongo_topiclist_coll",
            "mongo_user_username_prop",
            "mongo_user_password_prop",
            "mongo_user_superuser_prop",
            "mongo_user_topics_prop",
            "mongo_user_topiclist_fk_prop",
            "mongo_topiclist_key_prop",
            "mongo_topiclist_topics_prop",
            "password_file",
            "acl_file",
        ],
        reason: DATABASE,
    },
];

fn translate(plugin: &Plugin, draft: &mut Draft) {
    let value = |name: &str| plugin.value(name);
    let backends = plugin.list("backends");
    // The name, where there is one: with TLS the certificate is held against it.
    let host = value("http_hostname").or(value("http_ip"));
    let address = host.map(|host| Address {
        host,
        port: Some(value("http_port").unwrap_or("80")),
        tls: value("http_with_tls") == Some("true"),
        options: "http_with_tls, http_hostname or http_ip, and http_port",
    });
    service(address.as_ref(), draft);
    match seconds(plugin, "auth_cacheseconds", 1, 1..=86_400) {
        Some((seconds, comment)) => draft.set("cache_ttl_s", seconds, comment),
        None => draft.perhaps(
            "cache_ttl_s",
            300,
            "There was no cache for logins. Here there always is one; with the control feed a revocation ends what it holds at once.",
        ),
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
    if backends.contains(&"jwt") {
        draft.todo(
            "The token came as user name. It is the password now, beside the user name uid@eid.",
        );
    }
    usual_todo(draft, value("http_getuser_uri"), value("http_aclcheck_uri"));
}
