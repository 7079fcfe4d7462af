-- What is told to people after a night, until it has reached them.
CREATE TABLE notice (
    id       INTEGER PRIMARY KEY,
    -- Milliseconds since 1970, UTC.
    made_at  INTEGER NOT NULL,
    run      TEXT,
    kind     TEXT NOT NULL CHECK (kind IN ('well', 'held', 'failed', 'recovered', 'test')),
    -- `mail:<address>` or `webhook:<url>`, as the configuration has it.
    target   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    body     TEXT NOT NULL,
    -- The same as data (JSON).
    facts    TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- Not tried before.
    next_at  INTEGER NOT NULL,
    ended_at INTEGER,
    outcome  TEXT CHECK (outcome IN ('sent', 'given_up')),
    error    TEXT
) STRICT;
CREATE INDEX notice_due ON notice (next_at) WHERE ended_at IS NULL;
CREATE INDEX notice_kind ON notice (kind, made_at);

-- What `serve` has begun of its timetable.
CREATE TABLE schedule (
    source   TEXT PRIMARY KEY,
    -- The last moment of the timetable that is dealt with. Milliseconds since 1970, UTC.
    served   INTEGER NOT NULL,
    -- Runs that were begun for the moment that is due, and when the next one may.
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at  INTEGER
) STRICT, WITHOUT ROWID;
