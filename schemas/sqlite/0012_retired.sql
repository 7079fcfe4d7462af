-- Names that were reserved for somebody whose account turned out to be in the directory under others: never given to
-- anybody else.

CREATE TABLE retired_name (
    folded     TEXT PRIMARY KEY,
    join_key   TEXT NOT NULL,
    retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
