-- Sealed credentials. Nothing here opens without the print key, which is never in or near the store.

CREATE TABLE envelope (
    id         INTEGER PRIMARY KEY,
    -- UUID; also inside the sealed text, with uid, login and join key.
    serial     TEXT NOT NULL UNIQUE,
    join_key   TEXT NOT NULL,
    uid        TEXT NOT NULL,
    login      TEXT NOT NULL,
    profile    TEXT NOT NULL,
    -- Day (yyyy-mm-dd).
    issued     TEXT NOT NULL,
    -- pending: written here, its outcome in the directory unknown. live: the directory holds its hash.
    -- superseded, revoked, expired: its password no longer counts; the sealed text is gone.
    state      TEXT NOT NULL CHECK (state IN ('pending', 'live', 'superseded', 'revoked', 'expired')),
    -- For userPassword; only as long as the outcome is unknown.
    hash       TEXT,
    sealed     BLOB,
    -- Ties a sealed text that was made ahead, and names nobody, to this row.
    binding    BLOB,
    settled_at INTEGER,
    printed_at INTEGER,
    CHECK ((hash IS NOT NULL) = (state = 'pending')),
    CHECK ((sealed IS NOT NULL) = (state IN ('pending', 'live')))
) STRICT;
CREATE UNIQUE INDEX envelope_pending ON envelope (join_key) WHERE state = 'pending';
CREATE UNIQUE INDEX envelope_live ON envelope (join_key) WHERE state = 'live';

-- Secrets made ahead of the rush, for nobody yet.
CREATE TABLE pool (
    id       INTEGER PRIMARY KEY,
    -- Shape of the password, parameters of the hash, recipients: what must agree for the item to serve.
    kind     TEXT NOT NULL,
    -- The secret, for the print key.
    sealed   BLOB NOT NULL,
    -- The hash and the binding key, for the pool key beside the store.
    material BLOB NOT NULL
) STRICT;
CREATE INDEX pool_kind ON pool (kind, id);

-- One row, rewritten by a commit that must reach the disk together with everything before it.
CREATE TABLE durable (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    mark INTEGER NOT NULL
) STRICT;
INSERT INTO durable (id, mark) VALUES (1, 0);
