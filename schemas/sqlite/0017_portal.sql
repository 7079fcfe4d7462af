-- Hashes of first passwords that a portal checks instead of the directory (mode "portal"): kept for the portal to take
-- over as long as the credential is pending or live, and gone with it.

CREATE TABLE portal_hash (
    -- The envelope's.
    serial TEXT PRIMARY KEY,
    hash   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER portal_hash_ends AFTER UPDATE OF state ON envelope WHEN new.state NOT IN ('pending', 'live')
BEGIN
    DELETE FROM portal_hash WHERE serial = new.serial;
END;

CREATE TRIGGER portal_hash_goes AFTER DELETE ON envelope
BEGIN
    DELETE FROM portal_hash WHERE serial = old.serial;
END;
