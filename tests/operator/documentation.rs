//! The examples of docs/operator-program.md are run as they stand, on files of this test in the place of those that
//! they name. Those with `--broker` are run by `tests/broker/operator_program.rs`.

use crate::installation::Installation;

const PAGE: &str = include_str!("../../docs/operator-program.md");

/// A call, and what the page shows of its output; `...` stands for anything.
struct Example {
    words: Vec<String>,
    shown: Vec<String>,
}

fn examples() -> Vec<Example> {
    let mut found = Vec::new();
    for block in PAGE.split("```sh\n").skip(1) {
        let (call, rest) = block.split_once("```").expect("an end");
        let Some(call) = call
            .lines()
            .find(|line| line.starts_with("enterprise-push "))
        else {
            continue;
        };
        let shown = rest
            .trim_start()
            .strip_prefix("```text\n")
            .expect("what it prints");
        let shown = shown.split_once("```").expect("an end").0;
        found.push(Example {
            words: call.split(' ').skip(1).map(str::to_owned).collect(),
            shown: shown.lines().map(str::to_owned).collect(),
        });
    }
    found
}

/// The files of the examples.
fn installation() -> Installation {
    let installation = Installation::new();
    installation.copy(&[
        r#"{"event":"user.upserted","data":{"eid":"acme","uid":"alice","roles":["sensor"]}}"#,
        r#"{"event":"user.upserted","data":{"eid":"beta","uid":"bob"}}"#,
        r#"{"event":"partner.linked","data":{"a":"alice@acme","b":"bob@beta"}}"#,
    ]);
    let policy = "{\n \"version\": 1,\n \"rules\": [\n  {\"name\": \"sensor telemetry\", \"who\": {\"roles\": [\"sensor\"]},\n   \
                  \"allow\": [\"publish\"], \"topics\": [\"{eid}/telemetry/{uid}/#\"]}\n ]\n}";
    installation.write("enterprise-push.policy.json", policy, 0o644);
    installation.change("#plugin_opt_policy_file /", "plugin_opt_policy_file /");
    let old = "auth_plugin /etc/mosquitto/go-auth.so\nauth_opt_backends http\nauth_opt_http_host auth.example.com\nauth_opt_http_port 443\n\
               auth_opt_http_with_tls true\nauth_opt_http_getuser_uri /user\nauth_opt_http_superuser_uri /super\n\
               auth_opt_http_aclcheck_uri /acl\nauth_opt_http_timeout 5\nauth_opt_cache true\nauth_opt_auth_cache_seconds 120\n";
    installation.write("go-auth.conf", old, 0o644);
    installation
}

#[test]
fn examples_print_what_the_page_shows() {
    let examples = examples();
    assert_eq!(examples.len(), 6, "the page has changed its shape");
    let mut ran = 0;
    for example in examples
        .iter()
        .filter(|e| !e.words.contains(&"--broker".to_owned()))
    {
        let installation = installation();
        if example.words[0] == "check" {
            // The mistakes that the example shows.
            installation.add("plugin_opt_cache_ttl_s 0\nplugin_opt_static_ulr x");
        }
        let folder = installation.shown();
        let words = example
            .words
            .iter()
            .map(|w| w.replace("/etc/mosquitto", &folder));
        let words: Vec<String> = words.collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = installation.run(&words);
        let state = format!("{folder}/state");
        let out = done
            .out
            .replace(&state, "/var/lib/mosquitto/enterprise-push")
            .replace(&folder, "/etc/mosquitto");
        // The lines of the shipped file move.
        let shown: Vec<String> = example.shown.iter().map(|line| unnumbered(line)).collect();
        assert_shown(&shown, &unnumbered(&out), &example.words.join(" "));
        ran += 1;
    }
    assert_eq!(ran, 5);
}

/// Without the numbers of lines in `enterprise-push.conf`.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("enterprise-push.conf:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{text}enterprise-push.conf:N{rest}")
    })
}

/// Each line of the page comes in turn; one that is `...` lets others come between, one that ends with it goes on.
fn assert_shown(shown: &[String], out: &str, call: &str) {
    let mut lines = out.lines().peekable();
    let mut gap = false;
    for wanted in shown {
        if wanted == "..." {
            gap = true;
            continue;
        }
        let begins = wanted.strip_suffix("...");
        // What an example ends with may be wrapped elsewhere.
        let fits = |line: &str| match begins {
            Some(begin) => line.starts_with(begin.trim_end()),
            None => line == wanted,
        };
        let found = lines.by_ref().find(|line| fits(line) || !gap);
        assert!(
            found.is_some_and(fits),
            "{call}: `{wanted}` is not what comes:\n{out}"
        );
        gap = false;
    }
    assert!(
        gap || lines.next().is_none() || shown.last().is_some_and(|line| line.ends_with("...")),
        "{call}: more comes:\n{out}"
    );
}
