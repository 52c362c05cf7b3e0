//! What several targets need: input taken apart, and MQTT's rules word by word.

pub mod engine;

/// The input as text; what is no UTF-8 ends the case.
pub fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

/// The first line, and all after it.
pub fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// The first byte as a number, and all after it.
pub fn first_byte(data: &[u8]) -> (usize, &[u8]) {
    match data.split_first() {
        Some((byte, rest)) => (usize::from(*byte), rest),
        None => (0, &[]),
    }
}

/// Whether a filter matches a topic name, as MQTT 5 says it in 4.7, on whole lists of levels.
pub fn matches(filter: &str, topic: &str) -> bool {
    let levels: Vec<&str> = filter.split('/').collect();
    let names: Vec<&str> = topic.split('/').collect();
    if matches!(levels[0], "+" | "#") && names[0].starts_with('$') {
        return false;
    }
    let same = |levels: &[&str], names: &[&str]| {
        let mut pairs = levels.iter().zip(names);
        pairs.all(|(level, name)| *level == "+" || level == name)
    };
    match levels.split_last() {
        Some((&"#", head)) => names.len() >= head.len() && same(head, &names[..head.len()]),
        _ => names.len() == levels.len() && same(&levels, &names),
    }
}

/// Every topic name of at most so many levels over these names; at most `most` of them.
pub fn topics(names: &[&str], levels: usize, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut last = vec![None::<String>];
    for _ in 0..levels {
        let longer = last.iter().flat_map(|head| {
            names.iter().map(move |name| match head {
                Some(head) => format!("{head}/{name}"),
                None => (*name).to_owned(),
            })
        });
        last = longer.take(most).map(Some).collect();
        all.extend(last.iter().flatten().cloned());
        if all.len() >= most {
            break;
        }
    }
    all.retain(|topic| !topic.is_empty());
    all.truncate(most);
    all
}
