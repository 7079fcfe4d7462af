-- Plans that were written as LDIF for a server's offline loader (state 'exported'): when, to which file, and whether a
-- probe had proved the form of the passwords before. The next run asks the directory whether the file was loaded.

ALTER TABLE plan ADD COLUMN exported_at INTEGER;
ALTER TABLE plan ADD COLUMN exported_to TEXT;
ALTER TABLE plan ADD COLUMN proved INTEGER NOT NULL DEFAULT 1;
