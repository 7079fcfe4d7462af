-- A join key can change (academies merge and are renamed, a better source proves who somebody is); what was sealed
-- under the former one still says it. NULL: sealed under join_key itself.

ALTER TABLE envelope ADD COLUMN sealed_key TEXT;
