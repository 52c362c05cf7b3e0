//! A draft as text for a mosquitto.conf.

use super::draft::Draft;

/// Comments are wrapped to this.
const WIDTH: usize = 110;
const PLUGIN: &str = "/usr/lib/mosquitto-enterprise-push/libmosquitto_enterprise_push.so";

/// The whole section.
pub(super) fn section(draft: &Draft, plugin: &str, file: &str) -> String {
    let mut lines = Vec::new();
    let head = format!(
        "mosquitto-enterprise-push in the place of {plugin}, translated from {} by `enterprise-push convert`. \
         CHANGE marks what needs a value of yours. enterprise-push.conf explains every option, and has the broker's own settings.",
        file.escape_debug()
    );
    comment(&mut lines, &head, "");
    lines.extend([String::new(), format!("plugin {PLUGIN}")]);
    for line in &draft.lines {
        lines.push(String::new());
        comment(&mut lines, &line.comment, "");
        let mark = if line.perhaps { "#" } else { "" };
        lines.push(format!("{mark}plugin_opt_{} {}", line.option, line.value));
    }
    title(&mut lines, "What is left to do");
    for (at, text) in draft.todo.iter().enumerate() {
        comment(&mut lines, &format!("{}. {text}", at + 1), "   ");
    }
    if !draft.without.is_empty() {
        title(&mut lines, "What has no counterpart");
        for (reason, names) in &draft.without {
            comment(
                &mut lines,
                &format!("- {}: {reason}.", names.join(", ")),
                "  ",
            );
        }
    }
    if !draft.unknown.is_empty() {
        title(
            &mut lines,
            &format!("What {plugin} does not know either, by its documentation"),
        );
        comment(
            &mut lines,
            &format!("- {}", draft.unknown.join(", ").escape_debug()),
            "  ",
        );
    }
    lines.join("\n")
}

fn title(lines: &mut Vec<String>, text: &str) {
    lines.extend([String::new(), format!("# {text}:")]);
}

/// Wrapped at spaces; `indent` begins all lines but the first.
fn comment(lines: &mut Vec<String>, text: &str, indent: &str) {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            lines.push(format!("# {line}"));
            line = indent.to_owned();
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(format!("# {line}"));
}
