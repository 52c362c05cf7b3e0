//! Reads the installed Mosquitto headers (bindgen) and builds the weak-symbol shim (cc).
//!
//! `MOSQUITTO_INCLUDE_DIR` names another folder of headers than the system's.

// What a build script prints to stderr is what cargo shows when it fails.
#![allow(clippy::print_stderr)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::exit;

const NEEDED: &str = "mosquitto.h";

fn main() {
    for file in [
        "include/wrapper.h",
        "include/compat.h",
        "include/shim.h",
        "src/ffi/shim.c",
    ] {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rerun-if-env-changed=MOSQUITTO_INCLUDE_DIR");
    let headers = header_folder();
    bind(&headers);
    compile_shim(&headers);
}

/// The folder that holds Mosquitto's headers, or an end with the names of the packages.
fn header_folder() -> PathBuf {
    let candidates = match env::var_os("MOSQUITTO_INCLUDE_DIR") {
        Some(folder) => vec![PathBuf::from(folder)],
        None => vec![
            PathBuf::from("/usr/include"),
            PathBuf::from("/usr/local/include"),
        ],
    };
    for folder in &candidates {
        if folder.join(NEEDED).is_file() && has_plugin_header(folder) {
            println!("cargo:rerun-if-changed={}", folder.join(NEEDED).display());
            return folder.clone();
        }
    }
    eprintln!(
        "Mosquitto's plugin headers are in none of {candidates:?}.\n\
         Install the Debian packages mosquitto-dev and libmosquitto-dev (scripts/test.sh and \
         scripts/demo.sh do), or set MOSQUITTO_INCLUDE_DIR."
    );
    exit(1);
}

fn has_plugin_header(folder: &Path) -> bool {
    ["mosquitto_plugin.h", "mosquitto/broker_plugin.h"]
        .iter()
        .any(|h| folder.join(h).is_file())
}

fn bind(headers: &Path) {
    let bindings = bindgen::Builder::default()
        .header("include/wrapper.h")
        .clang_arg("-Iinclude")
        .clang_arg(format!("-I{}", headers.display()))
        .allowlist_type(
            "mosquitto_(opt|acl_msg|evt_(acl_check|basic_auth|control|disconnect|message|reload))|mep_.*",
        )
        .allowlist_function("mep_.*")
        .allowlist_var("MOSQ_(ACL|LOG|ERR|EVT)_.*|LIBMOSQUITTO_(MAJOR|MINOR|REVISION)|mep_.*")
        .allowlist_type("mosq_err_t|mosquitto_plugin_event")
        .opaque_type("mosquitto|mqtt5__property")
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(false)
        .layout_tests(false)
        .generate_comments(false)
        .rust_edition(bindgen::RustEdition::Edition2024)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate();
    let bindings = match bindings {
        Ok(bindings) => bindings,
        Err(error) => {
            eprintln!(
                "bindgen could not read Mosquitto's headers in {}: {error}",
                headers.display()
            );
            exit(1);
        }
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bindings
        .write_to_file(out.join("host.rs"))
        .expect("OUT_DIR is writable");
}

fn compile_shim(headers: &Path) {
    cc::Build::new()
        .file("src/ffi/shim.c")
        .include("include")
        .include(headers)
        .std("gnu11")
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(false)
        .compile("mep_shim");
}
