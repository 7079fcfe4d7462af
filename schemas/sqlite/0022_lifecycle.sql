-- The first day (yyyy-mm-dd) on which no record named an account, while it is on its way out: from that day the time runs
-- after which it is purged, however long it stayed usable.
ALTER TABLE account ADD COLUMN gone_since TEXT;

-- A pupil's class before the last turn of the year, for letters and support.
ALTER TABLE account ADD COLUMN former_class TEXT;

-- The day (yyyy-mm-dd) on which a school was seen to have reached its year.
ALTER TABLE school ADD COLUMN since TEXT;
