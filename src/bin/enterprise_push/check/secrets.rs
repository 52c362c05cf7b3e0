//! What should be known to the broker alone: its secret, and the key of its certificate.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mosquitto_enterprise_push::config::{SecretSource, Settings};

use super::access::modes;
use super::files::Files;
use super::finding::Findings;

/// Bits that let others than owner and group read, and others than the owner write.
const READ_BY_OTHERS: u32 = 0o004;
const WRITTEN_BY_OTHERS: u32 = 0o022;

pub(super) fn judge(files: &Files<'_>, settings: &Settings, findings: &mut Findings) {
    match &settings.client_secret {
        SecretSource::File(file) => {
            if judge_modes(files, "client_secret_file", file, findings) {
                judge_content(files, &settings.client_secret, findings);
            }
        }
        SecretSource::Inline(_) => {
            findings
                .warning("plugin_opt_client_secret", "the secret itself stands in the configuration")
                .todo("put it into a file that only the broker's user may read, and name that by plugin_opt_client_secret_file")
                .at(files.place("client_secret"));
        }
    }
    if let Some(identity) = &settings.client_identity {
        judge_modes(files, "client_key_file", &identity.key_file, findings);
    }
}

/// False where the file is not there, which is told elsewhere.
fn judge_modes(files: &Files<'_>, option: &str, file: &Path, findings: &mut Findings) -> bool {
    let Ok(meta) = std::fs::metadata(file) else {
        return false;
    };
    let about = format!("plugin_opt_{option}");
    let shown = file.display();
    let what = if meta.mode() & READ_BY_OTHERS != 0 {
        "everybody on this machine may read"
    } else if meta.mode() & WRITTEN_BY_OTHERS != 0 {
        "others than its owner may write"
    } else {
        return true;
    };
    findings
        .warning(&about, format!("{what} `{shown}` ({})", modes(&meta)))
        .todo(format!(
            "chmod 0400 {shown}, or 0440 where the broker's user reads it by its group"
        ))
        .at(files.place(option));
    true
}

/// That there is one line in it.
fn judge_content(files: &Files<'_>, source: &SecretSource, findings: &mut Findings) {
    // One that cannot be opened is told elsewhere.
    let SecretSource::File(file) = source else {
        return;
    };
    if std::fs::File::open(file).is_err() {
        return;
    }
    if let Err(error) = source.read() {
        findings
            .error("plugin_opt_client_secret_file", error.to_string())
            .todo("the secret alone, in one line")
            .at(files.place("client_secret_file"));
    }
}
