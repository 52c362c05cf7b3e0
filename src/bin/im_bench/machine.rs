//! What machine this is, for the top of a report.

use std::fs::read_to_string;

/// One line: processor, cores, kernel.
pub(crate) fn describe() -> String {
    let cpu = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{}, {cores} cores, Linux {}",
        model(&cpu).unwrap_or("unknown processor"),
        kernel.trim()
    )
}

/// Load averages over 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    let three: Vec<&str> = text.split_whitespace().take(3).collect();
    three.join(" ")
}

fn model(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|l| l.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_is_the_first_processors() {
        let text = "processor\t: 0\nmodel name\t: A @ 2 GHz\nmodel name\t: B\n";
        assert_eq!(model(text), Some("A @ 2 GHz"));
        assert_eq!(model(""), None);
    }
}
