-- The first day (yyyy-mm-dd) on which no record named an account, while it is on its way out: from that day the time runs
-- after which it is purged, however long it stayed usable.
ALTER TABLE account ADD COLUMN gone_since TEXT;
