-- A tree for each enterprise. Storage keeps it free of cycles; parents are of the same enterprise by key.
CREATE TABLE department (
    eid        TEXT COLLATE "C" NOT NULL REFERENCES enterprise (eid),
    did        TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    parent_did TEXT COLLATE "C",  -- null: at the top
    created_at BIGINT NOT NULL,
    PRIMARY KEY (eid, did),
    FOREIGN KEY (eid, parent_did) REFERENCES department (eid, did)
);
CREATE INDEX department_by_parent ON department (eid, parent_did);

-- A user belongs to one department at most.
CREATE TABLE department_member (
    eid TEXT COLLATE "C" NOT NULL,
    uid TEXT COLLATE "C" NOT NULL,
    did TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (eid, uid),
    FOREIGN KEY (eid, uid) REFERENCES app_user (eid, uid) ON DELETE CASCADE,
    FOREIGN KEY (eid, did) REFERENCES department (eid, did)
);
CREATE INDEX department_member_by_department ON department_member (eid, did, uid);
