//! How far a transfer is, as its command shows it: a bar on a terminal, lines for programs.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;
use crate::report::{Progress, Report};
use crate::sanitise::sanitise;
use crate::transfer::Throttle;

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
const TEMPLATE_WITHOUT_TOTAL: &str = "{msg} {spinner} {bytes} {binary_bytes_per_sec}";

/// Shows one transfer.
pub(super) struct Meter<'a> {
    output: &'a mut Output,
    upload: bool,
    name: &'a str,
    bar: ProgressBar,
    throttle: Throttle,
}

impl<'a> Meter<'a> {
    pub(super) fn new(output: &'a mut Output, upload: bool, name: &'a str) -> Self {
        let bar = if output.is_json() || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::no_length().with_message(sanitise(name))
        };
        Meter {
            output,
            upload,
            name,
            bar,
            throttle: Throttle::default(),
        }
    }

    /// So many bytes are done.
    pub(super) fn moved(&mut self, bytes: u64, total: Option<u64>) {
        if self.bar.length() != total {
            self.set_total(total);
        }
        self.bar.set_position(bytes);
        if self.output.is_json() && (self.throttle.is_due() || total == Some(bytes)) {
            let (upload, name) = (self.upload, self.name);
            // A reader that has gone away is noticed when the end is told.
            let _ = self.output.report(&Report::Progress(Progress {
                upload,
                name,
                bytes,
                total,
            }));
        }
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }

    fn set_total(&self, total: Option<u64>) {
        let template = match total {
            Some(total) => {
                self.bar.set_length(total);
                TEMPLATE
            }
            None => TEMPLATE_WITHOUT_TOTAL,
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_well_formed() {
        for template in [TEMPLATE, TEMPLATE_WITHOUT_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
