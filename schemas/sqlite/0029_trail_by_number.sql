-- The trail is written by number alone: an index in random order would cost several times what the events do. What
-- keeps the chain from forking is the head in `trail`, which moves in the transaction that appends. Whom events are
-- about is indexed by many at once, sorted; the few since are looked through.

CREATE TABLE event_by_number (
    seq            INTEGER PRIMARY KEY,
    -- Milliseconds since 1970, UTC.
    at             INTEGER NOT NULL,
    run            TEXT NOT NULL,
    kind           TEXT NOT NULL,
    actor          TEXT NOT NULL,
    -- Pseudonym of the person concerned.
    subject        TEXT,
    -- SHA-256 of the payload's salt and body.
    payload_digest BLOB NOT NULL,
    -- Hash of the event before.
    prev           BLOB NOT NULL,
    hash           BLOB NOT NULL
) STRICT;
INSERT INTO event_by_number SELECT seq, at, run, kind, actor, subject, payload_digest, prev, hash FROM event ORDER BY seq;

-- Without a reference to `event`: a payload that stands alone is found by verifying the trail.
CREATE TABLE payload_by_number (
    seq  INTEGER PRIMARY KEY,
    salt BLOB NOT NULL,
    body TEXT NOT NULL
) STRICT;
INSERT INTO payload_by_number SELECT seq, salt, body FROM event_payload ORDER BY seq;

DROP TABLE event_payload;
DROP TABLE event;
ALTER TABLE event_by_number RENAME TO event;
ALTER TABLE payload_by_number RENAME TO event_payload;
CREATE INDEX event_of_run ON event (run, kind) WHERE kind = 'run_started' OR kind = 'plan_saved';

-- The first twelve digits of the pseudonym, and the events that it may be about.
CREATE TABLE event_subject (
    subject TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (subject, seq)
) STRICT, WITHOUT ROWID;
-- Up to which event the payloads of a kind are gone because their time is over.
CREATE TABLE event_pruned (
    kind TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last event that is in `event_subject`.
ALTER TABLE trail ADD COLUMN indexed_seq INTEGER NOT NULL DEFAULT 0;
