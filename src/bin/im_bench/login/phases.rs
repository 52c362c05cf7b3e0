//! The phases of one subject on one broker.

use super::*;

impl Stand<'_> {
    pub(crate) fn storm(&self, kind: Kind, name: &str) -> Storm {
        Storm {
            kind,
            per_second: f64::from(self.bench.args.logins),
            time: self.bench.args.seconds,
            to: self.broker.addresses(),
            name: format!("{name}{}-", self.phases),
        }
    }

    pub(crate) fn service(&self) -> anyhow::Result<&Service> {
        self.service.as_ref().context("no static service here")
    }

    pub(crate) fn quiet(&mut self, name: &str) -> anyhow::Result<Row> {
        self.during(name, Vec::new())
    }

    pub(super) fn announced(&mut self) -> anyhow::Result<Row> {
        let kind = Kind::Announced(self.service()?.announcer());
        let storm = self.storm(kind, "a");
        self.during("announced tokens", vec![("announced", storm)])
    }

    pub(super) fn unknown(&mut self, delay: Duration) -> anyhow::Result<Row> {
        self.service()?.set_delay(delay);
        let storm = self.storm(Kind::Unknown, "u");
        let name = format!("unknown tokens, {} ms", delay.as_millis());
        self.during(&name, vec![("unknown", storm)])
    }

    pub(super) fn forged(&mut self) -> anyhow::Result<Row> {
        let args = self.bench.args;
        self.service()?.set_delay(FORGED_DELAY);
        let kind = Kind::Forged(Pairs::users(args.pairs).into());
        let forged = Storm {
            per_second: f64::from(args.forged),
            time: args.forged_seconds,
            ..self.storm(kind, "f")
        };
        let trickle = |kind, name| Storm {
            per_second: TRICKLE_PER_SECOND,
            time: args.forged_seconds,
            ..self.storm(kind, name)
        };
        let announced = trickle(Kind::Announced(self.service()?.announcer()), "fa");
        let unknown = trickle(Kind::Unknown, "fu");
        let storms = vec![
            ("forged", forged),
            ("announced", announced),
            ("unknown", unknown),
        ];
        self.during(&format!("{} forged logins/s", args.forged), storms)
    }

    /// The storms, and the pairs' messages meanwhile.
    pub(crate) fn during(
        &mut self,
        name: &str,
        storms: Vec<(&'static str, Storm)>,
    ) -> anyhow::Result<Row> {
        let time = storms.iter().map(|(_, storm)| storm.time).max();
        let time = time.unwrap_or(self.bench.args.seconds);
        self.measure(name, time, storms, |_| ())
            .map(|(row, ())| row)
    }

    pub(crate) fn measure<R>(
        &mut self,
        name: &str,
        time: Duration,
        storms: Vec<(&'static str, Storm)>,
        meanwhile: impl FnOnce(&mut Stand<'_>) -> R,
    ) -> anyhow::Result<(Row, R)> {
        let label = format!("{} {}: {name}", self.bench.version, self.subject);
        progress(&label);
        self.phases += 1;
        if let Some(service) = &self.service {
            let _ = service.take_asked();
        }
        let before = self.broker.usage();
        let began = Instant::now();
        let running: Vec<_> = storms
            .into_iter()
            .map(|(name, storm)| (name, storm.start(self.bench.runtime)))
            .collect();
        let schedule = Schedule::new(f64::from(self.bench.args.rate), time, self.phases.into());
        let exchange = self.pairs.begin(schedule)?;
        let done = meanwhile(self);
        let traffic = exchange.wait()?;
        let after = self.broker.usage();
        let took = began.elapsed().as_secs_f64();
        let mut logins: Vec<(&'static str, Logins)> = Vec::new();
        for (name, storm) in running {
            logins.push((name, self.bench.runtime.block_on(storm)?));
        }
        if !self.broker.is_running() {
            bail!("{label}: the broker has ended");
        }
        let (asked, asked_peak) = self.service.as_ref().map_or((0, 0), Service::take_asked);
        let row = Row {
            broker: self.bench.version.to_owned(),
            subject: self.subject,
            phase: name.to_owned(),
            traffic,
            logins,
            asked,
            asked_peak,
            cores: (after.cpu_s - before.cpu_s) / took,
            rss_bytes: after.rss_bytes,
        };
        progress(&format!("{label}: {}", row.brief()));
        Ok((row, done))
    }

    /// The static service is killed in the middle of known, unknown and forged logins.
    pub(super) fn outage(&mut self) -> anyhow::Result<(Row, Outage)> {
        self.service()?.set_delay(Duration::ZERO);
        let time = AROUND + AWAY + AROUND;
        let part = |storm: Storm| Storm {
            per_second: TRICKLE_PER_SECOND,
            time,
            ..storm
        };
        let known = part(self.storm(Kind::Unknown, "ok"));
        let unknown = part(self.storm(Kind::Unknown, "ou"));
        let real = Pairs::users(self.bench.args.pairs).into();
        let forged = part(self.storm(Kind::Forged(real), "of"));
        announce_all(self.service()?, &known.users());
        let storms = vec![("known", known), ("unknown", unknown), ("forged", forged)];
        let (row, outage) = self.measure(
            "static service killed, back after 4 s",
            time,
            storms,
            |stand| stand.kill_and_return(),
        )?;
        Ok((row, outage?))
    }

    pub(super) fn kill_and_return(&mut self) -> anyhow::Result<Outage> {
        std::thread::sleep(AROUND);
        let to = self.broker.address(1);
        let service = self.service.as_mut().context("no static service here")?;
        service.stop();
        std::thread::sleep(AWAY);
        service.resume()?;
        let back = Instant::now();
        let mut first_login = None;
        let mut feed = None;
        let mut number = 0;
        while back.elapsed() < Duration::from_secs(10) && (first_login.is_none() || feed.is_none())
        {
            if feed.is_none() && service.feeds() > 0 {
                feed = Some(back.elapsed());
            }
            if first_login.is_none() {
                number += 1;
                let user = User::new(&format!("probe{}-", self.phases), number);
                let who = Credentials::new(&user, user.token());
                if rate::comes_in(self.bench.runtime, to, &who) {
                    first_login = Some(back.elapsed());
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Outage {
            broker: self.bench.version.to_owned(),
            first_login,
            feed,
        })
    }
}
