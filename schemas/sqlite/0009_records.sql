-- The records of the images as rows of a heap in the order in which they came, with an index of their keys: a record of
-- a thousand bytes fills no page of its own, and a first delivery is written once.
--
-- A source has two images, 2 * id and 2 * id + 1. `slot` says which one is accepted; the other is filled while a delivery
-- is read. Accepting a first delivery exchanges them, accepting a later one moves what changed.

ALTER TABLE source ADD COLUMN slot INTEGER NOT NULL DEFAULT 0 CHECK (slot IN (0, 1));

CREATE TABLE record (
    id       INTEGER PRIMARY KEY,
    image    INTEGER NOT NULL,
    category INTEGER NOT NULL,
    key      TEXT NOT NULL,
    digest   BLOB NOT NULL,
    -- origin_file (id), and the line there.
    file     INTEGER NOT NULL,
    line     INTEGER NOT NULL,
    -- Packed (feed::Fields).
    fields   TEXT NOT NULL
) STRICT;

INSERT INTO record (image, category, key, digest, file, line, fields)
SELECT 2 * source, category, key, digest, file, line, fields FROM image;

CREATE UNIQUE INDEX record_key ON record (image, category, key);

DROP TABLE image;
DROP TABLE staging;
