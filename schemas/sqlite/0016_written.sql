-- What the register knows of an account's owned values: sixteen bytes of a digest, as they were last written or found
-- right. No value is kept.

ALTER TABLE account ADD COLUMN written BLOB;
