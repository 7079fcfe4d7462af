-- Every delivery that an image has taken in: what tells a new difference from one that was applied, and the complete
-- set that the image started from.

CREATE TABLE delivery (
    source      INTEGER NOT NULL REFERENCES source (id),
    -- SHA-256 of the files' names and contents.
    digest      BLOB NOT NULL,
    -- complete | delta
    kind        TEXT NOT NULL CHECK (kind IN ('complete', 'delta')),
    -- Day (yyyy-mm-dd) of the file names, when they say one.
    date        TEXT,
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (source, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_date ON delivery (source, kind, date);
