-- Who started a run and what it planned, found without going through the whole trail. Only these two kinds are in the
-- index: a run has one or two of them, and may have a million others.

CREATE INDEX event_of_run ON event (run, kind) WHERE kind = 'run_started' OR kind = 'plan_saved';

-- Every credential that a person ever had; the older indexes know only what is pending or live.
CREATE INDEX envelope_person ON envelope (join_key);
