-- Who is who: keys of one human being, what people decided, and what they are asked.

-- Two join keys of one person, by a proof or a decision: whichever is delivered leads to the one account.
CREATE TABLE identity_link (
    a        TEXT NOT NULL,
    -- The greater of the two.
    b        TEXT NOT NULL,
    -- By a person, and not by a proof.
    decided  INTEGER NOT NULL,
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- What somebody answered about a person (by join key) and another one (by join key, or the normalised DN of an account).
CREATE TABLE identity_decision (
    join_key   TEXT NOT NULL,
    other      TEXT NOT NULL,
    -- same | different | later
    answer     TEXT NOT NULL CHECK (answer IN ('same', 'different', 'later')),
    decided_by TEXT NOT NULL,
    why        TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (join_key, other)
) STRICT, WITHOUT ROWID;

-- The cases that the last plan found open, as JSON (identity::Case).
CREATE TABLE identity_case (
    id         TEXT PRIMARY KEY,
    join_key   TEXT NOT NULL UNIQUE,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    content    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Accounts that were merged into another one: locked, never fed again, never deleted here.
CREATE TABLE identity_merged (
    -- The join key that the account is registered under.
    join_key  TEXT PRIMARY KEY,
    -- Normalised.
    dn        TEXT NOT NULL UNIQUE,
    -- The join key of the account that stays, when it was decided.
    into_key  TEXT NOT NULL,
    merged_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
