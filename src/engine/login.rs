//! The decision about a login, in the order of DESIGN section 6: names first, then what is known, and
//! only then a question to the static service.

use std::time::Duration;

use super::completion::kind;
use super::limit::peer_name;
use super::stall::Waited;
use super::{AskKey, ConnKey, Engine, Now, Origin, Outcome, Refusal, token};
use crate::protocol::contract::{Grant, TokenDigest};
use crate::protocol::{SessionName, UserName};

/// With a live feed an unknown token is almost surely bad: a late announcement gets this long.
const ANNOUNCEMENT_GRACE: Duration = Duration::from_millis(10);

/// A CONNECT, as the broker shows it.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The connection.
    pub conn: ConnKey,
    /// The client id; `None` when there is none, or the broker does not show it (1.4).
    pub client_id: Option<&'a str>,
    /// The user name.
    pub username: Option<&'a str>,
    /// The password.
    pub token: Option<&'a str>,
    /// The peer's address; empty when unknown.
    pub peer: &'a str,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Let in.
    Allow,
    /// Refuse.
    Refuse(Refusal),
    /// Ask the static service.
    Ask {
        /// The question.
        key: AskKey,
        /// Whether it must be sent; otherwise it is under way.
        send: bool,
        /// What the connection does meanwhile.
        wait: Wait,
    },
}

/// What a connection does while its question is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Waits without stopping anybody; completed from TICK (2.1).
    Delayed,
    /// The broker's thread waits at most this long (2.0).
    Blocking(Duration),
    /// Not kept waiting: closed, and the retry finds the answer.
    Leave,
}

struct Claim<'a> {
    conn: ConnKey,
    client_id: &'a str,
    /// The user name as it came: well formed, and the client id's own.
    user: &'a str,
    name: UserName<'a>,
    /// `None` where the client id is not shown: then it is the token's.
    device: Option<&'a str>,
    token: &'a str,
    peer: &'a str,
}

impl<'a> Claim<'a> {
    fn read(attempt: &Attempt<'a>, client_id_is_shown: bool) -> Result<Claim<'a>, Refusal> {
        let username = attempt
            .username
            .filter(|u| !u.is_empty())
            .ok_or(Refusal::NoUserName)?;
        let user = UserName::parse(username).map_err(Refusal::UserName)?;
        let client_id = attempt.client_id.unwrap_or_default();
        let device = match attempt.client_id {
            None if !client_id_is_shown => None,
            _ => Some(own_device(client_id, user)?),
        };
        let token = attempt
            .token
            .filter(|t| !t.is_empty())
            .ok_or(Refusal::NoToken)?;
        if !token::is_token(token) {
            return Err(Refusal::MalformedToken);
        }
        Ok(Claim {
            conn: attempt.conn,
            client_id,
            user: username,
            name: user,
            device,
            token,
            peer: attempt.peer,
        })
    }
}

/// The device of a client id, which must be one of this user's.
fn own_device<'a>(client_id: &'a str, user: UserName<'_>) -> Result<&'a str, Refusal> {
    let name = SessionName::parse(client_id).map_err(Refusal::ClientId)?;
    if name.user == user {
        Ok(name.device)
    } else {
        Err(Refusal::ClientIdNotOwn)
    }
}

impl Engine {
    /// Decides about a CONNECT. On `Ask` the caller sends the question and, where it is to wait, comes
    /// back through [`Engine::login_after_wait`].
    pub fn login(&mut self, attempt: &Attempt<'_>, now: Now) -> Step {
        if let Some(client_id) = attempt.client_id {
            self.pending.superseded(client_id);
        }
        let step = match self.claim(attempt) {
            Ok(claim) => self.judge_claim(&claim, now),
            Err(refusal) => Step::Refuse(self.count_failure(attempt.peer, None, refusal, now)),
        };
        if let Step::Refuse(refusal) = step {
            self.record(attempt, Outcome::Refused(refusal), now);
        }
        step
    }

    /// The decision after a blocking wait, which is booked: what is known now, or [`Refusal::NotYet`].
    pub fn login_after_wait(
        &mut self,
        attempt: &Attempt<'_>,
        waited: Duration,
        now: Now,
    ) -> Result<(), Refusal> {
        let found = self.claim(attempt).and_then(|claim| {
            let digest = token::digest(claim.token);
            self.known(&claim, digest, now)
                .unwrap_or(Err(Refusal::NotYet))
        });
        if let Err(refusal) = found {
            self.record(attempt, Outcome::Refused(refusal), now);
        }
        let came_to = match found {
            Ok(()) => Waited::LetIn,
            Err(Refusal::NotYet) => Waited::InVain,
            Err(_) => Waited::Refused,
        };
        self.counts.stalled += waited;
        self.stall.spend(waited, came_to, now.mono);
        found
    }

