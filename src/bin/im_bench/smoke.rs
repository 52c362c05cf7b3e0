//! The scenario `smoke`: a little of the others, within three minutes of a debug build. It fails on messages that
//! are lost or doubled and on good logins that fail, never on time.

use anyhow::Context;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cli::{LoginArgs, Place};
use crate::findings::Findings;
use crate::output::progress;
use crate::static_side::StaticArgs;
use crate::table3::Table3Args;
use crate::throughput::ThroughputArgs;
use crate::{login, static_side, table3, throughput};

/// One scenario, small.
struct Part {
    name: &'static str,
    findings: Box<dyn Findings>,
    complaints: Vec<String>,
}

/// All of them.
pub(crate) struct Smoke(Vec<Part>);

/// Runs them one after the other. A new scenario gets its line here, and its `for_smoke` beside its options.
pub(crate) fn run(place: &Place, runtime: &Runtime) -> anyhow::Result<Smoke> {
    let parts = [
        part("login", || {
            let report = login::run(&LoginArgs::for_smoke(place.clone()), runtime)?;
            let rows = report.rows.iter();
            let complaints = rows.flat_map(|row| row.complaints()).collect();
            Ok((Box::new(report), complaints))
        }),
        part("throughput", || {
            let args = ThroughputArgs::for_smoke(place.clone());
            strict(throughput::run(&args, runtime)?)
        }),
        part("static", || {
            strict(static_side::run(&StaticArgs::for_smoke(), runtime)?)
        }),
        part("table3", || {
            strict(table3::run(&Table3Args::for_smoke(place), runtime)?)
        }),
    ];
    parts.into_iter().collect::<anyhow::Result<_>>().map(Smoke)
}

type Found = (Box<dyn Findings>, Vec<String>);

fn part(name: &'static str, run: impl FnOnce() -> anyhow::Result<Found>) -> anyhow::Result<Part> {
    progress(&format!("smoke: {name}"));
    let (findings, complaints) = run().context(name)?;
    Ok(Part {
        name,
        findings,
        complaints,
    })
}

/// What a scenario complains of by itself.
fn strict(findings: impl Findings + 'static) -> anyhow::Result<Found> {
    let complaints = findings.complaints();
    Ok((Box::new(findings), complaints))
}

impl Findings for Smoke {
    fn markdown(&self) -> String {
        let texts = self.0.iter().map(|part| part.findings.markdown());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn csv(&self) -> String {
        let texts = self.0.iter().map(|part| part.findings.csv());
        texts.collect::<Vec<_>>().join("\n")
    }

    fn json(&self, head: &[(String, String)]) -> Value {
        let parts = self.0.iter();
        let parts = parts.map(|part| (part.name.to_owned(), part.findings.json(head)));
        Value::Object(parts.collect())
    }

    fn complaints(&self) -> Vec<String> {
        let each = |part: &Part| {
            let name = part.name;
            let named = part.complaints.iter();
            named
                .map(|text| format!("{name}: {text}"))
                .collect::<Vec<_>>()
        };
        self.0.iter().flat_map(each).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Findings for Nothing {
        fn markdown(&self) -> String {
            "nothing".to_owned()
        }

        fn csv(&self) -> String {
            String::new()
        }

        fn json(&self, _: &[(String, String)]) -> Value {
            Value::Null
        }

        fn complaints(&self) -> Vec<String> {
            vec!["3 messages lost".to_owned()]
        }
    }

    #[test]
    fn a_part_that_complains_is_named_and_does_not_hide_the_others() {
        let quiet = part("quiet", || Ok((Box::new(Nothing), Vec::new()))).unwrap();
        let loud = part("loud", || strict(Nothing)).unwrap();
        let smoke = Smoke(vec![quiet, loud]);
        assert_eq!(smoke.complaints(), ["loud: 3 messages lost"]);
        assert_eq!(smoke.markdown(), "nothing\nnothing");
        assert_eq!(smoke.json(&[]).as_object().unwrap().len(), 2);
    }

    #[test]
    fn a_part_that_cannot_run_is_named() {
        let broken = part("broken", || anyhow::bail!("no broker"));
        let error = broken.err().unwrap();
        assert_eq!(format!("{error:#}"), "broken: no broker");
    }
}
