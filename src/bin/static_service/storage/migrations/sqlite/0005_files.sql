-- Files that users share. The bytes are in a folder, named by id; a row is there before they come.
CREATE TABLE stored_file (
    id             TEXT   NOT NULL PRIMARY KEY,
    eid            TEXT   NOT NULL REFERENCES enterprise (eid),
    uid            TEXT   NOT NULL,
    owner_since    BIGINT NOT NULL,  -- the owner's created_at: a later user of the same name is somebody else
    name           TEXT   NOT NULL,
    content_type   TEXT   NOT NULL,
    size           BIGINT NOT NULL,  -- as declared, in bytes
    reserved_bytes BIGINT NOT NULL,  -- what it takes of the enterprise's quota
    sha256         TEXT,             -- null: not all of it is there
    created_at     BIGINT NOT NULL,
    expires_at_s   BIGINT NOT NULL
);
CREATE INDEX stored_file_by_expiry ON stored_file (expires_at_s);

-- What the files of an enterprise take together.
CREATE TABLE file_usage (
    eid   TEXT   NOT NULL PRIMARY KEY REFERENCES enterprise (eid),
    bytes BIGINT NOT NULL
);

-- One row: which folder the bytes are in. The folder holds the same id.
CREATE TABLE file_store (
    id TEXT NOT NULL PRIMARY KEY
);
