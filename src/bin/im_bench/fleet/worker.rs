//! A worker: this program once more, which logs its share of the users in and lets them talk, as it is told on
//! standard input. It ends with its input.

use std::cell::RefCell;
use std::io::{BufRead as _, Write as _};
use std::rc::Rc;

use anyhow::{Context, bail};
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::hall::Hall;
use super::logins::Members;
use super::orders::{Order, Reply};
use super::talk::Phase;

/// Takes orders until there are no more.
pub(crate) fn serve() -> anyhow::Result<()> {
    let (tell, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
        // Whoever gave the orders is gone, whatever is under way.
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, obey(orders))
}

async fn obey(mut orders: mpsc::UnboundedReceiver<String>) -> anyhow::Result<()> {
    let mut worker = Worker::default();
    while let Some(line) = orders.recv().await {
        let order = serde_json::from_str(&line).context("not an order")?;
        let answer = worker.carry_out(order).await?;
        reply(&answer)?;
    }
    Ok(())
}

fn reply(reply: &Reply) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}

#[derive(Default)]
struct Worker {
    members: Option<Rc<Members>>,
    phase: Option<Phase>,
}

impl Worker {
    async fn carry_out(&mut self, order: Order) -> anyhow::Result<Reply> {
        match order {
            Order::Begin { .. } => self.begin(order)?,
            Order::LogIn {
                numbers,
                way,
                at_once,
            } => {
                // If nobody listens any more, the input ends, too.
                let so_far = |done| drop(reply(&Reply::SoFar(done)));
                let logins = self.members()?.log_in(numbers, way, at_once, so_far);
                return Ok(Reply::LoggedIn(logins.await?));
            }
            Order::LogOut { numbers } => self.members()?.log_out(&numbers).await?,
            Order::Prepare(plan) => self.phase = Some(Phase::prepare(plan, &*self.members()?)),
            Order::Go { start } => {
                let phase = self.phase.as_mut();
                phase.context("nothing is prepared")?.go(start).await;
            }
            Order::Tell => {
                let phase = self.phase.take().context("nothing is prepared")?;
                return Ok(Reply::Talked(phase.reply()));
            }
        }
        Ok(Reply::Done)
    }

    fn members(&self) -> anyhow::Result<Rc<Members>> {
        self.members.clone().context("no users yet")
    }

    fn begin(&mut self, order: Order) -> anyhow::Result<()> {
        let Order::Begin {
            worker,
            of,
            census,
            service,
            kept,
        } = order
        else {
            bail!("not a beginning");
        };
        let mut kept: Vec<_> = kept
            .into_iter()
            .map(|kept| RefCell::new(Some(kept)))
            .collect();
        // The typists have nothing yet.
        kept.resize_with((census.everybody().end / of) as usize + 1, RefCell::default);
        self.members = Some(Rc::new(Members {
            worker,
            of,
            census,
            service,
            kept,
            hall: Rc::new(Hall::new()),
        }));
        Ok(())
    }
}
