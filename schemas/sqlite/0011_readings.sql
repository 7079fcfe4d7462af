-- What the last complete set of a source gave when it was read, so that the same files over the same image need not be
-- parsed again: counts, findings, and what became of each key. Nothing is lost with a row; it is made again.

CREATE TABLE reading (
    source    INTEGER PRIMARY KEY REFERENCES source (id) ON DELETE CASCADE,
    -- Of the image afterwards.
    version   INTEGER NOT NULL,
    -- SHA-256 of the files.
    digest    BLOB NOT NULL,
    made_by   TEXT NOT NULL,
    memo      TEXT NOT NULL,
    delivered BLOB NOT NULL
) STRICT;
