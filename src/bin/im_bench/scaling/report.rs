//! What things cost at every size, as tables, and what the curves are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::{Dimension, ScalingArgs};
use super::curve::{Curve, Entry, What};
use super::fit::Verdict;
use super::stand::Subject;
use crate::findings::Findings;
use crate::report::spread;
use crate::stats::median_and_spread;

/// All of it.
#[derive(Debug)]
pub(crate) struct ScalingReport {
    broker: String,
    rounds: u32,
    dimensions: Vec<Dimension>,
    entries: Vec<Entry>,
}

impl ScalingReport {
    pub(super) fn new(args: &ScalingArgs) -> ScalingReport {
        ScalingReport {
            broker: args.broker.clone(),
            rounds: args.rounds,
            dimensions: args.dimensions.clone(),
            entries: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(super) fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    pub(super) fn curve(&self, dimension: Dimension, what: What, subject: Subject) -> Curve {
        Curve::new(&self.entries, dimension, what, subject)
    }

    fn curves(&self) -> impl Iterator<Item = Curve> {
        self.dimensions.iter().flat_map(move |dimension| {
            What::ALL.into_iter().flat_map(move |what| {
                let of = move |subject| self.curve(*dimension, what, subject);
                Subject::ALL.into_iter().map(of)
            })
        })
    }

    /// The costs against one dimension.
    fn cost_table(&self, dimension: Dimension) -> String {
        let mut text = format!(
            "\n| {} | login, bare | login, plugin | x bare | message, bare | message, plugin | x bare |\n\
             |---|---|---|---|---|---|---|\n",
            dimension.unit()
        );
        let pairs = What::ALL.map(|what| {
            let of = |subject| self.curve(dimension, what, subject);
            (of(Subject::Bare), of(Subject::Plugin))
        });
        let sizes = pairs.first().map_or(&[][..], |(bare, _)| &bare.places);
        for (at, size) in sizes.iter().enumerate() {
            let mut cells = vec![size.size.to_string()];
            for (bare, plugin) in &pairs {
                let rounds = |curve: &Curve| {
                    let place = curve.places.get(at);
                    place.map_or(String::new(), |place| spread(&place.rounds, 2))
                };
                let ratios = plugin.ratios(bare);
                cells.push(rounds(bare));
                cells.push(rounds(plugin));
                cells.push(spread(ratios.get(at).map_or(&[], Vec::as_slice), 2));
            }
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
        text
    }

    fn verdict_table(&self) -> String {
        let mut text = String::from(
            "\n### Flat, logarithmic or linear\n\n\
             Of the medians. *Flat*: the largest is within 1.3 of the smallest. Otherwise `a`, `a + b log10 x` and `a + b x` are fitted by least squares, and the \
             logarithm or the line, whichever leaves less, is believed if it leaves at most half of what the constant leaves; else the curve is *scattered*. \
             `left`: root mean square of what each leaves, in us.\n\n\
             | against | cost of a | subject | largest / smallest | left: constant | logarithm | line | verdict | adds |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for curve in self.curves() {
            let (dimension, what) = (curve.dimension.unit(), curve.what.name());
            let subject = curve.subject.name();
            let Some(fit) = curve.fit() else {
                let _ = writeln!(
                    text,
                    "| {dimension} | {what} | {subject} | | | | | no curve | |"
                );
                continue;
            };
            let [constant, logarithm, line] = fit.residuals;
            let adds = match fit.verdict {
                Verdict::Flat | Verdict::Scattered => String::new(),
                Verdict::Logarithmic(_) => format!("{:+.2} us for ten times as many", fit.step),
                Verdict::Linear(_) => format!("{:+.3} us for a thousand more", fit.step * 1e3),
            };
            let _ = writeln!(
                text,
                "| {dimension} | {what} | {subject} | {:.2} | {constant:.2} | {logarithm:.2} | {line:.2} | **{}** | {adds} |",
                fit.span, fit.verdict
            );
        }
        text
    }
}

impl Findings for ScalingReport {
    fn markdown(&self) -> String {
        let mut text = format!(
            "### What a login and a message cost, Mosquitto {}\n\n\
             The broker's processor time in microseconds: for a login with its logout, and for a message of 64 bytes at QoS 0, of groups for each delivery. \
             Median (least to most) of {} rounds; in each, a new bare broker and a new one with the plugin take turns at every size. `x bare`: of the same round.\n",
            self.broker, self.rounds
        );
        for dimension in &self.dimensions {
            text.push_str(&self.cost_table(*dimension));
        }
        text + &self.verdict_table()
    }

    fn csv(&self) -> String {
        let mut text = String::from(
            "broker,dimension,size,round,subject,login_us,message_us,deliveries,lost,surplus,failed_logins\n",
        );
        for entry in &self.entries {
            let (cost, talked) = (&entry.cost, &entry.cost.talked);
            let _ = writeln!(
                text,
                "{},{},{},{},{},{:.3},{:.3},{},{},{},{}",
                self.broker,
                entry.dimension.name(),
                entry.size,
                entry.round,
                entry.subject.name(),
                cost.login_us,
                cost.message_us,
                talked.delivered,
                talked.lost,
                talked.surplus,
                cost.failed_logins
            );
        }
        text
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let curve = |curve: Curve| {
            let places = curve.places.iter().map(|place| {
                let median = median_and_spread(&place.rounds).map(|all| all.0);
                json!({"size": place.size, "median_us": median, "rounds_us": place.rounds})
            });
            let fit = curve.fit().map(|fit| {
                json!({
                    "verdict": fit.verdict.to_string(), "largest_by_smallest": fit.span,
                    "residuals_us": {
                        "constant": fit.residuals[0], "logarithmic": fit.residuals[1], "linear": fit.residuals[2],
                    },
                    "step_us": fit.step,
                })
            });
            json!({
                "dimension": curve.dimension.name(), "cost": curve.what.name(), "subject": curve.subject.name(),
                "places": places.collect::<Vec<_>>(), "fit": fit,
            })
        };
        json!({
            "head": head.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "broker": self.broker,
            "curves": self.curves().map(curve).collect::<Vec<_>>(),
        })
    }

    fn complaints(&self) -> Vec<String> {
        let wrong = |entry: &Entry| {
            let (cost, talked) = (&entry.cost, &entry.cost.talked);
            let counts = [
                (talked.lost, "messages lost"),
                (talked.surplus, "messages too many"),
                (cost.failed_logins, "logins failed"),
            ];
            let (dimension, size) = (entry.dimension.unit(), entry.size);
            let (round, subject) = (entry.round, entry.subject.name());
            counts
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(move |(number, what)| {
                    format!("{size} {dimension}, {subject}, round {round}: {number} {what}")
                })
        };
        self.entries.iter().flat_map(wrong).collect()
    }
}

#[cfg(test)]
mod tests;
