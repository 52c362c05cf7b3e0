//! A broker's files in a folder of their own, and the program run on them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_enterprise-push");
const SHIPPED: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/mosquitto-conf/enterprise-push.conf"
));
/// The broker's secret, which nothing may show.
pub(crate) const SECRET: &str = "s3cr3t-of-the-broker";
pub(crate) const SERVICE: &str = "https://static.example.com";

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The lines of a level.
    pub(crate) fn lines(&self, level: &str) -> Vec<&str> {
        let lines = self.out.lines();
        lines.filter(|line| line.starts_with(level)).collect()
    }

    /// The line of a level that holds a text.
    pub(crate) fn line(&self, level: &str, text: &str) -> &str {
        let found = self
            .lines(level)
            .into_iter()
            .find(|line| line.contains(text));
        found.unwrap_or_else(|| panic!("no {level} with `{text}`:\n{}{}", self.out, self.err))
    }
}

/// The files: `mosquitto.conf`, which includes `conf.d`, where the shipped configuration lies, its secret, its plugin.
pub(crate) struct Installation {
    folder: TempDir,
}

impl Installation {
    /// The shipped configuration, put to use.
    pub(crate) fn new() -> Installation {
        let folder = tempfile::tempdir().expect("a folder");
        let installation = Installation { folder };
        let conf_d = installation.path("conf.d");
        fs::create_dir(&conf_d).expect("a folder");
        fs::create_dir(installation.path("state")).expect("a folder");
        installation.write("libmosquitto_enterprise_push.so", "not read here", 0o644);
        installation.write("enterprise-push.secret", SECRET, 0o400);
        installation.write(
            "conf.d/enterprise-push.conf",
            &installation.shipped(),
            0o644,
        );
        let main = format!("user {}\ninclude_dir {}\n", user_name(), conf_d.display());
        installation.write("mosquitto.conf", &main, 0o644);
        installation
    }

    fn shipped(&self) -> String {
        let state = format!("\nplugin_opt_state_dir {}\n", self.path("state").display());
        SHIPPED
            .replace("/usr/lib/mosquitto-enterprise-push", &self.shown())
            .replace("/etc/mosquitto", &self.shown())
            .replace(
                "\n#plugin_opt_state_dir /var/lib/mosquitto/enterprise-push\n",
                &state,
            )
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn shown(&self) -> String {
        self.folder.path().display().to_string()
    }

    pub(crate) fn conf(&self) -> String {
        self.path("mosquitto.conf").display().to_string()
    }

    pub(crate) fn write(&self, name: &str, text: &str, mode: u32) {
        let file = self.path(name);
        let _ = fs::remove_file(&file);
        fs::write(&file, text).expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("modes");
    }

    /// Puts one text for another in the plugin's configuration.
    pub(crate) fn change(&self, from: &str, to: &str) {
        let file = "conf.d/enterprise-push.conf";
        let text = fs::read_to_string(self.path(file)).expect("the configuration");
        assert!(text.contains(from), "{from} does not stand in it");
        self.write(file, &text.replace(from, to), 0o644);
    }

    /// Adds lines to the plugin's configuration.
    pub(crate) fn add(&self, lines: &str) {
        let file = "conf.d/enterprise-push.conf";
        let text = fs::read_to_string(self.path(file)).expect("the configuration");
        self.write(file, &format!("{text}\n{lines}\n"), 0o644);
    }

    /// A copy of a directory with these lines, true after event 7.
    pub(crate) fn copy(&self, entries: &[&str]) {
        write_copy(&self.path("state"), entries);
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        run(self.folder.path(), words)
    }

    /// `check --offline`, with further words.
    pub(crate) fn check(&self, words: &[&str]) -> Done {
        let conf = self.conf();
        let done = self.run(&[&["check", "--offline", &conf], words].concat());
        assert!(
            !done.out.contains(SECRET) && !done.err.contains(SECRET),
            "{done:?}"
        );
        done
    }
}

/// Runs the program in a folder.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Done {
    let mut command = Command::new(PROGRAM);
    command.args(words).current_dir(folder);
    command.env_remove("ENTERPRISE_PUSH_TOKEN");
    let output = command.output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Done {
        status: output.status.code().expect("an exit status"),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// As the plugin writes it: a head, the lines, their SHA-256.
pub(crate) fn write_copy(folder: &Path, entries: &[&str]) {
    let mut text = format!("enterprise-push-directory-1 {SERVICE} 7\n");
    for entry in entries {
        text.push_str(entry);
        text.push('\n');
    }
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(folder.join("directory"), format!("{text}{hex}\n")).expect("a copy");
}

/// Who runs the test.
pub(crate) fn user_name() -> String {
    let output = Command::new("id").arg("-un").output().expect("id runs");
    String::from_utf8(output.stdout)
        .expect("a name")
        .trim()
        .to_owned()
}
