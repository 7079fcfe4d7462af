-- The reading list of reviewers, the end of plan files, and the reports that were written beside them.

-- Changes that somebody has read, by digest: the very same change is folded when it is proposed again. Kept as long as
-- plans are.
CREATE TABLE reviewed (
    -- 128 bits of SHA-256 over all that the change says and writes.
    digest BLOB PRIMARY KEY,
    -- Where it was read.
    plan   TEXT NOT NULL,
    by     TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX reviewed_at ON reviewed (at);

-- When the file of a plan was removed because of its age. The row stays, with the digest of what was there.
ALTER TABLE plan ADD COLUMN expired_at INTEGER;

-- Reports written below the folder of the store: they go with their plan.
CREATE TABLE plan_report (
    plan TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (plan, path)
) STRICT, WITHOUT ROWID;
