-- The life of a credential after its first issue: replaced, taken back, printed again, its sheets destroyed.

-- Why a credential took the place of another one, or why nobody has one any more.
CREATE TABLE renewal (
    -- Of the envelope that was sealed for it; a revoked one holds nothing.
    serial   TEXT PRIMARY KEY,
    join_key TEXT NOT NULL,
    -- Of the live envelope whose place it took, when there was one.
    replaces TEXT,
    -- reissue | revoke
    action   TEXT NOT NULL CHECK (action IN ('reissue', 'revoke')),
    reason   TEXT NOT NULL,
    -- The account had been activated, or nobody could say: whoever asked said so.
    reset    INTEGER NOT NULL,
    plan     TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX renewal_person ON renewal (join_key);

-- Of a live envelope that is deleted because it was never printed, the mark of its hash stays: while the directory holds
-- that hash, nobody can have used the account.
CREATE TABLE withdrawn_mark (
    join_key TEXT PRIMARY KEY,
    mark     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER envelope_leaves_mark AFTER DELETE ON envelope WHEN old.state = 'live' AND old.mark IS NOT NULL
BEGIN
    INSERT OR REPLACE INTO withdrawn_mark (join_key, mark) VALUES (old.join_key, old.mark);
END;

-- jam | lost, of a batch that prints again what was printed before.
ALTER TABLE print_batch ADD COLUMN reason TEXT;
-- The credential's serial on the sheet in whose place this one is handed out; the same after a jam.
ALTER TABLE print_sheet ADD COLUMN replaces TEXT;

-- What became of the printed files.
CREATE TABLE shredded (
    batch   TEXT NOT NULL REFERENCES print_batch (id),
    file    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    -- destroyed: overwritten and removed. missing: somebody had removed or moved it.
    outcome TEXT NOT NULL CHECK (outcome IN ('destroyed', 'missing')),
    PRIMARY KEY (batch, file)
) STRICT, WITHOUT ROWID;

-- How many envelopes an operator was let open, counted before they are opened.
CREATE TABLE opening (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    batch     TEXT NOT NULL,
    envelopes INTEGER NOT NULL
) STRICT;
CREATE INDEX opening_actor ON opening (actor, at);
CREATE INDEX print_sheet_file ON print_sheet (file);
