-- What differed between the directory and the exports while another program wrote there: counts, no names.

CREATE TABLE shadow_day (
    day TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE shadow_count (
    day    TEXT NOT NULL REFERENCES shadow_day (day),
    -- UAI; empty for what belongs to no school.
    school TEXT NOT NULL,
    kind   TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (day, school, kind)
) STRICT, WITHOUT ROWID;
