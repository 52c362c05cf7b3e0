-- Log records, found by enterprise, user and kind, newest first. An enterprise that is not named is ''.
CREATE TABLE log_record (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id   TEXT   NOT NULL,  -- the broker that sent it; '': the service's own
    id          TEXT   NOT NULL,
    eid         TEXT   NOT NULL,
    uid         TEXT,
    device      TEXT,
    event       TEXT,
    time_ms     BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    record      TEXT   NOT NULL,  -- the whole of it, JSON
    UNIQUE (client_id, id)
);
CREATE INDEX log_record_by_enterprise ON log_record (eid, time_ms, seq);
CREATE INDEX log_record_by_user ON log_record (eid, uid, time_ms, seq);
CREATE INDEX log_record_by_event ON log_record (eid, event, time_ms, seq);
CREATE INDEX log_record_by_age ON log_record (received_at);

INSERT INTO log_record (client_id, id, eid, time_ms, received_at, record)
SELECT client_id, id, '', received_at, received_at, record FROM broker_log ORDER BY received_at, client_id, id;
DROP TABLE broker_log;
