//! TCP segments of a connection, as the kernel counts them: `tcpi_segs_out` and `tcpi_segs_in` of tcp(7)'s TCP_INFO, as
//! ss(8) prints them. Reading TCP_INFO from here would take `unsafe`.

use std::process::{Command, Stdio};

/// Segments both ways of the connection from this port of ours; `None` without `ss`.
pub(super) fn of(local_port: u16) -> Option<u64> {
    let shown = Command::new("ss")
        .args(["-Htin", &format!("sport = :{local_port}")])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    both_ways(&String::from_utf8_lossy(&shown.stdout))
}

fn both_ways(shown: &str) -> Option<u64> {
    let count = |name: &str| -> Option<u64> {
        let mut words = shown.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.parse().ok())
    };
    Some(count("segs_out:")? + count("segs_in:")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_found_among_what_ss_shows() {
        let shown = "ESTAB 0 0 127.0.0.1:5 127.0.0.1:6\n\t cubic rto:204 bytes_sent:9 segs_out:7 segs_in:5 \
                     data_segs_out:3 data_segs_in:2 rcv_space:65483\n";
        assert_eq!(both_ways(shown), Some(12));
        assert_eq!(both_ways("ESTAB 0 0\n\t cubic segs_out:7\n"), None);
        assert_eq!(both_ways(""), None);
    }
}
