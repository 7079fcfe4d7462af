-- Print packs: what was handed to a school to be printed there, and the receipts that came back.

CREATE TABLE print_pack (
    id         TEXT PRIMARY KEY,
    school     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    -- SHA-256 of the file.
    digest     TEXT NOT NULL,
    -- Verifies its receipts; the private half is in the pack.
    public_key TEXT NOT NULL,
    -- JSON: how the sheets were selected.
    selection  TEXT NOT NULL,
    -- SHA-256 of the template, when it is not the shipped one.
    template   TEXT,
    -- Lost or no longer wanted: what is in it may be printed otherwise.
    cancelled  INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE pack_sheet (
    pack     TEXT NOT NULL REFERENCES print_pack (id),
    serial   TEXT NOT NULL,
    join_key TEXT NOT NULL,
    profile  TEXT NOT NULL,
    class    TEXT,
    PRIMARY KEY (pack, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX pack_sheet_person ON pack_sheet (join_key);

CREATE TABLE pack_receipt (
    -- The print run, and its batch in the ledger.
    run        TEXT PRIMARY KEY,
    pack       TEXT NOT NULL REFERENCES print_pack (id),
    printed_at INTEGER NOT NULL,
    printed_by TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
