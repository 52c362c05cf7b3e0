//! `include/mep_codec.h` is what cbindgen makes of the source.
//!
//! To write it anew: `MEP_WRITE_HEADER=1 cargo test -p mosquitto-enterprise-push-c --test header_file`.

use std::path::Path;

#[test]
fn committed_header_is_the_generated_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("its settings");
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/c_api.rs"))
        .generate()
        .expect("a header");
    let mut generated = Vec::new();
    bindings.write(&mut generated);
    let generated = String::from_utf8(generated).expect("UTF-8");
    let file = root.join("../../include/mep_codec.h");
    if std::env::var_os("MEP_WRITE_HEADER").is_some() {
        std::fs::write(&file, &generated).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&file).expect("a committed header");
    assert_eq!(
        committed, generated,
        "include/mep_codec.h is not up to date"
    );
}
