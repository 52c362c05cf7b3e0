//! An explanation for people.

use serde_json::Value;

/// Several lines, the verdict first.
pub(super) fn text(answer: &Value) -> String {
    let verdict = match answer.get("allowed").and_then(Value::as_bool) {
        Some(true) => "allowed",
        _ => "denied",
    };
    let mut lines = vec![format!("{verdict}: {}", question(answer))];
    lines.push(labelled("because", word(answer, "why")));
    if let Some(source) = answer.get("source") {
        add_source(&mut lines, source, word(answer, "policyFile"));
    }
    for (member, label) in [("facts", "fact"), ("notes", "note")] {
        lines.extend(texts(answer, member).map(|text| labelled(label, text)));
    }
    if let Some(example) = answer.get("example").and_then(Value::as_str) {
        lines.push(labelled(
            "example",
            &format!("it matches {example}, which may not be received"),
        ));
    }
    for miss in list(answer, "nearMisses") {
        let rule = rule(miss, word(answer, "policyFile"));
        lines.push(labelled(
            "almost",
            &format!("{rule}: {}", word(miss, "lacks")),
        ));
    }
    for session in list(answer, "sessions") {
        let (id, kind) = (word(session, "clientId"), word(session, "kind"));
        lines.push(labelled("session", &format!("{id}, kind {kind}")));
    }
    lines.join("\n")
}

fn question(answer: &Value) -> String {
    let device = answer.get("device").and_then(Value::as_str);
    let device = device
        .map(|device| format!(":{device}"))
        .unwrap_or_default();
    let kind = answer.get("kind").and_then(Value::as_str);
    let kind = kind.map(|kind| format!(" ({kind})")).unwrap_or_default();
    let topic = answer.get("topic").and_then(Value::as_str);
    let topic = topic
        .map(|topic| format!(" {}", topic.escape_debug()))
        .unwrap_or_default();
    format!(
        "{}{device}{kind} {}{topic}",
        word(answer, "user"),
        word(answer, "action")
    )
}

fn add_source(lines: &mut Vec<String>, source: &Value, file: &str) {
    let text = match word(source, "from") {
        "default table" => format!("default table, row {}", word(source, "row")),
        "policy file" => rule(source, file),
        "directory" => "directory".to_owned(),
        "malformed" => return,
        "together" => {
            for part in list(source, "parts") {
                let from = part.get("source").unwrap_or(&Value::Null);
                let from = match word(from, "from") {
                    "policy file" => rule(from, file),
                    _ => format!("default table, row {}", word(from, "row")),
                };
                lines.push(labelled(
                    "by",
                    &format!("{}: {from}", word(part, "pattern")),
                ));
            }
            return;
        }
        _ => "nothing in the default table or the policy file".to_owned(),
    };
    lines.push(labelled("by", &text));
}

fn rule(rule: &Value, file: &str) -> String {
    let file = if file.is_empty() { "policy file" } else { file };
    let number = |member| rule.get(member).and_then(Value::as_u64).unwrap_or_default();
    format!(
        "{file}:{}, rule {} {:?}, topic {}",
        number("line"),
        number("index"),
        word(rule, "name"),
        word(rule, "topic")
    )
}

fn labelled(label: &str, text: &str) -> String {
    format!("  {label:<8} {text}")
}

fn word<'v>(value: &'v Value, member: &str) -> &'v str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn list<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v Value> {
    let list = value.get(member).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn texts<'v>(value: &'v Value, member: &str) -> impl Iterator<Item = &'v str> {
    list(value, member).filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn explanations_read_well() {
        let answer = json!({
            "user": "alice@acme", "device": "pc", "kind": "pc", "action": "write", "topic": "acme/t/alice",
            "allowed": true, "why": "rule 0 of the policy file",
            "source": {"from": "policy file", "index": 0, "name": "telemetry", "line": 4, "topic": "{eid}/t/{uid}"},
            "facts": ["the directory holds alice@acme"],
            "notes": ["the payload must be of at most 3145728 bytes"],
            "policyFile": "/etc/policy.json",
        });
        assert_eq!(
            text(&answer),
            "allowed: alice@acme:pc (pc) write acme/t/alice\n  \
               because  rule 0 of the policy file\n  \
               by       /etc/policy.json:4, rule 0 \"telemetry\", topic {eid}/t/{uid}\n  \
               fact     the directory holds alice@acme\n  \
               note     the payload must be of at most 3145728 bytes"
        );
    }

    #[test]
    fn refusals_name_examples_and_near_misses() {
        let answer = json!({
            "user": "bob@acme", "action": "subscribe", "topic": "acme/#", "allowed": false,
            "why": "the filter can match topics that are not allowed", "source": {"from": "nothing"},
            "facts": [], "notes": [], "example": "acme/other",
            "nearMisses": [{"index": 1, "name": "x", "line": 9, "topic": "acme/#", "lacks": "the user has none of its who.roles"}],
        });
        let shown = text(&answer);
        assert!(shown.starts_with("denied: bob@acme subscribe acme/#\n"));
        assert!(
            shown.contains("example  it matches acme/other, which"),
            "{shown}"
        );
        assert!(
            shown.contains("almost   policy file:9, rule 1 \"x\", topic acme/#: the user has"),
            "{shown}"
        );
    }
}
