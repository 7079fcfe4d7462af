-- The trail: what was done, by whom, when, in a chain of digests.

CREATE TABLE event (
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
    -- Hash of the event before; that each occurs once keeps the chain from forking.
    prev           BLOB NOT NULL UNIQUE,
    hash           BLOB NOT NULL
) STRICT;
CREATE INDEX event_subject ON event (subject) WHERE subject IS NOT NULL;

-- Apart from the events: erasing a person deletes rows here, and the chain stays valid.
CREATE TABLE event_payload (
    seq  INTEGER PRIMARY KEY REFERENCES event (seq),
    salt BLOB NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- One row: the salt of the pseudonyms, and the chain's head.
CREATE TABLE trail (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    salt      BLOB NOT NULL,
    head_seq  INTEGER NOT NULL,
    head_hash BLOB NOT NULL
) STRICT;
