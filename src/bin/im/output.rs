//! The only place that prints. A line is out (flushed) when its function returns.

use std::io::{self, Write};

use crate::failure::Failure;
use crate::names::Names;
use crate::report::Report;
use crate::sanitise::sanitise;
use crate::{report_json, report_text};

/// Standard output in one of two forms.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    names: Names,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let names = Names::default();
        Output { json, names }
    }

    /// Calls users by these names from now on.
    pub(crate) fn set_names(&mut self, names: Names) {
        self.names = names;
    }

    /// Whether a program reads it.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Writes one line. Progress is for programs: people see a bar.
    pub(crate) fn report(&mut self, report: &Report<'_>) -> Result<(), Failure> {
        let line = match (self.json, report) {
            (true, report) => report_json::line(report, &self.names).to_string(),
            (false, Report::Progress(_)) => return Ok(()),
            (false, report) => report_text::line(report, &self.names),
        };
        write_line(&mut io::stdout().lock(), &line).map_err(Failure::Output)
    }

    /// Asks a person, on a line that the answer completes.
    pub(crate) fn ask(&mut self, question: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(question.as_bytes())
            .and_then(|()| out.flush())
            .map_err(Failure::Output)
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
