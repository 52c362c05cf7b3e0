-- The key behind all derived secrets, made when it is first asked for, unless a file holds it.
CREATE TABLE service_key (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    material   BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);

-- A locked user can do nothing. A new password makes new personal keys.
ALTER TABLE app_user ADD COLUMN locked_at BIGINT;
ALTER TABLE app_user ADD COLUMN password_generation BIGINT NOT NULL DEFAULT 0;

-- Where an enterprise's clients log in; null: where the service's options say.
ALTER TABLE enterprise ADD COLUMN broker TEXT COLLATE "C";

-- Sessions of devices; null: of a client that named none.
ALTER TABLE client_session ADD COLUMN device TEXT COLLATE "C";
ALTER TABLE client_session ADD COLUMN kind TEXT COLLATE "C";

-- A device and the one session that it has. Its refresh tokens have a part in common, the family, by whose
-- digest they are found; so one row knows all that were ever used.
CREATE TABLE user_device (
    eid                  TEXT COLLATE "C" NOT NULL,
    uid                  TEXT COLLATE "C" NOT NULL,
    device               TEXT COLLATE "C" NOT NULL,
    kind                 TEXT COLLATE "C" NOT NULL,
    name                 TEXT COLLATE "C",
    key_salt             TEXT COLLATE "C" NOT NULL,  -- goes into the personal key, which so ends with the row
    family               TEXT COLLATE "C",  -- stays after the session's end, and then only tells that the device is known
    session_digest       TEXT COLLATE "C",  -- the newest session token
    refresh_digest       TEXT COLLATE "C",  -- the newest refresh token; null: no session
    previous_digest      TEXT COLLATE "C",  -- the one that it came for
    rotated_at           BIGINT,  -- when that one was used first
    refresh_expires_at_s BIGINT,
    created_at           BIGINT NOT NULL,
    last_seen_at         BIGINT NOT NULL,
    PRIMARY KEY (eid, uid, device),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
CREATE UNIQUE INDEX user_device_by_family ON user_device (family);
