-- Times are milliseconds since 1970 UTC, save `expires_at_s`, in seconds, as on the wire.
-- Names follow protocol::name; digests are the lower-case hex of SHA-256.

CREATE TABLE enterprise (
    eid          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    suspended_at BIGINT,
    created_at   BIGINT NOT NULL
);

CREATE TABLE app_user (
    eid           TEXT COLLATE "C" NOT NULL REFERENCES enterprise (eid),
    uid           TEXT COLLATE "C" NOT NULL,
    name          TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C",  -- PHC string; null: nobody can log in by password
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (eid, uid)
);

CREATE TABLE user_role (
    eid  TEXT COLLATE "C" NOT NULL,
    uid  TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (eid, uid, role),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);

CREATE TABLE user_channel (
    eid     TEXT COLLATE "C" NOT NULL,
    uid     TEXT COLLATE "C" NOT NULL,
    channel TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (eid, uid, channel),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);

CREATE TABLE user_group (
    eid        TEXT COLLATE "C" NOT NULL REFERENCES enterprise (eid),
    gid        TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (eid, gid)
);

CREATE TABLE group_member (
    eid TEXT COLLATE "C" NOT NULL,
    gid TEXT COLLATE "C" NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (eid, gid, uid),
    FOREIGN KEY (eid, gid) REFERENCES user_group (eid, gid) ON DELETE CASCADE,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX group_member_by_user ON group_member (eid, uid);

-- A link stands once: a is the smaller of the two (eid, uid).
CREATE TABLE partner (
    a_eid TEXT COLLATE "C" NOT NULL,
    a_uid TEXT COLLATE "C" NOT NULL,
    b_eid TEXT COLLATE "C" NOT NULL,
    b_uid TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (a_eid, a_uid, b_eid, b_uid),
    FOREIGN KEY (a_eid, a_uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE,
    FOREIGN KEY (b_eid, b_uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX partner_by_b ON partner (b_eid, b_uid);

CREATE TABLE broker_credential (
    client_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret_hash TEXT COLLATE "C" NOT NULL,  -- `sha256:HEX` of a generated secret, or a PHC string of a chosen one
    created_at  BIGINT NOT NULL
);

CREATE TABLE client_session (
    digest       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    eid          TEXT COLLATE "C" NOT NULL,
    uid          TEXT COLLATE "C" NOT NULL,
    expires_at_s BIGINT NOT NULL,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX client_session_by_user ON client_session (eid, uid);
CREATE INDEX client_session_by_expiry ON client_session (expires_at_s);

CREATE TABLE login_token (
    digest         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    session_digest TEXT COLLATE "C" NOT NULL,
    eid            TEXT COLLATE "C" NOT NULL,
    uid            TEXT COLLATE "C" NOT NULL,
    device         TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    expires_at_s   BIGINT NOT NULL,
    revoked_at     BIGINT,
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE INDEX login_token_by_user ON login_token (eid, uid, device);
CREATE INDEX login_token_by_session ON login_token (session_digest);
CREATE INDEX login_token_by_expiry ON login_token (expires_at_s);

-- The transactional outbox. Who holds the right to write takes the next id, so ids are in commit order,
-- over all replicas, and without gaps.
CREATE TABLE feed_event (
    id         BIGINT NOT NULL PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL,
    data       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
-- The first id is this database's birth in milliseconds: a broker that resumes with an id of an
-- older, replaced database asks for something before our oldest event and is told to start anew.
INSERT INTO feed_event (id, kind, data, created_at)
SELECT ms, 'snapshot.required', '{}', ms
FROM (SELECT CAST(FLOOR(EXTRACT(EPOCH FROM now())) AS BIGINT) * 1000 AS ms) AS birth;

CREATE TABLE broker_log (
    client_id   TEXT COLLATE "C" NOT NULL,
    id          TEXT COLLATE "C" NOT NULL,
    record      TEXT COLLATE "C" NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, id)
);
CREATE INDEX broker_log_by_time ON broker_log (received_at);
