-- A digest of the keys for which an envelope is sealed: they are other ones when somebody changes school, or the
-- configuration its keys. None of an envelope that an earlier version sealed: it did not note them.
ALTER TABLE envelope ADD COLUMN sealed_for BLOB;
