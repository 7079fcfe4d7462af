-- The images of the sources, the register of names, the accounts, the runs.

-- One row per configured source: what was last accepted.
CREATE TABLE source (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    prefix      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    -- Bumped by each accepted delivery that changed something: a plan is bound to it.
    version     INTEGER NOT NULL DEFAULT 0,
    -- Date (yyyy-mm-dd) and digest of the last accepted delivery.
    delivered   TEXT,
    digest      TEXT,
    accepted_at INTEGER
) STRICT;

-- The names of the files that rows of `image` come from.
CREATE TABLE origin_file (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- The last accepted record of each key: packed fields (feed::Fields), and where they were read.
CREATE TABLE image (
    source   INTEGER NOT NULL REFERENCES source (id),
    category INTEGER NOT NULL,
    key      TEXT NOT NULL,
    digest   BLOB NOT NULL,
    file     INTEGER NOT NULL REFERENCES origin_file (id),
    line     INTEGER NOT NULL,
    fields   TEXT NOT NULL,
    PRIMARY KEY (source, category, key)
) STRICT, WITHOUT ROWID;

-- Records of a delivery that differ from the image, while it is read and not yet accepted.
CREATE TABLE staging (
    source   INTEGER NOT NULL REFERENCES source (id),
    category INTEGER NOT NULL,
    key      TEXT NOT NULL,
    digest   BLOB NOT NULL,
    file     INTEGER NOT NULL,
    line     INTEGER NOT NULL,
    fields   TEXT NOT NULL,
    PRIMARY KEY (source, category, key)
) STRICT, WITHOUT ROWID;

-- Every name ever given, for ever: rows are never deleted nor given to another join key.
CREATE TABLE name (
    join_key     TEXT PRIMARY KEY,
    uid          TEXT NOT NULL,
    uid_folded   TEXT NOT NULL UNIQUE,
    login        TEXT NOT NULL,
    login_folded TEXT NOT NULL UNIQUE,
    reserved_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The high-water mark of each uid counter (letter, year, generator).
CREATE TABLE uid_counter (
    series TEXT PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The accounts that the engine knows, with their stage and what the last run saw of them.
CREATE TABLE account (
    join_key     TEXT PRIMARY KEY,
    dn           TEXT NOT NULL,
    profile      TEXT NOT NULL,
    -- present | absent | suspended | purged
    stage        TEXT NOT NULL,
    -- Day (yyyy-mm-dd) on which the stage began.
    since        TEXT NOT NULL,
    -- Space-separated UAI, sorted: where the account counts for the limits.
    schools      TEXT NOT NULL,
    -- A pupil's class, and the MEF by which the year transition knows who was expected to leave.
    class        TEXT,
    level        TEXT,
    -- An absence that the year transition explains: it does not count towards the limits.
    expected     INTEGER NOT NULL DEFAULT 0,
    adopted      INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX account_stage ON account (stage) WHERE stage <> 'present';

-- The members that the engine itself put in each of its groups: only these are ever removed.
CREATE TABLE group_state (
    cn      TEXT PRIMARY KEY,
    members TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The school year that each school has reached (the year in which it begins).
CREATE TABLE school (
    uai  TEXT PRIMARY KEY,
    year INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id          TEXT PRIMARY KEY,
    verb        TEXT NOT NULL,
    plan        TEXT,
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    verdict     TEXT
) STRICT, WITHOUT ROWID;

-- Saved plans, by id, and where their files are.
CREATE TABLE plan (
    id         TEXT PRIMARY KEY,
    file       TEXT NOT NULL,
    digest     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- ready | applying | applied
    state      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What became of each change of a plan that was started. A change without a row was not tried.
CREATE TABLE journal (
    plan    TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    -- intended | done | moved | failed
    outcome TEXT NOT NULL,
    detail  TEXT,
    PRIMARY KEY (plan, seq)
) STRICT, WITHOUT ROWID;

-- What is held since when, so that a run can tell what is new.
CREATE TABLE hold (
    id         TEXT PRIMARY KEY,
    first_seen INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
