-- What an apply found before it wrote, as far as the plan file does not say it: what the register knew of an account,
-- the contents of a group that is deleted, the school years that were reached. Taking the plan back starts from here.

CREATE TABLE before (
    plan TEXT NOT NULL,
    -- Of the change; 0 is the plan as a whole.
    seq  INTEGER NOT NULL,
    -- JSON.
    was  TEXT NOT NULL,
    PRIMARY KEY (plan, seq)
) STRICT, WITHOUT ROWID;

-- One row, raised by every run that may give names; the file beside the store says the same. A store that is behind its
-- file is an old copy.
CREATE TABLE generation (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO generation (id, number) VALUES (1, 0);

-- Of the hash that was issued, sixteen bytes of a SHA-256: whether the account still has it can be told without keeping it.
-- NULL for what was issued before.
ALTER TABLE envelope ADD COLUMN mark BLOB;
