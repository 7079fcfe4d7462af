-- Structures that go on under other identifiers, by a decision that was carried out in the directory: whichever the
-- exports say, the engine has the present ones.
CREATE TABLE successor (
    -- In the order of the decisions.
    id           INTEGER PRIMARY KEY,
    former_uai   TEXT NOT NULL,
    uai          TEXT NOT NULL,
    -- Where the SIRET was part of the decision; the former one may have been none.
    former_siret TEXT,
    siret        TEXT,
    -- Into a structure that was there already.
    merged       INTEGER NOT NULL CHECK (merged IN (0, 1)),
    -- The names of the entries, then and now.
    former_dn    TEXT NOT NULL,
    dn           TEXT NOT NULL,
    -- Milliseconds since 1970, UTC.
    decided_at   INTEGER NOT NULL
) STRICT;
