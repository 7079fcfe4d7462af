-- Counts for those who steer the project, day by day: no names.
CREATE TABLE indicator (
    -- yyyy-mm-dd.
    day       TEXT NOT NULL,
    -- UAI; empty for all schools together, where somebody of two schools counts once.
    school    TEXT NOT NULL,
    profile   TEXT NOT NULL,
    present   INTEGER NOT NULL,
    absent    INTEGER NOT NULL,
    suspended INTEGER NOT NULL,
    -- Of those who can log in: who was given a sheet that counts, and who was seen to have logged in. NULL when the
    -- directory was not asked that day.
    printed   INTEGER NOT NULL,
    activated INTEGER,
    PRIMARY KEY (day, school, profile)
) STRICT, WITHOUT ROWID;
