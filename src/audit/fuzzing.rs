//! A door for `fuzz/`: a record as the line that goes to disk.

use super::line::Lines;
use crate::engine::Record;

/// The line of one record, without its end.
pub fn line(node: &str, start_ms: u64, record: &Record) -> String {
    Lines::new(node, start_ms).line(record)
}
