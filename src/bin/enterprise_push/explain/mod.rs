//! `enterprise-push explain`: what somebody may do, and why: by a copy of the directory and a policy file, or by a broker
//! that runs.
//!
//! Both ask an engine of the plugin the same question and get the same JSON: offline one that is filled from the
//! copy as a broker's is when it starts, live the broker's own, by the command `explain`.

mod live;
mod offline;
mod show;
mod token;

use anyhow::{Context, bail};
use mosquitto_enterprise_push::protocol::contract::DeviceKind;
use mosquitto_enterprise_push::protocol::control::{Asked, Question};
use serde_json::Value;

use crate::cli::{Explain, Kind};
use crate::{Outcome, output};

/// Asks, and prints the answer.
pub(crate) async fn run(args: &Explain) -> anyhow::Result<Outcome> {
    let question = question(args)?;
    let answer = match &args.broker {
        Some(broker) => live::ask(args, broker, &question).await?,
        None => offline::ask(args, &question)?,
    };
    let allowed = answer.get("allowed").and_then(Value::as_bool);
    let allowed = allowed.context("the answer does not say whether it is allowed")?;
    output::line(&if args.json {
        answer.to_string()
    } else {
        show::text(&answer)
    })?;
    Ok(if allowed { Outcome::Good } else { Outcome::Bad })
}

fn question(args: &Explain) -> anyhow::Result<Question> {
    let who = args.who.clone();
    let asked = Asked::new(args.action.word(), args.topic.clone());
    Ok(Question {
        asked: match asked {
            Ok(asked) => asked,
            Err(why) => bail!(why),
        },
        kind: args.kind.map(|kind| match kind {
            Kind::Pc => DeviceKind::Pc,
            Kind::Phone => DeviceKind::Phone,
            Kind::Service => DeviceKind::Service,
        }),
        eid: who.eid,
        uid: who.uid,
        device: who.device,
    })
}
