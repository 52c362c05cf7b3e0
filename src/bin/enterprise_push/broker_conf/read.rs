//! From files to lines.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::{BrokerConf, Place, Setting};

/// Reads the main file.
pub(super) fn main_file(file: &Path, conf: &mut BrokerConf) -> std::io::Result<()> {
    let bytes = std::fs::read(file)?;
    take(&file.into(), &bytes, true, conf);
    Ok(())
}

fn take(file: &Rc<Path>, bytes: &[u8], is_main: bool, conf: &mut BrokerConf) {
    let text = String::from_utf8_lossy(bytes);
    for (at, line) in text.split('\n').enumerate() {
        let place = Place {
            file: Rc::clone(file),
            line: at + 1,
        };
        let Some((name, value)) = name_and_value(line) else {
            continue;
        };
        if name == "include_dir" {
            include(value, place, is_main, conf);
            continue;
        }
        let value = value.trim_matches([' ', '\t']).to_owned();
        let name = name.to_owned();
        conf.settings.push(Setting { place, name, value });
    }
}

/// The first word and what follows the one space after it.
fn name_and_value(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_end_matches('\r');
    if line.starts_with('#') {
        return None;
    }
    let line = line.trim_start_matches(' ');
    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
    (!name.is_empty()).then_some((name, value))
}

fn include(folder: &str, place: Place, is_main: bool, conf: &mut BrokerConf) {
    if !is_main {
        conf.complain(
            place,
            "include_dir counts in the main file only: Mosquitto refuses it here",
        );
        return;
    }
    // Mosquitto trims nothing here.
    let files = match files_of(Path::new(folder)) {
        Ok(files) => files,
        Err(error) => {
            conf.complain(
                place,
                format!("include_dir `{folder}`: {error}: Mosquitto does not start"),
            );
            return;
        }
    };
    for file in files {
        match std::fs::read(&file) {
            Ok(bytes) => take(&Rc::from(file), &bytes, false, conf),
            Err(error) => conf.complain(
                place.clone(),
                format!(
                    "included file `{}`: {error}: Mosquitto does not start",
                    file.display()
                ),
            ),
        }
    }
}

/// `*.conf`, in Mosquitto's order.
fn files_of(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy().into_owned();
        if text.len() > ".conf".len() && text.ends_with(".conf") {
            names.push((text, name));
        }
    }
    names.sort_by(|(a, _), (b, _)| order(a, b));
    Ok(names
        .into_iter()
        .map(|(_, name)| folder.join(name))
        .collect())
}

/// Byte by byte; of two letters that differ in case alone the capital comes first.
fn order(a: &str, b: &str) -> Ordering {
    let differ = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    differ.map_or_else(
        || a.len().cmp(&b.len()),
        |(a, b)| {
            let letters = a.to_ascii_uppercase().cmp(&b.to_ascii_uppercase());
            letters.then(a.cmp(&b))
        },
    )
}
