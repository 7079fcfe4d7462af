-- Adults in two roles: what was answered about two people, and the links that were written on their entries.

-- Unlike identity_decision, the same two people may also be asked about here: one human being keeps two accounts.
CREATE TABLE role_decision (
    a          TEXT NOT NULL,
    -- The greater of the two join keys.
    b          TEXT NOT NULL,
    -- same | different | later
    answer     TEXT NOT NULL CHECK (answer IN ('same', 'different', 'later')),
    decided_by TEXT NOT NULL,
    why        TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    PRIMARY KEY (a, b)
) STRICT, WITHOUT ROWID;

-- The values that the engine put on entries: only these does it take away again. DNs normalised.
CREATE TABLE role_link (
    holder TEXT NOT NULL,
    target TEXT NOT NULL,
    -- Whether the target is the holder's principal account, or one of its secondary ones.
    principal INTEGER NOT NULL,
    PRIMARY KEY (holder, target, principal)
) STRICT, WITHOUT ROWID;

-- Somebody may be asked about twice now: once for each question.
CREATE TABLE identity_question (
    id         TEXT PRIMARY KEY,
    join_key   TEXT NOT NULL,
    question   TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    content    TEXT NOT NULL,
    UNIQUE (join_key, question)
) STRICT, WITHOUT ROWID;

INSERT INTO identity_question (id, join_key, question, first_seen, last_seen, content)
SELECT id, join_key, 'one_account', first_seen, last_seen, content FROM identity_case;

DROP TABLE identity_case;

ALTER TABLE identity_question RENAME TO identity_case;
