//! What is written for a small command line.

use std::collections::BTreeSet;

use clap::{Arg, Command};

use super::*;

fn program() -> Command {
    let loud = Arg::new("loud").long("loud").help("With noise");
    Command::new("bell")
        .about("Rings")
        .subcommand(Command::new("ring").about("Ring once").arg(loud))
        .subcommand(Command::new("secret").hide(true))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn asked(words: &[&str]) -> Option<ExitCode> {
    answer(words.iter().map(OsString::from), program)
}

#[test]
fn each_command_of_the_help_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    write(program(), folder.path()).unwrap();
    let pages = folder.path().join("share/man/man1");
    let wanted = ["bell.1", "bell-ring.1"].map(str::to_owned);
    assert_eq!(names(&pages), BTreeSet::from(wanted));
    let page = fs::read_to_string(pages.join("bell-ring.1")).unwrap();
    assert!(
        page.contains("loud") && page.contains("With noise"),
        "{page}"
    );
    let shown = page.replace("\\-", "-");
    let version = concat!("mosquitto-enterprise-push ", env!("CARGO_PKG_VERSION"));
    assert!(shown.contains(version), "{page}");
}

#[test]
fn each_shell_finds_its_completions() {
    let folder = tempfile::tempdir().unwrap();
    write(program(), folder.path()).unwrap();
    for file in [
        "bash-completion/completions/bell",
        "zsh/vendor-completions/_bell",
        "fish/vendor_completions.d/bell.fish",
    ] {
        let text = fs::read_to_string(folder.path().join("share").join(file)).unwrap();
        assert!(text.contains("loud"), "{file}: {text}");
    }
}

#[test]
fn what_is_written_twice_is_the_same() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&one, &other] {
        write(program(), folder.path()).unwrap();
    }
    let page =
        |folder: &tempfile::TempDir| fs::read(folder.path().join("share/man/man1/bell.1")).unwrap();
    assert_eq!(page(&one), page(&other));
}

#[test]
fn other_command_lines_are_the_programs_own() {
    assert!(asked(&[]).is_none());
    assert!(asked(&["ring", OPTION]).is_none());
}

#[test]
fn a_folder_is_needed_and_one_that_cannot_be_made_is_told() {
    let code = |words: &[&str]| format!("{:?}", asked(words).unwrap());
    assert_eq!(code(&[OPTION]), format!("{:?}", ExitCode::from(2)));
    assert_eq!(
        code(&[OPTION, "a", "b"]),
        format!("{:?}", ExitCode::from(2))
    );
    assert_eq!(
        code(&[OPTION, "/dev/null"]),
        format!("{:?}", ExitCode::FAILURE)
    );
}
