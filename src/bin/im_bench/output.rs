//! What is said: progress to standard error, the report to standard output.
#![allow(clippy::print_stderr, clippy::print_stdout)]

/// A line for whoever watches.
pub(crate) fn progress(line: &str) {
    eprintln!("im-bench: {line}");
}

/// The report.
pub(crate) fn publish(report: &str) {
    print!("{report}");
}
