-- Whether a server was seen to lock out whoever tries passwords: what `doctor` proved, and on which day (yyyy-mm-dd).
CREATE TABLE lockout (
    server TEXT PRIMARY KEY,
    day TEXT NOT NULL,
    locks INTEGER NOT NULL CHECK (locks IN (0, 1))
) STRICT;
