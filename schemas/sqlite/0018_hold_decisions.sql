-- What people decided about holds, each decision for exactly the changes that were shown.

CREATE TABLE hold_decision (
    id        INTEGER PRIMARY KEY,
    hold      TEXT NOT NULL,
    -- released | discarded
    verdict   TEXT NOT NULL,
    -- waiting (for a second person) | standing | carried_out | void | superseded | expired | replaced
    state     TEXT NOT NULL,
    -- Of the changes shown: SHA-256 over their marks, how many changes, and the sorted marks (32 bytes each).
    digest    TEXT NOT NULL,
    changes   INTEGER NOT NULL,
    marks     BLOB NOT NULL,
    -- The plan in which they were shown.
    shown_in  TEXT NOT NULL,
    actor     TEXT NOT NULL,
    why       TEXT NOT NULL,
    at        INTEGER NOT NULL,
    second    TEXT,
    second_at INTEGER,
    -- The last plan that the release let go on, and the day that it was computed for (yyyy-mm-dd).
    used_by   TEXT,
    used_day  TEXT,
    ended_at  INTEGER
) STRICT;

-- One decision at a time on a hold.
CREATE UNIQUE INDEX hold_decision_open ON hold_decision (hold) WHERE state IN ('waiting', 'standing');
CREATE INDEX hold_decision_done ON hold_decision (state, hold);
