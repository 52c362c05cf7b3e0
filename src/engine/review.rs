//! On SIGHUP the broker asks about everybody that it knows as if they logged in anew (`security_apply_default` in
//! security_default.c, all versions), and ends whoever is not let in. For us nothing has happened: a session goes on until
//! something ends it, whether or not its token is still remembered.

use super::{Attempt, ConnKey, Engine, Now, token};

impl Engine {
    /// Whether this is a session that is here already, shown with its own token. One whose end is due is none.
    pub fn is_here_already(&self, attempt: &Attempt<'_>, now: Now) -> bool {
        let Some(session) = self.sessions.get(attempt.conn) else {
            return false;
        };
        attempt.client_id == Some(&*session.client_id)
            && attempt.token.map(token::digest) == Some(session.digest)
            && !self.revoked.contains(&session.digest)
            && session.exp_s > now.unix_s()
            && (session.name()).is_some_and(|name| self.directory.may_log_in(name.user))
    }

    /// Whether a connection is logged in.
    pub fn has_session(&self, conn: ConnKey) -> bool {
        self.sessions.get(conn).is_some()
    }
}
