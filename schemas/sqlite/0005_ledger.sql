-- The print ledger: who printed what, when, for whom. Never a secret.

CREATE TABLE print_batch (
    id         TEXT PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    -- JSON: how the sheets were selected.
    selection  TEXT NOT NULL,
    -- SHA-256 of the template, when it is not the shipped one.
    template   TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE print_sheet (
    batch    TEXT NOT NULL REFERENCES print_batch (id),
    -- The envelope's serial; a sheet without secret has a number of its own.
    serial   TEXT NOT NULL,
    join_key TEXT NOT NULL,
    profile  TEXT NOT NULL,
    school   TEXT NOT NULL,
    class    TEXT,
    file     TEXT NOT NULL,
    -- An adult with children in two schools gets a sheet in each, of the same credential.
    PRIMARY KEY (batch, serial, school)
) STRICT, WITHOUT ROWID;
CREATE INDEX print_sheet_person ON print_sheet (join_key);
