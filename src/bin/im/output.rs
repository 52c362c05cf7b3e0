//! The only place that prints. A line is out (flushed) when its function returns.

use std::io::{self, Write};

use crate::failure::Failure;
use crate::report::Report;
use crate::sanitise::sanitise;
use crate::{report_json, report_text};

/// Standard output in one of two forms.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Output { json }
    }

    /// Writes one line.
    pub(crate) fn report(&mut self, report: &Report<'_>) -> Result<(), Failure> {
        let line = if self.json {
            report_json::line(report).to_string()
        } else {
            report_text::line(report)
        };
        write_line(&mut io::stdout().lock(), &line).map_err(Failure::Output)
    }

    /// Tells of something that is not as it should be, though the command goes on: on standard error, and as a
    /// JSON line when those are wanted.
    pub(crate) fn warning(&mut self, text: &str) -> Result<(), Failure> {
        if self.json {
            let line = report_json::warning(text).to_string();
            write_line(&mut io::stdout().lock(), &line).map_err(Failure::Output)?;
        }
        let line = format!("im: {}", sanitise(text));
        write_line(&mut io::stderr().lock(), &line).map_err(Failure::Output)
    }

    /// Says why the command failed: on standard error, and as a JSON line when those are wanted.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        // There is nowhere left to tell that telling failed.
        if self.json {
            let _ = write_line(
                &mut io::stdout().lock(),
                &report_json::failure(failure).to_string(),
            );
        }
        let _ = write_line(
            &mut io::stderr().lock(),
            &format!("im: {}", sanitise(&failure.to_string())),
        );
    }
}

fn write_line(out: &mut impl Write, line: &str) -> io::Result<()> {
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}
