//! What the broker's thread counts, brought to those who ask: to the worker's metrics once a second, and as retained
//! messages below `$SYS/broker/enterprise-push/` every ten.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use super::{Host, Plugin};
use crate::engine::{Effect, Engine, Figures, Level, Publication};
use crate::metrics::{Counted, DecisionTimes, Shared};

/// How often the worker gets new figures.
const SHARING: Duration = Duration::from_secs(1);
/// How often `$SYS` does, as the broker's own figures by default (`sys_interval`).
const TELLING: Duration = Duration::from_secs(10);
/// How often the log says that notices are left out.
const COMPLAINING: Duration = Duration::from_secs(600);
/// Of so many decisions one is timed.
const TIMED_OF: u32 = 1024;
/// Where they are told.
pub(super) const SYS: &str = "$SYS/broker/enterprise-push";

/// What is shared, and when it last was.
pub(super) struct Watch {
    shared: Arc<Mutex<Shared>>,
    counted: Counted,
    decisions: Cell<u32>,
    times: Cell<DecisionTimes>,
    shared_at: Cell<Duration>,
    told_at: Cell<Duration>,
    told: RefCell<HashMap<&'static str, u64>>,
    /// Notices left out of what is kept over restarts, as the log said last, and when it may speak of them again.
    left_out: Cell<(u64, Duration)>,
}

impl Watch {
    pub(super) fn new(shared: Arc<Mutex<Shared>>, counted: Counted) -> Watch {
        Watch {
            shared,
            counted,
            decisions: Cell::new(0),
            times: Cell::default(),
            shared_at: Cell::new(Duration::ZERO),
            told_at: Cell::new(Duration::ZERO),
            told: RefCell::default(),
            left_out: Cell::default(),
        }
    }

    /// Decides, and now and then looks how long that took.
    pub(super) fn timed<R>(&self, decide: impl FnOnce() -> R) -> R {
        let number = self.decisions.get().wrapping_add(1);
        self.decisions.set(number);
        let began = number.is_multiple_of(TIMED_OF).then(Instant::now);
        let decided = decide();
        if let Some(began) = began {
            self.book(began);
        }
        decided
    }

    #[cold]
    fn book(&self, began: Instant) {
        let mut times = self.times.get();
        times.book(began.elapsed());
        self.times.set(times);
    }
}

impl<H: Host> Plugin<H> {
    /// Shares and tells what is due; gives what is to be published.
    pub(super) fn share_figures(&self, watch: &Watch, mono: Duration) -> Vec<Effect> {
        if mono < watch.shared_at.get() + SHARING {
            return Vec::new();
        }
        watch.shared_at.set(mono);
        self.remind_of_shadow(mono);
        let figures = self.with_engine(|engine: &mut Engine| engine.figures());
        if let Some(more) = watch.newly_left_out(&figures, mono) {
            let text = format!(
                "{more} notices for absent devices found no room among those that are kept over restarts (1,000 for each \
                 device, 4 million in all): after a restart they come only if the broker has written them"
            );
            self.log(Level::Warning, &text);
        }
        let told = if mono < watch.told_at.get() + TELLING {
            Vec::new()
        } else {
            watch.told_at.set(mono);
            watch.tell(&figures)
        };
        let times = watch.times.get();
        let shared = Shared { figures, times };
        *watch.shared.lock().unwrap_or_else(PoisonError::into_inner) = shared;
        told
    }
}

impl Watch {
    /// How many notices were left out since the log said so, when it is time to say it again.
    fn newly_left_out(&self, figures: &Figures, mono: Duration) -> Option<u64> {
        let (told, not_before) = self.left_out.get();
        let more = figures.waiting_notices_left_out.saturating_sub(told);
        if more == 0 || mono < not_before {
            return None;
        }
        let told = (figures.waiting_notices_left_out, mono + COMPLAINING);
        self.left_out.set(told);
        Some(more)
    }

    /// What has changed since it was last told.
    fn tell(&self, figures: &Figures) -> Vec<Effect> {
        let mut told = self.told.borrow_mut();
        let mut effects = Vec::new();
        for (name, value) in self.values(figures) {
            if told.insert(name, value) != Some(value) {
                effects.push(Effect::Publish(Publication {
                    to: None,
                    topic: format!("{SYS}/{name}"),
                    payload: value.to_string().into_bytes(),
                    qos: 0,
                    retain: true,
                    expiry_s: 0,
                }));
            }
        }
        effects
    }

    fn values(&self, figures: &Figures) -> [(&'static str, u64); 19] {
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let gauge = |n: i64| u64::try_from(n).unwrap_or_default();
        let counts = &figures.counts;
        let denied: u64 = counts.decisions.each.iter().map(|[_, no]| no).sum();
        let stalled = u64::try_from(counts.stalled.as_millis()).unwrap_or(u64::MAX);
        [
            ("sessions", number(figures.sessions)),
            ("logins/announced", counts.granted_announced),
            ("logins/introspected", counts.granted_introspected),
            ("logins/refused", counts.refused.values().sum()),
            ("logins/pending", number(figures.pending_logins)),
            ("tokens/known", number(figures.known_tokens)),
            ("stall/ms", stalled),
            ("decisions/denied", denied),
            ("notices", counts.notices),
            ("notices/waiting", number(figures.waiting_notices)),
            ("directory/users", number(figures.users)),
            ("directory/groups", number(figures.groups)),
            ("directory/complete", u64::from(figures.is_complete)),
            ("feed/live", u64::from(figures.feed_live)),
            ("feed/losses", counts.feed_lost),
            ("static-service/reachable", u64::from(figures.reachable)),
            ("shadow", u64::from(figures.shadow)),
            ("audit/dropped", self.counted.audit_dropped.get()),
            (
                "audit/spool-bytes",
                gauge(self.counted.audit_spool_bytes.get()),
            ),
        ]
    }
}