    /// A question that could not be waited for or sent; for the record.
    pub fn refused(&mut self, attempt: &Attempt<'_>, refusal: Refusal, now: Now) {
        self.record(attempt, Outcome::Refused(refusal), now);
    }

    /// Whether a question has been settled: by its answer, or by an announcement.
    pub fn is_settled(&mut self, key: &AskKey, now: Now) -> bool {
        !self.pending.is_asked(key) || self.tokens.good(&key.digest, now).is_some()
    }

    fn judge_claim(&mut self, claim: &Claim<'_>, now: Now) -> Step {
        let digest = token::digest(claim.token);
        match self.known(claim, digest, now) {
            Some(Ok(())) => Step::Allow,
            Some(Err(refusal)) if refusal.is_ours() => Step::Refuse(refusal),
            Some(Err(refusal)) => {
                Step::Refuse(self.count_failure(claim.peer, Some(claim.user), refusal, now))
            }
            None => self.ask(claim, AskKey::new(digest, claim.client_id), now),
        }
    }

    /// What is known of the token: `None` when the static service must be asked.
    fn known(
        &mut self,
        claim: &Claim<'_>,
        digest: TokenDigest,
        now: Now,
    ) -> Option<Result<(), Refusal>> {
        if let Some((grant, origin)) = self.tokens.good(&digest, now) {
            self.counts.tokens.good += 1;
            let checked = self.check_grant(claim.name, claim.device, &grant, now);
            if checked.is_ok() {
                self.let_in(claim, digest, &grant, origin, now);
            }
            return Some(checked);
        }
        let key = AskKey::new(digest, claim.client_id);
        if self.revoked.contains(&digest) || self.tokens.is_bad(&key, now) {
            self.counts.tokens.bad += 1;
            return Some(Err(Refusal::Inactive));
        }
        match self.unavailable.peek(&key) {
            Some(until) if *until > now.mono => {
                self.counts.tokens.bad += 1;
                Some(Err(Refusal::Unavailable))
            }
            _ => {
                self.counts.tokens.unknown += 1;
                None
            }
        }
    }

    fn claim<'a>(&self, attempt: &Attempt<'a>) -> Result<Claim<'a>, Refusal> {
        Claim::read(attempt, self.config.client_id_at_login)
    }

    fn let_in(
        &mut self,
        claim: &Claim<'_>,
        digest: TokenDigest,
        grant: &Grant,
        origin: Origin,
        now: Now,
    ) {
        let granted;
        let (conn, client_id) = if claim.device.is_some() {
            (claim.conn, claim.client_id)
        } else {
            granted = grant.session().to_string();
            (ConnKey::of_client_id(&granted), granted.as_str())
        };
        if self.config.shadow {
            self.shadow.note(client_id, kind(grant.kind));
        } else {
            self.begin_session(conn, client_id, digest, grant, now);
        }
        self.keep_record(client_id, claim.peer, Outcome::Granted(origin), now);
    }

    fn ask(&mut self, claim: &Claim<'_>, key: AskKey, now: Now) -> Step {
        if !self.reachable {
            return Step::Refuse(Refusal::Unavailable);
        }
        if self.config.delayed_login && !self.pending.has_room() {
            return Step::Refuse(Refusal::Overloaded);
        }
        let send = !self.pending.is_asked(&key);
        if send {
            if !self.charge(claim.peer, Some(claim.user), now) {
                return Step::Refuse(Refusal::TooManyFailures);
            }
            let held = self.config.delayed_login && self.may_hold(claim.user, now);
            let peer = peer_name(claim.peer);
            self.pending.begin(key, &peer, claim.user, held, now.mono);
        }
        let wait = self.wait(claim, key, now);
        Step::Ask { key, send, wait }
    }

    fn wait(&mut self, claim: &Claim<'_>, key: AskKey, now: Now) -> Wait {
        if !self.config.delayed_login {
            return self.blocking_wait(now);
        }
        if !self.pending.is_held(&key) {
            return Wait::Leave;
        }
        self.pending
            .wait(claim.client_id, claim.conn, claim.peer, key, now.mono);
        Wait::Delayed
    }

    fn blocking_wait(&mut self, now: Now) -> Wait {
        let longest = if self.feed_live {
            ANNOUNCEMENT_GRACE
        } else {
            self.config.timeout
        };
        match self.stall.available(longest, now.mono) {
            Duration::ZERO => Wait::Leave,
            time => Wait::Blocking(time),
        }
    }

    pub(super) fn check_grant(
        &self,
        user: UserName<'_>,
        device: Option<&str>,
        grant: &Grant,
        now: Now,
    ) -> Result<(), Refusal> {
        if grant.user() != user || device.is_some_and(|device| *device != *grant.device) {
            return Err(Refusal::NotOwnToken);
        }
        if grant.exp_s <= now.unix_s() {
            return Err(Refusal::Expired);
        }
        if !self.directory.may_log_in(user) {
            return Err(Refusal::ShutOut);
        }
        Ok(())
    }
}
