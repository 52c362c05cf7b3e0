-- Versions of the address book (storage/address_book/mod.rs explains them).

-- The newest version given. The first one is this database's birth in milliseconds: a copy made from an
-- older, replaced database is older than everything here, and so loaded anew.
CREATE TABLE book_clock (
    id      BIGINT NOT NULL PRIMARY KEY CHECK (id = 0),
    version BIGINT NOT NULL
);
INSERT INTO book_clock (id, version)
SELECT 0, CAST(strftime('%s', 'now') AS INTEGER) * 1000;

-- book_version: the newest change in what this enterprise's users see. book_floor: changes can be told since
-- this version or a later one. seen_version: the newest change in what partners' users see of it.
ALTER TABLE enterprise ADD COLUMN book_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enterprise ADD COLUMN book_floor BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enterprise ADD COLUMN seen_version BIGINT NOT NULL DEFAULT 0;
UPDATE enterprise SET book_version = (SELECT version FROM book_clock);
UPDATE enterprise SET book_floor = book_version;

ALTER TABLE app_user ADD COLUMN title TEXT;
ALTER TABLE app_user ADD COLUMN phone TEXT;
ALTER TABLE app_user ADD COLUMN email TEXT;
ALTER TABLE app_user ADD COLUMN avatar TEXT;  -- the SHA-256 of the picture, in hex
ALTER TABLE app_user ADD COLUMN book_version BIGINT NOT NULL DEFAULT 0;
-- A copy from before this version is somebody else's, who had the same uid.
ALTER TABLE app_user ADD COLUMN book_floor BIGINT NOT NULL DEFAULT 0;
CREATE INDEX app_user_by_version ON app_user (eid, book_version, uid);

ALTER TABLE department ADD COLUMN book_version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX department_by_version ON department (eid, book_version, did);

ALTER TABLE user_group ADD COLUMN book_version BIGINT NOT NULL DEFAULT 0;

-- relation: what b is to a, `upstream`, `downstream` or `partner`.
ALTER TABLE partner ADD COLUMN relation TEXT NOT NULL DEFAULT 'partner';
ALTER TABLE partner ADD COLUMN book_version BIGINT NOT NULL DEFAULT 0;

-- What is gone from the address books of an enterprise's users.
CREATE TABLE book_tombstone (
    eid        TEXT   NOT NULL REFERENCES enterprise (eid) ON DELETE CASCADE,
    reader     TEXT   NOT NULL,  -- from whose book: a uid, or empty for everybody's
    entry      TEXT   NOT NULL,  -- `user:uid`, `department:did`, `group:gid` or `partner:uid@eid`
    version    BIGINT NOT NULL,
    deleted_at BIGINT NOT NULL,
    PRIMARY KEY (eid, reader, entry)
);
CREATE INDEX book_tombstone_by_version ON book_tombstone (eid, reader, version, entry);
CREATE INDEX book_tombstone_by_time ON book_tombstone (deleted_at);

CREATE TABLE avatar (
    eid          TEXT NOT NULL,
    uid          TEXT NOT NULL,
    content_type TEXT NOT NULL,
    image        BLOB NOT NULL,
    PRIMARY KEY (eid, uid),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE
);
