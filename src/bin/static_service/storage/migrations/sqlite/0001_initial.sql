-- Times are milliseconds since 1970 UTC, save `expires_at_s`, in seconds, as on the wire.
-- Names follow protocol::name; digests are the lower-case hex of SHA-256.

CREATE TABLE enterprise (
    eid          TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL,
    suspended_at BIGINT,
    created_at   BIGINT NOT NULL
);

CREATE TABLE app_user (
    eid           TEXT   NOT NULL REFERENCES enterprise (eid),
    uid           TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    password_hash TEXT,  -- PHC string; null: nobody can log in by password
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (eid, uid)
);

CREATE TABLE user_role (
    eid  TEXT NOT NULL,
    uid  TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (eid, uid, role),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);

CREATE TABLE user_channel (
    eid     TEXT NOT NULL,
    uid     TEXT NOT NULL,
    channel TEXT NOT NULL,
    PRIMARY KEY (eid, uid, channel),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);

CREATE TABLE user_group (
    eid        TEXT   NOT NULL REFERENCES enterprise (eid),
    gid        TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (eid, gid)
);

CREATE TABLE group_member (
    eid TEXT NOT NULL,
    gid TEXT NOT NULL,
    uid TEXT NOT NULL,
    PRIMARY KEY (eid, gid, uid),
    FOREIGN KEY (eid, gid) REFERENCES user_group (eid, gid) ON DELETE CASCADE,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX group_member_by_user ON group_member (eid, uid);

-- A link stands once: a is the smaller of the two (eid, uid).
CREATE TABLE partner (
    a_eid TEXT NOT NULL,
    a_uid TEXT NOT NULL,
    b_eid TEXT NOT NULL,
    b_uid TEXT NOT NULL,
    PRIMARY KEY (a_eid, a_uid, b_eid, b_uid),
    FOREIGN KEY (a_eid, a_uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE,
    FOREIGN KEY (b_eid, b_uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX partner_by_b ON partner (b_eid, b_uid);

CREATE TABLE broker_credential (
    client_id   TEXT   NOT NULL PRIMARY KEY,
    secret_hash TEXT   NOT NULL,  -- `sha256:HEX` of a generated secret, or a PHC string of a chosen one
    created_at  BIGINT NOT NULL
);

CREATE TABLE client_session (
    digest       TEXT   NOT NULL PRIMARY KEY,
    eid          TEXT   NOT NULL,
    uid          TEXT   NOT NULL,
    expires_at_s BIGINT NOT NULL,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX client_session_by_user ON client_session (eid, uid);
CREATE INDEX client_session_by_expiry ON client_session (expires_at_s);

CREATE TABLE login_token (
    digest         TEXT   NOT NULL PRIMARY KEY,
    session_digest TEXT   NOT NULL,
    eid            TEXT   NOT NULL,
    uid            TEXT   NOT NULL,
    device         TEXT   NOT NULL,
    kind           TEXT   NOT NULL,
    expires_at_s   BIGINT NOT NULL,
    revoked_at     BIGINT,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX login_token_by_user ON login_token (eid, uid, device);
CREATE INDEX login_token_by_session ON login_token (session_digest);
CREATE INDEX login_token_by_expiry ON login_token (expires_at_s);

-- The transactional outbox. Ids are given in commit order (SQLite has one writer at a time).
CREATE TABLE feed_event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    data       TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);
-- The first id is this database's birth in milliseconds: a broker that resumes with an id of an
-- older, replaced database asks for something before our oldest event and is told to start anew.
INSERT INTO feed_event (id, kind, data, created_at)
SELECT ms, 'snapshot.required', '{}', ms FROM (SELECT CAST(strftime('%s', 'now') AS INTEGER) * 1000 AS ms);

CREATE TABLE broker_log (
    client_id   TEXT   NOT NULL,
    id          TEXT   NOT NULL,
    record      TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX broker_log_by_time ON broker_log (received_at);
