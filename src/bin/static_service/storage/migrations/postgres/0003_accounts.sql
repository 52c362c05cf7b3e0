-- The key behind all derived secrets, made when it is first asked for, unless a file holds it.
CREATE TABLE service_key (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    material   BYTEA  NOT NULL,
    created_at BIGINT NOT NULL
);
