-- The embedded directory: one row per entry.

CREATE TABLE entry (
    id         INTEGER PRIMARY KEY,
    -- The normalised name, root first (`dc=fr,dc=esco-centre,ou=people,uid=f1700ivg`): what lies below an entry is a
    -- range of the index.
    path       TEXT NOT NULL UNIQUE,
    -- The name as it was written.
    dn         TEXT NOT NULL,
    -- `attribute: value` or `attribute:: base64` per line, in the order in which they came, as LDIF without folding.
    attributes TEXT NOT NULL
) STRICT;
