//! A C program, compiled with `cc` against the committed header and the static library, runs all golden vectors of
//! the header, cut at every byte too. Once more under AddressSanitizer where the compiler has it.
// Helpers of tests may stop at the first surprise, too.
#![allow(clippy::indexing_slicing, clippy::panic)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where Cargo has put the library that this test was built with.
fn static_library() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let deps = test.parent().expect("its folder");
    let found = std::fs::read_dir(deps)
        .expect("the folder")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with("libmep_codec") && name.ends_with(".a"))
        });
    let newest = found.max_by_key(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok());
    newest.expect("libmep_codec.a beside the test")
}

/// The vectors as lines of words, which C reads without a parser for JSON.
fn lines() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("../../tests/vectors/header.json");
    let text = std::fs::read(file).expect("the vectors");
    let vectors: Value = serde_json::from_slice(&text).expect("JSON");
    let list = |name: &str| vectors[name].as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    // `-` stands for nothing.
    let hex = |value: &Value| {
        let hex = text(value);
        if hex.is_empty() { "-".to_owned() } else { hex }
    };
    let mut out = String::new();
    for vector in list("valid") {
        let numbers = ["mqtt_level", "direction", "content", "seq", "timestamp_ms"];
        let numbers = numbers.map(|name| vector[name].as_u64().expect("a number").to_string());
        let (bytes, source, data) = (
            hex(&vector["hex"]),
            text(&vector["source"]),
            hex(&vector["data_hex"]),
        );
        out += &format!("valid {bytes} {} {source} {data}\n", numbers.join(" "));
    }
    for vector in list("invalid") {
        out += &format!(
            "invalid {} {}\n",
            hex(&vector["hex"]),
            text(&vector["error"])
        );
    }
    for vector in list("not_encodable") {
        let numbers = ["mqtt_level", "direction", "content"];
        let numbers = numbers.map(|name| vector[name].as_u64().expect("a number").to_string());
        let source = hex(&vector["source_hex"]);
        out += &format!(
            "unencodable {} {source} {}\n",
            numbers.join(" "),
            text(&vector["error"])
        );
    }
    out
}

fn compile(out: &Path, more: &[&str]) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-g",
        ])
        .args(more)
        .arg("-I")
        .arg(root.join("../../include"))
        .arg(root.join("tests/vectors.c"))
        .arg(static_library())
        .args(["-lpthread", "-ldl", "-lm"])
        .arg("-o")
        .arg(out)
        .status();
    status.expect("a C compiler").success()
}

fn run(program: &Path) {
    let mut child = Command::new(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = lines();
    stdin.write_all(lines.as_bytes()).expect("it reads");
    drop(stdin);
    let done = child.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let want = format!("{} vectors", lines.lines().count());
    assert!(said.contains(&want), "{said}, want {want}");
}

#[test]
fn c_program_reads_and_writes_every_vector() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("vectors");
    assert!(compile(&program, &[]), "it does not compile");
    run(&program);
}

#[test]
fn c_program_touches_no_memory_that_is_not_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("vectors");
    let checks = "-fsanitize=address,undefined";
    assert!(
        compile(&program, &[checks, "-fno-sanitize-recover=all"]),
        "it does not compile"
    );
    run(&program);
}
